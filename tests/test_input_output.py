"""The input–output table: published figures, and what is said of a table that cannot be right."""

import shutil

import pandas as pd
import pytest

from importcut.app.run import inputs
from importcut.economics.input_output import bought_inputs, import_content
from importcut.economics.planning import addressable, ceilings, plan
from importcut.intake.opening import open_dataset
from importcut.language import Voice, languages
from importcut.schema import DataError
from importcut.telling import narrate


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


def test_what_the_car_industry_imports_of_chemicals_rubber_and_plastics_is_the_known_figure():
    """2022, million dollars at 11 050 soum: C20 7.6 and C22 82.9, of which imported 5.3 and 35.4; C19.2 adds 2."""
    ds = open_dataset("uzbekistan")
    bought, sectors = bought_inputs(ds) / 1e6, ds.input_output["sectors"]
    sums = {code: bought[bought.index.str.startswith(code)].sum().tolist() for code in ("C20", "C22", "C19.2")}
    assert sums["C20"] == pytest.approx([7.6, 5.3], abs=0.05) and sums["C22"] == pytest.approx([82.9, 35.4], abs=0.05)
    assert sums["C20"][1] + sums["C22"][1] == pytest.approx(40.7, abs=0.05)
    assert sums["C19.2"][1] == pytest.approx(2, abs=0.1)
    at_home = (
        sectors["total_resources_million_uzs"] - sectors["exports_million_uzs"]
    )  # exports taken out of supply first
    imported = bought["bought_usd"] * sectors["imports_million_uzs"] / at_home
    assert imported[imported.index.str.startswith(("C20", "C22"))].sum() == pytest.approx(43, abs=0.15)


def test_the_target_as_a_flow_exceeds_the_imported_base_and_as_a_sum_does_not(uzbekistan):
    """$69 million: 1.7 times the base of 2022, 1.3 at the vehicles of 2024 (429.1 / 328 thousand), 2030 by scenario."""
    ds, panel = uzbekistan.ds, uzbekistan.panel
    caps = addressable(ds, panel, uzbekistan.cuts)
    rows = ceilings(ds, plan(ds, caps), caps, panel).set_index(["reading", "source"])
    base = 40.746e6
    flow = {"table_year": base, "last_year": base * 429.1 / 328, "low": base * 457.8 / 328, "base": base * 510 / 328}
    subject = panel["period"].eq(pd.Period("2024")) & ~panel["product_id"].isin(ds.comparison)
    flow |= {"high": base * 650 / 328, "customs": panel.loc[subject, "value_usd"].sum()}
    assert rows.loc["annual", "line_usd"].to_dict() == pytest.approx(flow, rel=1e-3)
    assert rows.loc["annual", "ratio"].round(2).to_dict() == pytest.approx(
        {"table_year": 1.69, "last_year": 1.29, "low": 1.21, "base": 1.09, "high": 0.85, "customs": 0.08}, abs=0.006
    )
    made = [429.1 + (510 - 429.1) * n / 6 for n in range(1, 7)]  # 2025 to 2030, on a straight line from 2024
    assert rows.loc[("cumulative", "base"), "line_usd"] == pytest.approx(base * sum(made) / 328, rel=1e-3)
    assert rows.loc[("cumulative", "table_year"), "line_usd"] == pytest.approx(6 * base, rel=1e-3)
    assert rows.loc["annual", "ceiling_flag"].drop(["high", "customs"]).all()
    assert not rows.loc["cumulative", "ceiling_flag"].any()
    graded = rows.groupby("evidence").groups
    assert {source for _, source in graded["inferred"]} == {"table_year", "customs"} and len(graded["assumed"]) == 8


@pytest.mark.parametrize("language", languages())
def test_the_report_says_whether_the_target_is_possible(uzbekistan, language):
    ds, say = uzbekistan.ds, Voice(language, uzbekistan.ds)
    caps = addressable(ds, uzbekistan.panel, uzbekistan.cuts)
    rows = ceilings(ds, plan(ds, caps), caps, uzbekistan.panel)
    finding = narrate.imported_base(rows, say)
    annual = rows[rows["reading"].eq("annual")].set_index("source")
    for source in ("table_year", "last_year"):
        assert say.number(annual.at[source, "ratio"], 1) in finding.lead
    assert say.money(annual.at["table_year", "line_usd"]) in finding.lead and finding.evidence == "assumed"
    assert say.money(69e6) in finding.title and say.money(annual.at["customs", "line_usd"]) in finding.text
    larger = rows.assign(line_usd=rows["line_usd"] * 9, ratio=rows["ratio"] / 9, ceiling_flag=False)
    beyond = rows.assign(ceiling_flag=True)
    titles = {narrate.imported_base(table, say).title for table in (rows, larger, beyond)}
    assert len(titles) == 3
    assert narrate.imported_base(beyond, say).lead != finding.lead


def test_without_an_input_output_table_nothing_is_said_of_the_imported_base(sample):
    rows = ceilings(sample.ds, sample.flows, addressable(sample.ds, sample.panel, sample.cuts), sample.panel)
    assert set(rows["source"]) == {"plan"}
    assert narrate.imported_base(rows, Voice("en", sample.ds)).table.empty


def test_a_target_without_vehicles_makes_a_report_without_a_plan(uzbekistan):
    say = Voice("en", uzbekistan.ds)
    assert uzbekistan.ds.target and uzbekistan.planned.empty
    assert (
        "What the plants will make and need is not recorded"
        in narrate.on_track(uzbekistan.target, uzbekistan.realised, say).text
    )


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
        ("vehicles.csv", "\n2022,", "\n2012,", "input_output/vehicles.csv: no row of base_year 2022 — add it"),
        ("vehicles.csv", "457800,510000", "557800,510000", "input_output/vehicles.csv: 2030: low, vehicles, high"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_with_its_place(folder, file, old, new, words):
    spoil(folder / "input_output", file, old, new)
    assert words in told(folder)


def test_a_sector_that_the_table_does_not_have_is_refused(folder):
    spoil(folder, "projects.csv", "C22.1,", "C22.9,")
    spoil(folder, "dataset.toml", '"C20", "C22"', '"C20", "C99"')
    lines = told(folder).splitlines()
    assert {file.parent.name for file in inputs(open_dataset("uzbekistan"))} >= {"input_output"}  # in the identity
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
