"""Registers as Excel saves them: any encoding, separator and decimal mark, or one workbook, read back as they were."""

import datetime
import json
import shutil
import zipfile

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from importcut.app.run import inputs
from importcut.intake.opening import examine, open_dataset
from importcut.intake.registers import read_registers
from importcut.intake.spreadsheet import sheets_of
from importcut.schema import DataError, tables

PLANTS = "plant_id,name_uz_cyrl,name_uz_latn,name_ru,name_en,tax_numbers,aliases"
DELIVERED = "period,project_id,product_id,plant_id,net_kg,baseline_kg,value_usd"


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """A small sound dataset outside the repository."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")


def told(folder):
    with pytest.raises(DataError) as error:
        open_dataset(folder)
    return str(error.value).splitlines()


def workbook(folder, sheets, **options):
    """Write registers.xlsx: rows of cells by sheet; a tuple is a formula with its stored value, a date is a date."""
    with xlsxwriter.Workbook(folder / "registers.xlsx", options) as book:
        day = book.add_format({"num_format": "mmm-yy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for n, row in enumerate(rows):
                for m, cell in enumerate(row):
                    if isinstance(cell, tuple):
                        sheet.write_formula(n, m, cell[0], None, cell[1])
                    elif isinstance(cell, datetime.date):
                        sheet.write_datetime(n, m, cell, day)
                    elif isinstance(cell, str):
                        sheet.write_string(n, m, cell)
                    else:
                        sheet.write(n, m, cell)


def csv_rows(folder, name):
    """A register of the small dataset as rows of texts, and its file taken away."""
    file = folder / f"{name}.csv"
    rows = pd.read_csv(file, dtype=str, keep_default_na=False, header=None).to_numpy().tolist()
    file.unlink()
    return rows


NAMES = st.text("абвгдежзАБВ «»№abcdefgXYZ ,;\"'-().0123456789", min_size=1, max_size=12).map(
    lambda text: " ".join(f"Краска {text}".split())
)
NUMBERS = st.one_of(
    st.none(), st.integers(0, 10**9).map(float), st.floats(0.001, 1e9, allow_nan=False).map(lambda x: round(x, 4))
)
ROWS = st.lists(
    st.tuples(NAMES, NUMBERS, NUMBERS.map(lambda x: x if x is None else -x), st.sampled_from(["2025Q1", "2026Q3"])),
    min_size=1,
    max_size=6,
)
STYLES = {  # how a number is written; a whole one of four digits or more with thousands set apart
    "plain": lambda x: f"{x:.4f}",
    "English": lambda x: f"{x:,.4f}",
    "Russian": lambda x: f"{x:,.4f}".replace(",", "\u00a0").replace(".", ","),
    "narrow": lambda x: f"{x:,.4f}".replace(",", "\u202f").replace(".", ","),
    "German": lambda x: f"{x:,.4f}".translate(str.maketrans(",.", ".,")),
}
WAYS = [
    (separator, encoding, style)
    for separator in ",;\t"
    for encoding in ("utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le")
    for style in STYLES
    if not (encoding == "cp1251" and style == "narrow")  # CP1251 has no such blank
]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder whose deliveries and products are written anew for each example."""
    return tmp_path_factory.mktemp("own")


def expected(rows):
    """What is to be read back, whichever way the rows were written."""
    delivered = pd.DataFrame(rows, columns=["source", "value_usd", "net_kg", "period"])
    return delivered.astype({"value_usd": "float64", "net_kg": "float64"})


def deliveries_of(rows, write):
    """Deliveries as cells: one project and product a row, whose id is the random name."""
    return [[period, "p", name, f"plant {n}", write(net), write(None), write(value)]
            for n, (name, value, net, period) in enumerate(rows)]  # fmt: skip


