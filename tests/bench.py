"""Speed, as ratios within one run (make bench; `python tests/bench.py reports` runs one of its parts)."""

import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import duckdb
import nbformat
import numpy as np
import pandas as pd

import economy
import worlds
from importcut import import_profile, make_report, standpoint
from importcut.economics import way
from importcut.economics.attribution import _coalitions, credit, credits
from importcut.economics.decomposition import bridges
from importcut.economics.falsification import DOUBT
from importcut.economics.indices import lmdi
from importcut.economics.methods import Question
from importcut.economics.placebo import placebo_test
from importcut.economics.planning import yearly_cuts
from importcut.economics.prices import mix_constant_prices, price_components, rate_index
from importcut.economics.simulation import draws, sobol
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.schema import conform, tables
from planted import trial


def timed(work, *, times=3):
    """Seconds of the fastest run, and what it gave."""
    runs = []
    for _ in range(times):
        begin = time.perf_counter()
        result = work()
        runs.append(time.perf_counter() - begin)
    return min(runs), result


def shapley_loop(supply, cap):
    """The definition, one coalition after another."""
    n, value = len(supply), {}
    for size in range(n + 1):
        for members in itertools.combinations(range(n), size):
            value[members] = min(sum(supply[j] for j in members), cap)
    shares, factorial = np.zeros(n), [1]
    for k in range(1, n + 1):
        factorial.append(factorial[-1] * k)
    for members, total in value.items():
        for j in set(range(n)) - set(members):
            weight = factorial[len(members)] * factorial[n - len(members) - 1] / factorial[n]
            shares[j] += weight * (value[tuple(sorted((*members, j)))] - total)
    return shares


def portfolio():
    """14 projects, 20 products, at most four projects on a product, six years."""
    ds, rng = open_dataset("sample", period="2026Q3"), np.random.default_rng(0)
    products = [f"p{n}" for n in range(20)]
    pairs = [
        (project, product)
        for product in products
        for project in rng.choice(ds.projects["project_id"], 4, replace=False)
    ]
    sheet = pd.DataFrame(pairs, columns=["project_id", "product_id"]).assign(
        capacity=rng.uniform(100, 900, len(pairs)), unit="t", kg_per_unit=1000.0, use=0.9, ramp_up="0.4;0.7;0.9",
        plant_share=1.0, imported_input_usd_per_kg=0.5, diverted_export_share=0.0, price_ratio=1.0, replaces_kg=1.0,
        source="",
    ).reindex(columns=ds.project_products.columns)  # fmt: skip
    years = pd.period_range("2025", "2030", freq="Y")
    caps = pd.DataFrame({"product_id": products}).merge(pd.DataFrame({"period": years}), how="cross")
    caps = caps.assign(cap_kg=rng.uniform(4e5, 2e6, len(caps)), price=2.5)
    sold = ds.deliveries.head(0).astype({"period": "period[Y-DEC]"})
    registers = MappingProxyType(dict(ds.registers) | {"project_products": sheet, "deliveries": sold})
    period, start = pd.Period("2024", "Y"), pd.Period("2025", "Y")
    return replace(ds, frequency="Y", period=period, programme_start=start, registers=registers), caps


def draw_loop(ds, caps, drawn, done, n):
    """The same portfolio draw by draw, year by year, product by product."""
    for k in range(n):
        yearly_cuts(ds, caps, {name: values[k : k + 1] for name, values in drawn.items()}, done)


def trade():
    """Imports of 200 products in 40 quarters from 20 origins, a currency each; a project's cuts of every product."""
    rng, quarters = np.random.default_rng(0), pd.period_range("2016Q1", periods=40, freq="Q")
    origins, plants = [f"o{n:02}" for n in range(20)], ["a", "b", "c", "d"]
    products = pd.DataFrame({"product_id": [f"p{n:03}" for n in range(200)], "plant_id": np.tile(plants, 50)})
    spans = quarters.to_frame(name="period")
    cells = products.merge(pd.DataFrame({"origin": origins}), how="cross").merge(spans, how="cross")
    panel = cells.assign(
        net_kg=rng.uniform(1e3, 1e5, len(cells)), unit_value=rng.uniform(1, 5, len(cells)), comparable=True,
        price_evidence="measured", currency=cells["origin"],
    )  # fmt: skip
    panel["value_usd"] = panel["net_kg"] * panel["unit_value"]
    made = pd.DataFrame({"plant_id": plants}).merge(spans, how="cross")
    cuts = products.merge(spans[20:], how="cross").assign(project_id="j", gross_kg=5e4)
    days = spans.merge(pd.DataFrame({"currency": origins}), how="cross")
    rates = days.assign(date=days["period"].dt.start_time, usd=rng.uniform(0.5, 2, len(days)))
    return panel, made.assign(vehicles=rng.uniform(1e4, 5e4, len(made))), cuts, rates


