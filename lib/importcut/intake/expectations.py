"""What is plausible: the expectations of expectations.toml, asked of imports, registers and settings."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from importcut.dataset import Dataset, in_years
from importcut.intake.rules import strange_origins
from importcut.schema import CELL, LIBRARY, PAIR, ROW, USE, VOLUME, YEAR, DataError, conform, listed, tables

EXPECTATIONS = tomllib.loads((LIBRARY / "expectations.toml").read_text(encoding="utf-8"))
FLOW = ["all", *CELL[:-1]]  # what imports are added up by; all: all of them
REACH, ENOUGH = 4, 3  # periods on each side that one is compared with; how many of them must be known
APART = 3  # places of one expectation that are asked about one by one
SOME = 500_000  # lines among which twins are looked for: with every line all others of its weight
SELECTED = "FROM read_parquet(?) WHERE rule IS NULL"  # the lines that count
AMONG = "hash(coalesce(declared_kg, value_usd)) % {nth} = 0"
PRICED = f"""
    WITH priced AS (SELECT *, value_usd / net_kg AS price {SELECTED} AND value_usd > 0 AND net_kg > 0 AND {AMONG}),
    usual AS (SELECT product_id, origin, median(price) AS usual FROM priced GROUP BY ALL HAVING count(*) >= 20)
