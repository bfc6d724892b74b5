"""What people get wrong in a dataset, one mutation each: what it changes in a copy, and what a finding has to name.

`make mutations` makes all of them and prints what became of each (tests/outcomes.py).
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd

ID, ITEM, DATE = "Номер декларации", "Номер товара", "Дата регистрации"
REGIME, TAX, NAME = "Режим", "ИНН получателя", "Наименование получателя"
CODE, GOODS, ORIGIN = "Код товара по ТН ВЭД", "Наименование товара", "Страна происхождения"
WEIGHT, UNIT = "Вес нетто", "Единица веса"
INVOICE, CURRENCY, VALUE = "Фактурная стоимость", "Валюта", "Статистическая стоимость, USD"
ASAKA = {NAME: "UZAUTO MOTORS JSC ASAKA|АО УЗАВТО МОТОРС|АО .UZAUTO MOTORS."}  # also where the tax number is blank
LAST, EARLIER, BASE = (f"declarations/{period}.csv" for period in ("2026Q3", "2025Q4", "2024Q3"))
ALL = "declarations/*.csv"
SERIES = "imports/hs6_annual.csv"
TYRES, DONOR = {"hs_code": "401110"}, {"hs_code": "390810"}  # made by a project; a donor that none touches
LEADER = {"project_id": "pp_compound_shurtan"}
KOREA, COMPOUND, COMPOUND_ROW = {ORIGIN: "KR"}, {CODE: "3902100000"}, {"product_id": "pp_compound"}
ASAKA_ID = {"plant_id": "asaka"}
NUMBERS = [WEIGHT, INVOICE, VALUE]
REGISTERS = (
    "products", "plants", "purposes", "uses", "projects", "project_products", "deliveries", "output", "activity",
    "donors", "exchange_rates", "measures",
)  # fmt: skip

Edit = Callable[[Path], None]
Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Mutation:
    """One thing that somebody gets wrong.

    blames : words, one finding has to hold all of them (a|b: either); empty where nothing may be said.
    """

    name: str
    kind: str
    edit: Edit
    blames: str = ""

    @property
    def key(self) -> str:
        """Its name among all."""
        return f"{self.kind}: {self.name}"

    @property
    def dataset(self) -> str:
        """The shipped dataset that a copy is made of."""
        return "annual" if self.kind == "series" else "sample"


# Edits of a dataset's folder


def table(files: str, *changes: Change) -> Edit:
    """Changes of the rows of every file that fits."""

    def edit(folder: Path) -> None:
        paths = sorted(folder.glob(files))
        assert paths, files
        for path in paths:
            before = rows = pd.read_csv(path, dtype="str", keep_default_na=False)
            for change in changes:
                rows = change(rows)
            assert not rows.equals(before) or [*rows] != [*before], f"{path.name}: nothing changed"
            rows.to_csv(path, index=False, lineterminator="\n")

    return edit


def register(name: str, *changes: Change) -> Edit:
    """Changes of the rows of a register."""
    return table(f"{name}.csv", *changes)


def text(file: str, old: str, new: str, count: int = 1) -> Edit:
    """Other words in a file."""

    def edit(folder: Path) -> None:
        content = (folder / file).read_text(encoding="utf-8")
        assert old in content, old
        (folder / file).write_text(content.replace(old, new, count), encoding="utf-8")

    return edit


def settings(old: str, new: str) -> Edit:
    return text("dataset.toml", old, new)


def scenario(section: str, old: str, new: str) -> Edit:
    """Another value of an assumption of the base scenario."""

    def edit(folder: Path) -> None:
        file = folder / "scenarios" / "base.toml"
        head, mark, rest = file.read_text(encoding="utf-8").partition(f"[{section}]")
        assert mark and old in rest, old
        file.write_text(head + mark + rest.replace(old, new, 1), encoding="utf-8")

    return edit


def remove(*files: str) -> Edit:
    return lambda folder: [(folder / file).unlink() for file in files]


def rename(file: str, to: str) -> Edit:
    return lambda folder: (folder / file).rename(folder / to)


def copy(file: str, to: str, *changes: Change) -> Edit:
    """A file a second time, changed."""

    def edit(folder: Path) -> None:
        (folder / to).write_bytes((folder / file).read_bytes())
        if changes:
            table(to, *changes)(folder)

    return edit


def recode(file: str, encoding: str) -> Edit:
    """A file in another encoding; letters that it lacks become ?, as where people save it."""
    return lambda folder: (folder / file).write_bytes(
        (folder / file).read_text(encoding="utf-8").encode(encoding, "replace")
    )


def excel(file: str) -> Edit:
    """A file as Excel saves it where the decimal sign is a comma."""

    def edit(folder: Path) -> None:
        rows = pd.read_csv(folder / file, dtype="str", keep_default_na=False)
        rows[NUMBERS] = rows[NUMBERS].map(comma)
        rows.to_csv(folder / file, sep=";", index=False, encoding="utf-8-sig")

    return edit


def cut(file: str, share: float) -> Edit:
    """A file whose end did not arrive."""

    def edit(folder: Path) -> None:
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: int(len(content) * share)])

    return edit


def together(*edits: Edit) -> Edit:
    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit


def workbook(**changes: Callable) -> Edit:
    """The registers as sheets of one workbook in place of CSV files; by name, a change of its cells (`rows`)."""

    def edit(folder: Path) -> None:
        with pd.ExcelWriter(folder / "registers.xlsx", engine="xlsxwriter") as book:
            for name in REGISTERS:
                file = folder / f"{name}.csv"
                rows = pd.read_csv(file, dtype={"tax_numbers": "str", "ramp_up": "str"})
                file.unlink()
                title, rows = changes.get(name, lambda rows, name=name: (name, rows))(rows)
                rows.to_excel(book, sheet_name=title, index=False)

    return edit


def sheet(name: str, change: Change) -> Edit:
    """The workbook with a change of one of its sheets, whose name stays."""
    return workbook(**{name: lambda rows: (name, change(rows))})


# Changes of rows


def where(rows: pd.DataFrame, place: dict, first: int | None = None) -> pd.Series:
    """The rows whose columns match, the first so many of them."""
    at = pd.Series(True, rows.index)
    for column, pattern in place.items():
        at &= rows[column].str.fullmatch(pattern)
    return at if first is None else at & (at.cumsum() <= first)


def put(column: str, value: object, place: dict = {}, first: int | None = None) -> Change:  # noqa: B006
    """A value in its place; a function makes it of what stands there, {column} names another one."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        at = where(rows, place, first)
        assert at.any(), place
        former = rows.loc[at, column]
        return rows.assign(**{column: rows[column].mask(at, former.map(value) if callable(value) else value)})

    return change


