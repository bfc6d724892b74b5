"""What the plants will need of each product to the target year, and can be made at home."""

import numpy as np
import pandas as pd

from importcut.dataset import assumption
from importcut.schema import within


def horizon(ds) -> pd.PeriodIndex:
    """The plan's periods: from the programme's start to the end of the target year; none without a target."""
    if not ds.target or ds.programme_start is None:
        return pd.PeriodIndex([], freq=ds.frequency)
    end = pd.Period(str(ds.target["year"]), freq="Y").end_time
    return pd.period_range(ds.programme_start, end, freq=ds.frequency)


def addressable(ds, panel: pd.DataFrame, cuts: pd.DataFrame, *, as_planned: bool = False) -> pd.DataFrame:
    """What the plants will need of each product, and can be made at home: kg and USD at base price × drift.

    Parameters
    ----------
    panel : gives imports and prices of the base period
    cuts : `gross_kg` by product, plant and period: domestic deliveries are part of the requirement
    as_planned : periods that are over count with the vehicles planned for them, not with those made

    Returns
    -------
    DataFrame
        Key product_id, period; columns cap_kg, price (USD per kg).

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2024Q4", freq="Q")
    >>> panel = pd.DataFrame({"product_id": "washer_fluid", "plant_id": "asaka", "period": span})
    >>> panel = panel.assign(value_usd=9000.0, net_kg=6000.0)
    >>> caps = addressable(ds, panel, panel.assign(gross_kg=0.0))
    >>> caps.tail(1).round(2).astype({"period": str}).to_numpy().tolist()
    [['washer_fluid', '2030Q4', 6222.0, 1.5]]
    """
    pair, span = ["product_id", "plant_id"], horizon(ds)
    if span.empty:
        return empty_plan(ds, ["product_id"], ["cap_kg", "price"])
    base = panel[within(panel["period"], ds.base_period)]
    delivered = cuts[within(cuts["period"], ds.base_period)]
    need = base.groupby(pair)["net_kg"].sum().add(delivered.groupby(pair)["gross_kg"].sum(), fill_value=0)
    vehicles, recorded = _vehicles(ds, as_planned), ds.activity[ds.activity["scenario"].isna()]
    made = recorded[within(recorded["period"], ds.base_period)].groupby("plant_id")["vehicles"].sum()
    intensity = (need / need.index.get_level_values("plant_id").map(made).to_numpy()).rename("intensity").reset_index()
    total = base.groupby("product_id")[["value_usd", "net_kg"]].sum()
    drift = (1 + assumption(ds, "price_drift")) ** np.maximum(span.year - ds.base_period.year, 0)
    share = ds.products.set_index("product_id")["localisable_share"].fillna(1)
    rows = vehicles[vehicles["period"].isin(span)].merge(intensity, on="plant_id", validate="m:m")
    need = rows["vehicles"] * rows["intensity"] * rows["product_id"].map(share) * assumption(ds, "intensity")
    table = rows.assign(cap_kg=need).groupby(["product_id", "period"], as_index=False)["cap_kg"].sum()
    price = table["product_id"].map(total["value_usd"] / total["net_kg"])
    return table.assign(price=price * table["period"].map(pd.Series(drift, index=span)))


def empty_plan(ds, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """A table by period without a row, with its columns' types."""
    types = dict.fromkeys(texts, "str") | {"period": f"period[{ds.frequency}]"} | dict.fromkeys(numbers, "float64")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _vehicles(ds, as_planned: bool) -> pd.DataFrame:
    """Vehicles recorded up to `ds.period`, or planned for it; later the scenario's plan × its output.

    Where there is no plan for a period that is over, the record stands for it.
    """
    table, own = ds.activity, ds.scenario["name"]
    name = own if table["scenario"].eq(own).any() else "base"
    # a period recorded since the report's own still counts as planned in that report
    plan = table[table["scenario"].isna() | table["scenario"].eq(name)].sort_values("scenario")
    plan = plan.drop_duplicates(["period", "plant_id"])
    past = plan if as_planned else table[table["scenario"].isna()]
    later = plan[plan["period"] > ds.period]
    # what the scenario assumes of the output is said of the years to come
    later = later.assign(vehicles=later["vehicles"] * assumption(ds, "vehicle_output"))
    return pd.concat([past[past["period"] <= ds.period], later])[["period", "plant_id", "vehicles"]]
