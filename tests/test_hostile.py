"""Files that mean harm or are broken past reading: each is told in one line, takes little memory, and runs nothing."""

import csv
import gzip
import io
import os
import re
import zipfile
from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pytest
import xlsxwriter
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.schema import DataError
from importcut.telling import export
from importcut.telling.export.content import TEMPLATES

HEADER = "hs_code,description,year,value_usd,net_weight_kg,partners"
LINE = "320820,Paints,2024,110.25,10.5,KOR"
SOUND = f"{HEADER}\n{LINE}\n"
MEGABYTE = b"0" * 1_000_000
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1", "-", "-5 °C"]
SCRIPT = "<script>window.run=1</script><img src=x onerror=window.run=1>"


@pytest.fixture
def ds(repository, tmp_path, monkeypatch):
    """An annual dataset of the whole country without raw files."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    small = open_dataset(repository / "tests" / "cases" / "small")
    registers = MappingProxyType({**small.registers, "plants": small.plants.iloc[:0]})
    return replace(small, path=tmp_path / "small", registers=registers, import_regimes=(), frequency="Y")


def put(ds, content, name="a.csv"):
    path = ds.path / "imports" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(ds):
    with pytest.raises(DataError) as error:
        read_declarations(ds)
    told = str(error.value)
    assert not any(ds.processed.rglob("*.parquet")) and not any(ds.processed.rglob(".reading-*"))
    return told


def read(ds):
    """The rows of the only file, by line, and the lines that are no records."""
    [file] = read_declarations(ds)
    rows = pd.read_parquet(file.declarations).assign(line=lambda t: t["first_line"] + t.index)
    return rows.set_index("line"), pd.read_parquet(file.malformed).set_index("line")["reason"].to_dict()


def archive(ds, members, name="a.zip"):
    path = put(ds, b"", name)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as held:
        for member, content in members.items():
            held.writestr(member, content)
    return path


def workbook(ds, parts=None, name="a.xlsx"):
    """A sound workbook, with some of its parts replaced."""
    path = put(ds, b"", name)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("data")
        for n, line in enumerate(SOUND.splitlines()):
            sheet.write_row(n, 0, line.split(","))
    with zipfile.ZipFile(path) as book:
        held = {part: book.read(part) for part in book.namelist()}
    return archive(ds, {part: (parts or {}).get(part, content) for part, content in held.items()}, name)


def test_a_bomb_of_gzip_or_zip_is_left_packed(ds):
    with gzip.open(put(ds, b"", "a.csv.gz"), "wb", compresslevel=1) as bomb:
        bomb.writelines([MEGABYTE] * 150)
    path = put(ds, b"", "b.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb, bomb.open("a.csv", "w") as member:
        member.writelines([MEGABYTE] * 150)
    told = refused(ds).splitlines()
    assert [line.split(": ")[0] for line in told] == ["imports/a.csv.gz", "imports/b.zip/a.csv"]
    assert all("unpacks to more than 200 times its size" in line for line in told)


def test_a_workbook_whose_sheet_is_a_bomb_is_left_packed_whatever_size_it_claims(ds):
    path = workbook(ds, {"xl/worksheets/sheet1.xml": MEGABYTE * 120})
    assert "unpacks to more than 100 MB" in refused(ds)
    packed = path.read_bytes()
    claimed = (120_000_000).to_bytes(4, "little")
    assert claimed in packed
    path.write_bytes(packed.replace(claimed, (1000).to_bytes(4, "little")))
    assert "unpacks to more than 100 MB" in refused(ds)


def test_a_workbook_with_a_cell_in_its_last_corner_is_refused_before_it_fills_the_memory(ds):
    far = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    far += b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    workbook(ds, {"xl/worksheets/sheet1.xml": far + b"</sheetData></worksheet>"})
    assert "spans 1048576 rows and 16384 columns for 2 cells — delete what stands far" in refused(ds)


def test_entities_of_a_workbook_that_multiply_are_not_expanded(ds):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<?xml version="1.0"?><!DOCTYPE workbook [<!ENTITY l0 "lol">{laughs}]>'
    book = (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets>&l11;</sheets></workbook>'
    )
    workbook(ds, {"xl/workbook.xml": doctype + book})
    assert refused(ds).startswith("imports/a.xlsx: xl/workbook.xml declares entities, as no workbook does")


def test_an_archive_of_very_many_files_is_refused(ds):
    archive(ds, {f"{n}.csv": "" for n in range(1001)})
    assert refused(ds) == "imports/a.zip: holds 1001 files, more than 1000 — unpack it"


@pytest.mark.parametrize(
    "name", ["../../x.csv", "/etc/x.csv", "C:\\x.csv", "C:x.csv", "a\\..\\..\\x.csv", "a/../../x.csv"]
)
def test_a_path_that_climbs_out_of_an_archive_is_refused(ds, name):
    archive(ds, {"good.csv": SOUND, name: SOUND})
    assert "a path out of the archive — pack the files anew" in refused(ds)
    assert sorted(p.name for p in ds.path.parent.rglob("*.csv")) == []


@pytest.mark.parametrize("inner", ["zip", "gzip"])
def test_an_archive_within_an_archive_is_not_opened(ds, inner):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("a.csv", SOUND)
    archive(ds, {"inner": held.getvalue() if inner == "zip" else gzip.compress(SOUND.encode())})
    assert refused(ds) == "imports/a.zip/inner: an archive within an archive is not opened — unpack it"


def test_an_encrypted_archive_and_one_cut_off_are_told(ds):
    path = archive(ds, {"a.csv": SOUND})
    whole = bytearray(path.read_bytes())
    local, central = whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02")
    whole[local + 6] |= 1
    whole[central + 8] |= 1
    path.write_bytes(bytes(whole))
    put(ds, gzip.compress(SOUND.encode() * 100)[:-20], "b.csv.gz")
    put(ds, bytes(whole[:-30]), "c.zip")
    told = refused(ds).splitlines()
    assert "encrypted" in told[0] and "password required" in told[0]
    assert told[1].startswith("imports/b.csv.gz: cannot be unpacked") and told[2].startswith("imports/c.zip: ")


def test_links_that_lead_out_of_the_dataset_are_refused_and_never_passed_over(ds, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.csv").write_text(SOUND)
    folder = ds.path / "imports"
    folder.mkdir(parents=True)
    (folder / "file.csv").symlink_to(tmp_path / "outside" / "x.csv")
    (folder / "folder").symlink_to(tmp_path / "outside")
    (folder / "nothing.csv").symlink_to(tmp_path / "none")
    told = refused(ds).splitlines()
    assert [line.split(":")[0] for line in told] == ["imports/file.csv", "imports/folder", "imports/nothing.csv"]


def test_a_line_of_ten_megabytes_costs_itself(ds):
    put(ds, f"{SOUND}320820,{'x' * 10_000_000},2024,1,1,KOR\n{LINE}\n")
    rows, malformed = read(ds)
    assert malformed == {3: "line_too_long"} and rows["value_usd"].dropna().to_dict() == {2: 110.25, 4: 110.25}


def test_a_header_of_ten_megabytes_is_told_briefly(ds):
    put(ds, "x" * 10_000_000)
    assert len(refused(ds)) < 500


def test_a_header_of_five_thousand_columns_is_read(ds):
    more = "".join(f",more_{n}" for n in range(5000))
    put(ds, f"{HEADER}{more}\n{LINE}{',' * 5000}\n")
    assert read(ds)[0].loc[2, "value_usd"] == 110.25


def test_nul_bytes_cost_their_line_at_most(ds):
    put(ds, f"{SOUND}320820,Pai\x00nts,2024,1,1,KOR\n{LINE}\n")
    rows, malformed = read(ds)
    assert {2, 4} <= {*rows.index[rows["fault"].isna()]} and {3} >= {*malformed}


def test_json_nested_very_deep_is_told(ds):
    put(ds, "[" * 10_000 + "]" * 10_000, "a.json")
    assert refused(ds).startswith("imports/a.json: ")
    put(ds, '[{"hs_code": ' + "[" * 500 + "]" * 500 + "}]", "a.json")
    assert refused(ds).startswith("imports/a.json: holds no list of records")


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not allow")
@pytest.mark.parametrize(
    "name", ["a'b\".csv", "a\nb.csv", "-rf.csv", "$(x) `y`; %s {z}.csv", "ы" * 120 + ".csv", "'; --.csv"]
)
def test_a_file_is_read_whatever_it_is_called(ds, name):
    put(ds, SOUND, name)
    [file] = read_declarations(ds)
    assert file.source_file == f"imports/{name}"
    assert pd.read_parquet(file.declarations)["source_file"].to_list() == [f"imports/{name}"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_formula_in_a_cell_is_text_where_it_is_read_and_wherever_it_is_written(ds, tmp_path, kind):
    rows = [HEADER.split(","), *(["320820", text, "2024", "1", "1", "KOR"] for text in FORMULAS)]
    if kind == "csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        put(ds, text.getvalue())
    else:
        with xlsxwriter.Workbook(put(ds, b"", "a.xlsx"), {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet("data")
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
    found = read(ds)[0]["description"].to_list()
    assert found == FORMULAS
    table = pd.DataFrame({"value": [*found, SCRIPT], "value_usd": [-1.5] * (len(found) + 1)})
    export.to_csv(table, tmp_path / "t.csv")
    shown = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    runs = [text for text in shown["value"] if text[:1] in "=+@\t\r" or (text[:1] == "-" and text != "-")]
    assert runs == [] and shown["value"].str.removeprefix("'").to_list() == [*FORMULAS, SCRIPT]
    assert shown["value_usd"].eq(-1.5).all()  # a negative number stays one
    export.to_xlsx({"quarantine": table}, tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        assert not any(b"<f>" in book.read(part) or b"hyperlink" in book.read(part) for part in book.namelist())


def test_html_in_a_header_a_description_or_a_file_name_runs_nowhere(ds):
    put(ds, f'{HEADER},"{SCRIPT}"\n320820,{SCRIPT},never,1,1,KOR,7\n{LINE},8\n', "<img src=x onerror=run()>.csv")
    rows, _ = read(ds)
    assert rows["description"].to_list() == [SCRIPT, "Paints"]
    shown = rows.loc[[2], ["source_file", "fault_value", "description"]]._repr_html_()  # as notebook 01 shows it
    output = new_output("display_data", data={"text/html": shown, "text/markdown": f"## {SCRIPT}\n\n{SCRIPT}"})
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[output])])
    own = (TEMPLATES / "report" / "page.js").read_text(encoding="utf-8")
    for page in (export.to_html(notebook, language="en"), shown):
        soup = BeautifulSoup(page, "html.parser")
        assert [script for script in soup.find_all("script") if script.string != own] == [] == soup.find_all("img")
        assert not re.search(r"<[^>]*onerror", str(soup))
        assert "window.run" in soup.get_text()  # shown as the text it is