"""
LEFT_OUT = ("other_regime", "other_importer")
OF_LINES = {  # what is known of lines by themselves, by the name of what is compared
    "products_of_files": f"""
        SELECT source_file, period, product_id, sum(n) AS lines, sum(n) - count(*) AS twins FROM (
            SELECT source_file, period, product_id, plant_id, origin, declared_kg, round(ln(value_usd + 1), 2) AS size,
                count(*) AS n {SELECTED} AND {AMONG} GROUP BY ALL
        ) GROUP BY ALL
    """,
    "largest": f"""
        SELECT source_file, count(*) AS lines, arg_max(line, value_usd) AS line, max(value_usd) AS usd,
            max(value_usd) / sum(value_usd) AS share {SELECTED} GROUP BY ALL
    """,
    "prices": f"""{PRICED}
        SELECT source_file, product_id, period, arg_max(line, value_usd) FILTER (off) AS line, count(*) FILTER (off) AS
            lines, sum(value_usd) FILTER (off) AS usd, usd / sum(value_usd) AS share FROM (
            SELECT *, value_rule IS NULL AND price / usual NOT BETWEEN 0.2 AND 5 AS off
            FROM priced JOIN usual USING (product_id, origin)
        ) GROUP BY ALL HAVING lines > 0
    """,
    "converted": f"""{PRICED}
        SELECT currency, count(*) AS lines, sum(value_usd) AS usd, median(price / usual) AS ratio
        FROM priced JOIN usual USING (product_id, origin) WHERE value_rule = 'converted' GROUP BY ALL
    """,
    "months": """
        SELECT 'all' AS "all", period || '-' || lpad(month::VARCHAR, 2, '0') AS month, count(*) AS lines
        FROM read_parquet(?) WHERE month IS NOT NULL GROUP BY ALL
    """,
    "left_out": f"""
        SELECT rule, coalesce("value", 'none') AS "value", period, min(source_file) AS source_file, count(*) AS lines,
            sum(value_usd) AS usd
        FROM read_parquet(?) WHERE rule IN {LEFT_OUT} AND product_id IS NOT NULL GROUP BY ALL
    """,
}
Places = Iterator[tuple[dict, dict]]  # the keys of a place, and what is to be said of it


def findings(ds: Dataset, cells: pd.DataFrame, lines: Path, *, strict: bool = True) -> pd.DataFrame:
    """Table `findings`: expectations that do not hold, with place and imports at stake (USD), the largest first.

    Parameters
    ----------
    cells, lines : accepted lines added up, and the Parquet of all, as `clean_imports` makes them
    strict : without those that the dataset answers; DataError if one that is open lets no report be made
    """
    rows, columns, put = [], [column.name for column in tables()["findings"].columns], _put(ds)
    if len(cells):
        of_lines = _of_lines(cells, lines)
        sources, by_file = _series(ds, cells) | of_lines | _registers(ds, cells), of_lines["products_of_files"]
        usd = sources["value"]
        explained = pd.DataFrame(False, usd.index, usd.columns)
        for name, about in EXPECTATIONS.items():
            compare = {"jump": _jumps, "hole": _holes, "bounds": _beyond}[about["kind"]]
            for place, facts in compare(sources[about["of"]], about, usd, explained):
                span = facts["span"]
                if about["of"] == "months":
                    span = span.asfreq(ds.frequency).unique()
                if about["of"] in ("months", "lines", "value", "unit_value", "use"):
                    explained.loc[_within(place, usd), span] = True
                if "usd" not in facts:
                    facts["usd"] = _touched(place, span, usd, ds)
                if "{files}" in about["text"]:
                    own = by_file[by_file["period"].isin([*map(str, facts["span"])])]
                    facts["files"] = ", ".join(own.groupby("source_file")["lines"].sum().nlargest(2).index)
                rows.append(_finding(name, place, facts, put))
    table = pd.DataFrame(rows, columns=columns).drop_duplicates("key")
    table = table.sort_values("value_usd", ascending=False, kind="stable")
    table = open_questions(table, ds) if strict else table
    if strict and len(stops := table.loc[table["severity"].eq("stop"), "text"]):
        raise DataError(listed([*stops]))
    return conform(table, "findings", frequency=ds.frequency)


def open_questions(table: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """The findings that no answer explains; many of one expectation are one question, which one answer may end."""
    name = table["expectation"]
    rows = table[~table["key"].isin(ds.answers) & ~(name + ": all").isin(ds.answers)]
    if rows.empty:
        return rows
    n = rows.groupby("expectation")["key"].transform("size")
    places = rows["key"].str.split(": ", n=1).str[1].groupby(rows["expectation"]).transform(", ".join)
    together = (
        rows["text"] + "; there are " + n.astype("str") + ": " + places + ' — one answer for them: "' + name + ': all"'
    )
    rows = rows.assign(text=rows["text"].where(n <= APART, together), key=rows["key"].where(n <= APART, name + ": all"))
    return rows.drop_duplicates("key")


def _of_lines(cells: pd.DataFrame, lines: Path) -> dict[str, pd.DataFrame]:
    """The tables of `OF_LINES`; of very many lines, twins and prices are those of some."""
    files = str(lines if lines.is_file() else lines / "*.parquet")
    nth, usual = max(1, int(cells["lines"].sum()) // SOME), cells.groupby("period")["value_usd"].sum().median()
    with duckdb.connect() as connection:
        known = {name: connection.execute(sql.format(nth=nth), [files]).df() for name, sql in OF_LINES.items()}
    span = pd.period_range(cells["period"].min().start_time, cells["period"].max().end_time, freq="M", name="period")
    months = known.pop("months")
    months = months.assign(period=pd.PeriodIndex(months["month"].str[:4] + months["month"].str[-3:], freq="M"))
    aside = known.pop("left_out")
    aside = aside.assign(share=aside["usd"] / usual).sort_values("period")  # also of a period that has no import
    for name, table in known.items():
        if "period" in table:
            known[name] = table[table["period"].isin(cells["period"].astype("str"))]
    by_file = known["products_of_files"].groupby(["source_file", "period"], as_index=False)[["lines", "twins"]].sum()
    known |= {"files": by_file, "months": _wide(months, ["all"], "lines", span)}
    return known | {rule: aside[aside["rule"].eq(rule)] for rule in LEFT_OUT}


def _series(ds: Dataset, cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is compared over time: a series a row, a period a column; several readings of one thing as a tuple."""
    span = pd.period_range(cells["period"].min(), cells["period"].max(), name="period")
    usd, kg, lines = (_wide(cells.assign(all="all"), FLOW, column, span) for column in (*VOLUME, "lines"))
    record, own = ds.activity["scenario"].isna(), ds.activity["scenario"].eq(ds.scenario["name"])
    plan = ds.activity[record | (own if own.any() else ds.activity["scenario"].eq("base"))]
    plan = plan.sort_values("scenario").drop_duplicates(["period", "plant_id"])
    end = pd.Period(str(ds.target["year"]), freq="Y").asfreq(ds.frequency, "end") if ds.target else span[-1]
    months = pd.period_range(span[0].start_time, span[-1].end_time, freq="M", name="period")
    rates = ds.exchange_rates.assign(period=ds.exchange_rates["date"].dt.to_period("M"))
    output = _wide(ds.activity[record], ["plant_id"], "vehicles", span)
    vehicles = output.reindex(usd.index.get_level_values("plant_id")).set_axis(usd.index)
    at_home = _wide(ds.deliveries, USE, "value_usd", span)
    at_home = at_home.reindex(usd.index.droplevel(["all", "origin"])).set_axis(usd.index)
    usd = usd.where(usd > 0)  # a value of zero is none
    used = usd.groupby(level=USE).transform("sum", min_count=1)
    in_all = usd * (1 + at_home.fillna(0) / used)
    usual = used.fillna(0).add(at_home.fillna(0)).median(axis=1)
    replaced = at_home.gt(0) & at_home.ge(usual / 2, axis=0)
    return {
        "lines": lines.groupby(level="all").sum(min_count=1),
        "value": usd.mask(used.isna() & (vehicles.eq(0) | replaced), 0.0),  # nothing, and a reason for it
        "unit_value": usd / kg.where(kg > 0),
        "use": (usd / vehicles.where(vehicles > 0), in_all / vehicles.where(vehicles > 0)),
        "vehicles": output,
        "planned": _wide(plan, ["plant_id"], "vehicles", pd.period_range(span[0], max(end, span[-1]))),
        "delivered": _wide(ds.deliveries, PAIR, "net_kg", span),
        "rates": _wide(rates, ["currency"], "usd", months, "mean"),
    }


