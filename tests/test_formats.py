"""Formats: each one read to the declarations it holds, none taken for another, new ones described without Python."""

import csv
import gzip
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest
import xlsxwriter

import examples
from importcut.app.check import examination, verdict
from importcut.intake import formats
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.schema import DataError, load

REAL = Path(__file__).parents[2] / "shared" / "data" / "formats"  # beside this checkout, if at all
WHOLE = ["hs_code", "origin", "date", "value_usd", "net_weight", "invoice_value", "currency"]
PRODUCT = {"match": "*", "add": {"Product code": "'320820"}}
MILLIONS = {"match": "*", "add": {"Unit of measurement": "million US dollars"}}


@pytest.fixture(scope="module")
def small(repository):
    return open_dataset(repository / "tests" / "cases" / "small")


@pytest.fixture
def quarterly(small, tmp_path, monkeypatch):
    """A quarterly dataset of the whole country, without raw files: no plants, no regimes."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    registers = MappingProxyType({**small.registers, "plants": small.plants.iloc[:0]})
    return replace(small, path=tmp_path / "small", registers=registers, import_regimes=())


@pytest.fixture
def annual(quarterly):
    return replace(quarterly, frequency="Y")


def put(ds, content, name="a.csv"):
    path = ds.path / "imports" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(ds, name="a.xlsx", **sheets):
    """A workbook, each sheet given as its rows."""
    path = put(ds, b"", name)
    with xlsxwriter.Workbook(path) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
    return path


def rows(ds):
    """All lines, each with its place; as many as are told in the notes of the files."""
    files = read_declarations(ds)
    read = [pd.read_parquet(f.declarations).assign(line=lambda t: t["first_line"] + t.index) for f in files]
    assert [len(t) for t in read] == [f.lines for f in files]
    assert [t["fault"].eq("gap").sum() for t in read] == [f.carried_on for f in files]
    return pd.concat(read, ignore_index=True).loc[lambda t: t["fault"].ne("gap")]


def counted(ds, columns=WHOLE):
    """What counts, by line; by file and line where it stands in several files."""
    found = rows(ds).loc[lambda t: t["fault"].isna()].assign(date=lambda t: t["date"].astype("str"))
    place = "line" if found["source_file"].nunique() < 2 else ["source_file", "line"]
    found = found.set_index(place)[columns].astype(object)
    assert found.index.is_unique
    return {at: tuple(row) for at, row in zip(found.index, found.where(found.notna(), None).to_numpy(), strict=True)}


def aside(ds, column="fault"):
    """Why the other lines do not count, by line."""
    return rows(ds).loc[lambda t: t["fault"].notna()].set_index("line")[column].to_dict()


def settled(ds):
    """Product, origin and value of the lines that cleaning accepts, and why it sets the others aside, by line."""
    clean_imports(read_declarations(ds), ds)
    imports, quarantine = load("imports", ds), load("quarantine", ds)
    accepted = imports.set_index("line")[["product_id", "origin", "value_usd"]]
    return dict(zip(accepted.index, accepted.itertuples(index=False, name=None), strict=True)), dict(
        zip(quarantine["line"], quarantine["reason"], strict=True)
    )


def refused(ds):
    with pytest.raises(DataError) as error:
        read_declarations(ds)
    return str(error.value)


KOREA = ("320820", "KOR", "2024-01-01", 110.25, 10.5, None, None)
COMTRADE = ("320820", "410", *KOREA[2:])
LEVELS = [
    examples.comtrade_row(500, cmdCode="3820", aggrLevel="4"),
    examples.comtrade_row(900, cmdCode="32", aggrLevel="2"),
    examples.comtrade_row(300, partnerCode="0", partnerISO="W00"),
    examples.comtrade_row(9000, cmdCode="TOTAL", aggrLevel="0"),
]
LEGACY_LEVELS = examples.LEGACY.splitlines()[0] + "".join(
    f"\nH5,2024,2024,2024,{level},1,1,Import,860,Uzbekistan,UZB,{partner},,,,,,,,{code},x,8,kg,1,,,,1,,{usd},,,0"
    for level, partner, code, usd in [
        (4, "410,Korea,KOR", "3820", 500), (2, "410,Korea,KOR", "32", 900), (6, "0,World,WLD", "320820", 300),
        (0, "410,Korea,KOR", "TOTAL", 9000),
    ]
)  # fmt: skip


@pytest.mark.parametrize("style", examples.DECLARATIONS)
def test_a_declaration_is_read_under_russian_uzbek_and_english_headers(quarterly, style):
    put(quarterly, examples.DECLARATIONS[style])
    [(*found, invoice, currency)] = counted(quarterly).values()
    origin = None if style == "extract" else "KR"
    assert found == ["3208201000", origin, "2025-01-15", pytest.approx(110.25), pytest.approx(10.5)]
    assert (invoice, currency) == {
        "statistical form": (None, None), "atlas": (None, None), "extract": (100, None),
    }.get(style, (100, "EUR"))  # fmt: skip
    assert set(aside(quarterly).values()) == ({"other_flow"} if style == "extract" else set())


def test_a_dataset_with_plants_and_regimes_asks_for_the_columns_they_are_told_by(quarterly, small):
    ds = replace(quarterly, registers=small.registers)
    put(ds, examples.STATISTICAL_FORM)
    assert "no column importer_tin (ИНН получателя or ИНН импортера) (seen: 'Регистрационный №" in refused(ds)
    put(ds, examples.ATLAS)
    assert len(counted(ds)) == 1  # the importer's name does as well
    assert "no column regime (Режим or " in refused(replace(ds, import_regimes=("40",)))


def test_graph_46_in_thousands_is_said_by_the_dataset(quarterly):
    put(quarterly, examples.GRAPHS)
    assert counted(quarterly)[2][3] == 110.25
    thousands = {"columns": {"value_usd": {"headers": [{"header": "G46", "scale": 1000}]}}}
    ds = replace(quarterly, formats=MappingProxyType({"customs_declarations": thousands}))
    assert counted(ds)[2][3] == 110250


@pytest.mark.parametrize("extra", [1, pytest.param(0, marks=pytest.mark.ci)])
@pytest.mark.parametrize("weight", ["netWgt", pytest.param("netWeight", marks=pytest.mark.ci)])
def test_comtrade_counts_each_dollar_once(annual, extra, weight):
    put(annual, examples.comtrade(extra=extra, weight=weight))
    read = counted(annual)
    assert read[3] == COMTRADE and read[4] == ("320820", "156", "2024-01-01", 190, None, None, None)
    assert settled(annual) == (
        {3: ("topcoat", "KR", 110.25), 4: ("topcoat", "CN", 190)}, examples.COMTRADE_ASIDE
    )  # fmt: skip
    assert set(load("quarantine", annual)["kind"]) == {"out_of_scope"}


@pytest.mark.parametrize("example", [examples.comtrade(rows=LEVELS), LEGACY_LEVELS])
def test_comtrade_counts_codes_of_four_digits_unless_longer_ones_stand_beside_them(annual, example):
    put(annual, example)
    accepted, reasons = settled(annual)
    assert accepted == {2: ("antifreeze", "KR", 500), 4: ("topcoat", "XX", 300)}
    assert reasons == {3: "total_over_codes", 5: "total_over_codes"}


def test_comtrade_in_another_classification_has_no_commodity_codes(annual):
    put(annual, examples.comtrade(rows=[examples.comtrade_row(1, classificationCode="S3", cmdCode="3820")]))
    assert settled(annual) == ({}, {2: "other_rows"})


def test_comtrade_json_is_the_same_table(annual):
    put(annual, json.dumps({"elapsedTime": "0.1", "count": 10, "data": examples.COMTRADE_ROWS, "error": ""}), "a.json")
    assert counted(annual)[3] == COMTRADE and settled(annual)[1] == examples.COMTRADE_ASIDE


def test_months_of_comtrade_count_in_a_quarterly_dataset_and_years_do_not(quarterly):
    put(quarterly, examples.comtrade())
    assert {line: found[2] for line, found in counted(quarterly).items()} == {11: "2024-01-01"}
    assert aside(quarterly)[3] == "other_frequency"


def test_another_importer_is_named_by_the_dataset(annual):
    own = {"baci": {"scope": [{"header": "j", "keep": ["398"], "reason": "other_country"}]}}
    put(annual, examples.BACI)
    ds = replace(annual, formats=MappingProxyType(own))
    assert counted(ds) == {4: ("320820", "156", "2024-01-01", 5000, 1000, None, None)}


def test_legacy_comtrade(annual):
    put(annual, examples.LEGACY)
    accepted, reasons = settled(annual)
    assert counted(annual)[3] == KOREA and [*accepted] == [3]
    assert reasons == {2: "total_over_partners", 4: "other_flow"}


def test_baci_is_in_thousand_dollars_and_tonnes(annual):
    put(annual, examples.BACI)
    assert counted(annual) == {
        2: ("320820", "410", "2024-01-01", 110.25, 10.5, None, None),
        3: ("320820", "156", "2024-01-01", 190, None, None, None),
    }
    assert aside(annual) == {4: "other_country"}


def test_wits_is_in_thousand_dollars(annual):
    put(annual, examples.WITS)
    accepted, reasons = settled(annual)
    assert counted(annual)[3] == KOREA and [*accepted] == [3]
    assert reasons == {2: "total_over_partners", 4: "other_flow"}


def test_trade_map_saves_a_page_under_the_name_of_a_workbook(annual):
    put(annual, examples.TRADE_MAP_PRODUCTS, "Trade_Map.xls")
    [found] = counted(annual).values()
    assert found == ("320820", None, "2024-01-01", 110.25, None, None, None)
    assert set(aside(annual).values()) == {"total_over_codes"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_page_keeps_leading_zeros_and_a_decimal_comma_is_no_thousand(quarterly, encoding):
    lines = [line.split(";") for line in examples.STATISTICAL_FORM.replace("3208201000", "0101210000").splitlines()]
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines)
    put(quarterly, f"<table>{cells}</table>".encode(encoding), "a.xls")
    [found] = counted(quarterly).values()
    assert found == ("0101210000", "KR", "2025-01-15", 110.25, 10.5, None, None)  # not taken for 105
    [found] = counted(replace(quarterly, files=({"match": "*", "decimal": ","},))).values()
    assert found == ("0101210000", "KR", "2025-01-15", 110.25, 10.5, None, None)


def test_trade_map_by_partner_needs_to_be_told_the_product(annual):
    put(annual, examples.TRADE_MAP_PARTNERS, "Trade_Map.txt")
    assert "no column hs_code (Product code) (seen: 'Exporters, Imported value in 2023" in refused(annual)
    ds = replace(annual, files=(PRODUCT,))
    assert ("320820", "Korea, Republic of", "2024-01-01", 110.25, None, None, None) in counted(ds).values()
    clean_imports(read_declarations(ds), ds)
    years = load("imports", ds).set_index(["source_file", "origin"])["value_usd"].to_dict()
    assert years == {("imports/Trade_Map.txt#2023", "XX"): 1000, ("imports/Trade_Map.txt#2024", "KR"): 110.25}


def page(*values):
    """A page of values in thousand dollars of one code in 2024, from as many countries."""
    cells = "".join(f"<tr><td>C{n}</td><td>{value}</td></tr>" for n, value in enumerate(values))
    return f"<table><tr><th>Exporters</th><th>Imported value in 2024</th></tr>{cells}</table>"


@pytest.mark.parametrize(
    ("values", "decimal", "thousands"),
    [
        (["52,340", "1,100,000"], "", [52_340, 1_100_000]),
        (["1.234.500,50", "845,5", "1.234"], "", [1_234_500.5, 845.5, 1_234]),
        (["52,340", "61,277"], ".", [52_340, 61_277]),
        (["52,340", "61,277"], ",", [52.34, 61.277]),
        (["1.234", "845"], ",", [1_234, 845]),
        (["52,340", "61,277"], "", []),
    ],
)
def test_thousands_of_a_page_are_judged_by_column_and_a_comma_alone_is_not_guessed(annual, values, decimal, thousands):
    put(annual, page(*values), "a.xls")
    ds = replace(annual, files=(PRODUCT | ({"decimal": decimal} if decimal else {}),))
    assert [found[3] for found in counted(ds).values()] == pytest.approx([1000 * value for value in thousands])
    assert set(aside(ds).values()) == (set() if thousands else {"unreadable_value"})


def test_texts_of_a_workbook_and_of_json_have_thousands_beside_numbers_with_decimals(annual):
    values = ["52,340", "1,100,000", 1.234, *[2.345 + n for n in range(12)]]
    expected = pytest.approx([52_340, 1_100_000, *values[2:]])
    workbook(annual, data=[HEADER, *(["320820", 2024, value, 1, "KR"] for value in values)])
    assert [found[3] for found in counted(annual).values()] == expected
    (annual.path / "imports" / "a.xlsx").unlink()
    records = [dict(zip(HEADER, ["320820", "2024", value, 1, "KR"], strict=True)) for value in values]
    put(annual, json.dumps(records), "a.json")
    assert [found[3] for found in counted(annual).values()] == expected


def test_a_header_row_over_another_is_one_header_and_what_spans_columns_stands_over_each(annual):
    ds = replace(annual, files=({"match": "*", "add": {"Partner": "KR"}},))
    put(ds, examples.TRADE_MAP_BILATERAL, "a.xls")
    found = ("320820", "KR", "2024-01-01", 110.25, None, None, None)
    assert counted(ds) == {4: found} and rows(ds)["source_file"].unique().tolist() == [
        "imports/a.xls#2023",
        "imports/a.xls#2024",
    ]
    above = ["Product code", "Product label", "Uzbekistan's imports from Korea", "", "Korea's exports to world", ""]
    below = ["", "", "Value in 2023", "Value in 2024", "Value in 2023", "Value in 2024"]
    put(ds, b"", "a.xls").unlink()
    workbook(ds, data=[["Bilateral trade"], above, below, ["'320820", "Paints", "", 0.11025, 9, 9]])
    assert counted(ds) == {4: found}
    put(ds, b"", "a.xlsx").unlink()
    put(
        ds,
        "\n".join("\t".join(map(str, row)) for row in [above, below, ["320820", "Paints", "", 0.11025, 9, 9]]) + "\n",
    )
    assert counted(ds) == {3: found}


def test_a_line_of_a_wide_table_is_the_row_that_a_reader_counts_and_its_file_names_the_period(annual):
    label = "Product code\tProduct label\tImported value in 2023\tImported value in 2024\n"
    put(annual, f"Trade Map\n\n{label}'TOTAL\tAll products\t900\t950\n'320820\tPaints\t\tmany\n'320890\tInks\t7\t\n")
    found = rows(annual).set_index(["source_file", "line"])
    assert found.loc[("imports/a.csv#2024", 5), "fault"] == "unreadable_value"
    assert found.loc[("imports/a.csv#2023", 6), "value_usd"] == 7000
    assert not {("imports/a.csv#2023", 5), ("imports/a.csv#2024", 6)} & {*found.index}  # empty cells
    assert [(f.lines, f.carried_on) for f in read_declarations(annual)] == [(3, 1), (3, 1)]


LATIN_1 = "Année;Code SH;Pays;Valeur;Masse nette\n2023;320820;Corée;110,5;10,5\n2024;320820;Corée;110,5;10,5\n"
FRENCH = {
    "signature": ["Code SH", "Masse nette"],
    "columns": {
        "date": {"headers": ["Année"], "dates": ["%Y"], "required": True},
        "hs_code": {"headers": ["Code SH"], "required": True},
        "value_usd": {"headers": ["Valeur"], "required": True},
        "net_weight": {"headers": ["Masse nette"]},
        "weight_unit": {"default": "kg"},
    },
}
MAP = examples.TRADE_MAP_PRODUCTS.replace("<td></td>", "<td>0.2</td>")


@pytest.mark.parametrize(
    ("name", "content", "encoding", "usd"),
    [
        pytest.param("map.xls", MAP, "utf-8", {"2023": 200, "2024": 110.25}, marks=pytest.mark.ci),
        ("a.csv", LATIN_1, "latin-1", {"2023": 110.5, "2024": 110.5}),
    ],
)
def test_what_a_newcomer_has_makes_a_report(repository, tmp_path, monkeypatch, name, content, encoding, usd):
    """A wide table of Trade Map, which is a page saved as a workbook; a file in Latin-1."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    own = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "own")
    (own / "plants.csv").unlink()
    settings = (own / "dataset.toml").read_text(encoding="utf-8").replace('frequency = "Q"', 'frequency = "Y"')
    settings = settings.replace('"2025Q1"', '"2023"').replace('import_regimes = ["40"]\n', "")
    columns = "".join(f"columns.{c} = {inline(about)}\n" for c, about in FRENCH["columns"].items())
    described = f"\n[formats.french]\nsignature = {FRENCH['signature']}\n{columns}"
    (own / "dataset.toml").write_text(settings + described, encoding="utf-8")
    (own / "imports").mkdir()
    (own / "imports" / name).write_bytes(content.encode(encoding))
    result = examination(own)
    assert verdict(result).startswith("own: a report of 2024 can be made"), [d.text for d in result.defects]
    cells = result.cleaned.cells
    assert cells.groupby(cells["period"].astype("str"))["value_usd"].sum().to_dict() == usd