@given(rows=ROWS, way=st.sampled_from(WAYS))
@settings(max_examples=min(80, settings.default.max_examples))
def test_what_excel_saves_as_csv_is_read_back_equal(own, rows, way):
    separator, encoding, style = way
    cells = deliveries_of(rows, lambda x: "" if x is None else STYLES[style](x))
    table = pd.DataFrame(cells, columns=DELIVERED.split(","))
    (own / "deliveries.csv").write_bytes(
        table.to_csv(index=False, sep=separator, lineterminator="\r\n").encode(encoding)
    )
    (own / "registers.xlsx").unlink(missing_ok=True)
    compare(own, rows)


@given(rows=ROWS)
@settings(max_examples=15)
def test_what_stands_in_a_workbook_is_read_back_equal(own, rows):
    (own / "deliveries.csv").unlink(missing_ok=True)
    workbook(own, {"deliveries": [DELIVERED.split(","), *deliveries_of(rows, lambda x: x)]})
    compare(own, rows)


def compare(own, rows):
    registers, _, faults = read_registers(own, "Q")
    read, wanted = registers["deliveries"].reset_index(drop=True), expected(rows)
    for column, source in (("product_id", "source"), ("value_usd", "value_usd"), ("net_kg", "net_kg")):
        pd.testing.assert_series_equal(read[column], wanted[source].astype(read[column].dtype), check_names=False)
    assert list(read["period"].astype(str)) == list(wanted["period"])
    wrong = {fault.text.split()[0] for fault in faults if fault.rows}
    assert wrong <= {"net_kg", "product_id", "project_id", "plant_id"}, "only what is empty or refers to nothing"


@pytest.mark.parametrize(
    ("separator", "others", "cell", "read"),
    [
        (";", "5", "1,234", 1.234),
        (",", "0,5", "1,234", 1.234),
        (",", "0.5", "1,234", 1234.0),
        (";", "1 000,5", "12,345", 12.345),
        (",", "5", "1.234", 1.234),
        (",", "5", "1,234,567", 1234567.0),
        (",", "5", "1,234.5", 1234.5),
        (";", "5", "1.234,5", 1234.5),
        ("\t", "5", "0,125", 0.125),
        (",", "5", "1\u00a0234", 1234.0),
        (",", "5", "\u22121,25", -1.25),
    ],
)
def test_a_comma_is_read_as_the_other_numbers_of_the_file_have_it(own, separator, others, cell, read):
    save(own, separator, others, cell)
    registers, _, faults = read_registers(own, "Q")
    assert list(registers["deliveries"]["net_kg"])[1] == read
    assert not [fault for fault in faults if fault.column == "net_kg"]


