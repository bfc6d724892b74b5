"""What the projects can supply, what of it flows, and what it is worth: arrays, with an optional axis of draws."""

import numpy as np
import pandas as pd

from importcut.dataset import assumption, in_years
from importcut.economics.attribute import credits, dispatched
from importcut.economics.planned.requirement import horizon


def supply(ds, periods: pd.PeriodIndex, *, delay=0.0, use=1.0, pace=1.0, success=1.0) -> np.ndarray:
    """Import that each project × product (rows of project_products) can replace in each period, kg.

    Capacity × use × share sold to the plants × kg of import a kg replaces × the ramp-up from the first output
    plus delay, run at its pace and integrated over the period. The assumptions may have leading axes of draws,
    with the rows of project_products last.
    """
    sheet = _sheet(ds)
    delay, use, pace, success = (np.asarray(a, float) for a in (delay, use, pace, success))
    factors = ("capacity", "kg_per_unit", "use", "plant_share", "replaces_kg")
    a_year = np.prod([sheet[column].to_numpy(float) for column in factors], axis=0)
    start = np.broadcast_to(sheet["start"].to_numpy() + delay, np.broadcast_shapes(delay.shape, (len(sheet),)))
    border = in_years(periods.append(periods[-1:] + 1).start_time).to_numpy(float)
    since = border - start[..., None]
    pace = np.broadcast_to(pace, np.broadcast_shapes(pace.shape, (len(sheet),)))
    run = [_ramped(since[..., n, :], ramp, pace[..., n, None]) for n, ramp in enumerate(sheet["ramp"])]
    return np.diff(np.stack(np.broadcast_arrays(*run), axis=-2), axis=-1) * (a_year * use * success)[..., None]


