"""A cluster's engine gives what the desk's gives: the same lines, the same figures to the cent."""

import importlib.util
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.schema import PLACE, DataError, load

SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None


@pytest.mark.ci
@pytest.mark.skipif(not SPARK, reason="Spark or Java is not installed: make spark")
def test_spark_cleans_to_the_cent_what_duckdb_cleans(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    ds = open_dataset("sample")
    files, other = read_declarations(ds), replace(ds, processed=tmp_path / "on-a-cluster")
    desk, cluster = clean_imports(files, ds), clean_imports(files, other, engine="spark")
    assert cluster.lines.is_dir() and desk.lines.is_file(), "written by the engine that was asked for"
    pd.testing.assert_frame_equal(desk.rules, cluster.rules)
    exact = ["value_usd", "net_kg"]
    pd.testing.assert_frame_equal(desk.cells.drop(columns=exact), cluster.cells.drop(columns=exact))
    assert (desk.cells[exact] - cluster.cells[exact]).abs().max().max() < 0.005
    for name in ("imports", "quarantine"):
        ours, theirs = (load(name, d).sort_values(PLACE, ignore_index=True) for d in (ds, other))
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12)


def test_an_engine_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    ds = open_dataset("sample")
    files = read_declarations(ds)
    with pytest.raises(DataError, match="engine hadoop is not known — choose one of duckdb, spark"):
        clean_imports(files, ds, engine="hadoop")
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    monkeypatch.setenv("IMPORTCUT_ENGINE", "spark")
    with pytest.raises(DataError, match="Spark is not installed"):
        clean_imports(files, ds)
