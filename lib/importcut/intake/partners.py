"""Countries as people write them: codes, numbers, names in several languages; and partners that add up others."""

import re
import tomllib
import unicodedata
from functools import cache

from importcut.schema import LIBRARY

CLEANING = tomllib.loads((LIBRARY / "cleaning.toml").read_text(encoding="utf-8"))
SINGLE, UNION, WORLD = 0, 1, 2  # level of a partner
NAME_LOCALES = ("en", "ru", "uz", "uz_Cyrl")  # in which countries may be named
COUNTRY = re.compile("(?!EU|EZ|UN|QO|ZZ)[A-Z]{2}")  # the codes that CLDR knows for unions of countries are none


@cache
def country_codes() -> dict[str, str]:
    """Codes by the `bare_name` of all that means a country: CLDR's names and aliases, and those of cleaning.toml."""
    from babel import Locale
    from babel.core import get_global

    names = [(name, code) for locale in NAME_LOCALES for code, name in Locale.parse(locale).territories.items()]
    codes = [(code, code) for _, code in names]
    aliases = [(alias, codes[0]) for alias, codes in get_global("territory_aliases").items() if len(codes) == 1]
    known = {bare_name(written): code for written, code in [*aliases, *names, *codes] if COUNTRY.fullmatch(code)}
    return known | {bare_name(name): code for code, names in CLEANING["origins"].items() for name in names}


@cache
def total_levels() -> dict[str, int]:
    """The levels of partners that add up others, by what they are called (cleaning.toml)."""
    unions, world = (map(bare_name, CLEANING["totals"][names]) for names in ("unions", "world"))
    return dict.fromkeys(unions, UNION) | dict.fromkeys(world, WORLD)


def bare_name(text: str) -> str:
    """A name without what writers differ in: case, marks, and zeros before a number."""
    letters = re.sub(r"[ʻʼ‘’'`´]|\b(the|and)\b", "", unicodedata.normalize("NFKC", text).casefold()).replace("ё", "е")
    plain = re.sub(r"[\W_]+", " ", letters).strip()
    return plain.zfill(3) if plain.isdecimal() else plain
