"""Imports that are declared without weights: values are told, and what rests on weights is left out by name."""

import shutil

import numpy as np
import pandas as pd
import pytest

from importcut.app.run import make_report
from importcut.economics import way
from importcut.economics.alternatives import estimates, spread
from importcut.economics.decomposition import bridges, comparisons
from importcut.economics.panel import profile, quality
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.prices import price_components, rate_index
from importcut.language import Voice
from importcut.telling import narrate

MONTHS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
FORMAT = """
[formats.census]
signature = ["hts_code", "general_imports_usd"]
columns.date = { headers = ["month"], dates = ["%Y-%m"], required = true }
columns.hs_code = { headers = ["hts_code"], required = true }
columns.value_usd = { headers = ["general_imports_usd"], required = true }
"""
NO_WEIGHTS = "No weight is declared of topcoat (imports of $2.7\xa0million): what is told of them is told by value"


def test_a_file_without_weights_makes_a_report_in_values_that_names_what_it_leaves_out(
    repository, tmp_path, monkeypatch
):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    folder = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "census")
    (folder / "plants.csv").unlink()
    settings = (folder / "dataset.toml").read_text(encoding="utf-8").replace("2025Q1", "2024")
    (folder / "dataset.toml").write_text(settings.replace('import_regimes = ["40"]\n', "") + FORMAT, encoding="utf-8")
    (folder / "imports").mkdir()
    lines = [f"3208.90.0000,{month},{106000 + 1000 * n - 7000 * (n > 11)}" for n, month in enumerate(MONTHS)]
    (folder / "imports" / "c.csv").write_text("\n".join(["hts_code,month,general_imports_usd", *lines]) + "\n")
    report = make_report(folder, languages=["en"], formats=["html"], out=tmp_path / "reports")
    table = pd.read_csv(report.folder / "tables" / "profile.csv")
    assert table["value_usd"].sum() == 2_736_000 and table["unit_value"].isna().all()
    assert NO_WEIGHTS in (report.folder / "en" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def walked(sample):
    """The sample's way from cells whose weights are all missing."""
    cells = sample.cells.assign(net_kg=np.nan, weight_rule="missing")
    return cells, way(sample.ds, cells)


def test_without_weights_values_stand_and_no_cut_is_told(sample, walked):
    _, way = walked
    shares = profile(way.panel, sample.ds.uses, frequency="Q")
    assert shares["value_usd"].sum() == pytest.approx(sample.profile["value_usd"].sum())
    assert way.prices.empty and way.cuts.empty and not way.realised["identified"].any()
    assert set(way.realised["reason"]) == {"no_price", "not_started"}
    variants = spread(way.observed, ["control_basket"])
    assert variants.empty and estimates(way.observed)["gross_usd"].isna().all()  # not known is never zero


def test_without_weights_there_is_no_bridge_and_no_plan(sample, walked):
    cells, way = walked
    ds, groups = sample.ds, sample.ds.products.set_index("product_id")["group"]
    parts = rate_index(price_components(way.panel, groups, ds.base_period), cells, ds.exchange_rates, ds.base_period)
    assert parts.empty and "rate" in parts
    steps = comparisons(ds, way.panel)
    assert bridges(way.panel, ds.activity, way.cuts, prices=way.prices, steps=steps, rates=parts).empty
    caps = addressable(ds, way.panel, way.cuts)
    assert planned_cuts(ds, plan(ds, caps)).empty and credited(ds, caps).empty


def test_a_weight_that_nothing_imputes_is_not_told_as_imputed(sample, walked):
    text = narrate.doubts(quality(walked[1].findings, sample.rules, sample.ds), Voice("en", sample.ds)).text
    assert "No weight is declared of ABS plastic" in text and "replaced by estimates or corrected" not in text