@pytest.mark.parametrize(
    ("separator", "others", "cell", "said"),
    [
        (",", "5", "1,234", "1,234 can be 1234 or 1.234 — write 1234 or 1.2340, without separators of thousands"),
        ("\t", "5", "1,234", "1,234 can be 1234 or 1.234"),
        (";", "0,5", "1.234", "1.234 can be 1234 or 1.234"),
        (",", "0,5;0.5", "1,234", "1,234 can be 1234 or 1.234"),
        (";", "5", "1 23,5", "1 23,5 cannot be read — write a number"),
        (",", "5", "1,23,456", "1,23,456 cannot be read — write a number"),
        (",", "5", "12 kg", "12 kg cannot be read — write a number"),
        (",", "5", "#DIV/0!", "#DIV/0! is an error of Excel, no value — correct the formula, or write the value"),
        (";", "5", "#ДЕЛ/0!", "#ДЕЛ/0! is an error of Excel"),
        (",", "5", "#####", "##### is what Excel shows of a column too narrow — widen it and save again"),
        (",", "5", "=1+1", "=1+1 cannot be read — write a number"),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_told(own, separator, others, cell, said):
    save(own, separator, others, cell)
    [fault] = [fault for fault in read_registers(own, "Q")[2] if fault.column == "net_kg"]
    assert str(fault).startswith(f"deliveries.csv row 3: net_kg {said}")


@pytest.mark.parametrize(
    ("separator", "others", "cells", "read"),
    [
        (",", "", ["1.760", "12.500"], None),
        ("\t", "", ["1.760"], None),
        (",", "", ["1.760", "0.125"], [1.76, 0.125]),
        (",", "", ["1.760", "5"], [1.76, 5]),
        (",", "", ["1.760", "1.5"], [1.76, 1.5]),
        (",", "0.5", ["1.760", "12.500"], [1.76, 12.5]),
        (";", "", ["1.760"], None),
        (",", "", ["1.760.000"], [1760000]),
    ],
)
def test_points_that_can_set_thousands_apart_are_asked_and_not_guessed(own, separator, others, cells, read):
    rows = [["2025Q1", "p", "a", f"k{n}", cell, others, ""] for n, cell in enumerate(cells)]
    (own / "registers.xlsx").unlink(missing_ok=True)
    pd.DataFrame(rows, columns=DELIVERED.split(",")).to_csv(own / "deliveries.csv", index=False, sep=separator)
    registers, _, faults = read_registers(own, "Q")
    wrong = [fault.text for fault in faults if fault.column == "net_kg"]
    if read is None:
        assert len(wrong) == len(cells)
        assert wrong[0].startswith("net_kg 1.760 can be 1760 or 1.760 — write 1760 or 1.7600, without separators of")
    else:
        assert registers["deliveries"]["net_kg"].tolist() == read and not wrong


def save(own, separator, others, cell):
    """Deliveries with `cell` in row 3 and the numbers `others` beside it."""
    known = others.split(";") if separator == "," else [others]
    rows = [["2025Q1", "p", "a", f"k{n}", value, "", ""] for n, value in enumerate([known[0], cell, *known[1:]])]
    table = pd.DataFrame(rows, columns=DELIVERED.split(","))
    (own / "registers.xlsx").unlink(missing_ok=True)
    table.to_csv(own / "deliveries.csv", index=False, sep=separator)


def test_a_number_that_excel_took_for_text_borrows_no_decimal_mark_from_real_numbers(own):
    read = one(own, "activity", [["vehicles"], ["1,234"], [0.5], ["1\u00a0234,5"]])["vehicles"].tolist()
    assert read == [1.234, 0.5, 1234.5], "the third cell tells the mark"
    one(own, "activity", [["vehicles"], ["1,234"], [0.5]])
    [fault] = [fault for fault in read_registers(own, "Q")[2] if fault.column == "vehicles"]
    assert str(fault).startswith("registers.xlsx sheet activity row 2: vehicles 1,234 can be 1234 or 1.234 — write")


def test_a_value_that_stands_in_many_rows_is_read_once_and_told_in_each(own):
    one(own, "activity", [["vehicles"], [True], [1], ["12 kg"], ["12 kg"]])
    wrong = [fault for fault in read_registers(own, "Q")[2] if fault.column == "vehicles"]
    assert [(fault.rows, fault.text.split()[1]) for fault in wrong] == [
        (("row 2",), "TRUE"), (("row 4",), "12"), (("row 5",), "12")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-06", "2025-06"), ("06.2025", "2025-06"), ("6/2025", "2025-06"), ("Jun-25", "2025-06"),
        ("июн.25", "2025-06"), ("май 2025", "2025-05"), ("01.06.2025", "2025-06"), ("45809", "2025-06"),
        (datetime.date(2025, 6, 1), "2025-06"), (45809, "2025-06"),
    ],
)  # fmt: skip
def test_a_month_is_read_as_excel_writes_it(own, written, read):
    column = [["first_output"], [written]]
    assert one(own, "projects", column)["first_output"].tolist() == [read]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-09-30", "2026-09-30"), ("30.09.2026", "2026-09-30"), ("9/30/2026", "2026-09-30"),
        ("30/09/2026", "2026-09-30"), ("46295", "2026-09-30"), ("2026-09-30 00:00:00", "2026-09-30"),
        (datetime.date(2026, 9, 30), "2026-09-30"), (46295, "2026-09-30"), ("09/10/2026", "NaT"), ("31.02.2026", "NaT"),
    ],
)  # fmt: skip
def test_a_date_is_read_where_it_can_be_one_only(own, written, read):
    assert str(one(own, "exchange_rates", [["date"], [written]])["date"].iloc[0])[:10] == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026Q3", "2026Q3"), ("2026 q3", "2026Q3"), ("Q3-2026", "2026Q3"), ("3Q2026", "2026Q3"),
        ("III кв. 2026", "2026Q3"), ("3-чорак 2026", "2026Q3"), (datetime.date(2026, 7, 1), "2026Q3"),
        ("2026Q5", "NaT"), ("2026", "NaT"), (2026, "NaT"),
    ],
)  # fmt: skip
def test_a_quarter_is_read_however_people_write_it(own, written, read):
    assert str(one(own, "activity", [["period"], [written]])["period"].iloc[0]) == read


