"""The plan to the target year: what the plants need, what the projects supply, what of it flows, and its credit."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from importcut.dataset import Dataset, assumption, first_years, in_years
from importcut.economics.attribution import credits, dispatched
from importcut.economics.input_output import assumed_inputs, imported_base
from importcut.economics.panel import weightless
from importcut.schema import PAIR, RULES, USE, VOLUME, conform, empty, within

WORTH = ["gross_usd", "net_usd", "exports_usd"]
FLOWS = ["supply_kg", "displaced_kg", "price", "net_price", *WORTH]


def horizon(ds: Dataset) -> pd.PeriodIndex:
    """The plan's periods: from the programme's start to the end of the target year; none without target or vehicles."""
    if not ds.target or ds.programme_start is None or ds.activity.empty:
        return pd.PeriodIndex([], freq=ds.frequency)
    end = pd.Period(str(ds.target["year"]), freq="Y").end_time
    return pd.period_range(ds.programme_start, end, freq=ds.frequency)


def addressable(ds: Dataset, panel: pd.DataFrame, cuts: pd.DataFrame, *, as_planned: bool = True) -> pd.DataFrame:
    """What the plants will need and can be made at home, by product × period: cap_kg, and price (base × drift, USD/kg).

    Parameters
    ----------
    panel : gives imports and prices of the base period
    cuts : `gross_kg` by product, plant and period: domestic deliveries are part of the requirement
    as_planned : periods that are over count with the vehicles planned for them, not with those made
    """
    span = horizon(ds)
    if span.empty or weightless(panel):
        return _without_rows(ds, ["product_id"], ["cap_kg", "price"])
    records = ds.activity[ds.activity["scenario"].isna()]
    base, delivered, output = (t[within(t["period"], ds.base_period)] for t in (panel, cuts, records))
    need = base.groupby(USE)["net_kg"].sum().add(delivered.groupby(USE)["gross_kg"].sum(), fill_value=0)
    vehicles = output.groupby("plant_id")["vehicles"].sum()
    intensity = (need / need.index.get_level_values("plant_id").map(vehicles).to_numpy()).rename("intensity")
    total = base.groupby("product_id")[VOLUME].sum()
    past, ahead = _drift_years(ds)
    drift = (1 + assumption(ds.base, "price_drift")) ** past * (1 + assumption(ds, "price_drift")) ** ahead
    share = ds.products.set_index("product_id")["localisable_share"].fillna(1)  # all of it, where none is stated
    rows = _vehicles(ds, as_planned).merge(intensity.reset_index(), on="plant_id", validate="m:m")
    rows = rows[rows["period"].isin(span)]
    assumed = np.where(rows["period"] > ds.period, assumption(ds, "intensity"), assumption(ds.base, "intensity"))
    need = rows["vehicles"] * rows["intensity"] * rows["product_id"].map(share) * assumed
    table = rows.assign(cap_kg=need).groupby(["product_id", "period"], as_index=False)["cap_kg"].sum()
    price = table["product_id"].map(total["value_usd"] / total["net_kg"].where(total["net_kg"] > 0))
    return table.assign(price=price * table["period"].map(pd.Series(drift, index=span)))


def _drift_years(ds: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Years over which prices have drifted since the base year in each period of the plan: up to now, and from now."""
    years, now = horizon(ds).year.to_numpy(), max(ds.period.year, ds.base_period.year)
    return years.clip(ds.base_period.year, now) - ds.base_period.year, years.clip(now) - now