def bridge_loop(panel, made, cuts, prices, steps):
    """The same effects step by step and product by product; price not split."""
    key = ["product_id", "period"]
    kg = panel.groupby(key)["net_kg"].sum().add(cuts.groupby(key)["gross_kg"].sum(), fill_value=0)
    price, vehicles = prices.set_index(key)["price"], made.set_index(["plant_id", "period"])["vehicles"]
    plants, total = panel.drop_duplicates("product_id").set_index("product_id")["plant_id"], np.zeros(3)
    for _, base, now in steps:
        for product, plant in plants.items():
            n, r = ([table[name, t] for t in (base, now)] for table, name in ((vehicles, plant), (kg, product)))
            p = [price[product, t] for t in (base, now)]
            sides = [pd.DataFrame({"n": [n[t]], "e": [r[t] / n[t]], "p": [p[t]]}) for t in (0, 1)]
            total += lmdi(*sides).to_numpy()
    return total


def economics(count=10_000, samples=8192):
    supply = np.random.default_rng(0).uniform(0, 100, 16)
    fast, shares = timed(lambda: _coalitions.cache_clear() or credit(pd.Series(supply), 400))
    slow, expected = timed(lambda: shapley_loop(supply, 400), times=1)
    assert np.allclose(shares, expected)
    print(f"exact credit of 16 projects: {fast * 1e3:.0f} ms (goal 50 ms), {slow / fast:.0f} times as fast as the loop")

    ds, caps = portfolio()
    nothing = pd.DataFrame(columns=[column.name for column in tables()["cuts_realised"].columns])
    drawn, done = draws(ds, count), conform(nothing, "cuts_realised", frequency="Y")
    size = count // 4
    parts = [{name: values[at : at + size] for name, values in drawn.items()} for at in range(0, count, size)]
    fast, _ = timed(lambda: [yearly_cuts(ds, caps, part, done)["net"].sum() for part in parts], times=2)
    slow, _ = timed(lambda: draw_loop(ds, caps, drawn, done, 20), times=1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9)
    print(
        f"{count} draws × 14 projects × 20 products × 6 years: {fast:.2f} s (goal 1.5 s), {memory:.2f} GB (goal 1 GB), "
        f"{slow / 20 * count / fast:.0f} times as fast as draw by draw"
    )
    one = np.full((1, 4), 100.0)
    assert np.allclose(credits(one, np.array([200.0]), np.ones(4), rule="shapley"), 50)

    def net(part):
        return yearly_cuts(ds, caps, part, done)["net"].sum(axis=(1, 2))

    fast, found = timed(lambda: sobol(ds, net, n=samples), times=1)
    print(f"Sobol indices of {len(found)} assumptions with {samples} base samples: {fast:.1f} s (goal 20 s)")

    panel, made, cuts, quoted = trade()
    base, groups = pd.Period("2016", "Y"), pd.Series("g", panel["product_id"].unique())
    prices = mix_constant_prices(panel, groups, base)
    cuts = cuts.merge(prices, on=["product_id", "plant_id", "period"], validate="1:1")
    cuts = cuts.assign(gross_usd=cuts["gross_kg"] * cuts["price"])
    rates = rate_index(price_components(panel, groups, base), panel, quoted, base)
    steps = [("chained", one, two) for one, two in itertools.pairwise(prices["period"].drop_duplicates().sort_values())]
    fast, moved = timed(lambda: bridges(panel, made, cuts, prices=prices, rates=rates, steps=steps))
    slow, expected = timed(lambda: bridge_loop(panel, made, cuts, prices, steps), times=1)
    found = moved.groupby("effect")["value_usd"].sum()
    both = [found["activity"], found["intensity"], found["contract_price"] + found["exchange_rate"]]
    assert np.allclose(both, expected)
    print(
        f"bridge of 200 products × 40 quarters × 20 origins, {len(steps)} steps: {fast:.2f} s (goal 1 s), "
        f"{slow / fast:.0f} times as fast as step by step and product by product"
    )