def one(own, name, rows):
    """The register read from a workbook where all columns but those of `rows` are empty."""
    (own / "deliveries.csv").unlink(missing_ok=True)
    others = [c.name for c in tables("registers.toml")[name].columns if c.name not in rows[0]]
    workbook(own, {name: [rows[0] + others, *([*row, *[""] * len(others)] for row in rows[1:])]})
    return read_registers(own, "Q")[0][name]


def test_registers_in_one_workbook_are_those_of_the_files(folder):
    before = open_dataset(folder)
    sheets = {name: csv_rows(folder, name) for name in ("products", "plants")}
    workbook(folder, {**sheets, "_notes": [["anything", "=1+1"]], "donors": [["product_id", "use", "reason"]]},
             strings_to_numbers=False)  # fmt: skip
    after = open_dataset(folder)
    for name in tables("registers.toml"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))


def test_a_report_is_made_anew_when_the_workbook_changes(folder):
    workbook(folder, {"products": csv_rows(folder, "products")})
    (folder / "~$registers.xlsx").write_text("Excel's note that the file is open")
    assert [file.name for file in inputs(open_dataset(folder)) if file.suffix == ".xlsx"] == ["registers.xlsx"]


def test_codes_that_excel_took_for_numbers_are_codes_again(folder):
    rows = csv_rows(folder, "products")
    rows[3][6] = 3820
    plants = csv_rows(folder, "plants")
    plants[1][5] = 999000101
    workbook(folder, {"products": rows, "plants": plants})
    ds = open_dataset(folder)
    assert (ds.products["hs_prefixes"][2], ds.plants["tax_numbers"][0]) == ("3820", "999000101")


@pytest.mark.parametrize("code", [40111, 4011100, 401110000, "320820;40111"])
def test_a_code_that_lost_its_leading_zero_is_told_and_never_guessed(folder, code):
    rows = csv_rows(folder, "products")
    rows[3][6] = code
    workbook(folder, {"products": rows})
    [line] = told(folder)
    assert line.startswith(f"registers.xlsx sheet products row 4: hs_prefixes {code} — must be codes of digits only")
    assert "what Excel leaves of 0401 11" in line


@pytest.mark.parametrize("code", ["2710198", "39023", "390", "3", "0401;040111", "3208209000"])
def test_a_prefix_that_can_be_read_in_one_way_is_taken_as_it_is(folder, code):
    rows = csv_rows(folder, "products")
    rows[3][6] = code
    workbook(folder, {"products": rows})
    assert open_dataset(folder).products["hs_prefixes"][2] == code


def test_a_tax_number_of_eight_digits_has_lost_one(folder):
    file = folder / "plants.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("222", "99000101"), encoding="utf-8")
    [line] = told(folder)
    assert line.startswith("plants.csv row 3: tax_numbers 99000101 — must be tax numbers of digits only")


