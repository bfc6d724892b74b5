"""Settings and scenarios as people write them: what is no setting, and what lies beyond its bounds, is told."""

import shutil

import pandas as pd
import pytest

from importcut.intake.opening import examine, open_dataset
from importcut.intake.settings import read_toml
from importcut.schema import DISPATCH, DataError, conform, tables

ABOUT = 'unit = "1"\nreason = "made up"\nsource = "made up"\n'


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """A small sound dataset outside the repository."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    folder = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (folder / "scenarios").mkdir(exist_ok=True)
    return folder


def told(folder, **options):
    with pytest.raises(DataError) as error:
        open_dataset(folder, **options)
    return str(error.value).splitlines()


def add(folder, before="", after=""):
    file = folder / "dataset.toml"
    file.write_text(before + file.read_text(encoding="utf-8") + after, encoding="utf-8")


def rewrite(folder, old, new):
    file = folder / "dataset.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


TARGET = "\n[target]\namount_usd = 69000000\nyear = 2030\nleading = 'annual'\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", TARGET.replace("[target]", "[targets]"), ["[targets] is no section — is target meant?"]),
        ("", TARGET.replace("year", "yaer"), ["target.yaer is no setting — is target.year meant?"]),
        ("", TARGET.replace("[target]", "[TARGET]"), ["[TARGET] is no section — is target meant?"]),
        ("", "\n[[file]]\nformat = 'wits'\n", ["file is no setting — is files meant?"]),
        ("", "\n[format.mine]\ntitle = 'x'\n", ["[format] is no section — is formats meant?"]),
        ("programme_strt = '2025Q3'\n", "", ["programme_strt is no setting — is programme_start meant?"]),
        ("amount_usd = 5\n", "", ["amount_usd is no setting — is target.amount_usd meant?"]),
        ("zzz = 5\n", "", ["zzz is no setting — take it out"]),
        ("target = 2030\n", "", ["target is 2030 — write a section [target]"]),
        ("formats = 'wits'\n", "", ["formats is wits — write a section [formats]"]),
        ("", "\n[weights]\naddressable = 1\ngrwth = 1\nconcentration = 1\nfeasibility = 1\n",
         ["weights.grwth is no setting — is weights.growth meant?"]),
    ],
)  # fmt: skip
def test_what_is_no_setting_is_told_with_the_nearest_that_is(folder, before, after, said):
    add(folder, before, after)
    assert told(folder) == [f"dataset.toml: {text}" for text in said]


def test_a_section_that_is_misspelt_is_told_once_and_not_as_all_that_it_lacks(folder):
    rewrite(folder, "[thresholds]", "[threshold]")
    assert told(folder) == ["dataset.toml: [threshold] is no section — is thresholds meant?"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("coverage_share = 0.01", "coverage_share = 1.5",
         "thresholds.coverage_share 1.5 — must be a share from 0 to 1: write 1.5 % as 0.015"),
        ("placebo_p = 0.1 ", "placebo_p = 10 ",
         "thresholds.placebo_p 10 — must be a share from 0 to 1: write 10 % as 0.1"),
        ("reporting_break_ratio = 1.5", "reporting_break_ratio = 150",
         "thresholds.reporting_break_ratio 150 — must be 1 to 100: write 150 % as 1.5"),
        ("coverage_share = 0.01", "coverage_share = true", "thresholds.coverage_share True cannot be read"),
        ('en = "Small"', "en = 5", "title.en is 5 — write a text between quotes"),
        ("[thresholds]", TARGET.replace("2030", "20300") + "[thresholds]",
         "target.year 20300 — must be 2000 to 2100"),
        ("[thresholds]", TARGET.replace("69000000", "-5") + "[thresholds]", "target.amount_usd -5 — must be > 0"),
        ("[thresholds]", "[hs_revisions]\n2017 = 'soon'\n[thresholds]", "hs_revisions.2017 soon cannot be read"),
    ],
)  # fmt: skip
def test_a_setting_beyond_its_bounds_is_told_with_them(folder, old, new, said):
    rewrite(folder, old, new)
    [line] = told(folder)
    assert line.startswith(f"dataset.toml: {said}")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[assumptions.capacity_use]\nvalue = 100\n",
         " assumption capacity_use: value 100 — must be 0 to 1.5: write 100 % as 1"),
        ("[assumptions.price_drift]\nvalue = 3\n",
         " assumption price_drift: value 3 — must be -0.5 to 0.5: write 3 % as 0.03"),
        ("[assumptions.discount_rate]\nvalue = 10\n",
         " assumption discount_rate: value 10 — must be 0 to 1: write 10 % as 0.1"),
        ("[assumptions.delay_years]\nvalue = -5\n", " assumption delay_years: value -5 — must be 0 to 20"),
        ("[assumptions.success]\nvalue = 1\nhigh = 2\n", " assumption success: high 2 — must be 0 to 1"),
        ("[assumptions.success]\nvalue = 0.9\nlo = 0.8\n", " assumption success: lo is no setting — is low meant?"),
        ("[assumptions.success]\nlow = 0.8\n", " assumption success: value is missing — add it"),
        ("[asumptions.success]\nvalue = 0.9\n", ": [asumptions] is no section — is assumptions meant?"),
        ("assumptions = 3\n", ": assumptions is 3 — write a section [assumptions]"),
        ("title = 'Late'\n", ": title is Late — write a section [title]"),
        ("dispach = 'merit_order'\n", ": dispach is no setting — is dispatch meant?"),
        ("[projects]\npaint = 0\n", ": project paint is not in projects.csv — add it there or correct it"),
    ],
)  # fmt: skip
def test_an_assumption_that_cannot_be_is_told(folder, written, said):
    about = ABOUT if written.startswith("[a") else ""
    (folder / "scenarios" / "base.toml").write_text(written + about)
    assert told(folder)[0].startswith(f"scenarios/base.toml{said}")
    assert any(str(fault).startswith(f"scenarios/base.toml{said}") for fault in examine(folder).faults)


def test_a_scenario_that_is_misspelt_is_told_the_nearest(folder):
    (folder / "scenarios" / "late.toml").write_text("")
    assert told(folder, scenario="lat") == ["scenario lat: no file scenarios/lat.toml — is late meant?"]


def test_every_assumption_has_bounds_that_hold_for_the_scenarios_of_the_datasets(repository):
    known = tables("settings.toml")
    assert all(column.check for column in known["assumptions"].columns)
    assert [c.check for c in known["scenario"].columns if c.name == "dispatch"] == ["|".join(DISPATCH)]
    for file in (repository / "data" / "raw").glob("*/scenarios/*.toml"):
        assert {*read_toml(file)} <= {column.name for column in known["scenario"].columns}


CREDIT = {"project_id": "paint", "rule": "shapley", "basis": "cumulative", "gross_usd": 1.0}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [CREDIT, CREDIT],
            "project_id paint, rule shapley, basis cumulative: project_id stands in two rows of one key",
        ),
        ([CREDIT | {"gross_usd": None}], "gross_usd is empty, and may not be (1 findings; `importcut check` tells"),
        ([CREDIT | {"rule": "by lot"}], "rule by lot — must be "),
    ],
)
def test_a_table_that_is_not_as_it_must_be_is_told_by_its_key_and_not_by_a_rule_of_a_library(rows, said):
    columns = [column.name for column in tables()["credit"].columns]
    with pytest.raises(DataError) as error:
        conform(pd.DataFrame(rows).reindex(columns=columns), "credit", frequency="Q")
    assert said in str(error.value) and str(error.value).startswith("table credit, project_id paint")
    assert not any(word in str(error.value) for word in ("breaks", "nullable", "uniqueness", "isin"))