def inline(about):
    """A description of a column as TOML has it on one line."""
    return "{ " + ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()) + " }"


def test_two_headers_of_one_period_are_refused(annual):
    put(annual, "Product code\tProduct label\tImported value in 2024\tImported value in 2024\n320820\tPaints\t1\t2\n")
    assert "are both 2024 — let the pattern of `wide` fit one of them" in refused(annual)


SCRIPT = '<script type="text/javascript">\n' + "function f(value) { return value; } // checks a field of the page\n" * 6
FISCAL = (
    "<html><body><p>Values in US $ Million</p><table><tr><th>No.</th><th>HSCode</th><th>Commodity</th>"
    "<th>2004-2005</th><th>%Share</th><th>2005-2006</th></tr>"
    "<tr><td>1.</td><td>320820</td><td>PAINTS</td><td>14.26</td><td>0.0128</td><td>22.37</td></tr>"
    "<tr><td></td><td></td><td>Total</td><td>15.19</td><td></td><td>24.43</td></tr></table></body></html>"
)
MILLION = {
    "signature": ["HSCode", "Commodity"],
    "wide": {"pattern": "(\\d{4})-\\d{4}"},
    "columns": {
        "date": {"headers": ["period"], "dates": ["%Y"], "required": True},
        "hs_code": {"headers": ["HSCode"], "required": True},
        "value_usd": {"headers": ["value"], "scale": 1e6, "required": True},
    },
    "scope": [{"header": "Commodity", "drop": ["Total"], "reason": "total_over_codes"}],
}