def scale(column: str, factor: float, place: dict = {}, first: int | None = None) -> Change:  # noqa: B006
    return put(column, lambda cell: cell and format(float(cell) * factor, ".12g"), place, first)


def drop(place: dict, first: int | None = None) -> Change:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        at = where(rows, place, first)
        assert at.any(), place
        return rows[~at]

    return change


def without(*columns: str) -> Change:
    return lambda rows: rows.drop(columns=[*columns])


def swap(one: str, other: str, place: dict = {}) -> Change:  # noqa: B006
    """What stands in two columns, one in the place of the other."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        at = where(rows, place)
        return rows.assign(**{one: rows[one].mask(at, rows[other]), other: rows[other].mask(at, rows[one])})

    return change


def more(place: dict, *changes: Change, first: int | None = None) -> Change:
    """Rows that stand there once more, changed."""

    def add(rows: pd.DataFrame) -> pd.DataFrame:
        again = rows[where(rows, place, first)]
        assert len(again), place
        for change in changes:
            again = change(again)
        return pd.concat([rows, again], ignore_index=True)

    return add


def exchange(column: str, one: dict, other: dict) -> Change:
    """What stands in a column in two places, one in the place of the other."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        first, second = (rows.index[where(rows, place)] for place in (one, other))
        rows = rows.copy()
        rows.loc[[*first, *second], column] = rows.loc[[*second, *first], column].to_numpy()
        return rows

    return change


def subtotals(by: str) -> Change:
    """A line a sender that repeats the sum of what stands above."""

    def add(rows: pd.DataFrame) -> pd.DataFrame:
        sums = rows[NUMBERS].apply(pd.to_numeric).groupby(rows[by]).sum().round(2).astype("str")
        lines = rows.drop_duplicates(by).set_index(by)
        lines = lines.assign(**{ID: "", GOODS: "ИТОГО"}).drop(columns=NUMBERS).join(sums).reset_index()
        return pd.concat([rows, lines[[*rows]]], ignore_index=True)

    return add


def dates(form: str) -> Change:
    """Registration dates in another order: day, month and year by their numbers."""
    return put(DATE, lambda day: form.format(*day.split(".")) if day.count(".") == 2 else day)


def year(one: str, other: str, first: int | None = None) -> Change:
    return put(DATE, lambda day: day.replace(one, other), {DATE: f".*{one}"}, first)


def german(cell: str) -> str:
    """8807.80 as 8.807,80."""
    return cell and f"{float(cell):,.2f}".translate(str.maketrans(",.", ".,"))


def thousands(cell: str) -> str:
    """8807.80 as 8.808."""
    return cell and f"{float(cell):,.0f}".replace(",", ".")


def blanks(cell: str) -> str:
    """8807.80 as 8 807.80."""
    return cell and f"{float(cell):,.2f}".replace(",", " ")


def comma(cell: str) -> str:
    return cell.replace(".", ",")


def rounded(cell: str) -> str:
    return cell and f"{float(cell):.0f}"


def power(cell: str) -> str:
    """3902100000 as 3.902E+09, as Excel shows it."""
    return f"{int(cell):.3E}" if cell.isdigit() else cell


def correction(column: str, expect: str, value: str) -> Edit:
    """A line of corrections.csv for the first line of the last file."""
    row = {"file": LAST, "line": 2, "column": column, "expect": expect, "value": value}
    row |= {"reason": "letter", "source": "sender", "status": "applied"}
    return lambda folder: pd.DataFrame([row]).to_csv(folder / "corrections.csv", index=False)


# Changes of the cells of a sheet