def test_an_id_that_lost_its_zeros_is_told_which_one_is_meant(folder):
    (folder / "donors.csv").write_text("product_id,use,reason\n7,yes,made up\n")
    file = folder / "products.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("antifreeze,", "007,"), encoding="utf-8")
    assert told(folder) == [
        "donors.csv row 2: product_id 7 is not in products.csv — write 007 in a cell formatted as text"
    ]


def test_error_cells_and_formulas_without_a_value_are_found_and_formulas_never_evaluated(folder):
    rows = csv_rows(folder, "products")
    rows[1][9], rows[2][9], rows[3][9] = ("=1/0", "#DIV/0!"), ("=A1", None), ("=1+1", 7)
    rows[1][11] = ("=NA()", "#N/A")
    workbook(folder, {"products": rows})
    strip_value(folder / "registers.xlsx", b"<f>A1</f><v>None</v>", b"<f>A1</f>")
    assert told(folder) == [
        "registers.xlsx sheet products row 2: kg_per_unit #DIV/0! is an error of Excel, no value — "
        "correct the formula, or write the value",
        "registers.xlsx sheet products row 3: kg_per_unit is a formula saved without its value — "
        "open the workbook in Excel and save it, or write the value",
        "registers.xlsx sheet products row 2: grade_needed #N/A is an error of Excel, no value — "
        "correct the formula, or write the value",
    ]
    rows[1][9] = rows[2][9] = rows[1][11] = ""
    workbook(folder, {"products": rows})
    assert open_dataset(folder).products["kg_per_unit"].tolist()[2] == 7.0, "as Excel stored it"


def test_a_formula_whose_stored_value_is_an_empty_text_is_an_empty_cell(folder):
    rows = csv_rows(folder, "products")
    rows[2][11] = ("=A1", "x")
    workbook(folder, {"products": rows})
    strip_value(folder / "registers.xlsx", b"><f>A1</f><v>x</v>", b' t="str"><f>A1</f><v></v>')
    assert open_dataset(folder).products["grade_needed"].isna()[1]


def strip_value(file, old, new):
    """Take a stored value out of a sheet's XML, as programs write it that calculate nothing."""
    with zipfile.ZipFile(file) as parts:
        found = {name: parts.read(name) for name in parts.namelist()}
    [name] = [name for name, part in found.items() if b"<f>A1</f>" in part]
    part = found[name].replace(b' t="str"><f>A1', b"><f>A1")
    assert old in part
    found[name] = part.replace(old, new)
    with zipfile.ZipFile(file, "w") as parts:
        for name, part in found.items():
            parts.writestr(name, part)


def test_a_register_that_stands_twice_is_told_unless_its_sheet_is_empty(folder):
    rows = pd.read_csv(folder / "plants.csv", dtype=str, keep_default_na=False, header=None).to_numpy().tolist()
    workbook(folder, {"plants": rows})
    assert told(folder) == ["registers.xlsx sheet plants: stands as plants.csv too — keep one of them"]
    workbook(folder, {"plants": rows[:1]})
    assert len(open_dataset(folder).plants) == 2


def test_a_sheet_that_is_no_register_is_told_which_there_are(folder):
    workbook(folder, {"product": [["product_id"]]})
    [line] = told(folder)
    assert line.startswith("registers.xlsx sheet product: is no register — is products meant? (_ before its name")
    workbook(folder, {"Sheet1": [["anything"]]})
    [line] = told(folder)
    assert line.startswith("registers.xlsx sheet Sheet1: is no register — choose one of products, plants, ")


@pytest.mark.parametrize("raw", [b"", b"product_id,name\n", b"PK\x03\x04 cut short"])
def test_a_workbook_that_is_none_is_told_once(folder, raw):
    (folder / "products.csv").unlink()
    (folder / "registers.xlsx").write_bytes(raw)
    [line] = told(folder)
    assert line.startswith("registers.xlsx: cannot be read") and line.endswith("without a password")