@pytest.mark.parametrize("begin", ["", f"{SCRIPT}</script>\n", "<!-- made by a portal -->\n"])
def test_a_page_that_begins_with_a_script_is_read_like_the_page_without_it(annual, begin):
    ds = replace(annual, formats=MappingProxyType({"million": MILLION}))
    put(ds, begin + FISCAL, "in.xls")
    assert sum(usd for _, _, _, usd, *_ in counted(ds).values()) == pytest.approx(36.63e6)
    assert set(rows(ds)["fault"].dropna()) == {"total_over_codes"}


def test_european_exports_are_imports_in_euros(quarterly):
    put(quarterly, examples.EUROSTAT)
    assert counted(quarterly) == {3: ("320820", "Portugal", "2024-08-01", None, None, 100, "EUR")}
    assert aside(quarterly) == {2: "total_over_codes", 4: "other_flow", 5: "other_country"}


OTHER_UNIONS = ["European Union - 27 countries (AFTER BREXIT)", "Euro area"]


@pytest.mark.parametrize("union", ["EU27_2020", *(pytest.param(name, marks=pytest.mark.ci) for name in OTHER_UNIONS)])
def test_exports_of_a_union_count_where_no_member_stands_beside_them(quarterly, union):
    rate = pd.DataFrame({"date": [pd.Timestamp("2024-08-01")], "currency": ["EUR"], "uzs": [None], "usd": [1.0]})
    ds = replace(quarterly, registers=MappingProxyType({**quarterly.registers, "exchange_rates": rate}))
    whole = examples.EUROSTAT.splitlines()[2].replace("Portugal", union)
    put(ds, f"{examples.EUROSTAT}{whole}\n{whole.replace('Aug.', 'Sep.')}\n")
    accepted, reasons = settled(ds)
    assert accepted == {3: ("topcoat", "PT", 100), 7: ("topcoat", "XX", 100)} and reasons[6] == "total_over_partners"