def _without_rows(ds: Dataset, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """A table by period without a row."""
    types = dict.fromkeys(texts, "str") | {"period": f"period[{ds.frequency}]"} | dict.fromkeys(numbers, "float64")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _vehicles(ds: Dataset, as_planned: bool) -> pd.DataFrame:
    """Vehicles recorded up to `ds.period`, or planned for it; later the scenario's plan × its output."""
    table, own = ds.activity, ds.scenario["name"]
    name = own if table["scenario"].eq(own).any() else "base"

    def plan(name: str) -> pd.DataFrame:
        # a period recorded since the report's own counts as planned in that report; where no plan is, the record does
        rows = table[table["scenario"].isna() | table["scenario"].eq(name)].sort_values("scenario")
        return rows.drop_duplicates(["period", "plant_id"])

    past = plan("base") if as_planned else table[table["scenario"].isna()]
    later = plan(name).query("period > @ds.period")
    # what the scenario assumes of the output is said of the years to come
    later = later.assign(vehicles=later["vehicles"] * assumption(ds, "vehicle_output"))
    return pd.concat([past[past["period"] <= ds.period], later])[["period", "plant_id", "vehicles"]]


def supply(sheet: pd.DataFrame, span: pd.PeriodIndex, *, delay_years, capacity_use, ramp_pace, success) -> np.ndarray:
    """Import that each row of the sheet can replace in each period, kg, [draws,] rows, periods."""
    # capacity × use × share sold to the plants × kg of import a kg replaces × ramp-up, integrated over the period
    factors = ("capacity", "kg_per_unit", "use", "plant_share", "replaces_kg")
    a_year = np.prod([sheet[column].to_numpy(float) for column in factors], axis=0) * capacity_use * success
    border = in_years(span.append(span[-1:] + 1).start_time).to_numpy(float)
    since = border - (sheet["start"].to_numpy() + delay_years)[..., None]
    paces = (ramp_pace[..., n, None] for n in range(len(sheet)))
    run = [
        _ramped(since[..., n, :], *how) for n, how in enumerate(zip(sheet["ramp"], paces, sheet["age"], strict=True))
    ]
    return np.diff(np.stack(np.broadcast_arrays(*run), axis=-2), axis=-1) * a_year[..., None]


def flows(ds: Dataset, caps: pd.DataFrame, draws: dict[str, np.ndarray] | None = None) -> list[dict[str, np.ndarray]]:
    """The columns of `plan` as arrays [draws,] rows, periods, with what divides them, in two parts of the plan.

    One part is over and stays as the base scenario has it, the other lies after `ds.period`: there `draws` take the
    place of the scenario's assumptions, [draws] for all projects, or [draws, projects].
    """
    span, sheet = horizon(ds), _sheet(ds)
    over = span <= ds.period
    parts = [(ds.base, span[over], {}), (ds, span[~over], draws or {})]
    return [_part(own, sheet, caps, periods, drawn) for own, periods, drawn in parts if len(periods)]


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts of the plan along the periods; what is over is the same in every draw."""
    shape = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.concatenate([np.broadcast_to(part, (*shape, part.shape[-1])) for part in parts], axis=-1)


def _part(ds: Dataset, sheet: pd.DataFrame, caps: pd.DataFrame, span: pd.PeriodIndex, draws: dict) -> dict:
    """The flows of some of the plan's periods."""
    by_product = caps.pivot_table(index="product_id", columns="period", values=["cap_kg", "price"])
    grids = (by_product[column].reindex(index=sheet["product_id"], columns=span) for column in ("cap_kg", "price"))
    cap, price = (grid.fillna(0).to_numpy() for grid in grids)
    drawn = {name: np.asarray(values, float) for name, values in draws.items()}

    def ratio(name: str) -> np.ndarray:
        return drawn[name][..., None, None] / assumption(ds, name) if name in drawn else np.ones((1, 1))

    drift = drawn.get("price_drift", np.float64(assumption(ds, "price_drift")))[..., None, None]
    cap = cap * ratio("vehicle_output") * ratio("intensity")
    past, ahead = (years[horizon(ds).isin(span)] for years in _drift_years(ds))
    price = price * ((1 + drift) / (1 + assumption(ds, "price_drift"))) ** ahead
    level = (1 + assumption(ds.base, "price_drift")) ** past * (1 + drift) ** ahead  # of import prices, base period = 1
    own = {name: _by_row(ds, sheet, name, drawn) for name in ("delay_years", "capacity_use", "ramp_pace", "success")}
    dispatch = ds.scenario.get("dispatch", "proportional")
    order = {"merit_order": sheet["price_ratio"].to_numpy(float)}
    order["first_come"] = sheet["start"].to_numpy() + own["delay_years"]
    part = {"sheet": sheet, "cap": cap, "price": price, "order": order.get(dispatch), "dispatch": dispatch}
    part["supply_kg"] = supply(sheet, span, **own)
    part["displaced_kg"] = _by_product(part, lambda s, c, w, d, o: dispatched(s, c, d, o), np.ones((len(sheet), 1)))
    fixed = sheet["imported_input_price"].eq("fixed").to_numpy()[:, None]  # else inputs move as the products do
    stated = (sheet["imported_input_usd_per_kg"] / sheet["replaces_kg"]).to_numpy()[:, None] * np.where(fixed, 1, level)
    assumed = price * sheet["assumed_input"].to_numpy()[:, None]
    part["net_price"] = price - np.where(np.isnan(stated), assumed, stated)
    part["gross_usd"], part["net_usd"] = (part["displaced_kg"] * part[worth] for worth in ("price", "net_price"))
    part["exports_usd"] = part["gross_usd"] * sheet["diverted_export_share"].to_numpy()[:, None]
    return part


def project_cuts(ds: Dataset, parts: list[dict], *, net: bool, rule: str = "shapley") -> np.ndarray:
    """Credited cut of each project in each period, [draws,] projects, periods, from `flows`."""

    def divide(kg, cap, worth, dispatch, order) -> np.ndarray:
        return credits(kg, cap, worth, rule=rule, dispatch=dispatch, order=order)

    shares = joined([_by_product(part, divide, part["net_price" if net else "price"]) for part in parts])
    rows = parts[0]["sheet"].groupby("project_id").indices  # a project without products has no rows, and nothing
    return np.stack([shares[..., rows.get(p, []), :].sum(axis=-2) for p in ds.projects["project_id"]], axis=-2)


def yearly_cuts(
    ds: Dataset,
    caps: pd.DataFrame,
    draws: dict[str, np.ndarray],
    cuts_realised: pd.DataFrame,
    *,
    kinds: Iterable[str] = ("gross", "net"),
) -> dict[str, np.ndarray]:
    """The kinds of cuts in each draw, [draws, projects, years] up to the target year: realised, and the plan ahead.

    What has happened is not drawn. What lies ahead is credited; net is empty where imported inputs are not known.
    """
    span, known = horizon(ds), cuts_realised[cuts_realised["identified"]]
    within_limits = (known["supported_usd"] / known["gross_usd"]).fillna(1.0)
    known = known.assign(gross_usd=known["supported_usd"], net_usd=known["net_usd"] * within_limits)
    years, ahead = np.arange(span[0].year, span[-1].year + 1), span[span > ds.period]
    parts = [_part(ds, _sheet(ds), caps, ahead, draws)] if len(ahead) else []
    in_year = (np.asarray(ahead.year)[:, None] == years).astype(float)
    by_year = [known["project_id"], known["period"].dt.year.clip(*years[[0, -1]])]
    cuts, nothing = {}, np.zeros((len(next(iter(draws.values()))), 1, 1))
    for kind in kinds:
        done = known.groupby(by_year)[f"{kind}_usd"].sum(skipna=False).unstack(fill_value=0.0)
        done = done.reindex(index=ds.projects["project_id"], columns=years, fill_value=0.0).to_numpy()
        credit = project_cuts(ds, parts, net=kind == "net") @ in_year if parts else nothing
        cuts[kind] = done + credit
    return cuts


def _ramped(years: np.ndarray, ramp: list[float], pace, age: float) -> np.ndarray:
    """Capacity-years run by each point in time since the first output; the last share of the ramp-up persists.

    From the age on that the project has reached, the years of the ramp-up pass faster or slower by the pace.
    """
    ends, whole = np.arange(len(ramp) + 1.0), np.concatenate([[0.0], np.cumsum(ramp)])

    def run(years: np.ndarray) -> np.ndarray:
        return np.interp(years, ends, whole) + np.maximum(years - ends[-1], 0) * ramp[-1]

    return run(np.minimum(years, age)) + (run(age + np.maximum(years - age, 0) * pace) - run(np.float64(age))) / pace


def _sheet(ds: Dataset) -> pd.DataFrame:
    """The rows of project_products with what they leave out: full use, all sold to the plants."""
    sheet = ds.project_products.merge(ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1")
    whole = dict.fromkeys(["use", "plant_share", "replaces_kg", "price_ratio"], 1.0)
    whole |= {"diverted_export_share": 0.0}  # imported inputs that are not known stay so, and net with them
    first = pd.PeriodIndex(sheet["first_output"], freq="M")
    ramps = sheet["ramp_up"].fillna("1").str.split(";").map(lambda shares: [float(share) for share in shares])
    sheet = sheet.merge(assumed_inputs(ds).reset_index(), on=PAIR, validate="1:1")
    age = in_years((ds.period + 1).start_time) - sheet["project_id"].map(first_years(ds.base))
    age = age.where(sheet["project_id"].isin(ds.suppliers), 0).clip(lower=0)  # its ramp-up up to now has happened
    return sheet.fillna(whole).assign(start=in_years(first), ramp=ramps, age=age)


def _by_row(ds: Dataset, sheet: pd.DataFrame, name: str, drawn: dict[str, np.ndarray]) -> np.ndarray:
    """An assumption for each row of the sheet: drawn (for all, or by project), or the scenario's for the project."""
    own = np.array([assumption(ds, name, project) for project in sheet["project_id"]])
    if name not in drawn:
        return own
    place = pd.Index(ds.projects["project_id"]).get_indexer(sheet["project_id"])
    values = drawn[name][:, None] if drawn[name].ndim == 1 else drawn[name][:, place]
    begun = sheet["project_id"].isin(ds.suppliers) & (name == "delay_years")  # whoever delivers is late no more
    return np.where(begun, own, values)


def _by_product(part: dict, divide, worth: np.ndarray) -> np.ndarray:
    """What `divide` gives for the rows of each product, which share its cap."""
    shares = np.zeros(np.broadcast_shapes(part["supply_kg"].shape, worth.shape, part["cap"].shape))
    kg, cap, worth = (np.broadcast_to(a, shares.shape) for a in (part["supply_kg"], part["cap"], worth))
    for rows in part["sheet"].groupby("product_id").indices.values():
        order = None if part["order"] is None else part["order"][..., None, rows]
        offered, valued = (np.moveaxis(a[..., rows, :], -2, -1) for a in (kg, worth))
        divided = divide(offered, cap[..., rows[0], :], valued, part["dispatch"], order)
        shares[..., rows, :] = np.moveaxis(divided, -1, -2)
    return shares


def plan(ds: Dataset, caps: pd.DataFrame) -> pd.DataFrame:
    """Supply, dispatched import (kg) and its value (USD) by project × product × period; `caps` from `addressable`."""
    span = horizon(ds)
    if caps.empty:
        return _without_rows(ds, PAIR, FLOWS)
    parts = flows(ds, caps)
    keys = ds.project_products[PAIR].merge(pd.DataFrame({"period": span}), how="cross")
    return keys.assign(**{name: joined([part[name] for part in parts]).ravel() for name in FLOWS})


def planned_cuts(ds: Dataset, planned: pd.DataFrame) -> pd.DataFrame:
    """Table `cuts_planned`: the plan by year (kg, USD); imported equipment counts once, in the year of first output.

    That of a project which began before the programme is past, whatever the programme decides.
    """
    if planned.empty:
        return empty("cuts_planned", ds)
    table = planned.assign(year=planned["period"].dt.year)
    yearly = table.groupby([*PAIR, "year"], as_index=False)[["supply_kg", "displaced_kg", *WORTH]].sum(skipna=False)
    projects = ds.projects.set_index("project_id")
    opened = yearly["project_id"].map(np.floor(first_years(ds)))
    leading = ds.project_products.groupby("project_id")["product_id"].first()
    lead = yearly["product_id"].eq(yearly["project_id"].map(leading))
    began = (projects["start"].fillna(projects["first_output"]) + "-12").str[:7]  # a year alone lasts to its end
    ours = projects["imported_equipment_usd"].where(began >= f"{ds.programme_start.start_time:%Y-%m}")
    equipment = yearly["project_id"].map(ours).fillna(0)
    once = equipment.where(yearly["year"].eq(opened) & lead & yearly["supply_kg"].gt(0), 0)
    table = yearly.assign(fx_usd=yearly["net_usd"] - yearly["exports_usd"] - once)
    return conform(table, "cuts_planned", frequency=ds.frequency)


def credited(ds: Dataset, caps: pd.DataFrame, *, rules: tuple[str, ...] = RULES) -> pd.DataFrame:
    """Table `credit`: the planned cuts (USD) divided by each of the rules, for the target year and summed to it."""
    span = horizon(ds)
    if caps.empty:
        return empty("credit", ds)
    parts, rows = flows(ds, caps), []
    spans = {"target_year": span.year == ds.target["year"], "cumulative": np.full(len(span), True)}
    for rule in rules:
        cuts = {f"{kind}_usd": project_cuts(ds, parts, net=kind == "net", rule=rule) for kind in ("gross", "net")}
        for basis, counted in spans.items():
            sums = {name: values[:, counted].sum(axis=1) for name, values in cuts.items()}
            rows.append(ds.projects[["project_id"]].assign(rule=rule, basis=basis, **sums))
    return conform(pd.concat(rows), "credit", frequency=ds.frequency)


def ceilings(ds: Dataset, planned: pd.DataFrame, caps: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Table `ceiling`: what projects, products and the target claim, against what can be displaced at all."""
    lines = caps.assign(line_usd=caps["cap_kg"] * caps["price"])[["product_id", "period", "line_usd"]]
    claims = planned.assign(claim_usd=planned["supply_kg"] * planned["price"])
    claims = claims.merge(lines, on=["product_id", "period"], validate="m:1")
    rows = [imported_base(ds, panel)]
    for reading in ("annual", "cumulative") if len(planned) else ():
        span = claims[claims["period"].dt.year.eq(ds.target["year"]) | (reading == "cumulative")]
        by_project = span.groupby("project_id")[["claim_usd", "line_usd"]].sum().assign(level="project")
        by_product = span.groupby("product_id").agg(claim_usd=("claim_usd", "sum")).assign(level="product")
        by_product["line_usd"] = span.drop_duplicates(["product_id", "period"]).groupby("product_id")["line_usd"].sum()
        total = {"claim_usd": [float(ds.target["amount_usd"])], "line_usd": [by_product["line_usd"].sum()]}
        portfolio = pd.DataFrame(total | {"level": ["portfolio"]}, index=["portfolio"])
        levels = pd.concat([by_project, by_product, portfolio])
        rows.append(levels.rename_axis("id").reset_index().assign(reading=reading, source="plan", evidence="planned"))
    table = pd.concat(rows, ignore_index=True)
    if table.empty:
        return empty("ceiling", ds)
    claim, line = table["claim_usd"], table["line_usd"]
    table = table.assign(ratio=claim / line.where(line > 0), ceiling_flag=claim > line)
    return conform(table, "ceiling", frequency=ds.frequency)
