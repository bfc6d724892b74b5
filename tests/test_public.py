"""The public face: what `from importcut import …` gives is complete, cheap, documented, and its examples run."""

import doctest
import inspect
import re
import subprocess
import sys
from functools import cache
from importlib import import_module

import nbformat
import numpy as np
import pandas as pd
import pytest

import importcut
from importcut import schema
from importcut.intake import opening
from importcut.schema import RunError
from importcut.telling.export import to_csv

CALLED = [name for name in importcut.__all__ if inspect.isfunction(getattr(importcut, name))]
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def test_the_package_costs_nothing_until_a_name_is_used():
    code = "import sys, importcut; assert 'open_dataset' in dir(importcut) and 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_there_and_none_is_hidden_by_a_module():
    for name in importcut.__all__:
        assert getattr(importcut, name).__name__.endswith(name)
        with pytest.raises(ImportError):
            import_module(f"importcut.{name}")
    with pytest.raises(AttributeError, match="no attribute 'open_datasets'"):
        importcut.open_datasets  # noqa: B018


def test_completion_offers_the_names():
    from IPython.core.completer import Completer, provisionalcompleter

    with provisionalcompleter():
        completer = Completer({"importcut": importcut})
        assert completer.attr_matches("importcut.plot_r") == ["importcut.plot_ranking"]


def test_plots_take_and_return_axes_and_demand_nothing_else():
    plots = [getattr(importcut, name) for name in CALLED if name.startswith("plot_")]
    assert len(plots) > 15
    for plot in plots:
        asked = inspect.signature(plot)
        if plot.__name__ in ("plot_placebos", "plot_product_bridges", "plot_variants", "plot_weights"):
            assert "ax" not in asked.parameters, "small multiples make their own axes"
            continue
        assert asked.parameters["ax"].default is None and asked.parameters["ax"].kind is inspect.Parameter.KEYWORD_ONLY
        assert asked.return_annotation.__name__ == "Axes", plot.__name__


@pytest.fixture(scope="module")
def quick():
    """The names that an example may use, besides np and pd; a dataset is opened once for all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "open_dataset", cache(opening.open_dataset))
        yield {name: getattr(importcut, name) for name in importcut.__all__}


def test_what_notebooks_use_is_a_name_of_the_package(repository):
    for file in (repository / "notebooks").glob("*.ipynb"):
        code = "\n".join(c.source for c in nbformat.read(file, as_version=4).cells if c.cell_type == "code")
        assert not re.search(r"^\s*(from importcut\.|import importcut)", code, flags=re.MULTILINE), file.name
        for room in importcut._ROOMS:
            assert all(hasattr(getattr(importcut, room), name) for name in re.findall(rf"\b{room}\.(\w+)", code))


@pytest.mark.parametrize("name", [*CALLED, "Voice"])
def test_a_function_says_what_it_takes_and_gives_and_its_example_runs(name, quick):
    function = getattr(importcut, name)
    text = inspect.getdoc(function)
    assert text.split("\n\n")[0].endswith("."), "one sentence first"
    takes = [p for p in inspect.signature(function).parameters if p not in ("ds", "say", "ax") and name in CALLED]
    if "Examples\n--------\n" not in text:
        return
    assert not takes or "Parameters\n----------\n" in text
    assert all(p in text for p in takes), "each parameter is told"
    module = sys.modules[function.__module__]
    example = doctest.DocTestFinder(recurse=False).find(function, name, module, {**quick, "np": np, "pd": pd})
    assert example and example[0].examples
    said = []
    failed = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(example[0], out=said.append)
    assert failed.failed == 0, "".join(said)


def test_what_a_newcomer_asks_for_first_has_an_example():
    shown = [name for name in CALLED if "Examples\n--------\n" in inspect.getdoc(getattr(importcut, name))]
    assert len(shown) >= 15
    assert {"open_dataset", "make_report", "picture", "plot_bars", "ranking", "realised_cuts"} <= {*shown}


def test_tables_of_a_finished_report_are_read_as_they_were_made(repository, tmp_path):
    ds = opening.open_dataset(repository / "tests" / "cases" / "small", period="2025Q4")
    made = tmp_path / ds.name / "2025Q4"
    (made / "tables").mkdir(parents=True)
    (made / "manifest.json").write_text("{}")
    row = {"reading": "annual", "leading": True, "year": 2030, "ceiling_flag": True, "planned_usd": 0.5}
    amounts = ["target_usd", "baseline_usd", "planned_to_date_usd", "realised_usd", "on_course_usd", "addressable_usd"]
    row |= dict.fromkeys(amounts, 1e6)
    columns = [column.name for column in schema.tables()["target"].columns]
    table = schema.conform(pd.DataFrame([row]).reindex(columns=columns), "target", frequency="Q")
    to_csv(table, made / "tables" / "target.csv")
    to_csv(schema.as_text(schema.empty("ledger", ds)), made / "tables" / "ledger.csv")
    variant = {"project_id": "NA", "product_id": "a", "method": "activity", "base": "all", "basis": "net_kg"}
    tried = pd.DataFrame([variant | {"left_out": "", "gross_usd": 1.5}])
    tried = schema.conform(tried, "variants", frequency="Q")
    to_csv(tried, made / "tables" / "variants.csv")
    found = importcut.finished_tables(ds, out=tmp_path)
    assert found["target"].equals(table) and found["variants"].equals(tried), "empty texts and a text NA are kept"
    assert str(found["ledger"]["period"].dtype) == "period[Q-DEC]"
    latest = opening.open_dataset(ds.path)
    assert importcut.finished_tables(latest, out=tmp_path).keys() == {"ledger", "target", "variants"}
    with pytest.raises(RunError, match=r"no report of small 2025Q3 — run `importcut report .* --period 2025Q3`"):
        importcut.finished_tables(opening.open_dataset(ds.path, period="2025Q3"), out=tmp_path)