def flows(ds, caps: pd.DataFrame, draws: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Supply, cap, price, what flows under the scenario's dispatch and its value, as arrays [draws,] rows, periods.

    Named as the columns of `plan`; with them cap (kg), and order and dispatch, by which the cap is divided.

    Parameters
    ----------
    caps : from `addressable`, under the scenario's own values
    draws : values of assumptions instead of the scenario's: [draws] for all, or [draws, projects] for each project
    """
    sheet, span, dispatch = _sheet(ds), horizon(ds), ds.scenario.get("dispatch", "proportional")
    by_product = caps.pivot_table(index="product_id", columns="period", values=["cap_kg", "price"])
    grids = (by_product[column].reindex(index=sheet["product_id"], columns=span) for column in ("cap_kg", "price"))
    cap, price = (grid.fillna(0).to_numpy() for grid in grids)
    drawn = {name: np.asarray(values, float) for name, values in (draws or {}).items()}

    def ratio(name: str) -> np.ndarray:
        return drawn[name][..., None, None] / assumption(ds, name) if name in drawn else np.ones((1, 1))

    years = np.maximum(span.year.to_numpy() - ds.base_period.year, 0)
    drift = drawn.get("price_drift", np.float64(assumption(ds, "price_drift")))[..., None, None]
    cap = cap * np.where(span > ds.period, ratio("vehicle_output"), 1.0) * ratio("intensity")
    price = price * ((1 + drift) / (1 + assumption(ds, "price_drift"))) ** years
    own = {name: _by_row(ds, sheet, name, drawn) for name in ("delay_years", "capacity_use", "ramp_pace", "success")}
    how = {"delay": "delay_years", "use": "capacity_use", "pace": "ramp_pace", "success": "success"}
    kg = supply(ds, span, **{word: own[name] for word, name in how.items()})
    order = {"merit_order": sheet["price_ratio"].to_numpy(float)}
    order["first_come"] = sheet["start"].to_numpy() + own["delay_years"]
    parts = {"supply_kg": kg, "cap": cap, "price": price, "order": order.get(dispatch), "dispatch": dispatch}
    alone = np.ones((len(sheet), 1))
    parts["displaced_kg"] = _by_product(sheet, parts, lambda s, c, w, d, o: dispatched(s, c, d, o), alone)
    parts["net_price"] = price - (sheet["imported_input_usd_per_kg"] / sheet["replaces_kg"]).to_numpy()[:, None]
    parts["gross_usd"], parts["net_usd"] = (parts["displaced_kg"] * parts[worth] for worth in ("price", "net_price"))
    parts["exports_usd"] = parts["gross_usd"] * sheet["diverted_export_share"].to_numpy()[:, None]
    return parts


def project_cuts(ds, parts: dict[str, np.ndarray], *, net: bool, rule: str = "shapley") -> np.ndarray:
    """Credited cut of each project in each period, [draws,] projects, periods, from `flows`."""
    sheet = _sheet(ds)
    worth = parts["net_price" if net else "price"]
    shares = _by_product(sheet, parts, lambda s, c, w, d, o: credits(s, c, w, rule=rule, dispatch=d, order=o), worth)
    rows = sheet.groupby("project_id").indices  # a project without products has no rows, and nothing
    return np.stack([shares[..., rows.get(p, []), :].sum(axis=-2) for p in ds.projects["project_id"]], axis=-2)


def yearly_cuts(ds, caps: pd.DataFrame, draws: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Credited gross and net cuts in each draw: [draws, projects, years], up to the target year."""
    parts, years = flows(ds, caps, draws), horizon(ds).year
    first = np.flatnonzero(np.diff(years, prepend=years[0] - 1))
    cuts = {kind: project_cuts(ds, parts, net=kind == "net") for kind in ("gross", "net")}
    # the headline: gross where net is not known
    cuts["net"] = np.where(np.isnan(cuts["net"]), cuts["gross"], cuts["net"])
    return {kind: np.add.reduceat(values, first, axis=-1) for kind, values in cuts.items()}


def _ramped(years: np.ndarray, ramp: list[float], pace) -> np.ndarray:
    """Capacity-years run by each point in time since the first output; the last share of the ramp-up persists."""
    ends = np.arange(len(ramp) + 1.0)
    climbed = years * pace  # at another pace the years of the ramp-up pass faster or slower
    run = np.interp(climbed, ends, np.concatenate([[0.0], np.cumsum(ramp)])) / pace
    return run + np.maximum(climbed - ends[-1], 0) / pace * ramp[-1]


def _sheet(ds) -> pd.DataFrame:
    """The rows of project_products with what they leave out: full use, all sold to the plants."""
    sheet = ds.project_products.merge(ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1")
    whole = {"use": 1.0, "plant_share": 1.0, "replaces_kg": 1.0, "price_ratio": 1.0}
    whole |= {"diverted_export_share": 0.0}  # imported inputs that are not known stay so, and net with them
    first = pd.PeriodIndex(sheet["first_output"], freq="M")
    ramps = sheet["ramp_up"].fillna("1").str.split(";").map(lambda shares: [float(share) for share in shares])
    return sheet.fillna(whole).assign(start=in_years(first), ramp=ramps)


def _by_row(ds, sheet: pd.DataFrame, name: str, drawn: dict[str, np.ndarray]) -> np.ndarray:
    """An assumption for each row of the sheet: drawn (for all, or by project), or the scenario's for the project."""
    if name not in drawn:
        return np.array([assumption(ds, name, project) for project in sheet["project_id"]])
    if drawn[name].ndim == 1:
        return drawn[name][:, None]
    return drawn[name][:, pd.Index(ds.projects["project_id"]).get_indexer(sheet["project_id"])]


def _by_product(sheet: pd.DataFrame, parts: dict, divide, worth: np.ndarray) -> np.ndarray:
    """What `divide` gives for the rows of each product, which share its cap."""
    shares = np.zeros(np.broadcast_shapes(parts["supply_kg"].shape, worth.shape, parts["cap"].shape))
    kg, cap, worth = (np.broadcast_to(a, shares.shape) for a in (parts["supply_kg"], parts["cap"], worth))
    for rows in sheet.groupby("product_id").indices.values():
        order = None if parts["order"] is None else parts["order"][..., None, rows]
        offered, valued = (np.moveaxis(a[..., rows, :], -2, -1) for a in (kg, worth))
        divided = divide(offered, cap[..., rows[0], :], valued, parts["dispatch"], order)
        shares[..., rows, :] = np.moveaxis(divided, -1, -2)
    return shares