def test_only_the_columns_that_are_needed_must_be_there(folder):
    whole = open_dataset(folder).products
    products = pd.read_csv(folder / "products.csv", dtype=str)
    needed = ["product_id", "group", "hs_prefixes", "priority", "source"]
    products[[*needed, "name_ru"]].to_csv(folder / "products.csv", index=False)
    read = open_dataset(folder).products
    pd.testing.assert_frame_equal(read[needed], whole[needed])
    assert list(read) == list(whole) and read["kg_per_unit"].isna().all() and read["name_en"].eq(whole["name_ru"]).all()
    products[needed].to_csv(folder / "products.csv", index=False)
    assert told(folder)[0] == "products.csv row 2: no name in any language — write one"
    assert [c.name for c in tables("registers.toml")["products"].columns if not c.optional] == needed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("net_kg", "netkg", "netkg is no column — is net_kg meant?"),
        ("baseline_kg", "base_line_kg", "base_line_kg is no column — is baseline_kg meant?"),
        ("value_usd", "Value_USD", "Value_USD is no column — is value_usd meant?"),
        ("net_kg", "zzz", "no column net_kg — add the column"),
    ],
)
def test_a_header_that_is_like_a_column_is_never_taken_for_none(folder, old, new, said):
    (folder / "deliveries.csv").write_text(DELIVERED.replace(old, new) + "\n2025Q1,p,topcoat,asaka,5,0,1\n")
    assert told(folder)[0] == f"deliveries.csv row 1: {said}"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("delivery.csv", "deliveries.csv"), ("deliveries (2).csv", "deliveries.csv"),
        ("Deliveries.CSV", "deliveries.csv"),
        ("Copy of products.xlsx", "products.csv"), ("project_product.txt", "project_products.csv"),
        ("Registers.xlsx", "registers.xlsx"), ("registers_new.xlsx", "registers.xlsx"),
    ],
)  # fmt: skip
def test_a_file_that_may_be_meant_for_a_register_is_told_the_nearest(folder, name, near):
    (folder / name).write_text("")
    assert told(folder) == [
        f"{name}: is not read — is {near} meant? Then save it under that name, or take it out of the folder"
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [("declaration", "declarations"), ("Imports", "imports"), ("scenario", "scenarios"), ("imports_2025", "imports")],
)
def test_a_folder_that_may_be_meant_for_one_that_is_read_is_told(folder, name, near):
    (folder / name).mkdir()
    assert told(folder)[0].startswith(f"{name}: is not read — is {near} meant?")


@pytest.mark.parametrize("name", ["late.tml", "late.toml.txt", "LATE.TOML", "Base.toml"])
def test_a_scenario_whose_name_is_misspelt_is_told(folder, name):
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / name).write_text("")
    assert told(folder)[0].startswith(f"scenarios/{name}: is not read — is {name.lower()[:4]}.toml meant?")


def test_what_is_like_nothing_is_told_in_one_line_and_hinders_no_report(folder):
    for name in ("notes.docx", "reports", "products.pdf", ".hidden", "README.md", "~$registers.xlsx"):
        (folder / name).write_text("")
    (folder / "published").mkdir()
    assert len(open_dataset(folder).products) == 3
    [*_, note] = examine(folder).unfilled
    assert str(note).startswith(
        "notes.docx, products.pdf, reports: not read — raw files lie in declarations/ or imports/"
    )


def test_a_plan_of_a_scenario_that_is_not_there_is_told(folder):
    header = "period,plant_id,vehicles,scenario\n"
    (folder / "activity.csv").write_text(header + "2025Q1,asaka,5,\n2025Q2,asaka,5,bsae\n2025Q3,asaka,5,base\n")
    assert told(folder) == ["activity.csv row 3: scenario bsae is not in scenarios/ — add it there or correct it"]


