"""What partners say they exported here: a register, or a raw file in its place, by product and origin."""

import shutil
from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pytest

from importcut.app.run import inputs
from importcut.economics.programme import import_register
from importcut.intake.opening import examine, open_dataset
from importcut.language import Voice
from importcut.schema import DataError
from importcut.telling import narrate
from importcut.telling.narrate.imports import import_groups

HEADER = "period,hs_code,partner,value_usd,net_kg"
ROWS = """2025Q1,320820,CHN,100,10
2025Q1,320890,China,50,
2025Q1,382000,410,80,8
2025Q2,320820,Корея,40,4
2025Q2,270900,CHN,9,1"""
RAW = "year,hs6,who,import_usd,export_usd,export_kg\n2025Q1,320820,KOR,1,70,7\n2025Q2,382000,KOR,,30,\n"
SETTING = """[partner_exports]
file = "{}"
period = "year"
hs_code = "hs6"
partner = "who"
value_usd = "export_usd"
net_kg = "export_kg"
"""


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """A small sound dataset outside the repository."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")


def registered(folder, rows=ROWS):
    (folder / "partner_exports.csv").write_text(f"{HEADER}\n{rows}\n", encoding="utf-8")
    return folder


def named(folder, file="mirror.csv", raw=RAW, setting=SETTING):
    """The folder with a raw file that a setting names in the register's place."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(raw, encoding="utf-8")
    with (folder / "dataset.toml").open("a", encoding="utf-8") as about:
        about.write("\n" + setting.format(file))
    return folder


def rows_of(table):
    return [(str(r.period), r.product_id, r.origin, r.value_usd, r.net_kg) for r in table.fillna(-1).itertuples()]


def wrong(folder):
    with pytest.raises(DataError) as error:
        open_dataset(folder)
    return str(error.value).splitlines()


def test_partners_exports_are_told_by_product_and_country(folder):
    ds = open_dataset(registered(folder))
    assert list(ds.partner_exports) == ["period", "product_id", "origin", "value_usd", "net_kg"]
    assert rows_of(ds.partner_exports) == [
        ("2025Q1", "antifreeze", "KR", 80, 8),
        ("2025Q1", "topcoat", "CN", 150, -1),  # one of its two codes has no weight: the sum is not known
        ("2025Q2", "topcoat", "KR", 40, 4),  # clear_coat has the code too, but nobody knows the description
    ]


def test_without_a_register_no_partner_has_said_anything(folder):
    exports = open_dataset(folder).partner_exports
    assert exports.empty and list(exports) == ["period", "product_id", "origin", "value_usd", "net_kg"]
    assert str(exports["period"].dtype) == "period[Q-DEC]" and exports["net_kg"].dtype == "float64"


def test_later_periods_of_partners_are_not_known_yet(folder):
    ds = open_dataset(registered(folder), period="2025Q1")
    assert set(ds.partner_exports["period"]) == {pd.Period("2025Q1")}


@pytest.mark.parametrize("file", ["mirror.csv", "imports/received.csv"])
def test_a_raw_file_can_stand_in_the_place_of_the_register(folder, file):
    ds = open_dataset(named(folder, file))
    assert rows_of(ds.partner_exports) == [("2025Q1", "topcoat", "KR", 70, 7), ("2025Q2", "antifreeze", "KR", 30, -1)]
    assert folder / file in inputs(ds), "its digest is part of the dataset's identity"
    assert not any("mirror" in str(fault) for fault in examine(folder).unfilled), "it is read"


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("2025Q1,320820,Middle-earth,1,1", "row 2: partner Middle-earth cannot be read — write one country"),
        ("2025Q1,320820,World,1,1", "row 2: partner World cannot be read — write one country"),
        ("2025Q1,320820,CHN,-1,1", "row 2: value_usd -1 — must be >= 0"),
        ("2025Q1,320820,CHN,,1", "row 2: value_usd is empty — fill it in"),
        ("2025,320820,CHN,1,1", "row 2: period 2025 cannot be read — write the period"),
        ("2025Q1,paint,CHN,1,1", "row 2: hs_code paint — must be codes of digits only"),
        ("2025Q1,320820,CHN,1,1\n2025Q1,320820,CN,1,1", "stands twice — keep one"),
    ],
)
def test_what_a_partner_cannot_have_said_is_named_with_its_row(folder, rows, fault):
    [line] = wrong(registered(folder, rows))
    assert line.startswith("partner_exports.csv row ") and fault in line


