"""`importcut new`: the folder is sound but for what only its owner knows, and its workbook helps to fill it in."""

import re
import shutil
import zipfile

import pandas as pd
import pytest
from python_calamine import load_workbook

from economy.registers_workbook import write_workbook
from importcut.intake.opening import examine, new_dataset, open_dataset
from importcut.intake.settings import TEMPLATE, read_toml, wrong_settings
from importcut.language import Voice, languages
from importcut.schema import DataError, tables
from importcut.telling import narrate


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return new_dataset(tmp_path_factory.mktemp("new") / "mine")


@pytest.fixture(scope="module")
def sheets(made):
    """The XML of each sheet by its name."""
    with zipfile.ZipFile(made / "registers.xlsx") as parts:
        names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
        return {name: parts.read(f"xl/worksheets/sheet{n}.xml").decode() for n, name in enumerate(names, start=1)}


def place(name, column):
    """The letter of a register's column."""
    return chr(ord("A") + [c.name for c in tables("registers.toml")[name].columns].index(column))


def rule(sheets, name, column):
    """The check of a column, as XML; none if there is none."""
    letter = place(name, column)
    found = re.findall(rf'<dataValidation [^>]*sqref="{letter}2:{letter}2001"[^>]*>.*?</dataValidation>', sheets[name])
    return found[0] if found else ""


def test_a_new_dataset_lacks_nothing_but_declarations_products_and_titles(made):
    found = examine(made)
    assert [str(fault) for fault in found.faults] == [
        "registers.xlsx sheet products: has no rows — fill in a product at least"
    ]
    assert [fault.text.split()[0] for fault in found.unfilled] == [
        "title.en", "title.uz-Cyrl", "title.uz-Latn", "title.ru", "sources",
    ]  # fmt: skip
    assert wrong_settings(read_toml(made / "dataset.toml"), "Q") == []
    assert sorted(path.name for path in made.iterdir()) == [
        "dataset.toml",
        "declarations",
        "registers.xlsx",
        "scenarios",
    ]
    assumed = examine(made).ds.scenario["assumptions"].values()
    assert {about["source"] for about in assumed} == {"assumed; to be filled in"}


def test_a_new_dataset_assumes_what_the_sample_assumes_but_names_no_source(repository):
    sample = read_toml(repository / "data" / "raw" / "sample" / "scenarios" / "base.toml")
    begun = read_toml(TEMPLATE / "scenarios" / "base.toml")
    for about in sample["assumptions"].values():
        about["source"] = "assumed; to be filled in"
    assert begun == sample


def test_the_workbook_that_the_library_carries_is_the_one_that_make_registers_writes(tmp_path):
    write_workbook(tmp_path / "fresh.xlsx")
    with zipfile.ZipFile(tmp_path / "fresh.xlsx") as fresh, zipfile.ZipFile(TEMPLATE / "registers.xlsx") as carried:
        same = {n: fresh.read(n) for n in fresh.namelist()} == {n: carried.read(n) for n in carried.namelist()}
    assert same, "registers.toml or the sample has changed: run make registers"


def test_every_setting_that_must_be_there_stands_in_the_template_with_its_meaning():
    text = (TEMPLATE / "dataset.toml").read_text(encoding="utf-8")
    keys = [
        c.name.rpartition(".")[2]
        for c in tables("settings.toml")["settings"].columns
        if c.name[:5] not in ("title", "hs_re")
    ]
    for key in keys:
        lines = [line for line in text.splitlines() if re.match(rf"#? ?(\[\[)?{key}\b", line)]
        assert len(lines) == 1 and lines[0].count("#") >= 1, key


def test_what_the_workbook_holds_is_every_register_with_its_columns(made):
    book = load_workbook(made / "registers.xlsx")
    assert book.sheet_names == ["_help", "_examples", *tables("registers.toml")]
    for name, table in tables("registers.toml").items():
        assert book.get_sheet_by_name(name).to_python() == [[column.name for column in table.columns]]


def test_help_tells_every_column_and_examples_are_no_data(made):
    book = load_workbook(made / "registers.xlsx")
    told = {(str(row[1]), str(row[4])) for row in book.get_sheet_by_name("_help").to_python()}
    columns = [column for table in tables("registers.toml").values() for column in table.columns]
    assert {(column.name, column.meaning) for column in columns} <= told
    shown = {str(cell) for row in book.get_sheet_by_name("_examples").to_python() for cell in row}
    assert {"topcoat", "Кузов эмали", "phosphating_chirchiq", "0.7;0.9;1"} <= shown
    assert examine(made).registers["projects"].empty


def test_values_to_choose_from_are_drop_downs(sheets):
    assert '<formula1>"innovation,diversification,investment"</formula1>' in rule(sheets, "projects", "class")
    assert '<formula1>"yes,no"</formula1>' in rule(sheets, "donors", "use")
    for name, table in tables("registers.toml").items():
        for column in table.columns:
            if column.check.startswith("->"):
                target, key = column.check.removeprefix("-> ").split(".")
                listed = rule(sheets, name, column.name)
                assert 'type="list"' in listed and f"OFFSET({target}!${place(target, key)}$2," in listed