def _wide(table: pd.DataFrame, keys: list[str], column: str, span: pd.PeriodIndex, how: str = "sum") -> pd.DataFrame:
    """Sums by keys over the periods of a span; empty where there is no row."""
    known = table.dropna(subset=[column]).groupby([*keys, "period"])[column].agg(how)
    return known.unstack("period").reindex(columns=span).astype("float64")


def _jumps(series: pd.DataFrame | tuple, about: dict, usd: pd.DataFrame, explained: pd.DataFrame) -> Places:
    """Groups of series whose median stands beyond a ratio to the periods around, and no wider group's did."""
    deviation = _deviation(series)
    if "usual" in about:
        deviation = deviation[series.median(axis=1) >= about["usual"]]
    whole = deviation.index.equals(usd.index)
    for by in about["by"]:
        groups = (deviation.mask(explained) if whole else deviation).groupby(level=by)
        middle = groups.median().where(groups.count() >= about.get("least", 1))
        odd = middle.abs() > np.log(about["ratio"])
        if not odd.to_numpy().any():
            continue
        odd &= usd.groupby(level=by).sum() / usd.sum() >= about["stake"] if whole else True
        odd.iloc[:, 1:-1] &= not about.get("ends", False)
        for key, flags in odd[odd.any(axis=1)].iterrows():
            for place, span in _runs(by, key, flags):
                yield place, {"span": span, "ratio": np.exp(middle.loc[key, span[0]])}


def _deviation(series: pd.DataFrame | tuple) -> pd.DataFrame:
    """How far each logarithm stands from the median of the periods around, and of those before; of both the nearer."""
    if isinstance(series, tuple):
        return _nearer(*map(_deviation, series))
    logs = np.log(series.where(series > 0))
    padded = np.pad(logs.to_numpy(), ((0, 0), (REACH, REACH)), constant_values=np.nan)
    around = np.delete(np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, axis=1), REACH, axis=2)
    past, later = logs - _median(around[..., :REACH], 2), logs - _median(around[..., REACH:], 2)
    return _nearer(logs - _median(around, ENOUGH), past.where(past.notna(), later))


def _median(values: np.ndarray, least: int) -> np.ndarray:
    """Medians over the last axis, of so many known values at least."""
    known = np.ma.masked_invalid(values)
    return np.where(known.count(axis=-1) >= least, np.ma.median(known, axis=-1).filled(np.nan), np.nan)