def test_a_low_above_its_value_is_told_with_all_three(repository, tmp_path):
    raw = shutil.ignore_patterns("declarations", "published")
    sample = shutil.copytree(repository / "data" / "raw" / "sample", tmp_path / "sample", ignore=raw)
    sheet = pd.read_csv(sample / "project_products.csv", dtype="str").assign(replaces_high_kg="1.2")
    sheet.loc[[1, 3], "replaces_low_kg"] = "1.1"
    sheet.to_csv(sample / "project_products.csv", index=False)
    said = "replaces_low_kg, replaces_kg, replaces_high_kg are 1.1, 1, 1.2 — the smallest comes first"
    assert told(sample) == [f"project_products.csv row {row}: {said}" for row in (3, 5)]


def test_an_archive_bomb_is_not_unpacked(folder, monkeypatch):
    workbook(folder, {"donors": [["product_id", "use", "reason"]]})
    monkeypatch.setattr("importcut.intake.workbook.LARGEST_BOOK", 3_000)
    assert told(folder) == ["registers.xlsx: unpacks to more than 0 MB — save its tables as CSV"]


def test_a_header_below_other_rows_is_not_searched_for(folder):
    workbook(folder, {"donors": [[], [], ["product_id", "use", "reason"], ["topcoat", "yes", "made up"]]})
    assert told(folder) == ["registers.xlsx sheet donors row 1: no column product_id, use, reason — add the columns"]


def test_an_empty_row_does_not_shift_the_count(folder):
    workbook(folder, {"donors": [["product_id", "use", "reason"], [], ["topcoat", "perhaps", "made up"]]})
    assert told(folder) == ["registers.xlsx sheet donors row 3: use perhaps — must be yes|no"]


def test_a_workbook_of_the_old_kind_is_read_with_its_errors(folder, repository):
    """tests/cases/registers.xls was saved by LibreOffice: exchange rates, with a formula, an error and another one."""
    (folder / "exchange_rates.csv").unlink()
    shutil.copy(repository / "tests" / "cases" / "registers.xls", folder)
    assert told(folder) == [
        "registers.xls sheet exchange_rates row 3: uzs #DIV/0! is an error of Excel, no value — "
        "correct the formula, or write the value",
        "registers.xls sheet exchange_rates row 4: usd #N/A is an error of Excel, no value — "
        "correct the formula, or write the value",
    ]
    rates = read_registers(folder, "Q")[0]["exchange_rates"]
    assert [str(day.date()) for day in rates["date"]] == ["2025-01-01", "2025-02-01", "2025-03-01"]
    assert rates["uzs"].tolist()[::2] == [14000.0, 14500.0]
    shutil.copy(folder / "registers.xls", folder / "registers.xlsx")
    assert told(folder)[0] == "registers.xls: stands beside registers.xlsx — keep one of them"


@pytest.mark.parametrize("name", ["registers.xlsb", "registers.ods"])
def test_a_workbook_of_another_kind_is_not_passed_over(folder, name):
    (folder / name).write_bytes(b"")
    [line] = told(folder)
    assert line.startswith(f"{name}: is not read — is registers.xlsx meant? Then save it under that name")


def test_letters_that_cp1251_lacks_are_missed(folder):
    text = f"{PLANTS}\nasaka,Қоғоз,Qog‘oz,Бумага,Paper,111,\n"
    (folder / "plants.csv").write_bytes(text.encode("cp1251", "replace"))
    lines = told(folder)
    assert lines[0].startswith("plants.csv row 2: name_uz_cyrl ?о?оз has lost letters — saved in CP1251, which lacks")


def test_a_register_as_dos_saves_it_is_read_with_its_letters(folder):
    (folder / "plants.csv").write_bytes(f"{PLANTS}\nasaka,,,Завод Асака,,111,Асака автозавод\n".encode("cp866"))
    assert open_dataset(folder).plants.loc[0, ["name_ru", "aliases"]].tolist() == ["Завод Асака", "Асака автозавод"]


