"""Countries of origin as ISO 3166-1 alpha-2, however a source writes them: other codes, numbers, names in words."""

import re
import unicodedata
from functools import cache

import ibis
from babel import Locale
from babel.core import get_global
from ibis import _

from importcut.intake.clean.rules import RULES

LOCALES = ("en", "ru", "uz", "uz_Cyrl")
COUNTRY = re.compile("(?!EU|EZ|UN|QO|ZZ)[A-Z]{2}")  # the codes that CLDR knows for unions of countries are none


def origin_codes(lines: ibis.Table) -> dict[str, str]:
    """The origins as written, without blanks around them, that mean a country, and its code.

    What means none stays as it is written: a sum over partners, a name that nobody has entered in cleaning.toml.
    """
    written = lines.filter(_.origin.notnull()).select(origin=_.origin.strip()).distinct().to_pandas()["origin"]
    codes = {text: _countries().get(_plain(text)) for text in written.astype("str")}
    return {text: code for text, code in codes.items() if code and code != text}


@cache
def _countries() -> dict[str, str]:
    """Codes by all that is known to mean a country: CLDR's names and aliases, and those of cleaning.toml."""
    names = [(name, code) for locale in LOCALES for code, name in Locale.parse(locale).territories.items()]
    codes = [(code, code) for _, code in names]
    aliases = [(alias, codes[0]) for alias, codes in get_global("territory_aliases").items() if len(codes) == 1]
    known = {_plain(written): code for written, code in [*aliases, *names, *codes] if COUNTRY.fullmatch(code)}
    return known | {_plain(written): code for written, code in RULES["origins"].items()}


def _plain(text: str) -> str:
    """A name without what writers differ in: case, marks, and zeros before a number."""
    letters = re.sub("[ʻʼ‘’'`´]", "", unicodedata.normalize("NFKC", text).casefold()).replace("ё", "е")
    bare = re.sub(r"[\W_]+", " ", letters).strip()
    return bare.zfill(3) if bare.isdecimal() else bare
