"""What each project cut, by delivery records or from customs data alone, and whether the data can tell."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.falsification import CLAIM, claim_tests
from importcut.economics.input_output import assumed_inputs
from importcut.economics.methods import Declined
from importcut.economics.placebo import PLACEBO, estimate, main_question, placebo_test
from importcut.economics.series import Observed
from importcut.economics.uncertainty import delivery_outcome, interval
from importcut.schema import PAIR, ROW, UNTOLD, USE, VOLUME, YEAR, conform, weakest

DELIVERIES = "deliveries"  # the method that reads records instead of a series
AT_ORIGINS = {"gross_low_usd": "cheapest_usd", "gross_high_usd": "dearest_usd"}  # of records: usual origins' prices
GROSS = ["gross_kg", "gross_usd", "gross_low_usd", "gross_high_usd"]
SUMS = ["delivered_kg", *GROSS, "current_usd"]
PLANT_CUTS = [*PAIR, "plant_id", "period", *SUMS, "base_kg", "evidence"]


def plant_cuts(observed: Observed, method: str | None = None) -> pd.DataFrame:
    """Gross cuts by project × product × plant × period: kg, USD with its range, evidence.

    By `method`, else the dataset's own: deliveries count at the mix-constant price, a series at the current unit value.
    """
    method = method or observed.ds.counterfactual
    return delivery_cuts(observed) if method == DELIVERIES else _series_cuts(observed, method)


def identification(observed: Observed, estimates: pd.DataFrame) -> pd.DataFrame:
    """Each project × product: `reason` why the data cannot tell its cut (empty if they can), and the placebo test.

    A fall that does not pass every test is an estimate, `not_told`; a negative estimate is credited to no project, a
    recorded shortfall is.
    """
    ds, gross = observed.ds, estimates.groupby(PAIR)["gross_usd"]
    method = ds.counterfactual
    if method == DELIVERIES:
        table = delivering(ds).assign(**dict.fromkeys(PLACEBO, np.nan), told=True)
        barred, why = gross.sum(skipna=False).isna(), "no_price"
    else:
        rows = [case_test(observed, case, method)[0] for case in observed.cases.itertuples()]
        table = pd.DataFrame(rows, columns=[*PAIR, "reason", *PLACEBO, "told"])
        barred, why = gross.sum().lt(0), "negative_estimate"
    inside = pd.MultiIndex.from_frame(table[PAIR]).isin(barred.index[barred])
    reason = table["reason"].mask(table["reason"].isna() & inside, why).astype(object)
    reason = reason.mask(reason.isna() & table["told"].ne(True), UNTOLD)
    return table.assign(reason=reason, told=reason.isna())


def falsification_tests(observed: Observed) -> pd.DataFrame:
    """Table `tests`: the five tests of every fall that the dataset's method finds; recorded deliveries need none."""
    ds, rows = observed.ds, []
    if ds.counterfactual != DELIVERIES:
        rows = [row for case in observed.cases.itertuples() for row in case_test(observed, case, ds.counterfactual)[1]]
    return conform(pd.DataFrame(rows, columns=CLAIM), "tests", frequency=ds.frequency)


def identified_cuts(estimates: pd.DataFrame, identification: pd.DataFrame) -> pd.DataFrame:
    """The cuts that are credited to a project: rows of `plant_cuts`, in kg and USD."""
    credited = identification.loc[identification["reason"].isna(), PAIR]
    return estimates.merge(credited, on=PAIR, validate="m:1")