def _nearer(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    return one.where(one.abs() <= other.abs(), other)


def _holes(series: pd.DataFrame, about: dict, usd: pd.DataFrame, explained: pd.DataFrame) -> Places:
    """Periods without a value in groups of series that have one before and after, or before and no more."""
    whole, reach = series.index.equals(usd.index), about.get("reach", REACH)
    of_all = usd.sum().median()
    for by in about["by"]:
        groups = series.groupby(level=by)
        sums = groups.sum(min_count=1)
        sums = sums.where((sums > 0) | groups.count().eq(groups.size(), axis=0))  # nothing, if nothing of all is known
        for key, values in sums[sums.isna().any(axis=1)].iterrows():
            for place, span in _runs(by, key, values.isna()):
                first, last = values.index.get_indexer(span[[0, -1]])
                around = values.drop(span).iloc[max(first - reach, 0) : first + reach]
                most = {0: about.get("late", 0), len(values) - 1: about.get("early", len(values))}
                few = around.count() < max(min(ENOUGH, reach), len(around) * 3 / 4)
                long = len(span) > most.get(first, most.get(last, len(values)))
                small = around.mean() < (about["stake"] * of_all if whole else about.get("usual", 0))
                if not (few or long or small or (whole and explained.loc[_within(place, usd), span[0]].all())):
                    at_stake = {"usd": around.mean() * len(span)} if whole else {}
                    after = "the end" if last + 1 == len(values) else values.index[last + 1]
                    yield place, {"span": span, "usual": around.mean(), "after": after} | at_stake


def _runs(by: list[str], key: object, flags: pd.Series) -> Iterator[tuple[dict, pd.PeriodIndex]]:
    """The unbroken runs of periods that are flagged, each with its place: keys and first period."""
    at, keys = np.flatnonzero(flags), dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
        yield keys | {"period": str(flags.index[run[0]])}, flags.index[run]


def _within(place: dict, usd: pd.DataFrame) -> np.ndarray:
    """Which series of imports a place speaks of."""
    known = {"all": "all"} | {name: key for name, key in place.items() if name in FLOW}
    return np.logical_and.reduce([usd.index.get_level_values(name) == key for name, key in known.items()])


def _registers(ds: Dataset, cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is compared row by row: registers beside imports, capacity and output; rates, target, origins, weights."""
    total = cells.groupby(["product_id", "period"])[VOLUME].sum()
    price = (total["value_usd"] / total["net_kg"]).groupby(level=0).median()  # one period that is off moves no median
    year = total["net_kg"].groupby(level=0).quantile(0.75) * YEAR[ds.frequency]  # a good one, and not one that is off
    products = pd.DataFrame({"price": price, "year_kg": year})
    sheets = ds.project_products.merge(ds.projects, on="project_id", validate="m:1", suffixes=("", "_project"))
    sheets = sheets.join(products, on="product_id", validate="m:1").fillna({"use": 1.0, "plant_share": 1.0})
    sheets = sheets.merge(ds.products[["product_id", "localisable_share"]], on="product_id", validate="m:1")
    ramps = [[*map(float, shares.split(";"))] for shares in sheets["ramp_up"].fillna("1")]
    dates = sheets[["start", "first_output", "trial_output"]].apply(pd.to_datetime, format="ISO8601", errors="coerce")
    sheets = sheets.assign(
        capacity_kg=sheets["capacity"] * sheets["kg_per_unit"],
        alike=sheets.groupby(["product_id", "capacity", "use"])["project_id"].transform("size"),
        ramp=[np.diff(shares).min(initial=0) for shares in ramps],
        ramp_most=[*map(max, ramps)],
        **{f"{name}_year": in_years(pd.DatetimeIndex(day)) for name, day in dates.items()},
    )
    supplied = pd.MultiIndex.from_frame(sheets[PAIR]).isin(pd.MultiIndex.from_frame(ds.deliveries[PAIR]))
    due = in_years((cells["period"].max() + 1).start_time) - sheets["first_output_year"]
    sheets["idle_years"] = due.mask(supplied | (ds.counterfactual != "deliveries"), 0.0)
    sheets["year_usd"] = sheets.eval("capacity_kg * use * price").groupby(sheets["project_id"]).transform("sum")
    sold = ds.deliveries.groupby(ROW, as_index=False)["net_kg"].sum()
    output = ds.output.merge(sheets[[*PAIR, "kg_per_unit", "capacity_kg"]], on=PAIR, validate="m:1")
    output = output.merge(sold, on=ROW, how="left", validate="1:1").assign(periods=YEAR[ds.frequency])
    uses = ds.uses[USE].drop_duplicates().assign(used=1)
    deliveries = ds.deliveries.join(products, on="product_id").merge(uses, on=USE, how="left", validate="m:1")
    begun = deliveries.merge(sheets[[*PAIR, "first_output_year"]], on=PAIR, validate="m:1")["first_output_year"]
    early = begun - in_years(pd.PeriodIndex(deliveries["period"] + 1).to_timestamp())
    cut_kg = deliveries["net_kg"] - deliveries["baseline_kg"].fillna(0)
    deliveries = deliveries.assign(early_years=early.where(cut_kg > 0, 0.0))
    target = {"amount_usd": np.nan, "year": np.nan, **ds.target, "last": cells["period"].max().year}
    target |= {"begin": getattr(ds.programme_start, "year", np.nan), "base_end": ds.base_period.end_time.year}
    target |= {"programme_start": ds.programme_start}
    target |= {"full_usd": sheets.groupby("project_id")["year_usd"].first().sum()}
    imports = cells.assign(weighed=cells["value_usd"].where(cells["net_kg"] > 0))
    imports = imports.groupby("period", as_index=False)[["value_usd", "weighed"]].sum()
    strange = cells[cells["origin"].isin(strange_origins(cells).index)]
    strange = strange.groupby(["origin", "period"], as_index=False)[["lines", "value_usd"]].sum()
    origins = strange.merge(imports, on="period", validate="m:1", suffixes=("", "_of_all"))
    return {
        "sheets": sheets,
        "output": output,
        "best_output": output.sort_values("quantity").drop_duplicates(PAIR, keep="last"),
        "deliveries": deliveries.fillna({"used": float(uses.empty)}),
        "deliveries_in_all": pd.DataFrame({"ratio": [deliveries.eval("value_usd / net_kg / price").median()]}),
        "exchange_rates": ds.exchange_rates[ds.exchange_rates["date"] <= cells["period"].max().end_time],
        "target": pd.DataFrame([target]),
        "origins": origins.assign(share=origins["value_usd"] / origins["value_usd_of_all"]),
        "weights": imports.assign(usual=(imports["weighed"] / imports["value_usd"]).median()),
    }


def _beyond(rows: pd.DataFrame, about: dict, *_: pd.DataFrame) -> Places:
    """Rows whose value lies outside the bounds, those of one place together at the first."""
    name = about["value"]  # or a formula
    value = (rows[name] if name in rows else rows.eval(name)).astype("float64")
    odd = (value < about.get("low", -np.inf)) | (value > about.get("high", np.inf))
    for key, group in rows.assign(all="all", number=value)[odd].groupby(about["by"], sort=False):
        yield dict(zip(about["by"], key, strict=True)), group.iloc[0].to_dict() | {"n": len(group), "span": []}


def _finding(name: str, place: dict, facts: dict, put: dict[tuple, str]) -> tuple:
    """A row of `findings`: where, what, what was expected and what to do, with the key of its answer."""
    about, span = EXPECTATIONS[name], [str(period) for period in facts["span"]]
    key = f"{name}: {' '.join(map(str, place.values()))}"
    words = [f"{of.removesuffix('_id')} {value}" for of, value in place.items() if of not in ("period", "all")]
    where = ", ".join([*words, "–".join(dict.fromkeys([*span[:1], *span[-1:]]))])
    answer = f'; if it is right, say why under [answers] of dataset.toml: "{key}" = "…"'
    return (
        key,
        name,
        about["kind"],
        about["severity"],
        facts["usd"],
        about["text"].format(where=where, **facts | place)
        + put.get((facts.get("source_file"), facts.get("line")), "")
        + answer,
    )


def _put(ds: Dataset) -> dict[tuple, str]:
    """What corrections put, by file and line: that may be what is wrong there."""
    rows = ds.corrections[ds.corrections["status"].ne("withdrawn")]
    values = rows["value"].map(" (corrections.csv puts {} there)".format, na_action="ignore").dropna()
    return values.groupby([rows["file"], rows["line"]]).agg("".join).to_dict()


def _touched(place: dict, span: pd.PeriodIndex | list, usd: pd.DataFrame, ds: Dataset) -> float:
    """Imports of the products and plants of a place, in its periods or else in the last year."""
    rows = usd[_within(place, usd)]
    if "project_id" in place and "product_id" not in place:
        of_project = ds.project_products.set_index("project_id")["product_id"].loc[[place["project_id"]]]
        rows = rows[rows.index.isin(of_project, level="product_id")]
    own = rows[rows.columns.intersection(span)].sum().sum()
    return own or rows.iloc[:, -YEAR[ds.frequency] :].sum().sum()