def test_the_register_that_ms_dos_saved_is_read_with_its_letters(repository):
    folder = repository.parent / "shared" / "cases" / "14_cp866_register"
    if not folder.exists():
        pytest.skip("no such case at hand")
    sheet = sheets_of(folder, {"plants": set(PLANTS.split(","))})[0]["plants"]
    assert sheet.encoding == "cp866" and [row[-1] for row in sheet.rows.values()] == ["Асака автозавод", "Питнак"]


def test_a_line_that_only_excel_reads_names_the_separator(folder):
    file = folder / "exchange_rates.csv"
    file.write_text("sep=|\ndate|currency|uzs|usd\n2025-01-01|EUR|much|1.1\n")
    assert told(folder) == ["exchange_rates.csv row 2: uzs much cannot be read — write a number"]


def quotation(currency, rate, *, nominal="1", date="05.01.2026"):
    """As the Central Bank of Uzbekistan answers: all texts, in UZS for so many units."""
    return {"id": 1, "Ccy": currency, "CcyNm_EN": "…", "Nominal": nominal, "Rate": rate, "Diff": "1", "Date": date}


def laid_in(folder, name, content):
    (folder / "exchange_rates.csv").unlink(missing_ok=True)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_the_central_banks_own_answer_is_the_register_of_exchange_rates(folder):
    laid_in(folder, "exchange_rates.json", [quotation("USD", "12000"), quotation("JPY", "800", nominal="10")])
    rates = open_dataset(folder).exchange_rates.set_index("currency")
    assert set(rates["date"].dt.strftime("%Y-%m-%d")) == {"2026-01-05"}
    assert rates["uzs"].to_dict() == {"USD": 12000.0, "JPY": 80.0, "UZS": 1.0}
    assert rates["usd"].to_dict() == pytest.approx({"USD": 1.0, "JPY": 80 / 12000, "UZS": 1 / 12000})


def test_answers_of_several_days_lie_in_a_folder_and_a_rate_in_force_on_both_counts_once(folder):
    standing = [quotation("USD", "12000"), quotation("EUR", "14000")]
    laid_in(folder, "exchange_rates/2026-01-05.json", standing)
    laid_in(folder, "exchange_rates/2026-01-09.json", [quotation("USD", "12100", date="09.01.2026"), *standing])
    ds = open_dataset(folder)
    assert ds.exchange_rates[["currency", "uzs"]].to_numpy().tolist().count(["EUR", 14000.0]) == 1
    assert ds.exchange_rates["date"].nunique() == 2
    assert {"2026-01-05.json", "2026-01-09.json"} <= {file.name for file in inputs(ds)}, "a report is made anew"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "exchange_rates.json: cannot be read (Expecting property name"),
        ({"rates": []}, "exchange_rates.json: is no list of quotations with Date, Ccy, Rate, Nominal"),
        ([quotation("USD", "12000"), {"Ccy": "EUR"}], "exchange_rates.json: is no list of quotations with"),
        ([quotation("USD", "0")], "exchange_rates.json entry 1: Date '05.01.2026', Ccy 'USD', Rate '0', Nominal '1'"),
        ([quotation("USD", "1", date="2026-01-05")], "exchange_rates.json entry 1: Date '2026-01-05'"),
        ([quotation("EUR", "14000")], "exchange_rates.json: quotes no USD on or before 05.01.2026"),
        ([quotation("USD", "12000"), quotation("USD", "12100")], "USD stands twice — keep one"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_used_is_told_with_what_was_seen(folder, content, said):
    laid_in(folder, "exchange_rates.json", content)
    (only,) = told(folder)
    assert said in only and "—" in only


def test_rates_that_stand_as_csv_and_as_json_are_told(folder):
    rows = (folder / "exchange_rates.csv").read_text(encoding="utf-8")
    laid_in(folder, "exchange_rates.json", [quotation("USD", "12000")])
    (folder / "exchange_rates.csv").write_text(rows, encoding="utf-8")
    assert told(folder) == ["exchange_rates.json: stands as exchange_rates.csv too — keep one of them"]