def realised_cuts(ds: Dataset, estimates: pd.DataFrame, identification: pd.DataFrame) -> pd.DataFrame:
    """Table `cuts_realised`: `plant_cuts` with net, grades, placebo and limits; then what has no estimate.

    An estimate that did not pass every test stays with its figures, not `identified`.

    Parameters
    ----------
    estimates, identification : from `plant_cuts` and `identification`

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> pair = {"project_id": "antifreeze_navoi", "product_id": "antifreeze"}
    >>> cut = {"plant_id": "asaka", "period": pd.Period("2026Q3"), "delivered_kg": 1000.0, "gross_kg": 1000.0}
    >>> cut |= {"gross_usd": 2000.0, "current_usd": 2100.0, "gross_low_usd": 1900.0, "gross_high_usd": 2200.0}
    >>> tests = dict.fromkeys(["placebo_rank", "placebo_n", "placebo_p", "smallest_p"], np.nan)
    >>> tests = pd.DataFrame([pair | tests | {"reason": None, "told": True}])
    >>> table = realised_cuts(ds, pd.DataFrame([pair | cut | {"evidence": "measured"}]), tests)
    >>> table[["gross_usd", "net_usd", "gross_evidence", "net_evidence"]].to_numpy().tolist()
    [[2000.0, 1260.0, 'measured', 'planned']]
    """
    inputs = ds.project_products[[*PAIR, "imported_input_usd_per_kg"]]
    sums = dict.fromkeys(SUMS, lambda values: values.sum(skipna=False)) | {"evidence": weakest}
    table = estimates.groupby(ROW, as_index=False).agg(sums).rename(columns={"evidence": "gross_evidence"})
    table = table.merge(identification, on=PAIR, how="left", validate="m:1")
    table = table[table["reason"].isna() | table["reason"].eq(UNTOLD)]
    table = table.merge(inputs, on=PAIR, how="left", validate="m:1")
    table = table.merge(assumed_inputs(ds).reset_index(), on=PAIR, how="left", validate="m:1")
    stated, share = table["delivered_kg"] * table["imported_input_usd_per_kg"], table["assumed_input"]
    for end in ("", "_low", "_high"):
        gross = table[f"gross{end}_usd"]  # of an estimate the kg, and their inputs, lie in the same range as the cut
        scale = (gross / table["gross_usd"]).where(table["gross_evidence"].eq("inferred"), 1)
        table[f"net{end}_usd"] = gross - (stated * scale).fillna(gross * share)
    by_records = ds.counterfactual == DELIVERIES
    table = table.assign(**{name: table[end] if by_records else np.nan for end, name in AT_ORIGINS.items()})
    if by_records and len(table):
        drawn = interval(delivery_outcome(ds, table, ROW))
        table = table.drop(columns=[*drawn]).join(drawn, on=ROW)
    table = with_support(ds, table)
    table = table.assign(
        net_evidence=np.select([stated.notna(), share.notna()], ["planned", "assumed"], None),
        identified=table["reason"].isna(),
    )
    untold = identification["reason"].isna() | identification["reason"].eq(UNTOLD)
    others = identification.loc[~untold, [*PAIR, "reason"]].assign(identified=False, limit_flag=False, told=False)
    table = pd.concat([table, others], ignore_index=True).assign(method=ds.counterfactual)
    return conform(table.sort_values(ROW, na_position="last"), "cuts_realised", frequency=ds.frequency)