def worlds_with_a_cut(replicates=40):
    """False cuts, misses and coverage of the range, by method and world (tests/worlds.py)."""
    sample = open_dataset("sample", period="2026Q3")
    print(worlds.results(sample, replicates=replicates).to_string(index=False, float_format="{:.2f}".format))


def power(fall=0.7, lines=None):
    """How many planted falls of complete lines of the real dataset are found, from 2020 on, stocks apart."""
    ds, start = open_dataset("uzbekistan", period="2024"), pd.Period("2020-01", "M")
    observed, p, found = (
        way(ds, clean_imports(read_declarations(ds), ds).cells).observed,
        ds.thresholds["placebo_p"],
        [],
    )
    for line in observed.donors[:lines]:
        kg = observed.kg.copy()
        kg.loc[~observed.before(start), line] *= 1 - fall
        seen, others = replace(observed, kg=kg), tuple(donor for donor in observed.donors if donor != line)
        true = Question(line, start, None, others)
        early = replace(true, first=start - 12, until=start)
        fit, before = (placebo_test(seen, q, ds.counterfactual)["placebo_p"] for q in (true, early))
        found.append((fit <= p, fit <= p and before > DOUBT * p))
    alone, both = np.mean(found, axis=0)
    print(
        f"falls by {fall:.0%} planted in {len(found)} lines of uzbekistan: {alone:.2f} found by the fit (goal 0.6), "
        f"{both:.2f} by the test a year too early as well; three years before are too few for the test of stocks"
    )


def planted(seeds=50):
    """How well planted cuts are recovered, and how often a product without a project is called a cut."""
    rows = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["IMPORTCUT_PROCESSED"] = f"{folder}/processed"
            rows.append(trial(seed, Path(folder)))
    found = pd.DataFrame(rows)
    mean, spread = found.mean(numeric_only=True), found[["deliveries", "control_basket"]].std()
    print(
        f"planted cuts, {seeds} seeds: mean error with delivery records {mean['deliveries']:+.2%} (goal 1 %, standard "
        f"deviation {spread['deliveries']:.2%}), control basket {mean['control_basket']:+.1%} (goal 10 %, "
        f"{spread['control_basket']:.0%}); called a cut: {found['cut_called'].mean():.0%} of the planted, "
        f"{found['placebo_called'].mean():.0%} of the products without a project (goal 10 % at most)"
    )


BARE = "import pandas\nimport matplotlib.pyplot\nimport seaborn"