def test_cumulative_months_count_alone_and_a_missing_one_is_told(quarterly):
    put(quarterly, examples.SIAT_JSON, "a.json")
    found = {date: usd for _, _, date, usd, *_ in counted(quarterly).values()}
    assert found == {"2024-01-01": 1.5e6, "2024-02-01": 2.25e6, "2025-01-01": 5e5}
    assert [*aside(quarterly, "fault_value").values()] == ["4 up to this month, 2025-02 is missing"]


def test_an_agency_series_in_another_unit_is_no_value(quarterly):
    put(quarterly, examples.SIAT_JSON.replace("million US dollars", "Percent"), "a.json")
    assert counted(quarterly) == {}
    assert set(aside(quarterly).values()) == {"unit_unknown"}
    assert set(aside(quarterly, "fault_value").values()) == {"Percent"}


def test_a_file_that_says_no_unit_is_refused_until_dataset_toml_says_it(annual):
    put(annual, examples.SIAT_CSV)
    assert "no column value_usd (unit: Unit of measurement) (seen: 'Code, Klassifikator," in refused(annual)
    found = counted(replace(annual, files=(MILLIONS,))).values()
    assert [(date, usd) for _, _, date, usd, *_ in found] == [("2023-01-01", 1.5e6), ("2024-01-01", 5e5)]


