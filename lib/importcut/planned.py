"""Planned cuts to the target year: requirement, supply, dispatch, credit, and what can be displaced at all."""

import numpy as np
import pandas as pd

from importcut.attribute import RULES, credit, dispatched
from importcut.schema import conform, empty, within

PAIR = ["project_id", "product_id"]
AMOUNTS = ["gross_usd", "net_usd", "exports_usd"]


def assumption(ds, name: str) -> float:
    """The value of an assumption of the scenario; 0 for drift and delay, 1 for ratios, where it is not stated."""
    return ds.scenario["assumptions"].get(name, {}).get("value", 0.0 if name in ("price_drift", "delay_years") else 1.0)


def horizon(ds) -> pd.PeriodIndex:
    """The plan's periods: from the programme's start to the end of the target year; none without a target."""
    if not ds.target or ds.programme_start is None:
        return pd.PeriodIndex([], freq=ds.frequency)
    end = pd.Period(str(ds.target["year"]), freq="Y").end_time
    return pd.period_range(ds.programme_start, end, freq=ds.frequency)


def addressable(ds, panel: pd.DataFrame, cuts: pd.DataFrame) -> pd.DataFrame:
    """What the plants will need of each product, and can be made at home: kg and USD at base price × drift.

    Parameters
    ----------
    panel : gives imports and prices of the base period
    cuts : `gross_kg` by product, plant and period: domestic deliveries are part of the requirement

    Returns
    -------
    DataFrame
        Key product_id, period; columns cap_kg, price (USD per kg).
    """
    pair, span = ["product_id", "plant_id"], horizon(ds)
    if span.empty:
        return _empty(ds, ["product_id"], ["cap_kg", "price"])
    base = panel[within(panel["period"], ds.base_period)]
    delivered = cuts[within(cuts["period"], ds.base_period)]
    need = base.groupby(pair)["net_kg"].sum().add(delivered.groupby(pair)["gross_kg"].sum(), fill_value=0)
    vehicles = _vehicles(ds)
    made = vehicles[within(vehicles["period"], ds.base_period)].groupby("plant_id")["vehicles"].sum()
    intensity = (need / need.index.get_level_values("plant_id").map(made).to_numpy()).rename("intensity").reset_index()
    total = base.groupby("product_id")[["value_usd", "net_kg"]].sum()
    drift = (1 + assumption(ds, "price_drift")) ** np.maximum(span.year - ds.base_period.year, 0)
    share = ds.products.set_index("product_id")["localisable_share"].fillna(1)
    table = (
        vehicles[vehicles["period"].isin(span)]
        .merge(intensity, on="plant_id", validate="m:m")
        .assign(cap_kg=lambda t: t["vehicles"] * t["intensity"] * t["product_id"].map(share))
        .groupby(["product_id", "period"], as_index=False)["cap_kg"]
        .sum()
    )
    price = (total["value_usd"] / total["net_kg"]).rename("price")
    factor = pd.Series(drift, index=span, name="drift")
    return table.join(price, on="product_id").join(factor, on="period").assign(
        price=lambda t: t["price"] * t["drift"]
    ).drop(columns="drift")  # fmt: skip