def clock(*command, **variables):
    """Seconds of a command that must succeed."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | variables, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def reports():
    """The main job in multiples of papermill running a notebook that only imports what every chart needs."""
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as room:
        bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BARE)])
        bare.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(bare, f"{room}/bare.ipynb")
        papermill = (programs / "papermill", "--no-progress-bar", f"{room}/bare.ipynb", f"{room}/run.ipynb")
        unit = min(clock(*papermill) for _ in range(3))
        report = (programs / "importcut", "report", "--dataset", "sample", "--quiet")
        read = {"IMPORTCUT_PROCESSED": f"{room}/processed"}
        cold = clock(*report, "--formats", "html", "--out", f"{room}/cold", **read)
        whole = (*report, "--language", "all", "--out", f"{room}/all")
        every, again = clock(*whole, **read), min(clock(*whole, **read) for _ in range(3))
    print(
        f"in multiples of papermill on a notebook that only imports ({unit:.1f} s): a cold report in one language, one "
        f"page, {cold / unit:.1f} (goal 4.5); four languages, six formats, the data read, {every / unit:.1f} (goal 7), "
        f"nothing to do {again / unit:.2f} (goal 0.35)"
    )


def pictures():
    """Time to picture in a browser, of the desk and of the page to explore, in multiples of drawing one chart."""
    from playwright.sync_api import sync_playwright

    import test_desk
    from test_explore import drawn

    with tempfile.TemporaryDirectory() as room, sync_playwright() as playwright:
        os.environ["IMPORTCUT_PROCESSED"] = f"{room}/processed"
        (Path(room) / "tmp").mkdir()
        report = make_report("sample", period="2026Q3", formats=["html"], out=Path(room))
        here = standpoint("sample", "2026Q3")
        unit, _ = timed(lambda: import_profile(here))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = report.folder / "explore.html"
        tab, changes = browser.new_page(), []
        opening, _ = timed(lambda: (tab.goto("about:blank"), tab.goto(page.as_uri()), drawn(tab)))
        for address in ("by=origin", "product_id=topcoat", "view=projects_ranked", "view=to_target", "view=quality"):
            move = f"location.hash = {address!r}"
            changes.append(timed(lambda move=move: (tab.evaluate(move), drawn(tab)), times=1)[0])
        told("the page to explore", unit, opening, {"a change": max(changes)}, "goal 1 and 0.1")
        server, address = test_desk.serve("dashboard", {"HOME": room, "TMPDIR": f"{room}/tmp"})
        try:
            opening, _ = timed(lambda: (tab.goto(address), tab.locator(".desk-drawing img").wait_for(timeout=120_000)))
            choose = tab.get_by_label("Product", exact=True).select_option
            choice, _ = timed(lambda: [test_desk.shown(tab, partial(choose, o)) for o in ("Body topcoat", "all")])
            tab.get_by_role("button", name="To the target year").click()
            handle = tab.locator(".slider-container .noUi-handle >> visible=true").first
            handle.wait_for()
            slider, _ = timed(lambda: test_desk.shown(tab, lambda: handle.press("ArrowRight")))
            goal = f"goal {5 / unit:.0f}; {0.3 / unit:.1f} and {0.5 / unit:.1f}: 5, 0.3 and 0.5 s here"
            told("the desk", unit, opening, {"a choice": choice / 2, "a slider": slider}, goal)
        finally:
            test_desk.interrupt(server)


def told(what, unit, opening, changes, goal):
    """A line of `pictures`."""
    ratios = ", ".join(f"{name} {seconds / unit:.2f}" for name, seconds in changes.items())
    print(f"{what}, in multiples of drawing one chart in a notebook: opening {opening / unit:.1f}, {ratios} ({goal})")


MILLION = 1_000_000
BODIES = {
    "bare DuckDB, types detected": """
import duckdb
duckdb.connect().execute(f"COPY (SELECT * FROM read_csv({files})) TO '{work}/bare.parquet' (FORMAT parquet)")
""",
    "bare DuckDB, types told": """
import duckdb
kinds = ["VARCHAR", "BIGINT", "BIGINT", "DATE", *["VARCHAR"] * 6, "DOUBLE", "VARCHAR", "DOUBLE", "VARCHAR", "DOUBLE"]
with open(files[0], encoding="utf-8") as file:
    import csv
    columns = dict(zip(next(csv.reader(file)), kinds, strict=True))
kept = "columns=" + str(columns) + ", header=true, dateformat='%d.%m.%Y', auto_detect=false, quote='\\"', escape='\\"'"
read = f"read_csv({files}, {kept}, ignore_errors=true)"
duckdb.connect().execute(f"COPY (SELECT * FROM {read}) TO '{work}/typed.parquet' (FORMAT parquet)")
""",
    "importcut, read and clean": """
from importcut.intake.clean import clean_imports
from importcut.intake.opening import open_dataset
from importcut.schema import conform, tables
from importcut.intake.declarations import read_declarations
ds = open_dataset(folder)
made = clean_imports(read_declarations(ds), ds)
told = {"rules": made.rules.to_dict("records"), "lines": int(made.cells["lines"].sum())}
""",
    "the same again": """
from importcut.intake.clean import clean_imports
from importcut.intake.opening import open_dataset
from importcut.schema import conform, tables
from importcut.intake.declarations import read_declarations
ds = open_dataset(folder)
made = clean_imports(read_declarations(ds), ds)
""",
    "importcut check, with every expectation": """
from importcut.app.check import examination
told = {"defects": len(examination(folder).defects)}
""",
    "pandas, read_csv and groupby": """