def cells(column: str, value: object, at: int = 0) -> Change:
    """A value of any type in one row of a column."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        changed = rows.astype({column: "object"})
        changed.loc[at, column] = value
        return changed

    return change


def total_row(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[["net_kg", "value_usd"]].sum().to_frame().T.assign(period="Итого")])


def title_row(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([[*rows], *rows.to_numpy().tolist()], columns=["Поставки", *rows.columns[1:]])


def empty_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.reindex([*range(5), *range(-3, 0), *range(5, len(rows))])


def beside(name: str, change: Change) -> Edit:
    """A register as a CSV file too, changed, beside the workbook."""

    def edit(folder: Path) -> None:
        rows = pd.read_csv(folder / f"{name}.csv", dtype="str", keep_default_na=False)
        workbook()(folder)
        change(rows).to_csv(folder / f"{name}.csv", index=False)

    return edit


last, everywhere = partial(table, LAST), partial(table, ALL)
AGAIN = "copy|twice|double|duplicate|repeat|same|again"  # how a second coat may be called
OTHER_NUMBER = put(ID, lambda cell: f"9{cell}")
COPY = "declarations/2026Q3-copy.csv"

RAW = {
    "values of one file × 1 000": (last(scale(VALUE, 1000)), "2026Q3 value"),
    "values of an earlier file × 1 000": (table(EARLIER, scale(VALUE, 1000)), "2025Q4 value"),
    "values and invoices of one file × 1 000": (last(scale(VALUE, 1000), scale(INVOICE, 1000)), "2026Q3 value"),
    "values of one file in thousands": (last(scale(VALUE, 0.001)), "2026Q3 value"),
    "values of one plant × 1 000": (last(scale(VALUE, 1000, ASAKA)), "2026Q3 value"),
    "values of one partner × 1 000": (last(scale(VALUE, 1000, KOREA)), "2026Q3 value"),
    "values of ten lines × 1 000": (last(scale(VALUE, 1000, first=10)), "2026Q3 value"),
    "values and invoices of one sender in thousands": (
        last(scale(VALUE, 0.001, ASAKA), scale(INVOICE, 0.001, ASAKA)),
        "2026Q3 value",
    ),
    "values of three large lines × 10": (last(scale(VALUE, 10, COMPOUND, first=3)), "2026Q3 value"),
    "invoice and statistical value swapped in one file": (last(swap(INVOICE, VALUE)), "2026Q3 value"),
    "values left out of one file, invoices there": (last(put(VALUE, "")), "2026Q3 value"),
    "values 0 in one file": (last(put(VALUE, "0")), "2026Q3 value|nothing"),
    "values of two lines × 1 000 000 000": (last(scale(VALUE, 1e9, first=2)), "2026Q3 value"),
    "values below zero in one file": (last(scale(VALUE, -1)), "2026Q3 value"),
    "weights of one file × 1 000": (last(scale(WEIGHT, 1000)), "2026Q3 weight"),
    "weights of one file in tonnes": (last(scale(WEIGHT, 0.001)), "2026Q3 weight"),
    "weights of one plant × 1 000": (last(scale(WEIGHT, 1000, ASAKA)), "2026Q3 weight"),
    "weights of one file × 2": (last(scale(WEIGHT, 2)), "2026Q3 weight"),
    "unit of one file t for kg": (last(put(UNIT, "т", {UNIT: "кг"})), "2026Q3 weight|unit"),
    "unit of one file unknown": (last(put(UNIT, "мешок")), "2026Q3 unit"),
    "weights left out of one file": (last(put(WEIGHT, "")), "2026Q3 weight"),
    "the column of weights lost in one file": (last(without(WEIGHT)), "2026Q3 weight"),
    "dates of one file as month/day/year": (last(dates("{1}/{0}/{2}")), "2026Q3 date"),
    "dates of one file as month.day.year": (last(dates("{1}.{0}.{2}")), "2026Q3 date"),
    "dates of one file as year-month-day": (last(dates("{2}-{1}-{0}")), ""),
    "dates of one file a year back": (last(year("2026", "2025")), "2026Q3|2025Q3 date|line|missing|hole"),
    "ten years typed 2062": (last(year("2026", "2062", first=10)), "2062"),
    "ten years typed 2006": (last(year("2026", "2006", first=10)), "2006"),
    "numbers of one file with German signs": (
        last(*(put(column, german) for column in NUMBERS)),
        "2026Q3 value|decimal|number",
    ),
    "values of one file with a point for thousands": (last(put(VALUE, thousands)), "2026Q3 value|decimal|thousand"),
    "numbers of one file with a decimal comma": (
        last(*(put(column, comma) for column in NUMBERS)),
        "2026Q3 value|decimal|number",
    ),
    "a file as Excel saves it, semicolon and decimal comma": (excel(LAST), ""),
    "values of one file with blanks for thousands": (last(put(VALUE, blanks)), ""),
    "the file of an earlier quarter missing": (remove(EARLIER), "2025Q4"),
    "the file of a quarter of the base year missing": (remove(BASE), "2024Q3"),
    "the last quarter's file missing": (remove(LAST), "2026Q3"),
    "the last file cut at 60 %": (cut(LAST, 0.6), "2026Q3"),
    "a file of the base year cut at 60 %": (cut(BASE, 0.6), "2024Q3"),
    "a file without lines": (last(drop({})), "2026Q3"),
    "a file without its header": (text(LAST, f"{ID},", ""), "2026Q3 format|header"),
    "a plant gone from the last file": (last(drop(ASAKA)), "2026Q3 asaka"),
    "a plant gone from an earlier file": (table(EARLIER, drop(ASAKA)), "2025Q4 asaka"),
    "a partner gone from the last file": (last(drop({ORIGIN: "CN"})), "2026Q3 CN|China|origin"),
    "a code gone from the last file": (last(drop(COMPOUND)), "2026Q3 3902|pp_compound"),
    "an importer under a new tax number and name": (
        last(put(TAX, "777000999", ASAKA), put(NAME, "UZAUTO JV", ASAKA)),
        "777000999|UZAUTO|asaka|importer",
    ),
    "regimes of one file written another way": (last(put(REGIME, "ИМ40", {REGIME: "40"})), "regime"),
    "regimes of all files written another way": (everywhere(put(REGIME, "4000", {REGIME: "40"})), "regime"),
    "a file twice": (copy(LAST, COPY), f"2026Q3 {AGAIN}"),
    "a file twice, a blank behind its numbers": (copy(LAST, COPY, put(ID, lambda cell: f"{cell} ")), f"2026Q3 {AGAIN}"),
    "a file twice, renumbered": (copy(LAST, COPY, OTHER_NUMBER), f"2026Q3 {AGAIN}"),
    "a file twice, without numbers": (copy(LAST, COPY, put(ID, ""), put(ITEM, "")), f"2026Q3 {AGAIN}"),
    "a file twice, renumbered and rounded": (copy(LAST, COPY, OTHER_NUMBER, put(VALUE, rounded)), f"2026Q3 {AGAIN}"),
    "a tenth of a file twice, renumbered": (last(more({}, OTHER_NUMBER, first=100)), f"2026Q3 {AGAIN}"),
    "subtotals filled in by sender": (last(subtotals(NAME)), "2026Q3 total|ИТОГО|sum|value"),
    "a sum of all at the end": (last(subtotals(REGIME)), "2026Q3 total|ИТОГО|sum|value"),
    "the column of origins lost in one file": (last(without(ORIGIN)), "2026Q3 origin"),
    "origins empty in one file": (last(put(ORIGIN, "")), "2026Q3 origin"),
    "an origin that is a total": (last(more(KOREA, put(ORIGIN, "World"), OTHER_NUMBER)), "World"),
    "a country's name that nobody knows": (last(put(ORIGIN, "Кореея", KOREA)), "Кореея"),
    "countries of one file by name": (last(put(ORIGIN, "Корея, Республика", KOREA)), ""),
    "tax numbers lost in one file, names there": (last(without(TAX)), "2026Q3 tax|importer"),
    "importers lost in one file": (last(put(TAX, ""), put(NAME, "")), "2026Q3 importer|tax|plant"),
    "descriptions lost in one file": (last(without(GOODS)), "2026Q3 description"),
    "currencies and values lost in one file": (last(without(CURRENCY), put(VALUE, "")), "2026Q3 value|currency"),
    "the currency of one sender misspelt": (
        last(put(VALUE, "", ASAKA), put(CURRENCY, "CNY", ASAKA | {CURRENCY: "KRW"})),
        "2026Q3 currency|value",
    ),
    "codes of one file cut to four digits": (last(put(CODE, lambda cell: cell[:4])), "2026Q3 code"),
    "codes of one file in Excel's notation": (last(put(CODE, power)), "2026Q3 code"),
    "one code typed for another": (last(put(CODE, "3908100000", COMPOUND)), "2026Q3 390[28]|pp_compound|polyamide"),
    "weight and invoice under each other's header": (last(swap(WEIGHT, INVOICE)), "2026Q3 weight|invoice"),
    "twenty lines with a comma too many": (text(LAST, "JSC ASAKA,", "JSC, ASAKA,", 20), "2026Q3 line"),
    "a file in CP1251": (recode(LAST, "cp1251"), ""),
    "a file in UTF-16": (recode(LAST, "utf-16"), ""),
    "a file in KOI8-R": (recode(LAST, "koi8-r"), "2026Q3 encoding|koi8|letters|header"),
}

series = partial(table, SERIES)
THIS_YEAR = {"year": "2024"}
WORTH, HEAVY = "value_usd", "net_weight_kg"

SERIES_OF_CODES = {
    "a code missing in the last year": (series(drop(TYRES | THIS_YEAR)), "401110|tyres 2024"),
    "a code missing in a year between": (series(drop(TYRES | {"year": "2020"})), "401110|tyres 2020"),
    "a code missing in the base year": (series(drop(TYRES | {"year": "2017"})), "401110|tyres 2017"),
    "a code that begins late": (series(drop(TYRES | {"year": "2017|2018|2019"})), "401110|tyres 201[789]|2020"),
    "a donor missing in the last year": (series(drop(DONOR | THIS_YEAR)), "390810|polyamides 2024"),
    "a donor missing in a year between": (series(drop(DONOR | {"year": "2021"})), "390810|polyamides 2021"),
    "a row twice": (series(more(TYRES | THIS_YEAR)), f"401110|tyres|duplicate|{AGAIN}"),
    "a row twice, with a rounded value": (
        series(more(TYRES | THIS_YEAR, put(WORTH, lambda cell: f"{int(cell):.3g}".replace("e+0", "e")))),
        f"401110|tyres|2024 {AGAIN}",
    ),
    "value and weight of a code × 10": (
        series(scale(WORTH, 10, TYRES | THIS_YEAR), scale(HEAVY, 10, TYRES | THIS_YEAR)),
        "401110|tyres 2024",
    ),
    "value and weight of a code ÷ 10": (
        series(scale(WORTH, 0.1, TYRES | THIS_YEAR), scale(HEAVY, 0.1, TYRES | THIS_YEAR)),
        "401110|tyres 2024",
    ),
    "value and weight of a donor × 10": (
        series(scale(WORTH, 10, DONOR | THIS_YEAR), scale(HEAVY, 10, DONOR | THIS_YEAR)),
        "390810|polyamides|KR 2024",
    ),
    "value of a code × 10": (series(scale(WORTH, 10, TYRES | THIS_YEAR)), "401110|tyres 2024"),
    "weight of a code × 10": (series(scale(HEAVY, 10, TYRES | THIS_YEAR)), "401110|tyres 2024"),
    "weight of a code ÷ 10 in the base year": (
        series(scale(HEAVY, 0.1, TYRES | {"year": "2017"})),
        "401110|tyres 2017",
    ),
    "one partner more in the last year": (
        series(
            put("partners", lambda cell: f"{cell}+IND", THIS_YEAR),
            scale(WORTH, 1.4, THIS_YEAR),
            scale(HEAVY, 1.4, THIS_YEAR),
        ),
        "partner|origin|2024",
    ),
    "one partner fewer in the last year": (
        series(
            put("partners", "CHN", TYRES | THIS_YEAR),
            scale(WORTH, 0.6, TYRES | THIS_YEAR),
            scale(HEAVY, 0.6, TYRES | THIS_YEAR),
        ),
        "partner|origin|401110|tyres",
    ),
    "years of a code shifted": (
        series(put("year", lambda cell: str(int(cell) - 1), TYRES)),
        "401110|tyres|2016 year|2016|2024",
    ),
    "a year typed 2042": (series(put("year", "2042", TYRES | THIS_YEAR)), "2042"),
    "a year typed 2062": (series(put("year", "2062", DONOR | THIS_YEAR)), "2062"),
    "values in thousands in one year": (series(scale(WORTH, 0.001, THIS_YEAR)), "2024 value"),
    "values × 1 000 in one year": (series(scale(WORTH, 1000, {"year": "2023"})), "2023 value|imports"),
    "values in thousands from a year on": (series(scale(WORTH, 0.001, {"year": "202[1-4]"})), "2021 value"),
    "weights in tonnes in one year": (series(scale(HEAVY, 0.001, {"year": "2022"})), "2022 weight"),
    "weights in tonnes in the last year": (series(scale(HEAVY, 0.001, THIS_YEAR)), "2024 weight"),
    "values and weights in thousands in the last year": (
        series(scale(WORTH, 0.001, THIS_YEAR), scale(HEAVY, 0.001, THIS_YEAR)),
        "2024 value|weight|imports",
    ),
    "values in thousands everywhere": (series(scale(WORTH, 0.001)), "value|thousand"),
    "values and weights × 1 000 everywhere": (series(scale(WORTH, 1000), scale(HEAVY, 1000)), "value|weight|thousand"),
    "a year between missing": (series(drop({"year": "2020"})), "2020"),
    "the last year missing": (series(drop(THIS_YEAR)), "2024"),
    "two codes typed for each other": (
        series(exchange("hs_code", TYRES | THIS_YEAR, {"hs_code": "401120"} | THIS_YEAR)),
        "4011[12]0|tyres 2024",
    ),
    "a row that is the total": (series(more(THIS_YEAR, put("hs_code", "TOTAL"), first=1)), "TOTAL"),
    "a row of a heading beside its codes": (series(more(TYRES, put("hs_code", "4011"))), "4011 "),
    "weights left out in the last year": (series(put(HEAVY, "", THIS_YEAR)), "2024 weight"),
    "weight of a code left out in the last year": (
        series(put(HEAVY, "", TYRES | THIS_YEAR)),
        "401110|tyres weight|2024",
    ),
    "values 0 of a code in the last year": (series(put(WORTH, "0", TYRES | THIS_YEAR)), "401110|tyres|2024 value"),
    "values as millions with a point": (series(put(WORTH, lambda cell: f"{int(cell):,}".replace(",", "."))), "value"),
    "partners written as one total": (series(put("partners", "World", THIS_YEAR)), "World|origin"),
}

deliveries, sheets, projects = (partial(register, name) for name in ("deliveries", "project_products", "projects"))
QUARTER = {"period": "2026Q3"}

REGISTER_ROWS = {
    "deliveries of one project in tonnes": (
        deliveries(scale("net_kg", 0.001, LEADER), scale("baseline_kg", 0.001, LEADER)),
        "deliver pp_compound",
    ),
    "deliveries of one quarter in tonnes": (deliveries(scale("net_kg", 0.001, QUARTER)), "deliver 2026Q3"),
    "all deliveries in tonnes": (deliveries(scale("net_kg", 0.001), scale("baseline_kg", 0.001)), "deliver"),
    "a delivery × 10": (deliveries(scale("net_kg", 10, LEADER | QUARTER)), "deliver pp_compound"),
    "baseline above what was delivered": (
        deliveries(put("baseline_kg", "900000", LEADER | QUARTER)),
        "baseline pp_compound|row",
    ),
    "deliveries below zero": (deliveries(scale("net_kg", -1, LEADER | QUARTER)), "deliver net_kg|-|zero"),
    "deliveries of the last quarter not entered": (deliveries(drop(QUARTER)), "deliver 2026Q3"),
    "deliveries of one project not entered": (deliveries(drop(LEADER | QUARTER)), "deliver pp_compound 2026Q3"),
    "deliveries of a quarter between not entered": (
        deliveries(drop(LEADER | {"period": "2026Q1"})),
        "deliver pp_compound 2026Q1",
    ),
    "deliveries to one plant not entered": (
        deliveries(drop(LEADER | QUARTER | {"plant_id": "plastics_andijan"})),
        "deliver pp_compound|plastics_andijan 2026Q3",
    ),
    "deliveries to a plant that does not use the product": (
        deliveries(put("plant_id", "battery_jizzakh", LEADER | QUARTER | {"plant_id": "asaka"})),
        "deliver battery_jizzakh",
    ),
    "deliveries before the first output": (
        deliveries(more(LEADER | QUARTER, put("period", "2023Q2"))),
        "deliver|first_output pp_compound|2023Q2",
    ),
    "a delivery of the year 2062": (deliveries(put("period", "2062Q3", LEADER | QUARTER)), "2062Q3"),
    "a delivery twice": (deliveries(more(LEADER | QUARTER)), f"deliver {AGAIN}"),
    "deliveries' values in thousands": (deliveries(scale("value_usd", 0.001)), "deliver value"),
    "deliveries' kg and dollars swapped": (deliveries(swap("net_kg", "value_usd")), "deliver net_kg|value"),
    "deliveries' baselines empty": (deliveries(put("baseline_kg", "")), "baseline"),
    "deliveries with a point for thousands": (
        deliveries(put("net_kg", lambda cell: f"{int(cell):,}".replace(",", "."))),
        "deliver net_kg",
    ),
    "deliveries of one project under another": (
        deliveries(put("project_id", "pp_compound_kungrad", LEADER | QUARTER)),
        "pp_compound",
    ),
    "deliveries.csv under another name": (rename("deliveries.csv", "delivery.csv"), "delivery.csv"),
    "output.csv under another name": (rename("output.csv", "outputs.csv"), "outputs.csv"),
    "plants.csv under another name": (rename("plants.csv", "plant.csv"), "plant"),
    "output in kg for tonnes": (register("output", scale("quantity", 1000)), "output"),
    "output a tenth of what was delivered": (register("output", scale("quantity", 0.1)), "output"),
    "output of the last quarter not entered": (register("output", drop(QUARTER)), "output 2026Q3"),
    "first output in 2015": (projects(put("first_output", "2015-10", LEADER)), "first_output|pp_compound_shurtan"),
    "first output after it delivered": (
        projects(put("first_output", "2027-10", LEADER)),
        "first_output|pp_compound_shurtan",
    ),
    "first output before the start": (
        projects(put("start", "2028-01", {"project_id": "primers_tashkent"})),
        "start|first_output primers_tashkent|row",
    ),
    "one project under two ids": (
        together(
            projects(more(LEADER, put("project_id", "pp_shurtan"))),
            sheets(more(LEADER, put("project_id", "pp_shurtan"))),
        ),
        "pp_shurtan|pp_compound_shurtan",
    ),
    "cost in thousands": (projects(scale("cost_usd", 0.001)), "cost_usd|cost"),
    "equipment above the cost": (projects(scale("imported_equipment_usd", 10, LEADER)), "equipment pp_compound|row"),
    "probabilities in per cent": (projects(scale("success_probability", 100)), "success_probability"),
    "capacity × 10": (sheets(scale("capacity", 10, LEADER)), "capacity pp_compound"),
    "capacity in kg for tonnes": (sheets(scale("capacity", 1000, LEADER)), "capacity pp_compound"),
    "use of capacity a tenth": (sheets(scale("use", 0.1, LEADER)), "use|capacity pp_compound"),
    "use of capacity in per cent": (sheets(scale("use", 100)), "use"),
    "kg of the unit 1 for t": (sheets(put("kg_per_unit", "1", LEADER)), "kg_per_unit|unit|capacity"),
    "imported inputs above the price": (sheets(put("imported_input_usd_per_kg", "6.2", LEADER)), "imported_input"),
    "imported inputs in soum": (sheets(scale("imported_input_usd_per_kg", 12500)), "imported_input"),
    "a ramp-up that falls": (sheets(put("ramp_up", "1;0.9;0.7")), "ramp_up"),
    "a ramp-up in per cent": (sheets(put("ramp_up", "70;90;100", LEADER)), "ramp_up"),
    "a ramp-up that begins at nothing": (sheets(put("ramp_up", "0;0;0")), "ramp_up"),
    "share of the plants in per cent": (sheets(scale("plant_share", 100)), "plant_share"),
    "kg that a kg replaces: 10": (sheets(put("replaces_kg", "10", LEADER)), "replaces_kg"),
    "ratio of prices in per cent": (sheets(scale("price_ratio", 100)), "price_ratio"),
    "share of diverted exports in per cent": (sheets(scale("diverted_export_share", 100)), "diverted_export"),
    "the sheet of a project lost": (sheets(drop(LEADER)), "pp_compound_shurtan"),
    "localisable share a tenth": (register("products", scale("localisable_share", 0.1)), "localisable_share"),
    "localisable share in per cent": (register("products", scale("localisable_share", 100)), "localisable_share"),
    "a prefix too short": (register("products", put("hs_prefixes", "3902", COMPOUND_ROW)), "hs_prefixes|3902"),
    "a prefix wrong": (register("products", put("hs_prefixes", "390410", COMPOUND_ROW)), "3902|390410|pp_compound"),
    "a pattern that fits nothing": (
        register("products", put("text_pattern", "бампер{9}", COMPOUND_ROW)),
        "pp_compound|text_pattern|products",
    ),
    "a pattern that is none": (register("products", put("text_pattern", "(бампер", COMPOUND_ROW)), "text_pattern"),
    "a product with a project lost": (register("products", drop(COMPOUND_ROW)), "pp_compound"),
    "a product twice under two ids": (
        register("products", more(COMPOUND_ROW, put("product_id", "pp"), put("priority", "2"))),
        "pp",
    ),
    "shares of a plant above one": (register("uses", put("share", "1", {"plant_id": "asaka"})), "share"),
    "a use left out": (register("uses", drop({"product_id": "pp_compound", "plant_id": "asaka"})), "pp_compound|uses"),
    "a purpose that is none": (
        register("uses", put("purpose_id", "painting", {"plant_id": "asaka"})),
        "purpose_id painting",
    ),
    "a tax number with a slip": (
        register("plants", put("tax_numbers", "999000110", {"plant_id": "asaka"})),
        "asaka|999000101",
    ),
    "tax number and names of a plant lost": (
        register("plants", put("tax_numbers", "", {"plant_id": "asaka"}), put("aliases", "", {"plant_id": "asaka"})),
        "asaka|999000101",
    ),
    "one tax number for two plants": (
        register("plants", put("tax_numbers", "999000101", {"plant_id": "khorezm"})),
        "999000101",
    ),
    "plants in CP866": (recode("plants.csv", "cp866"), "plants"),
    "donors that a project makes": (
        register("donors", put("use", "yes", {"product_id": "pp_compound"})),
        "donors pp_compound",
    ),
    "donors answered in Russian": (register("donors", put("use", "да", {"use": "yes"})), "use"),
    "a column's name misspelt": (
        deliveries(lambda rows: rows.rename(columns={"baseline_kg": "base_kg"})),
        "base_kg|baseline_kg",
    ),
    "a status of measures misspelt": (
        register("measures", put("status", "finished", {"status": "done"})),
        "status finished",
    ),
    "a correction of a line that was mended": (correction("value_usd", "1", "2"), "corrections"),
    "a correction written as 72 500,00": (correction("value_usd", "4716.17", "72 500,00"), "corrections|72 500,00"),
}

activity = partial(register, "activity")
PLAN, RECORD = {"scenario": "base"}, {"scenario": ""}
BASE_YEAR = {"period": "2024Q."} | RECORD

ACTIVITY = {
    "vehicles of a plant × 10 in one quarter": (
        activity(scale("vehicles", 10, ASAKA_ID | QUARTER | RECORD)),
        "activity asaka 2026Q3",
    ),
    "vehicles of a plant missing in one quarter": (
        activity(drop(ASAKA_ID | QUARTER | RECORD)),
        "activity asaka 2026Q3",
    ),
    "vehicles of a plant missing in the base year": (
        activity(drop(ASAKA_ID | {"period": "2024Q2"} | RECORD)),
        "activity asaka 2024Q2",
    ),
    "vehicles of one quarter in thousands": (activity(scale("vehicles", 0.001, QUARTER | RECORD)), "activity 2026Q3"),
    "vehicles of the base year in thousands": (
        activity(scale("vehicles", 0.001, {"period": "2024Q."} | RECORD)),
        "activity 2024",
    ),
    "vehicles of two plants swapped": (
        activity(exchange("vehicles", ASAKA_ID | QUARTER | RECORD, {"plant_id": "samauto"} | QUARTER | RECORD)),
        "activity asaka|samauto 2026Q3",
    ),
    "vehicles of the base year of two plants swapped": (
        activity(exchange("vehicles", ASAKA_ID | BASE_YEAR, {"plant_id": "samauto"} | BASE_YEAR)),
        "activity asaka|samauto 2024",
    ),
    "a planned year missing": (activity(drop({"period": "2028Q."} | PLAN)), "activity 2028"),
    "the last planned year missing": (activity(drop({"period": "2030Q."} | PLAN)), "activity 2030"),
    "the plan of one plant missing": (activity(drop(ASAKA_ID | PLAN)), "activity asaka"),
    "the plan's scenario misspelt": (activity(put("scenario", "bsae", PLAN)), "bsae|scenario"),
    "the plan of a year × 10": (activity(scale("vehicles", 10, {"period": "2029Q."} | PLAN)), "activity 2029"),
    "the plan in thousands": (activity(scale("vehicles", 0.001, PLAN)), "activity"),
    "the plan a tenth at one plant": (activity(scale("vehicles", 0.1, ASAKA_ID | PLAN)), "activity asaka"),
    "vehicles below zero": (activity(scale("vehicles", -1, ASAKA_ID | QUARTER | RECORD)), "vehicles"),
    "vehicles in thousands everywhere": (activity(scale("vehicles", 0.001)), "activity"),
    "activity.csv under another name": (rename("activity.csv", "activities.csv"), "activities.csv"),
    "a plant's plan twice": (activity(more(ASAKA_ID | PLAN)), f"activity {AGAIN}"),
    "a quarter written 3Q2026": (activity(put("period", "3Q2026", QUARTER)), "3Q2026"),
}

rates = partial(register, "exchange_rates")

RATES = {
    "three months missing": (rates(drop({"date": "2026-0[789].*"})), "exchange_rates|rate 2026"),
    "two years old": (rates(drop({"date": "2025-.*|2026-.*|2024-1.*"})), "exchange_rates|rate 2024|2025|2026"),
    "a currency missing": (rates(drop({"currency": "KRW"})), "KRW"),
    "the won's nominal lost": (
        rates(scale("usd", 1000, {"currency": "KRW"}), scale("uzs", 1000, {"currency": "KRW"})),
        "KRW",
    ),
    "the won's nominal lost in dollars alone": (rates(scale("usd", 1000, {"currency": "KRW"})), "KRW"),
    "one month × 10": (rates(scale("usd", 10, {"date": "2026-08.*", "currency": "EUR"})), "EUR 2026-08"),
    "soum and dollars swapped": (rates(swap("uzs", "usd")), "exchange_rates|usd"),
    "dollars per unit inverted": (rates(put("usd", lambda cell: f"{1 / float(cell):.8f}")), "usd"),
    "dates in another order": (rates(put("date", lambda day: "/".join((day[5:7], day[8:], day[:4])))), "date"),
    "a rate twice, with another value": (
        rates(more({"date": "2026-08-01"}, scale("usd", 2))),
        f"exchange_rates {AGAIN}",
    ),
    "yuan and won under each other's name": (
        rates(put("currency", lambda cell: {"CNY": "KRW", "KRW": "CNY"}.get(cell, cell))),
        "CNY|KRW",
    ),
    "the rates of next year, wrong": (
        rates(more({"date": "2026-09-01"}, put("date", "2027-01-01"), scale("usd", 100))),
        "",
    ),
}

SCENARIOS = {
    "use of capacity in per cent": (scenario("assumptions.capacity_use", "value = 1.0", "value = 100"), "capacity_use"),
    "vehicles in per cent": (scenario("assumptions.vehicle_output", "value = 1.0", "value = 108"), "vehicle_output"),
    "intensity in per cent": (scenario("assumptions.intensity", "value = 1.0", "value = 95"), "intensity"),
    "drift of prices in per cent": (scenario("assumptions.price_drift", "value = 0.0", "value = 3"), "price_drift"),
    "discount rate in per cent": (scenario("assumptions.discount_rate", "value = 0.1", "value = 10"), "discount_rate"),
    "pace of the ramp-up 0": (scenario("assumptions.ramp_pace", "value = 1.0", "value = 0"), "ramp_pace"),
    "a delay below zero": (scenario("assumptions.delay_years", "value = 0.0", "value = -5.0"), "delay_years"),
    "a delay in months": (scenario("assumptions.delay_years", "value = 0.0", "value = 18"), "delay_years"),
    "success in per cent": (scenario("assumptions.success", "value = 1.0", "value = 90"), "success"),
    "low written lo": (scenario("assumptions.vehicle_output", "low =", "lo ="), "lo"),
    "low above high": (scenario("assumptions.vehicle_output", "low = 0.85", "low = 1.85"), "vehicle_output low|high"),
    "value outside low and high": (
        scenario("assumptions.intensity", "value = 1.0", "value = 1.2"),
        "intensity low|high|value",
    ),
    "an assumption misspelt": (text("scenarios/base.toml", "capacity_use]", "capacity_usage]"), "capacity_usage"),
    "a section misspelt": (
        text("scenarios/base.toml", "[assumptions.intensity]", "[assumption.intensity]"),
        "assumption",
    ),
    "a number as text": (scenario("assumptions.intensity", "value = 1.0", 'value = "1,0"'), "intensity"),
    "a value without a reason": (scenario("assumptions.intensity", "reason =", "why ="), "intensity reason|why"),
    "dispatch misspelt": (text("scenarios/base.toml", '"proportional"', '"proportionally"'), "dispatch"),
    "a project that is none": (
        text("scenarios/leader_fails.toml", "pp_compound_shurtan]", "pp_shurtan]"),
        "pp_shurtan",
    ),
    "the base scenario under another name": (rename("scenarios/base.toml", "scenarios/basis.toml"), "base|basis"),
    "the base scenario calls itself high": (text("scenarios/base.toml", 'name = "base"', 'name = "high"'), "name|high"),
    "a scenario that is no TOML": (text("scenarios/high.toml", "[title]", "[title"), "high"),
}

SETTINGS = {
    "target in millions": (settings("amount_usd = 69000000", "amount_usd = 69"), "target amount"),
    "target × 1 000": (settings("amount_usd = 69000000", "amount_usd = 69000000000"), "target amount"),
    "target year past": (settings("year = 2030", "year = 2024"), "target year"),
    "target year beyond the plan": (settings("year = 2030", "year = 2045"), "target year|2045"),
    "target year typed 203": (settings("year = 2030", "year = 203"), "target year|203"),
    "[targets] for [target]": (settings("[target]", "[targets]"), "targets"),
    "[thresholds] misspelt": (settings("[thresholds]", "[treshold]"), "treshold"),
    "a threshold misspelt": (settings("placebo_p =", "placebo ="), "placebo"),
    "a key that is none": (settings("illustrative = true", "illustrative = true\nbase_year = 2024"), "base_year"),
    "leading misspelt": (settings('"cumulative"', '"sum"'), "leading"),
    "base period after the programme began": (settings('base_period = "2024"', 'base_period = "2026"'), "base_period"),
    "base period before the data": (settings('base_period = "2024"', 'base_period = "2019"'), "base_period"),
    "programme began long ago": (settings('"2025Q3"', '"2015Q3"'), "programme_start"),
    "programme begins in the future": (settings('"2025Q3"', '"2035Q3"'), "2035Q3"),
    "years for quarters": (settings('frequency = "Q"', 'frequency = "Y"'), "frequency|period|programme_start"),
    "months for quarters": (settings('frequency = "Q"', 'frequency = "M"'), "frequency"),
    "counterfactual misspelt": (settings('"deliveries"', '"delivery"'), "counterfactual"),
    "import regimes left out": (settings('import_regimes = ["40"]', ""), "regime"),
    "import regimes that no line has": (settings('["40"]', '["4000"]'), "regime"),
    "export regime for import": (settings('["40"]', '["80"]'), "regime"),
    "share of the broken in per cent": (
        settings("reporting_break_share = 0.5", "reporting_break_share = 50"),
        "reporting_break_share",
    ),
    "ratio of a break below one": (
        settings("reporting_break_ratio = 1.5", "reporting_break_ratio = 0.5"),
        "reporting_break_ratio",
    ),
    "outliers beyond nothing": (settings("outlier_c = 15", "outlier_c = 0.001"), "outlier"),
    "weights that are no numbers": (settings("addressable = 0.4", 'addressable = "0,4"'), "addressable"),
    "illustrative as text": (settings("illustrative = true", 'illustrative = "yes"'), "illustrative"),
    "[[files]] that fits no file": (
        settings("[title]", '[[files]]\nmatch = "declarations/2026Q9*"\n\n[title]'),
        "2026Q9",
    ),
    "[[files]] with an unknown key": (
        settings("[title]", '[[files]]\nmatch = "declarations/2026Q3*"\nencodng = "cp866"\n\n[title]'),
        "encodng",
    ),
    "a header scaled by a thousand": (
        settings(
            "[title]",
            "[formats.customs_declarations.columns.net_weight]\n"
            + 'headers = [{ header = "Вес нетто", scale = 1000 }]\n\n[title]',
        ),
        "weight|scale",
    ),
    "a comma forgotten": (settings('["40"]', '["40"'), "dataset.toml"),
}

WORKBOOK = {
    "all registers in one workbook": (workbook(), ""),
    "a sheet's name misspelt": (workbook(deliveries=lambda rows: ("delivery", rows)), "delivery"),
    "a sheet that is never read": (workbook(donors=lambda rows: ("_donors", rows)), "donors"),
    "a row of sums below": (sheet("deliveries", total_row), "deliver row"),
    "a title above the header": (sheet("deliveries", title_row), "deliver"),
    "kg as text with a point for thousands": (
        sheet("deliveries", lambda rows: rows.assign(net_kg=rows["net_kg"].map("{:,}".format).str.replace(",", "."))),
        "deliver net_kg",
    ),
    "use of capacity as per cent in text": (
        sheet("project_products", lambda rows: rows.assign(use=rows["use"].map("{:.0%}".format))),
        "use",
    ),
    "a ramp-up that Excel took for a date": (
        sheet("project_products", cells("ramp_up", datetime(2026, 9, 7))),
        "ramp_up",
    ),
    "months that Excel took for dates": (
        sheet("projects", lambda rows: rows.assign(first_output=pd.to_datetime(rows["first_output"]))),
        "",
    ),
    "an error of a formula": (sheet("activity", cells("vehicles", "#REF!")), "activity vehicles|#REF!"),
    "a quarter with a Cyrillic letter": (sheet("deliveries", cells("period", "2026К3")), "deliver 2026К3"),
    "empty rows between": (sheet("deliveries", empty_rows), ""),
    "a column of notes": (sheet("deliveries", lambda rows: rows.assign(note="agreed by telephone")), "note"),
    "tax numbers as numbers": (
        sheet(
            "plants",
            lambda rows: rows.assign(
                tax_numbers=rows["tax_numbers"].where(
                    rows["tax_numbers"].str.contains(";"), pd.to_numeric(rows["tax_numbers"], errors="coerce")
                )
            ),
        ),
        "",
    ),
    "a sheet and a CSV file beside it": (beside("deliveries", scale("net_kg", 0.001)), "deliveries"),
    "a workbook that is damaged": (together(workbook(), cut("registers.xlsx", 0.7)), "registers.xlsx"),
    "a workbook under another name": (together(workbook(), rename("registers.xlsx", "register.xlsx")), "register.xlsx"),
}

FOLDER = "published/2026Q2"
PUBLICATION = {
    "a figure altered": (table(f"{FOLDER}/ledger.csv", scale("realised_usd", 10, LEADER)), "2026Q2 ledger"),
    "a table lost": (remove(f"{FOLDER}/ledger.csv"), "2026Q2 ledger"),
    "the manifest lost and a figure altered": (
        together(remove(f"{FOLDER}/manifest.json"), table(f"{FOLDER}/ledger.csv", scale("realised_usd", 1000, LEADER))),
        "2026Q2 manifest|ledger",
    ),
    "the manifest is no JSON": (text(f"{FOLDER}/manifest.json", "{", "", 1), "2026Q2 manifest"),
    "the folder under another name": (rename(FOLDER, "published/2026-Q2"), "2026-Q2"),
    "the folder under a later period": (rename(FOLDER, "published/2027Q1"), "2027Q1"),
    "a table that is no CSV": (
        together(
            remove(f"{FOLDER}/manifest.json"),
            lambda folder: (folder / FOLDER / "ledger.csv").write_bytes(b"\xff\xfe\x00"),
        ),
        "2026Q2 ledger",
    ),
    "all of it lost": (lambda folder: shutil.rmtree(folder / "published"), ""),
}

NATURE = {  # what no data can show, in the words of data/raw/README.md
    "series: the last year missing": "a last period that never came",
}
KINDS = {
    "raw lines": RAW, "series": SERIES_OF_CODES, "registers": REGISTER_ROWS, "activity": ACTIVITY, "rates": RATES,
    "scenarios": SCENARIOS, "settings": SETTINGS, "workbook": WORKBOOK, "publication": PUBLICATION,
}  # fmt: skip
HANDFUL = {  # mutations of a kind that make test tries, thirty in all; the whole list is a part of CI
    "raw lines": 4, "series": 6, "registers": 6, "activity": 3, "rates": 2, "scenarios": 3, "settings": 3,
    "workbook": 2, "publication": 1,
}  # fmt: skip
MUTATIONS = [Mutation(name, kind, *about) for kind, stated in KINDS.items() for name, about in stated.items()]
FEW = [
    f"{kind}: {[*KINDS[kind]][place * len(KINDS[kind]) // number]}"
    for kind, number in HANDFUL.items()
    for place in range(number)
]  # of each kind, far apart in its list
TODAY: dict[str, str] = {}  # what the product does not hold yet, and why: expected failures, strict