def test_exports_of_russia_and_of_the_united_kingdom_are_imports(quarterly, annual):
    put(quarterly, examples.RUSSIA)
    assert counted(quarterly) == {2: ("3208201000", "RU", "2025-01-01", 110.25, 10.5, None, None)}
    assert aside(quarterly) == {3: "other_flow", 4: "other_country"}
    put(annual, examples.UK)
    assert counted(annual) == {2: ("32082010", "GB", "2024-01-01", None, 10.5, 100, "GBP")}


def test_annual_figures_are_refused_by_a_quarterly_dataset(quarterly):
    put(quarterly, examples.BACI)
    assert "is baci, whose figures are annual, and the dataset is quarterly" in refused(quarterly)


@pytest.mark.skipif(not REAL.exists(), reason="files received are not here")
@pytest.mark.parametrize(("name", "usd"), [("comtrade_v1_2018_netWeight", 5096433), ("comtrade_v1_2023", 1542279.98)])
def test_partners_of_a_real_comtrade_file_add_up_to_its_world_row(annual, name, usd):
    put(annual, (REAL / f"{name}.csv").read_bytes())
    products = annual.products.iloc[:1].assign(hs_prefixes=rows(annual)["hs_code"].iloc[0])
    annual = replace(annual, registers=MappingProxyType({**annual.registers, "products": products}))
    accepted, reasons = settled(annual)
    assert sum(usd for _, _, usd in accepted.values()) == pytest.approx(usd) and reasons == {2: "total_over_partners"}
    assert load("quarantine", annual)["value_usd"].tolist() == [pytest.approx(usd)]