def test_a_fault_of_the_raw_file_is_named_where_it_stands(folder):
    [line] = wrong(named(folder, raw=RAW.replace("70,7", "seventy,7")))
    assert line == "mirror.csv row 2: value_usd seventy cannot be read — write a number"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"{}"', '"gone.csv"', "dataset.toml: partner_exports.file gone.csv is not there — correct it"),
        ('"who"', '"whom"', "dataset.toml: partner_exports.partner whom is no header of mirror.csv — is who meant?"),
        (
            'net_kg = "export_kg"\n',
            "",
            "dataset.toml: partner_exports.net_kg is missing — add it (the sample's file shows how)",
        ),
    ],
)
def test_a_setting_that_leads_nowhere_is_an_error(folder, old, new, fault):
    assert fault in wrong(named(folder, setting=SETTING.replace(old, new)))


def test_of_a_register_and_a_raw_file_one_is_kept(folder):
    lines = wrong(registered(named(folder)))
    assert lines == ["mirror.csv: stands as partner_exports.csv too — keep one of them"]


DONORS = '\n[donors]\nchapters = ["32"]\nexcept = {{ {code} = "a plant makes it" }}\n'


def ruled(folder, code="320820"):
    with (folder / "dataset.toml").open("a", encoding="utf-8") as about:
        about.write(DONORS.format(code=code))
    return folder


def test_donors_follow_a_rule_of_chapters_with_exceptions_that_have_a_reason(folder):
    donors = open_dataset(ruled(folder, "320890")).donors
    of_chapter = "of a chapter that is compared"
    assert {*donors.itertuples(index=False, name=None)} == {
        ("topcoat", "no", "a plant makes it"),
        ("clear_coat", "yes", of_chapter),
    }, "antifreeze is of another chapter"


def test_an_exception_that_no_product_has_and_a_register_beside_the_rule_are_errors(folder):
    (folder / "donors.csv").write_text("product_id,use,reason\ntopcoat,yes,made up\n")
    assert wrong(ruled(folder, "999999")) == [
        "dataset.toml: donors.except 999999 is no code of products.csv — correct it",
        "dataset.toml: [donors] stands beside the register donors — keep one of them",
    ]


def test_rows_of_other_chapters_and_empty_cells_are_out_of_scope_and_no_faults(uzbekistan):
    aside = uzbekistan.quarantine.groupby(["reason", "kind"])
    assert set(aside.groups) == {("nothing_reported", "out_of_scope"), ("other_goods", "out_of_scope")}
    raw = pd.read_csv(uzbekistan.ds.path / "imports" / "imports_hs6_partner.csv", dtype={"hs6": "str"})
    ours = raw["hs6"].str[:2].between("27", "40")
    counts = aside.size().droplevel("kind").to_dict()
    assert counts == {"nothing_reported": (ours & raw["import_usd"].isna()).sum(), "other_goods": (~ours).sum()}
    weightless = raw[ours & raw["import_usd"].notna() & raw["import_kg"].isna()]
    assert uzbekistan.imports["weight_rule"].eq("missing").sum() == len(weightless), "missing, not zero"


def test_the_register_tells_every_line_of_the_programme_and_prints_leave_it_to_the_page(uzbekistan):
    register = import_register(uzbekistan.ds, uzbekistan.panel)
    say = Voice("en", uzbekistan.ds)
    last = uzbekistan.panel[uzbekistan.panel["period"].eq(uzbekistan.ds.period) & uzbekistan.panel["value_usd"].gt(0)]
    mine = last[~last["product_id"].isin(uzbekistan.ds.comparison)]
    assert register["value_usd"].sum() == pytest.approx(mine["value_usd"].sum())
    assert set(register["product_id"]) == set(mine["product_id"])
    groups = import_groups(register, say)
    assert groups["lines"].sum() == len(register) and groups["group"].iloc[0] == "polymers"
    lines = narrate.register_table(register, say)
    assert len(lines.frame) == len(register) and lines.page and not narrate.groups_table(register, say).page
    text = narrate.import_register(register, say).text
    assert "imports of the whole country" in text and "lower bounds" in text


def test_a_fault_in_what_is_made_of_a_register_is_not_hidden_by_the_register_itself(uzbekistan):
    """An AttributeError inside the property would otherwise give the raw register for the exports by product."""
    broken = uzbekistan.ds.registers["partner_exports"].assign(hs_code=1.5)
    ds = replace(uzbekistan.ds, registers=MappingProxyType(dict(uzbekistan.ds.registers) | {"partner_exports": broken}))
    with pytest.raises(AttributeError):
        _ = ds.partner_exports
