"""The input–output table: published figures, and what is said of a table that cannot be right."""

import shutil

import pandas as pd
import pytest

from importcut.economics.input_output import import_content
from importcut.intake.opening import open_dataset
from importcut.schema import DataError


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return shutil.copytree(repository / "data" / "raw" / "uzbekistan", tmp_path / "mine")


def spoil(folder, file, old, new):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def told(folder):
    with pytest.raises(DataError) as error:
        open_dataset(folder)
    return str(error.value)


def test_the_import_content_of_producing_sectors_is_the_known_one():
    """Direct and indirect, Uzbekistan 2022, with imports / total resources of each supplying sector."""
    content = import_content(open_dataset("uzbekistan"))
    known = {"C20.1": 0.110, "C20.16": 0.121, "C20.3": 0.090, "C22.1": 0.067, "C22.21": 0.222}
    assert content[[*known]].to_dict() == pytest.approx(known, abs=0.001)


def test_a_code_is_the_same_whichever_alphabet_its_letter_was_typed_in(folder):
    """The received table writes А01.13 with a Cyrillic А, and D35.12 with a comma."""
    ds = open_dataset(folder)
    assert {"A01.11", "A01.13", "A01.4", "D35.12"} <= set(ds.input_output["sectors"].index)
    spoil(folder, "projects.csv", "C22.1", "С22.1")
    same = open_dataset(folder)
    pd.testing.assert_frame_equal(same.projects, ds.projects)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("coefficients.csv", "0.14074989", "much", "input_output/coefficients.csv row 2: A01.11 much cannot be read"),
        ("coefficients.csv", "0.14074989", "-0.1", "input_output/coefficients.csv row 2: A01.11 -0.1 — must be >= 0"),
        ("coefficients.csv", "0.14074989", "1.14", "column A01.11 adds up to 1.36"),
        ("coefficients.csv", "\nА01.13,", "\nA01.11,", "row 3: A01.11 stands twice"),
        ("sectors.csv", "\nА01.13,", "\nA01.11,", "input_output/sectors.csv row 3: A01.11 stands twice"),
        ("sectors.csv", "\nА01.13,", "\nA01.12,", "rows and the sectors of sectors.csv do not agree in A01.12, A01.13"),
        ("sectors.csv", "9727708.45", "97277080.45", "input_output/sectors.csv: A01.11: imports above total resources"),
        ("sectors.csv", "imports_million_uzs", "imports", "row 1: no column imports_million_uzs — add the column"),
        ("vehicles.csv", ",328000,", ",,", "input_output/vehicles.csv row 3: vehicles is empty"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_with_its_place(folder, file, old, new, words):
    spoil(folder / "input_output", file, old, new)
    assert words in told(folder)


def test_a_sector_that_the_table_does_not_have_is_refused(folder):
    spoil(folder, "projects.csv", "C22.1,", "C22.9,")
    spoil(folder, "dataset.toml", '"C20", "C22"', '"C20", "C99"')
    lines = told(folder).splitlines()
    assert lines == [
        "dataset.toml: [input_output] C99 is not in input_output/sectors.csv — add it there or correct it",
        "projects.csv row 3: io_sector C22.9 is not in input_output/sectors.csv — add it there or correct it",
    ]


def test_a_table_without_its_year_and_a_year_without_its_table_are_named(folder):
    text = (folder / "dataset.toml").read_text(encoding="utf-8")
    begin, end = text.index("[input_output]"), text.index("[[sources]]")
    (folder / "dataset.toml").write_text(text[:begin] + text[end:], encoding="utf-8")
    assert "no section [input_output]" in told(folder)
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    shutil.rmtree(folder / "input_output")
    assert told(folder).splitlines() == [
        f"input_output/{name}.csv: is missing — add it" for name in ("sectors", "coefficients", "vehicles")
    ]