@pytest.mark.skipif(not REAL.exists(), reason="files received are not here")
def test_months_of_the_real_agency_series_add_up_to_its_years(quarterly):
    put(quarterly, (REAL / "siat_imports_total_monthly_cumulative.json").read_bytes(), "a.json")
    found = rows(quarterly)
    assert found["fault"].isna().all()
    assert found.loc[found["date"].astype(str).str[:4] == "2025", "value_usd"].sum() == pytest.approx(48515.6e6)


@pytest.mark.skipif(not REAL.exists(), reason="files received are not here")
def test_a_real_price_index_is_not_taken_for_imports(quarterly):
    put(quarterly, (REAL / "siat_payload_shape.json").read_bytes(), "a.json")
    assert set(rows(quarterly)["fault"]) == {"unit_unknown"}


def header_of(content):
    """The header of an example, whatever its shape."""
    if content.startswith("["):
        [table] = json.loads(content)
        return [*table["data"][0], "Unit of measurement"]
    if content == examples.TRADE_MAP_BILATERAL:
        return ["Product code", "Product label", "Uzbekistan's imports from Korea Value in 2024"]
    if content.startswith("<"):
        return re.findall("<th>(.*?)</th>", content)
    first = content.lstrip("\ufeff").splitlines()[0]
    return next(csv.reader([first], delimiter=max(",;\t", key=first.count)))


@pytest.mark.parametrize("name", examples.FILES)
def test_a_file_of_one_format_is_never_taken_for_another(annual, name):
    said = {"trade_map_partners": ["Product code"], "trade_map_bilateral": ["Partner"]}
    header = header_of(examples.FILES[name]) + said.get(name, [])
    known = formats.known_formats(annual)
    assert formats.detected(header, known, "a").format.name == name
    for other in {*examples.FILES} - {name}:
        with pytest.raises(DataError) as error:
            formats.detected(header, known, "a", other)
        assert header[0] in str(error.value) and other in str(error.value)
        with pytest.raises(DataError, match=r"fits no known format|no column"):
            formats.detected(header, [f for f in known if f.name != name], "a")


def test_every_format_of_the_library_has_an_example():
    assert {*examples.FILES} == {file.stem for file in formats.SPECS.glob("*.toml")}


def test_a_forced_format_that_a_file_is_not_of_is_an_error_that_says_what_was_seen(annual):
    put(annual, examples.WITS)
    told = refused(replace(annual, files=({"match": "*", "format": "baci"},)))
    assert told.startswith("imports/a.csv row 1: header 'ReporterISO3, ReporterName, ") and "is no baci" in told
    assert "format x of imports/a.csv row 1 is not known" in refused(
        replace(annual, files=({"match": "*", "format": "x"},))
    )


def test_a_header_that_fits_two_formats_is_an_error_until_one_is_named(annual):
    header = examples.BACI.splitlines()[0] + ",hs_code,year,value_usd,net_weight_kg,partners"
    put(annual, f"{header}\n2024,410,860,320820,1,1,320820,2024,7,1,KOR\n")
    assert "the header fits baci and hs_annual — say in [[files]]" in refused(annual)
    assert counted(replace(annual, files=({"match": "*", "format": "hs_annual"},)))[2][3] == 7


ETHIOPIA = {
    "signature": ["HS Code", "CIF Value (ETB)"],
    "columns": {
        "date": {"headers": ["Year"], "type": "date", "dates": ["%Y"], "required": True},
        "hs_code": {"headers": ["HS Code"], "required": True},
        "origin": {"headers": ["Country (Origin)"]},
        "net_weight": {"headers": ["Net Mass (t)"], "type": "number", "scale": 1000},
        "weight_unit": {"default": "kg"},
        "value_usd": {"headers": ["CIF Value (USD)"], "type": "number", "required": True},
    },
    "scope": [{"header": "Flow", "drop": ["re-export"]}],
}


def test_a_format_described_only_in_dataset_toml_is_read(annual):
    text = "Year,HS Code,Country (Origin),Net Mass (t),CIF Value (ETB),CIF Value (USD),Flow\n"
    put(annual, text + "2024,320820,KR,0.0105,6000,110.25,import\n2024,320820,KR,1,1,1,re-export\n")
    assert "fits no known format" in refused(annual) or "no column" in refused(annual)
    ds = replace(annual, formats=MappingProxyType({"ethiopia": ETHIOPIA}))
    assert counted(ds) == {2: ("320820", "KR", "2024-01-01", 110.25, 10.5, None, None)}
    assert aside(ds) == {3: "other_rows"}