def test_numbers_shares_dates_and_months_are_checked_in_excel(sheets):
    share = rule(sheets, "uses", "share")
    assert 'type="decimal"' in share and "<formula1>0</formula1><formula2>1</formula2>" in share
    assert 'operator="greaterThan"' in rule(sheets, "project_products", "kg_per_unit")
    assert 'operator="greaterThanOrEqual"' in rule(sheets, "projects", "cost_usd")
    assert 'type="whole"' in rule(sheets, "products", "priority")
    assert 'type="date"' in rule(sheets, "exchange_rates", "date")
    assert 'type="textLength"' in rule(sheets, "projects", "first_output")
    for name, table in tables("registers.toml").items():
        for column in table.columns:
            if column.type in ("number", "integer"):
                assert rule(sheets, name, column.name), f"{name}.{column.name}"


def test_headers_are_frozen_have_notes_and_mark_what_is_needed(made, sheets):
    with zipfile.ZipFile(made / "registers.xlsx") as parts:
        notes = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/comments")]
    columns = [column for table in tables("registers.toml").values() for column in table.columns]
    assert sum(note.count("<comment ") for note in notes) == len(columns)
    assert sum(note.count("Must be filled in.") for note in notes) == sum(not column.optional for column in columns)
    for name, table in tables("registers.toml").items():
        assert 'state="frozen"' in sheets[name]
        looks = re.findall(r'<c r="[A-Z]+1" s="(\d+)"', sheets[name])
        needed = {look for look, column in zip(looks, table.columns, strict=True) if not column.optional}
        free = {look for look, column in zip(looks, table.columns, strict=True) if column.optional}
        assert len(needed) == 1 and not needed & free


def test_columns_whose_zeros_matter_are_text(made, sheets):
    with zipfile.ZipFile(made / "registers.xlsx") as parts:
        styles = parts.read("xl/styles.xml").decode()
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    for name, column in (("products", "hs_prefixes"), ("plants", "tax_numbers"), ("projects", "first_output")):
        at = ord(place(name, column)) - 64
        [style] = [s for low, high, s in re.findall(r'<col min="(\d+)" max="(\d+)" [^>]*style="(\d+)"', sheets[name])
                   if int(low) <= at <= int(high)]  # fmt: skip
        assert formats[int(style)] == "49", "the format @"


def test_nothing_is_written_over_and_nothing_half_is_left(made, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"^mine is there already and not empty — choose another folder"):
        new_dataset(made)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        new_dataset(tmp_path / "file")

    def break_off(source, part):
        part.mkdir()
        raise OSError("the disk is full")

    monkeypatch.setattr("shutil.copytree", break_off)
    with pytest.raises(OSError, match="full"):
        new_dataset(tmp_path / "never")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    monkeypatch.undo()
    (tmp_path / "empty").mkdir()
    assert (new_dataset(tmp_path / "empty") / "registers.xlsx").exists()


@pytest.fixture
def begun(made, repository, tmp_path):
    """A new dataset with products: the settings as they come, and how to fill some of them in."""
    folder = shutil.copytree(made, tmp_path / "begun", ignore=shutil.ignore_patterns("registers.xlsx"))
    shutil.copy(repository / "data" / "raw" / "sample" / "products.csv", folder)

    def settings(**changes):
        text = (TEMPLATE / "dataset.toml").read_text(encoding="utf-8")
        for old, new in changes.values():
            assert old in text
            text = text.replace(old, new)
        (folder / "dataset.toml").write_text(text, encoding="utf-8")
        return folder

    return settings


RUSSIAN = ("Название набора данных (заполняется)", "Химия для автопрома")


def test_text_of_the_template_is_never_published(begun):
    """What is filled in stands for the other languages; where nothing is, the folder's name heads the report."""
    assert set(open_dataset(begun()).title.values()) == {"begun"}
    half = ("Title of the dataset (to be filled in)", "Chemicals (to be filled in)")
    ds = open_dataset(begun(ru=RUSSIAN, en=half))
    assert set(ds.title.values()) == {"Химия для автопрома"} and set(ds.title) == set(languages())
    assert ds.sources == () and narrate.annex(Voice("en", ds)).frame.empty
    unfilled = [fault.text.split()[0] for fault in examine(ds.path).unfilled]
    assert unfilled == ["title.en", "title.uz-Cyrl", "title.uz-Latn", "sources"]
    source = ("Customs declarations: who gave them, and when (to be filled in)", "Customs, 2026")
    assert set(open_dataset(begun(ru=RUSSIAN, source=source)).sources[0].values()) == {"Customs, 2026"}


@pytest.mark.parametrize("name", ["Краска (заполняется)", "Bo'yoq (to'ldiriladi)", "Bo‘yoq (to‘ldiriladi)"])
def test_a_name_that_is_still_to_be_filled_in_is_refused_at_its_cell(name, begun):
    folder = begun(ru=RUSSIAN)
    products = pd.read_csv(folder / "products.csv", dtype="str", keep_default_na=False)
    products.loc[1, "name_ru"] = name
    products.to_csv(folder / "products.csv", index=False)
    message = re.escape(f"products.csv row 3: name_ru {name} is still to be filled in — write it, or leave it empty")
    with pytest.raises(DataError, match=message):
        open_dataset(folder)
