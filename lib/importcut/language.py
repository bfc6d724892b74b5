"""The reader's language: gettext catalogues for texts, Babel for numbers and dates, the registers for names."""

import gettext
import io
import tomllib
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from string import Formatter

import pandas as pd
from babel import Locale
from babel.dates import get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberFormatError, format_decimal, get_decimal_symbol, get_group_symbol, parse_decimal

from importcut.dataset import Dataset
from importcut.schema import LIBRARY, one_of

CATALOGUES = LIBRARY / "locale"
MILLION = 999_950  # USD; from here on an amount would round to 1,000.0 thousand
SCALES = {1_000 * MILLION: (1e9, "billion"), MILLION: (1e6, "million"), 0: (1e3, "thousand")}
NO_BREAK = "\N{NO-BREAK SPACE}"
SOURCE = "en"  # messages are written in English
UZBEK_APOSTROPHES = str.maketrans({"\u02bb": "\u2018", "\u02bc": "\u2019"})  # Babel mixes them in Uzbek Latin


@dataclass(frozen=True)
class Voice:
    """Says things about one dataset in one language: what every chart and sentence is written with.

    Examples
    --------
    >>> say = Voice("ru", open_dataset("sample", period="2026Q3"))
    >>> say.money(10_750_000), say.number(1234.5, 1), say.period(pd.Period("2026Q3"))
    ('10,8\\xa0млн\\xa0долл.', '1\\xa0234,5', '3 кв. 2026 г.')
    """

    language: str
    ds: Dataset

    def __call__(self, message: str, **values) -> str:
        """The sentence of that name in sentences.toml, or else the message itself, in this language.

        It takes those of the values that it names; where it has two forms, the value n, or else the length of the list
        that it names, tells which of them fits. The full stop of an abbreviation, as in "долл.", ends a sentence too.
        """
        text, catalogue = _sentences().get(message, message), _catalogue(self.language)
        if isinstance(text, list):
            lists = (values.get(field) for _, field, *_ in Formatter().parse(text[0]))
            text = catalogue.ngettext(*text, next((len(v) for v in lists if isinstance(v, list)), values.get("n")))
        else:
            text = catalogue.gettext(text)
        parts = (
            before + (self.written(values[field], field, form) if field else "")
            for before, field, form, _ in Formatter().parse(text)
        )
        return "".join(parts).replace("..", ".")

    def each(self, message: str, table: pd.DataFrame, **values) -> list[str]:
        """The sentence of that name, said of each row of a table, whose columns are further values."""
        return [self(message, **values | row) for row in table.to_dict("records")]

    def written(self, value: object, column: str = "", form: str = "") -> str:
        """A value of a column as a sentence has it.

        By its form: .1, .0%, + for an amount with its sign, a kind of words.toml for a code. Without one, an id is its
        name; a period, a list, a count are in words; two amounts a range; any other number is dollars.
        """
        match value:
            case None:
                return ""
            case list():
                return self.listed([self.written(item, column, form) for item in value])
            case str() if column.endswith("_id"):
                return self.names(column.replace("_id", "s"), inside=True).get(value, value)
            case str() if column == "origin":
                return self.country(value)
            case str():
                return self.words(form)[value] if form else value
            case pd.Period():
                return self.period(value).replace(" ", NO_BREAK)
            case (low, high) if form.endswith("%"):
                text = self.percent(high, int(form[1:-1]))
                return text if low == high else f"{self.number(low * 100, int(form[1:-1]))}–{text}"
            case (low, high):
                return self.money(low, high)
            case _ if form.endswith("%"):
                return self.percent(value, int(form[1:-1]))
            case Integral():
                return self.number(value)
            case _ if form.startswith("."):
                return self.number(value, int(form[1:]))
        return ("+" if form == "+" and value > 0 else "") + self.money(value)

    def words(self, kind: str) -> dict[str, str]:
        """What the codes of a kind are called, in the order of words.toml; of checks, also reasons of own formats."""
        own = [rule for spec in self.ds.formats.values() for rule in spec.get("scope", ())] if kind == "checks" else ()
        reasons = [rule["reason"] for rule in own if "reason" in rule]
        by_dataset = {r: self("left out by the dataset: {reason}", reason=r.replace("_", " ")) for r in reasons}
        return by_dataset | {code: self(word) for code, word in _words()[kind].items()}

    def in_words(self, codes: pd.Series, kind: str) -> pd.Series:
        """Codes as they are called; empty where there is none. Raises KeyError for a code that words.toml lacks."""
        return codes.map(self.words(kind).__getitem__, na_action="ignore")

    def number(self, value: float, digits: int = 0) -> str:
        """A number with exactly that many decimals, a real minus sign, and no break inside."""
        text = format_decimal(value, format="#,##0." + "0" * digits, locale=_locale(self.language))
        return text.replace("-", "−").replace(" ", NO_BREAK)

    def millions(self, usd: float) -> str:
        """An amount as a bare number of million dollars, for axes and labels: less than one has two decimals."""
        return self.number(usd / 1e6, 1 if abs(usd) >= MILLION else 2)

    def money(self, *usd: float) -> str:
        """An amount of dollars as the press of this language writes it, with one decimal; two as a range."""
        scale, unit = next((SCALES[least] for least in SCALES if max(map(abs, usd)) >= least), SCALES[0])
        low, *high = (self.number(amount / scale, 1) for amount in usd)
        if high and usd[0] < 0:  # a dash before or after a minus is no dash
            return self("range_below_zero", low=self.money(usd[0]), high=self.money(usd[1]))
        text = self(f"range_{unit}", low=low, high=high[0]) if high else self(f"amount_{unit}", amount=low)
        return text.replace("$−", "−$").replace(" ", NO_BREAK)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share as a percentage."""
        return self.number(share * 100, digits) + self("%")

    def period(self, period: pd.Period) -> str:
        """A month, a quarter or a year."""
        if period.freqstr == "M":
            names = get_month_names("wide", "stand-alone", _locale(self.language))
            month = names[period.month] if self.language == SOURCE else names[period.month].lower()
            return self("{month} {year}", month=month, year=str(period.year))
        if period.freqstr.startswith("Q"):
            return self("Q{quarter} {year}", quarter=str(period.quarter), year=str(period.year))
        return self("{year}", year=str(period.year))

    def span(self, first: pd.Period, last: pd.Period) -> str:
        """From one period to another."""
        if first == last:
            return self("in {period}", period=first)
        return self("from {first} to {last}", first=first, last=last)

    def country(self, code: str) -> str:
        """Name of a country by its ISO code; the code itself where it is none."""
        return _locale(self.language).territories.get(code, code).translate(UZBEK_APOSTROPHES)

    def names(self, register: str, *, inside: bool = False) -> pd.Series:
        """Names of products, plants, purposes, projects or measures, by id; a measure has a row for each project.

        inside : as they stand inside a sentence: projects in the quotation marks of the language, products without a
            capital, unless there is another one or a digit in the first word, or dataset.toml calls that word `proper`
        """
        names = self.ds.names(register, self.language)
        names = names[~names.index.duplicated()]
        if inside and register == "projects":
            return names.map(lambda name: self("project", name=name))
        return names.map(self._without_capital) if inside and register == "products" else names

    def _without_capital(self, name: str) -> str:
        first = name.split(" ")[0]
        lower = first[1:].islower() and not any(map(str.isdigit, first)) and first not in self.ds.proper
        return first.lower() + name.removeprefix(first) if lower else name

    def listed(self, items: list[str]) -> str:
        """Items as a list in a sentence."""
        if len(items) < 2:
            return "".join(items)
        return self("{items} and {last}", items=", ".join(items[:-1]), last=items[-1])

    @property
    def title(self) -> str:
        """Title of the dataset."""
        return self.ds.title[self.language]

    @property
    def scenario(self) -> str:
        """Title of the scenario; empty for the base."""
        scenario = self.ds.scenario
        return "" if scenario["name"] == "base" else scenario["title"][self.language]

    @property
    def source(self) -> str:
        """The source line under a chart."""
        return self("Source: {title}; calculation: importcut", title=self.title)

    @property
    def mark(self) -> str:
        """The mark of illustrative data; empty for real data."""
        return self("Illustrative data: the project figures are invented") if self.ds.illustrative else ""


@cache
def texts(file: str) -> dict:
    """The English texts of a file: sentences, words, listings."""
    return tomllib.loads((LIBRARY / f"{file}.toml").read_text(encoding="utf-8"))


def languages() -> list[str]:
    """The languages that the project speaks."""
    return [SOURCE, *sorted(p.parents[1].name for p in CATALOGUES.glob("*/LC_MESSAGES/importcut.po"))]


def number_in(text: str, language: str) -> tuple[float | None, str]:
    """The number that a text is, as `Voice.number` writes it, and its form in a spreadsheet; None for other texts."""
    locale = _locale(language)
    plain = text.translate({ord("−"): "-", ord("\N{NO-BREAK SPACE}"): None, ord(get_group_symbol(locale)): None})
    try:
        number = parse_decimal(plain, locale, strict=True)
    except NumberFormatError:
        return None, ""
    form, decimals = "0" if plain == text else "#,##0", plain.partition(decimal_sign(language))[2]
    return float(number), f"{form}.{'0' * len(decimals)}" if decimals else form


def decimal_sign(language: str) -> str:
    """The sign between whole numbers and decimals."""
    return get_decimal_symbol(_locale(language))


def own_name(language: str) -> str:
    """What a language calls itself."""
    return _catalogue(language).gettext(texts("words")["index"]["language"])


@cache
def _words() -> dict[str, dict[str, str]]:
    """The words of words.toml by kind; among its checks, why lines are set aside (cleaning.toml)."""
    words, rules = texts("words"), texts("cleaning")["rules"]
    return words | {"checks": {r: about["word"] for r, about in rules.items() if "word" in about} | words["checks"]}


@cache
def _sentences() -> dict[str, str | list[str]]:
    """The sentences by name: those of a section as section.name."""
    return pd.json_normalize(texts("sentences")).loc[0].to_dict()


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue, compiled in memory; ValueError if a translation has other placeholders than its message."""
    if one_of("language", language, languages()) == SOURCE:
        return gettext.NullTranslations()
    file = CATALOGUES / language / "LC_MESSAGES" / "importcut.po"
    catalogue = read_po(io.BytesIO(file.read_bytes()), locale=_locale(language))
    for message, errors in catalogue.check():
        raise ValueError(f"{file.name} ({language}), {message.id!r}: {errors[0]}")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