CENSUS = {
    "signature": ["I_COMMODITY", "YEAR", "MONTH"],
    "columns": {
        "date": {"headers": ["YEAR"], "month": "MONTH", "dates": ["%Y-%m"], "required": True},
        "hs_code": {"headers": ["I_COMMODITY"], "required": True},
        "origin": {"headers": ["CTY_CODE"]},
        "value_usd": {"headers": ["unit_price"], "times": "quantity", "scale": 1000, "required": True},
    },
}
CENSUS_ROWS = [
    ["I_COMMODITY", "CTY_CODE", "YEAR", "MONTH", "unit_price", "quantity"],
    ["320820", "KR", "2024", "03", "1.5", "70"],
    ["320820", "KR", "2024", "12", "0.5", None],
    ["320820", "KR", "2024", "13", "2", "3"],
    ["320820", "KR", "2024", "4", "2", "many"],
]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_rows_of_lists_with_year_beside_month_and_price_beside_quantity_are_read(quarterly, kind):
    lines = [",".join(cell or "" for cell in row) for row in CENSUS_ROWS]
    ds = replace(quarterly, formats=MappingProxyType({"census": CENSUS}))
    put(ds, json.dumps(CENSUS_ROWS) if kind == "json" else "\n".join(lines), f"a.{kind}")
    assert counted(ds) == {2: ("320820", "KR", "2024-03-01", 105_000, None, None, None)}
    assert aside(ds) == {3: "unreadable_value", 4: "impossible_date", 5: "unreadable_value"}
    assert aside(ds, "fault_value") == {3: "0.5 × ", 4: "2024-13", 5: "2 × many"}
    put(ds, "\n".join(line.rpartition(",")[0] for line in lines), "b.csv")
    assert "no column value_usd (times: quantity)" in refused(ds)


def test_quantities_have_a_decimal_sign_of_their_own(quarterly):
    ds = replace(quarterly, formats=MappingProxyType({"census": CENSUS}))
    rows = [f"320820;KR;2024;{month};1.25;2.000,5" for month in range(1, 4)]
    put(ds, "\n".join([";".join(CENSUS_ROWS[0]), *rows]))
    assert [usd for *_, usd, _, _, _ in counted(ds).values()] == [2_500_625] * 3


@pytest.mark.parametrize(("reporter", "usd"), [((), 110.25), (("KAZ", "398"), 95)])
def test_the_dataset_names_the_country_whose_imports_these_are(annual, reporter, usd):
    own = [examples.comtrade_row(110.25), examples.comtrade_row(95, reporterCode="398")]
    put(annual, examples.comtrade(rows=own))
    assert [row[3] for row in counted(replace(annual, reporter=reporter)).values()] == [usd]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"colour": 1}, "[formats.baci] does not hold colour: choose one of"),
        ({"colums": {}}, "[formats.baci] does not hold colums: is columns meant?"),
        ({"columns": {"price": {"headers": ["x"]}}}, "columns.price] cannot be used"),
        ({"columns": {"origin": {"head": ["x"]}}}, "columns.origin] cannot be used"),
        ({"columns": {"net_weight": {"headers": [{"header": "q", "unit": "kg"}]}}}, 'weight_unit = { default = "kg" }'),
        ({"columns": {"net_weight": {"headers": ["q"], "unit": "kg"}}}, 'weight_unit = { default = "kg" }'),
        ({"scope": [{"header": "x"}]}, "needs header, reason, and keep or drop"),
    ],
)
def test_a_format_that_is_described_wrongly_is_told(annual, wrong, told):
    put(annual, examples.BACI)
    assert told in refused(replace(annual, formats=MappingProxyType({"baci": wrong})))


def test_a_dataset_adds_headers_to_a_known_format(quarterly):
    put(quarterly, examples.RUSSIAN.replace("Вес нетто", "Чистый вес"))
    assert "no column net_weight" in refused(quarterly)
    own = {"columns": {"net_weight": {"headers": ["Чистый вес"]}}}
    assert len(counted(replace(quarterly, formats=MappingProxyType({"customs_declarations": own})))) == 1


def test_an_entry_of_files_that_fits_no_file_is_told(annual):
    put(annual, examples.WITS)
    wrong = {"match": "../imports/*", "format": "baci"}
    assert "[[files]] match '../imports/*' fits no file — correct it" in refused(replace(annual, files=(wrong,)))