def counterfactual_imports(panel: pd.DataFrame, cuts: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Table `counterfactual`: actual imports of the comparable partners plus all cuts, by product × period, USD and kg.

    With delivery records every product is there; else those of the `identified_cuts`, in all periods.
    """
    key = ["product_id", "period"]
    actual = panel[panel["comparable"]].groupby(key).agg(actual_usd=("value_usd", "sum"), actual_kg=("net_kg", "sum"))
    known = {"base_kg": lambda kg: kg.sum(min_count=1), "evidence": weakest}
    summed = cuts.groupby(key).agg({"gross_usd": "sum", "gross_kg": "sum"} | known)
    table = actual.join(summed, how="outer").reset_index()
    if ds.counterfactual != DELIVERIES:
        table = table[table["product_id"].isin(cuts["product_id"])]
    nothing = dict.fromkeys(["actual_usd", "actual_kg", "gross_usd", "gross_kg"], 0)
    table = table.fillna(nothing | {"evidence": "measured"})  # of a row without a cut: customs recorded it
    table = table.assign(
        method=ds.counterfactual,
        counterfactual_usd=table["actual_usd"] + table["gross_usd"],
        counterfactual_kg=table["actual_kg"] + table["gross_kg"],
    )
    return conform(table, "counterfactual", frequency=ds.frequency)


def delivery_cuts(observed: Observed) -> pd.DataFrame:
    """Cuts from delivery records: import replaced × mix-constant price; ends: of the cheapest and dearest origin."""
    ds, key = observed.ds, [*USE, "period"]
    prices = observed.panel[observed.panel["comparable"]].groupby(key)[VOLUME].sum()
    prices = (prices["value_usd"] / prices["net_kg"].where(prices["net_kg"] > 0)).rename("current").reset_index()
    rows = (
        ds.deliveries[ds.deliveries["period"] <= ds.period]
        .merge(_replaced(ds), on=PAIR, how="left", validate="m:1")
        .merge(observed.prices, on=key, how="left", validate="m:1")
        .merge(prices, on=key, how="left", validate="m:1")
    )
    delivered = rows["net_kg"] - rows["baseline_kg"].fillna(0)
    kg = rows["replaces_kg"] * delivered
    usd = {end: kg * rows[end].fillna(rows["price"]) for end in ("price", "current", "price_low", "price_high")}
    current, ends = usd.pop("current"), pd.DataFrame(usd)
    table = rows.assign(
        delivered_kg=delivered, gross_kg=kg, gross_usd=ends["price"], gross_low_usd=ends.min(axis=1),
        gross_high_usd=ends.max(axis=1), current_usd=current, base_kg=np.nan, evidence=rows["price_evidence"],
    )  # fmt: skip
    return table.loc[kg != 0, PLANT_CUTS]


def delivering(ds: Dataset) -> pd.DataFrame:
    """Each project × product, with the reason where nothing above the baseline has been delivered yet."""
    sheet = ds.project_products[PAIR].merge(ds.projects[["project_id", "first_output"]], on="project_id")
    sold = ds.deliveries[ds.deliveries["period"] <= ds.period]
    above = sold["net_kg"].sub(sold["baseline_kg"].fillna(0)).ne(0)
    records = sold.assign(above=above).groupby(PAIR, as_index=False)["above"].any()
    sheet = sheet.merge(records, on=PAIR, how="left", validate="1:1")
    due = pd.PeriodIndex(sheet["first_output"], freq="M").start_time <= ds.period.end_time
    states = [sheet["above"].eq(True), ~due, sheet["above"].eq(False)]
    return sheet[PAIR].assign(reason=np.select(states, [None, "not_started", "baseline_only"], "no_deliveries"))


def case_test(observed: Observed, case: NamedTuple, method: str, *, every: bool = True) -> tuple[dict, list[dict]]:
    """Why the method cannot answer for a row of `observed.cases`, or its placebo test and the rows of `every` test."""
    about = {"project_id": case.project_id, "product_id": case.product_id, "reason": case.reason}
    if case.reason is not None:
        return about, []
    try:
        if not every:
            return about | placebo_test(observed, main_question(observed, case, method), method), []
        outcome, tests = claim_tests(observed, case, method)
    except Declined as declined:
        return about | {"reason": str(declined)}, []
    return about | outcome, tests


def _series_cuts(observed: Observed, method: str) -> pd.DataFrame:
    """Cuts from the series with their placebo intervals, divided among the plants by their shares of the base."""
    frames = []
    for case in observed.identifiable:
        try:
            table = estimate(observed, case, method)
        except Declined:
            continue
        base = observed.by_plant[case.product_id][observed.inside(case.base)]
        shares = (base.sum() / base.sum().sum()).rename("share").rename_axis("plant_id").reset_index()
        amounts = [*GROSS, "base_kg"]
        table = (
            table.assign(base_kg=base.sum(axis=1).mean()).reset_index().merge(shares[shares["share"] > 0], how="cross")
        )
        table[amounts] = table[amounts].mul(table["share"], axis=0)
        frames.append(table.assign(project_id=case.project_id, product_id=case.product_id))
    if not frames:
        texts = dict.fromkeys([*PAIR, "plant_id", "evidence"], "str") | {"period": observed.periods.dtype}
        return pd.DataFrame({name: pd.Series(dtype=texts.get(name, "float64")) for name in PLANT_CUTS})
    table = pd.concat(frames, ignore_index=True).merge(_replaced(observed.ds), on=PAIR, how="left", validate="m:1")
    delivered = table["gross_kg"] / table["replaces_kg"]
    return table.assign(delivered_kg=delivered, current_usd=table["gross_usd"], evidence="inferred")[PLANT_CUTS]


def _replaced(ds: Dataset) -> pd.DataFrame:
    """The kg of import that a domestic kg replaces, one where the sheet is silent."""
    return ds.project_products[[*PAIR, "replaces_kg"]].fillna({"replaces_kg": 1.0})


def with_support(ds: Dataset, cuts: pd.DataFrame) -> pd.DataFrame:
    """Cuts (ROW, gross_kg, gross_usd, gross_evidence) with the limits of their plants, and what these support (USD)."""
    table = cuts.merge(_limits(ds, cuts), on=ROW, how="left", validate="1:1")
    over = table["gross_kg"] > table["limit_kg"]
    supported = table["gross_usd"] * (table["limit_kg"] / table["gross_kg"]).where(over, 1)
    return table.assign(limit_flag=over, supported_usd=supported, excess_usd=table["gross_usd"] - supported)


def _limits(ds: Dataset, cuts: pd.DataFrame) -> pd.DataFrame:
    """The tighter of capacity (for the part of the period in operation) and recorded output, in kg of import."""
    sheet = ds.project_products.fillna({"replaces_kg": 1.0})
    sheet = sheet.merge(ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1")
    table = (
        cuts[[*ROW, "gross_evidence"]]
        .merge(sheet, on=PAIR, validate="m:1")
        .merge(_output(ds, cuts), on=ROW, how="left")
    )
    span = pd.PeriodIndex(table["period"])
    year = (span.end_time - span.start_time) / pd.Timedelta(days=365.2425)  # the mean year of the calendar
    started = pd.PeriodIndex(table["first_output"], freq="M").start_time
    active = np.clip((span.end_time - started) / (span.end_time - span.start_time), 0, 1)
    to_kg = table["kg_per_unit"] * table["replaces_kg"]
    capacity, output = table["capacity"] * to_kg * year.to_numpy() * active.to_numpy(), table["quantity"] * to_kg
    tighter = output.notna() & (output < capacity)
    return table[ROW].assign(
        capacity_kg=capacity,
        output_kg=output,
        limit=np.where(tighter, np.where(table["carried"].eq(True), "output_carried", "output"), "capacity"),
        limit_kg=np.where(tighter, output, capacity),
    )


def _output(ds: Dataset, cuts: pd.DataFrame) -> pd.DataFrame:
    """Recorded output by period, of some months as of the whole; of an estimate carried to periods without a record."""
    months = 12 / YEAR[ds.frequency]
    known = ds.output.assign(
        quantity=ds.output["quantity"] * (months / ds.output["months"].fillna(months)), carried=False
    )
    rows = cuts.loc[cuts["gross_evidence"].eq("inferred"), ROW].sort_values("period")
    near = rows.merge(known, on=ROW, how="left")
    near["carried"] = near["quantity"].isna()
    near["quantity"] = near.groupby(PAIR)["quantity"].transform(lambda quantity: quantity.ffill().bfill())
    return pd.concat([near, known], ignore_index=True).drop_duplicates(ROW)[[*ROW, "quantity", "carried"]]