def supply(ds, periods: pd.PeriodIndex) -> np.ndarray:
    """Import that each project × product (rows of project_products) can replace in each period, kg.

    Capacity × use × share sold to the plants × kg of import a kg replaces × the ramp-up from the first output
    plus delay, integrated over the period.
    """
    sheet = ds.project_products.merge(ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1")
    use = sheet["use"].fillna(1) * assumption(ds, "capacity_use")
    a_year = (
        sheet["capacity"] * sheet["kg_per_unit"] * use * sheet["plant_share"].fillna(1) * sheet["replaces_kg"].fillna(1)
    )
    first = pd.PeriodIndex(sheet["first_output"], freq="M")
    start = first.year + (first.month - 1) / 12 + assumption(ds, "delay_years")
    border = np.append(_years(periods), _years(periods[-1:] + 1)) if len(periods) else np.zeros(1)
    ramps = [[float(share) for share in text.split(";")] for text in sheet["ramp_up"].fillna("1")]
    run = np.array([_ramped(border - s, ramp) for s, ramp in zip(start, ramps, strict=True)])
    return a_year.to_numpy()[:, None] * np.diff(run.reshape(len(sheet), -1), axis=1)


def plan(ds, caps: pd.DataFrame) -> pd.DataFrame:
    """Supply, dispatched import and its value by project × product × period under the scenario's dispatch."""
    span, sheet = horizon(ds), ds.project_products
    if span.empty:
        return _empty(ds, PAIR, ["supply_kg", "displaced_kg", "cap_kg", "price", "net_price", *AMOUNTS])
    kg = pd.DataFrame(supply(ds, span), index=pd.MultiIndex.from_frame(sheet[PAIR]), columns=span)
    table = kg.rename_axis(columns="period").stack().rename("supply_kg").reset_index()
    table = table.merge(caps, on=["product_id", "period"], how="left", validate="m:1")
    table["cap_kg"] = table["cap_kg"].fillna(0)
    for _, shared in table.groupby("product_id"):
        by_period = shared.pivot_table(index="period", columns="project_id", values="supply_kg")
        cap = shared.groupby("period")["cap_kg"].first()
        flows = by_period.mul(0).add(dispatched(by_period.to_numpy(), cap.to_numpy())).stack()
        table.loc[shared.index, "displaced_kg"] = flows.loc[
            pd.MultiIndex.from_frame(shared[["period", "project_id"]])
        ].to_numpy()
    inputs = sheet[[*PAIR, "imported_input_usd_per_kg", "diverted_export_share", "replaces_kg"]]
    table = table.merge(inputs, on=PAIR, validate="m:1")
    per_import_kg = table["imported_input_usd_per_kg"].fillna(0) / table["replaces_kg"].fillna(1)
    return table.assign(
        price=table["price"].fillna(0),
        net_price=table["price"].fillna(0) - per_import_kg,
        gross_usd=lambda t: t["displaced_kg"] * t["price"],
        net_usd=lambda t: t["displaced_kg"] * t["net_price"],
        exports_usd=lambda t: t["gross_usd"] * t["diverted_export_share"].fillna(0),
    )


def planned_cuts(ds, planned: pd.DataFrame) -> pd.DataFrame:
    """Table `cuts_planned`: the plan by year; imported equipment counts once, in the year of the first output."""
    if planned.empty:
        return empty("cuts_planned", ds)
    table = planned.assign(year=planned["period"].dt.year)
    yearly = table.groupby([*PAIR, "year"], as_index=False)[["supply_kg", "displaced_kg", *AMOUNTS]].sum()
    projects = ds.projects.set_index("project_id")
    first = yearly.groupby(PAIR)["year"].transform("min").where(yearly["supply_kg"] > 0)
    opened = yearly["project_id"].map(projects["first_output"].str[:4].astype(int))
    lead = yearly["product_id"].eq(
        yearly["project_id"].map(ds.project_products.groupby("project_id")["product_id"].first())
    )
    equipment = yearly["project_id"].map(projects["imported_equipment_usd"]).fillna(0)
    once = equipment.where(yearly["year"].eq(opened) & lead & first.notna(), 0)
    table = yearly.assign(fx_usd=yearly["net_usd"] - yearly["exports_usd"] - once)
    return conform(table, "cuts_planned", frequency=ds.frequency)


def credited(ds, planned: pd.DataFrame) -> pd.DataFrame:
    """Table `credit`: the planned cuts divided by each rule, for the target year and summed to it."""
    running = planned[planned["supply_kg"] > 0]
    if running.empty:
        return empty("credit", ds)
    alone = running.groupby(["product_id", "period"])["project_id"].transform("size").eq(1)
    single = running.loc[alone, ["project_id", "period", "gross_usd", "net_usd"]]
    rows = [single.assign(rule=rule) for rule in RULES]  # nothing to divide: every rule gives the dispatched cut
    for (_, period), group in running[~alone].groupby(["product_id", "period"]):
        shared = group.set_index("project_id")
        for rule in RULES:
            gross, net = (
                credit(shared["supply_kg"], shared["cap_kg"].iloc[0], unit_value=shared[value], rule=rule)
                for value in ("price", "net_price")
            )
            rows.append(
                pd.DataFrame({"gross_usd": gross, "net_usd": net}).assign(rule=rule, period=period).reset_index()
            )
    table, by = pd.concat(rows), ["project_id", "rule"]
    in_year = table[table["period"].dt.year.eq(ds.target["year"])]
    sums = {"target_year": in_year, "cumulative": table}
    summed = [t.groupby(by, as_index=False)[["gross_usd", "net_usd"]].sum().assign(basis=b) for b, t in sums.items()]
    return conform(pd.concat(summed, ignore_index=True), "credit", frequency=ds.frequency)


def planned_by_period(planned: pd.DataFrame) -> pd.DataFrame:
    """Planned gross cut of each project in each period: project_id, period, planned_usd, planned_kg."""
    summed = planned.groupby(["project_id", "period"], as_index=False)[["gross_usd", "displaced_kg"]].sum()
    return summed.rename(columns={"gross_usd": "planned_usd", "displaced_kg": "planned_kg"})


def _empty(ds, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    types = dict.fromkeys(texts, "str") | {"period": f"period[{ds.frequency}]"} | dict.fromkeys(numbers, "float64")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _vehicles(ds) -> pd.DataFrame:
    """Vehicles recorded up to `ds.period`; after it the plan of the scenario or the base × the scenario's output."""
    table = ds.activity
    past = table[table["scenario"].isna() & (table["period"] <= ds.period)]
    name = ds.scenario["name"] if table["scenario"].eq(ds.scenario["name"]).any() else "base"
    # a period recorded since the report's own still counts as planned in that report
    later = table[(table["period"] > ds.period) & (table["scenario"].isna() | table["scenario"].eq(name))]
    later = later.sort_values("scenario").drop_duplicates(["period", "plant_id"])
    later = later.assign(vehicles=later["vehicles"] * assumption(ds, "vehicle_output"))
    return pd.concat([past, later])[["period", "plant_id", "vehicles"]]


def _years(periods: pd.PeriodIndex) -> np.ndarray:
    start = periods.start_time
    return (start.year + (start.month - 1) / 12).to_numpy(float)


def _ramped(years: np.ndarray, ramp: list[float]) -> np.ndarray:
    """Capacity-years run by each point in time since the first output; the last share of the ramp-up persists."""
    ends = np.arange(len(ramp) + 1.0)
    run = np.concatenate([[0.0], np.cumsum(ramp)])
    beyond = np.maximum(years - ends[-1], 0) * ramp[-1]
    return np.interp(years, ends, run) + beyond