def test_a_header_that_fits_no_format_names_the_nearest_and_whole_headers(annual):
    header = [*(f"column of a long name {n}" for n in range(20)), "Year", "NetMass", "Description", "Cn8", "Value"]
    put(annual, ",".join(header) + "\n" + "1," * 24 + "1\n")
    told = refused(annual)
    assert "fits no known format (the nearest, uk_customs, has FlowType, Country too)" in told
    assert "column of a long name 11, …' fits" in told and "name 12" not in told


def test_imports_are_known_by_the_code_of_their_flow_in_former_files(annual):
    put(annual, examples.LEGACY.replace(",Import,", ",M,"))
    assert settled(annual)[0] == {3: ("topcoat", "KR", 110.25)}


HEADER, RECORD = (
    ["hs_code", "year", "value_usd", "net_weight_kg", "partners"],
    ["320820", "2024", "110.25", "10.5", "KOR"],
)
TITLE = ["Imports of paints", "", "", "", ""]


def test_title_lines_above_the_header_are_no_lines(annual):
    put(annual, "\n".join(["Imports of paints", "", ",".join(HEADER), ",".join(RECORD)]) + "\n")
    assert counted(annual) == {4: KOREA}


def test_blank_rows_and_columns_around_a_table_of_a_workbook_change_nothing(annual):
    table = [["", "", *row, "", ""] for row in [[""] * 5, TITLE, [""] * 5, HEADER, RECORD]]
    workbook(annual, data=[*table, *[[""] * 9] * 3])
    assert counted(annual) == {5: KOREA}


def test_numbers_of_a_workbook_are_codes_dates_and_values(quarterly):
    header = ["hs_code", "date", "value_usd", "net_weight", "origin"]
    with xlsxwriter.Workbook(put(quarterly, b"", "a.xlsx")) as book:
        sheet = book.add_worksheet("data")
        sheet.write_row(0, 0, header)
        sheet.write_row(1, 0, [320820, 45672, 110.25, 10.5, "KR"])
        sheet.write_row(2, 0, [32082010, 45672.75, 1000000, 3, "KR"])
        sheet.write_row(3, 0, [32082010, "", 7, 3, "KR"])
        sheet.write_datetime(3, 1, pd.Timestamp("2025-01-15 13:30"), book.add_format({"num_format": "dd.mm.yyyy"}))
        sheet.write_row(4, 0, [320820, 45672, "", 10.5, "KR"])
        sheet.write_formula(4, 2, "=1/0", None, "#DIV/0!")
    day = "2025-01-15"
    assert {line: found[:4] for line, found in counted(quarterly).items()} == {
        2: ("320820", "KR", day, 110.25), 3: ("32082010", "KR", day, 1e6), 4: ("32082010", "KR", day, 7),
    }  # fmt: skip
    assert aside(quarterly) == {5: "unreadable_value"} and aside(quarterly, "fault_value") == {5: "#DIV/0!"}


def test_sheets_are_read_all_or_as_dataset_toml_says(annual):
    workbook(annual, first=[HEADER, RECORD], second=[HEADER, [*RECORD[:2], 7, 1, "CHN"]], notes=[["made by hand"]])
    assert "imports/a.xlsx#notes row 1: header 'made by hand' fits no known format" in refused(annual)
    both = replace(annual, files=({"match": "*", "sheet": ["first", "second"]},))
    assert rows(both)["source_file"].to_list() == ["imports/a.xlsx#first", "imports/a.xlsx#second"]
    assert counted(replace(annual, files=({"match": "*", "sheet": "second"},)))[2][3] == 7
    told = refused(replace(annual, files=({"match": "*", "sheet": "third"},)))
    assert told == "imports/a.xlsx: no sheet third (there are: first, second, notes) — correct [[files]]"


def test_the_old_workbook_of_excel_is_read(annual, repository):
    put(annual, (repository / "tests" / "cases" / "annual.xls").read_bytes(), "a.xls")
    assert counted(annual) == {2: KOREA}


def test_archives_are_read_file_by_file(annual):
    put(annual, gzip.compress(examples.ANNUAL.encode()), "a.csv.gz")
    with zipfile.ZipFile(put(annual, b"", "b.zip"), "w") as archive:
        archive.writestr("2023.csv", examples.ANNUAL.replace("2024", "2023"))
        archive.writestr("folder/2022.csv", examples.ANNUAL.replace("2024", "2022"))
    named = rows(annual).set_index("source_file")["date"].astype(str).to_dict()
    assert named == {
        "imports/a.csv.gz": "2024-01-01", "imports/b.zip/2023.csv": "2023-01-01",
        "imports/b.zip/folder/2022.csv": "2022-01-01",
    }  # fmt: skip
    assert len(rows(replace(annual, files=({"match": "imports/b.zip/*", "format": "hs_annual"},)))) == 3
