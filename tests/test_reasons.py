"""Whatever the reason for which a format or a rule sets a line aside: it is told in every language, in a report."""

import shutil
from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pytest

from importcut.app.run import make_report
from importcut.economics.panel import quality
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.formats import SPECS
from importcut.intake.opening import open_dataset
from importcut.intake.rules import CLEANING
from importcut.intake.settings import read_toml
from importcut.language import Voice, languages
from importcut.schema import DataError, load
from importcut.telling import narrate
from importcut.telling.chart.rows import plot_quality

RULES = {about.get("reason", rule) for rule, about in CLEANING["rules"].items()}
FILTERS = {rule["reason"] for file in SPECS.glob("*.toml") for rule in read_toml(file).get("scope", ())}
OWN = {"re_export", "duplicate_line", "rate_missing"}  # one that nobody knows, and two that rules of cleaning go by
HEADER = (
    "Classification,Year,Period,Trade Flow,Reporter Code,Reporter,Partner Code,Partner,Partner ISO,Commodity Code,"
    "Commodity,Netweight (kg),Trade Value (US$),Aggregate Level"
)
KOREA = [f"H5,{y},{y},Import,860,Uzbekistan,410,Korea,KOR,320820,Paints,{kg},{usd},6" for y, kg, usd in
         ((2022, 10, 100), (2023, 12, 120), (2024, 11, 130))]  # fmt: skip
WORLD = "H5,2024,2024,Import,860,Uzbekistan,0,World,WLD,320820,Paints,11,130,6"


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """An annual dataset of one product of the whole country, without raw files or projects."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    made = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "annual")
    (made / "plants.csv").unlink()
    settings = (made / "dataset.toml").read_text(encoding="utf-8").replace('frequency = "Q"', 'frequency = "Y"')
    settings = settings.replace('"2025Q1"', '"2022"').replace('import_regimes = ["40"]\n', "")
    (made / "dataset.toml").write_text(settings, encoding="utf-8")
    (made / "imports").mkdir()
    return made


def receive(folder, *lines, header=HEADER):
    (folder / "imports" / "a.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def test_a_filter_of_the_library_sets_aside_for_a_reason_of_the_one_list():
    assert FILTERS <= RULES and all({"kind", "remedy"} <= set(about) for about in CLEANING["rules"].values())


@pytest.mark.parametrize("language", languages())
def test_every_reason_of_every_format_and_rule_is_told(folder, language):
    """A format of the dataset's own sets a line aside for each reason; what notebooks make of reasons is made."""
    receive(folder, *(f"2024,320820,1,1,{reason}" for reason in sorted(RULES | OWN)), header="year,code,usd,kg,why")
    columns = {"date": "year", "hs_code": "code", "value_usd": "usd", "net_weight": "kg"}
    own = {"columns": {column: {"headers": [header], "dates": ["%Y"]} for column, header in columns.items()}}
    own["scope"] = [{"header": "why", "drop": [reason], "reason": reason} for reason in sorted(RULES | OWN)]
    ds = open_dataset(folder, period="2024")
    ds = replace(ds, formats=MappingProxyType({"own": own}))
    cleaned, say = clean_imports(read_declarations(ds), ds), Voice(language, ds)
    aside = load("quarantine", ds)
    assert set(aside["reason"]) == {CLEANING["rules"].get(r, {}).get("reason", r) for r in RULES | OWN}
    assert not aside["remedy"].eq("").any()
    findings = quality(None, cleaned.rules, ds)
    words = narrate.quality_table(findings, say).frame.iloc[:, 0]
    assert len(words) == len(set(words)) and not words.str.contains("_").any()
    assert words.str.endswith("re export").sum() == 1
    assert narrate.doubts(findings, say).text and plot_quality(narrate.quality_bars(findings), say)


@pytest.mark.parametrize("values", [[], "0", {"x": 1}])
def test_a_filter_without_values_is_one_line_that_names_the_setting(folder, values):
    receive(folder, *KOREA)
    rule = {"header": "Partner Code", "drop": values, "reason": "total_over_partners"}
    own = MappingProxyType({"comtrade_legacy": {"scope": [rule]}})
    with pytest.raises(DataError, match=r"\[\[formats.comtrade_legacy.scope\]\] of Partner Code: drop names no value"):
        read_declarations(replace(open_dataset(folder), formats=own))


def test_a_file_with_totals_and_other_rows_makes_a_report_and_tells_them(folder, tmp_path):
    receive(folder, *KOREA, WORLD, KOREA[-1].replace("Paints", "re-export"))
    with (folder / "dataset.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            '[[formats.comtrade_legacy.scope]]\nheader = "Commodity"\ndrop = ["re-export"]\nreason = "re_export"\n'
        )
    report = make_report(folder, languages=["ru"], formats=["html"], out=tmp_path / "reports")
    tables = {name: pd.read_csv(report.folder / "tables" / f"{name}.csv") for name in ("profile", "quality")}
    assert tables["profile"].set_index("period")["value_usd"].to_dict() == {2022: 100, 2023: 120, 2024: 130}
    assert set(tables["quality"]["check"]) == {"total_over_partners", "re_export"}