import pandas as pd
table = pd.concat([pd.read_csv(f, dtype={"ИНН получателя": str, "Код товара по ТН ВЭД": str}) for f in files])
quarter = pd.PeriodIndex(pd.to_datetime(table["Дата регистрации"], format="%d.%m.%Y", errors="coerce"), freq="Q")
by = [table["Код товара по ТН ВЭД"].str[:6], table["ИНН получателя"], table["Страна происхождения"], quarter]
table.groupby(by)[["Вес нетто", "Статистическая стоимость, USD"]].sum()
""",
}
FRAME = """
import json, os, sys, time
folder, work, told = {folder!r}, {work!r}, {{}}
files = {files!r}
os.environ["IMPORTCUT_PROCESSED"] = work + "/processed"
begin, cpu = time.perf_counter(), time.process_time()
{body}
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
with open("/proc/self/status") as status:  # getrusage would tell the peak of the process that began this one
    memory = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({{"seconds": seconds, "cpu": cpu, "bytes": memory, **told}}))
"""


def grown(base, times, out):
    """The dataset `base` with every declaration `times` times, each under a number of its own."""
    shutil.copytree(base, out, ignore=shutil.ignore_patterns("declarations"))
    (out / "declarations").mkdir()
    for file in sorted((base / "declarations").glob("*.csv")):
        with duckdb.connect() as connection:
            first = file.read_text(encoding="utf-8").split(",", 1)[0]
            connection.execute(
                f"COPY (SELECT \"{first}\" || CASE copy WHEN 0 THEN '' ELSE '-' || copy END AS \"{first}\", "
                f"* EXCLUDE (\"{first}\", copy) FROM read_csv('{file}', all_varchar=true), range({times}) AS r(copy)) "
                f"TO '{out / 'declarations' / file.name}' (FORMAT csv, HEADER)"
            )


def measured(name, folder, work):
    """Seconds, processor seconds and peak memory of one way, in a process of its own."""
    files = [str(f) for f in sorted((folder / "declarations").glob("*.csv"))]
    code = FRAME.format(folder=str(folder), work=str(work), files=files, body=BODIES[name])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def lines():
    """Lines by the million: from CSV to cleaned imports, beside bare DuckDB and pandas in the same run."""
    millions = [int(n) for n in os.environ.get("BENCH_MILLIONS", "1 10 100").split()]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as room:
        base = Path(room) / "base"
        economy.write(base, rows=MILLION, seed=3, faults=Path(room) / "faults.csv")
        planted = pd.read_csv(Path(room) / "faults.csv", index_col="reason")["lines"]
        for times in millions:
            folder, work = (base, Path(room) / "w") if times == 1 else (Path(room) / "grown", Path(room) / "w")
            if times > 1:
                grown(base, times, folder)
            size = sum(f.stat().st_size for f in (folder / "declarations").glob("*.csv")) / 1e9
            work.mkdir()
            ways = [name for name in BODIES if times < 100 or "pandas" not in name]
            found = {name: measured(name, folder, work) for name in ways}
            ours = found["importcut, read and clean"]
            print(f"{times} million lines, {size:.2f} GB of CSV:")
            for name, took in found.items():
                ratio, memory = ours["seconds"] / took["seconds"], took["bytes"] / 1e9
                print(
                    f"  {name}: {took['seconds']:.1f} s ({took['cpu']:.1f} s of processor), {memory:.2f} GB; "
                    f"importcut takes {ratio:.2f} times as long"
                )
            bare, check = (next(took for name, took in found.items() if word in name) for word in ("bare", "check"))
            print(f"  check takes {check['seconds'] / bare['seconds']:.2f} times as long as bare DuckDB")
            counts = {rule["rule"]: rule["lines"] for rule in ours["rules"]}
            told = {"missing_weight": "missing", "wrong_unit": "unit_repaired", "hs_code_look_alike": "cleaned"}
            of_periods = ["coverage_break", "reporting_break"]
            wrong = {r: (n * times, counts.get(told.get(r, r))) for r, n in planted.drop(of_periods).items()}
            wrong = {r: pair for r, pair in wrong.items() if pair[0] != pair[1]}
            print(f"  planted faults not found to the line: {wrong or 'none'}")
            shutil.rmtree(work)
            if times > 1:
                shutil.rmtree(folder)


if __name__ == "__main__":
    parts = {
        "reports": reports,
        "pictures": pictures,
        "economics": economics,
        "planted": planted,
        "worlds": worlds_with_a_cut,
        "power": power,
        "lines": lines,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()
