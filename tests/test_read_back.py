"""Random tables, written in every format, encoding and separator, are read back equal; no line is lost of any."""

import csv
import datetime
import gzip
import io
import json
import shutil
import zipfile
from dataclasses import replace
from itertools import product
from types import MappingProxyType

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset

HEADER = ["hs_code", "description", "value_usd", "net_weight", "date"]
EIGHTHS = st.integers(-(10**9), 10**9).map(lambda n: n / 8)  # written and read without rounding
SIGNS = "aZ09 ;,|\t\"'=+-@<&.ЯёЎў№"
TEXTS = st.text(st.sampled_from(SIGNS), max_size=8).filter(lambda text: text != "")
DATES = st.dates(datetime.date(1995, 1, 1), datetime.date(2090, 12, 31))
ROW = st.tuples(st.sampled_from(["320820", "870829", "010121"]), st.none() | TEXTS, EIGHTHS, st.none() | EIGHTHS, DATES)
TABLES = st.lists(ROW, min_size=1, max_size=6)
ENCODINGS = ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.fixture(scope="module")
def ds(repository, tmp_path_factory):
    path = tmp_path_factory.mktemp("back")
    small = open_dataset(repository / "tests" / "cases" / "small")
    registers = MappingProxyType({**small.registers, "plants": small.plants.iloc[:0]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(path / "processed"))
        yield replace(small, path=path / "small", registers=registers, import_regimes=())


def receive(ds, name, content):
    """The only raw file of the dataset."""
    shutil.rmtree(ds.path, ignore_errors=True)
    (ds.path / "imports").mkdir(parents=True)
    path = ds.path / "imports" / name
    path.write_bytes(content)
    return path


def back(ds, **said):
    """The rows read, none set aside, as many as were told."""
    [file] = read_declarations(replace(ds, files=({"match": "*", **said},)))
    lines = pd.read_parquet(file.declarations)
    assert pd.read_parquet(file.malformed).empty
    lines = lines.loc[lines["fault"].ne("gap") | lines["fault"].isna()]
    assert lines["fault"].isna().all(), lines[["fault", "fault_value"]]
    assert len(lines) == file.lines - file.carried_on
    found = lines[HEADER].astype(object).where(lines[HEADER].notna(), None)
    return [tuple(row) for row in found.itertuples(index=False)]


def written(rows, *, separator, decimal, end, quoting=csv.QUOTE_MINIMAL):
    """A table as CSV; dates as they are written in the country, numbers with the sign asked for."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(HEADER)
    for code, words, *numbers, date in rows:
        shown = ["" if n is None else repr(n).replace(".", decimal) for n in numbers]
        writer.writerow([code, words or "", *shown, f"{date:%d.%m.%Y}"])
    return text.getvalue()


def packed(content, how):
    if how == "zip":
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("январь.csv", content)
        return held.getvalue()
    return gzip.compress(content) if how == "gzip" else content


@pytest.mark.parametrize(("encoding", "separator"), [*product(ENCODINGS, ",;\t|")])
@settings(max_examples=2)
@given(rows=TABLES, decimal=st.sampled_from(".,"), end=st.sampled_from(["\n", "\r\n", "\r"]), data=st.data())
def test_a_table_written_as_text_is_read_back_equal(ds, encoding, separator, rows, decimal, end, data):
    if end != "\r" and data.draw(st.booleans()):
        code, _, *others = rows[0]
        rows = [(code, 'two\nlines "quoted"', *others), *rows[1:]]
    if encoding == "cp1251":  # letters that spell something, by which a code page is known
        rows = [*rows, (rows[0][0], "эмаль белая", *rows[0][2:])]
    text = written(rows, separator=separator, decimal=decimal, end=end)
    whole = data.draw(st.booleans())  # the last line has its line end, or has not
    how = data.draw(st.sampled_from(["as it is", "gzip", "zip"]))
    receive(ds, "a", packed((text if whole else text.removesuffix(end)).encode(encoding), how))
    said = {"decimal": decimal} if separator == decimal else {}  # where commas separate, the dataset says so
    assert back(ds, **said) == rows


@settings(max_examples=4)
@given(rows=TABLES, serial=st.booleans())
def test_a_table_in_a_workbook_is_read_back_equal(ds, rows, serial):
    path = receive(ds, "a.xlsx", b"")
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        sheet, dated = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, HEADER)
        for n, (code, words, usd, kg, date) in enumerate(rows, start=1):
            sheet.write_row(n, 0, [code, words, usd, kg])
            if serial:
                sheet.write_number(n, 4, (date - datetime.date(1899, 12, 30)).days)
            else:
                sheet.write_datetime(n, 4, date, dated)
    assert back(ds) == rows


@settings(max_examples=4)
@given(rows=TABLES, nested=st.booleans())
def test_a_table_in_json_is_read_back_equal(ds, rows, nested):
    records = [dict(zip(HEADER, [*row[:4], row[4].isoformat()], strict=True)) for row in rows]
    receive(ds, "a.json", json.dumps({"data": records} if nested else records, ensure_ascii=False).encode())
    assert back(ds) == rows


@settings(max_examples=4)
@given(rows=TABLES, stamped=st.booleans())
def test_a_table_in_parquet_is_read_back_equal(ds, rows, stamped):
    frame = pd.DataFrame(rows, columns=HEADER)
    frame = frame.assign(date=pd.to_datetime(frame["date"])) if stamped else frame
    frame.to_parquet(receive(ds, "a.parquet", b""), index=False)
    assert back(ds) == rows


ROWS = [("320820", text, 1.5, None, datetime.date(2025, 1, 15)) for text in ("one", "two", "three")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_lone_carriage_return_inside_quotes_is_text(ds, end):
    rows = [ROWS[0], (ROWS[0][0], "two\rlines", *ROWS[0][2:]), ROWS[2]]
    receive(ds, "a.csv", written(rows, separator=";", decimal=",", end=end, quoting=csv.QUOTE_ALL).encode())
    assert back(ds) == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("damage", ["", "short", '320820,"two,1.5,,15.01.2025', "320820,tw\x00o,1.5,,15.01.2025"])
def test_each_physical_line_is_accepted_or_set_aside(ds, end, damage):
    lines = written(ROWS, separator=",", decimal=".", end="\n").splitlines()
    receive(ds, "a.csv", end.join([*lines[:2], damage, *lines[2:]]).encode())
    [file] = read_declarations(ds)
    read = pd.read_parquet(file.declarations).assign(line=lambda t: t["first_line"] + t.index)
    aside = pd.read_parquet(file.malformed)["line"].to_list()
    sound = read.loc[read["fault"].isna(), "line"].to_list()
    assert sorted([*sound, *aside, *read.loc[read["fault"].notna() & read["fault"].ne("gap"), "line"]]) == [2, 3, 4, 5]
    assert {2, 4, 5} <= {*sound} and read.set_index("line").loc[[2, 4, 5], "description"].to_list() == [
        "one", "two", "three",
    ]  # fmt: skip


def test_a_carriage_return_outside_quotes_beside_a_blank_line_costs_only_its_line(ds):
    lines = written(ROWS, separator=",", decimal=".", end="\n").splitlines()
    receive(ds, "a.csv", "\n".join([lines[0], lines[1] + "\r" + lines[2], "", lines[3], lines[1]]).encode())
    [file] = read_declarations(ds)
    assert file.lines == 4 and pd.read_parquet(file.malformed)["line"].to_list() == [2, 3]
