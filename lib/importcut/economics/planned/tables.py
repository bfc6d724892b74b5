"""The plan as tables: by period, by year, credited."""

import numpy as np
import pandas as pd

from importcut.dataset import first_years
from importcut.economics.planned.dispatch import flows, project_cuts
from importcut.economics.planned.requirement import empty_plan, horizon
from importcut.schema import RULES, conform, empty

PAIR = ["project_id", "product_id"]
AMOUNTS = ["gross_usd", "net_usd", "exports_usd"]
FLOWS = ["supply_kg", "displaced_kg", "price", "net_price", *AMOUNTS]


def plan(ds, caps: pd.DataFrame) -> pd.DataFrame:
    """Supply, dispatched import and its value by project × product × period under the scenario's dispatch.

    Parameters
    ----------
    caps : cap_kg, price (USD per kg) by product and period, from `addressable`

    Returns
    -------
    DataFrame
        Key project_id, product_id, period; supply_kg, displaced_kg, price and net_price (USD per kg), gross_usd,
        net_usd, exports_usd.

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2030Q4", freq="Q")
    >>> caps = pd.DataFrame({"product_id": "washer_fluid", "period": span, "cap_kg": 6000.0, "price": 1.5})
    >>> flows = plan(ds, caps)
    >>> last = flows[flows["product_id"].eq("washer_fluid")].iloc[-1]  # it could supply more than is needed
    >>> last[["supply_kg", "displaced_kg", "gross_usd"]].round(2).to_dict()
    {'supply_kg': 122720.0, 'displaced_kg': 6000.0, 'gross_usd': 9000.0}
    """
    span = horizon(ds)
    if span.empty:
        return empty_plan(ds, PAIR, FLOWS)
    parts = flows(ds, caps)
    keys = ds.project_products[PAIR].merge(pd.DataFrame({"period": span}), how="cross")
    return keys.assign(**{name: parts[name].ravel() for name in FLOWS})


def planned_cuts(ds, planned: pd.DataFrame) -> pd.DataFrame:
    """Table `cuts_planned`: the plan by year; imported equipment counts once, in the year of the first output.

    Parameters
    ----------
    planned : from `plan`

    Returns
    -------
    DataFrame
        Key project_id, product_id, year; weights in kg, cuts in USD.

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2030Q4", freq="Q")
    >>> caps = pd.DataFrame({"product_id": "washer_fluid", "period": span, "cap_kg": 6000.0, "price": 1.5})
    >>> yearly = planned_cuts(ds, plan(ds, caps)).set_index(["product_id", "year"])
    >>> yearly.loc[("washer_fluid", 2030), ["gross_usd", "net_usd"]].round(2).to_numpy().tolist()
    [36000.0, 33840.0]
    """
    if planned.empty:
        return empty("cuts_planned", ds)
    table = planned.assign(year=planned["period"].dt.year)
    yearly = table.groupby([*PAIR, "year"], as_index=False)[["supply_kg", "displaced_kg", *AMOUNTS]].sum(skipna=False)
    projects = ds.projects.set_index("project_id")
    first = yearly.groupby(PAIR)["year"].transform("min").where(yearly["supply_kg"] > 0)
    opened = yearly["project_id"].map(np.floor(first_years(ds)))
    leading = ds.project_products.groupby("project_id")["product_id"].first()
    lead = yearly["product_id"].eq(yearly["project_id"].map(leading))
    equipment = yearly["project_id"].map(projects["imported_equipment_usd"]).fillna(0)
    once = equipment.where(yearly["year"].eq(opened) & lead & first.notna(), 0)
    table = yearly.assign(fx_usd=yearly["net_usd"] - yearly["exports_usd"] - once)
    return conform(table, "cuts_planned", frequency=ds.frequency)


def credited(ds, caps: pd.DataFrame, *, rules: tuple[str, ...] = RULES) -> pd.DataFrame:
    """Table `credit`: the planned cuts divided by each of the rules, for the target year and summed to it.

    Parameters
    ----------
    caps : cap_kg, price (USD per kg) by product and period, from `addressable`

    Returns
    -------
    DataFrame
        Key project_id, rule, basis; gross_usd and net_usd (USD).

    References
    ----------
    Shapley (1953); O'Neill (1982).

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2030Q4", freq="Q")
    >>> caps = pd.DataFrame({"product_id": "washer_fluid", "period": span, "cap_kg": 6000.0, "price": 1.5})
    >>> shares = credited(ds, caps).query("gross_usd > 0 and basis == 'target_year'")
    >>> shares.set_index(["project_id", "rule"])["gross_usd"].round(2).loc["washer_fluid_tashkent", "shapley"].item()
    36000.0
    """
    span = horizon(ds)
    if span.empty:
        return empty("credit", ds)
    parts, rows = flows(ds, caps), []
    spans = {"target_year": span.year == ds.target["year"], "cumulative": np.full(len(span), True)}
    for rule in rules:
        cuts = {f"{kind}_usd": project_cuts(ds, parts, net=kind == "net", rule=rule) for kind in ("gross", "net")}
        for basis, counted in spans.items():
            sums = {name: values[:, counted].sum(axis=1) for name, values in cuts.items()}
            rows.append(ds.projects[["project_id"]].assign(rule=rule, basis=basis, **sums))
    return conform(pd.concat(rows), "credit", frequency=ds.frequency)


def ceilings(ds, planned: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Table `ceiling`: what projects, products and the target claim, against what can be displaced at all."""
    if planned.empty:
        return empty("ceiling", ds)
    lines = caps.assign(line_usd=caps["cap_kg"] * caps["price"])[["product_id", "period", "line_usd"]]
    claims = planned.assign(claim_usd=planned["supply_kg"] * planned["price"])
    claims = claims.merge(lines, on=["product_id", "period"], validate="m:1")
    rows = []
    for reading, counted in (("annual", claims["period"].dt.year.eq(ds.target["year"])), ("cumulative", slice(None))):
        span = claims[counted]
        by_project = span.groupby("project_id")[["claim_usd", "line_usd"]].sum().assign(level="project")
        by_product = span.groupby("product_id").agg(claim_usd=("claim_usd", "sum")).assign(level="product")
        by_product["line_usd"] = span.drop_duplicates(["product_id", "period"]).groupby("product_id")["line_usd"].sum()
        total = {"claim_usd": [float(ds.target["amount_usd"])], "line_usd": [by_product["line_usd"].sum()]}
        portfolio = pd.DataFrame(total | {"level": ["portfolio"]}, index=["portfolio"])
        levels = pd.concat([by_project, by_product, portfolio])
        rows.append(levels.rename_axis("id").reset_index().assign(reading=reading))
    table = pd.concat(rows, ignore_index=True)
    return conform(table.assign(ceiling_flag=table["claim_usd"] > table["line_usd"]), "ceiling", frequency=ds.frequency)
