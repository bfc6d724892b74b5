"""Realised cuts: what each project has cut so far, imports without the projects, limits."""

import numpy as np
import pandas as pd

from importcut.schema import conform, weakest

PAIR = ["project_id", "product_id"]
ROW = ["project_id", "product_id", "period"]
AMOUNTS = ["delivered_kg", "gross_kg", "gross_usd", "current_usd", "low_usd", "high_usd"]


def realised_cuts(ds, cuts: pd.DataFrame, identification: pd.DataFrame) -> pd.DataFrame:
    """Table `cuts_realised`: plant cuts summed, with net, grades, placebo, limits; then what is not identified.

    Parameters
    ----------
    cuts, identification : from `counterfactual.identified_cuts` and `counterfactual.identification`

    Returns
    -------
    DataFrame
        Key project_id, product_id, period, method; gross, net and range in USD, weights in kg.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> pair = {"project_id": "antifreeze_navoi", "product_id": "antifreeze"}
    >>> cut = {"plant_id": "asaka", "period": pd.Period("2026Q3"), "delivered_kg": 1000.0, "gross_kg": 1000.0}
    >>> cut |= {"gross_usd": 2000.0, "current_usd": 2100.0, "low_usd": 1900.0, "high_usd": 2200.0}
    >>> cut |= {"evidence": "measured"}
    >>> tested = dict.fromkeys(["placebo_rank", "placebo_n", "placebo_p", "smallest_p"], np.nan)
    >>> found = pd.DataFrame([pair | tested | {"reason": None, "told": True}])
    >>> table = realised_cuts(ds, pd.DataFrame([pair | cut]), found)  # inputs of 0.74 USD per kg are imported
    >>> table[["gross_usd", "net_usd", "gross_evidence", "net_evidence"]].to_numpy().tolist()
    [[2000.0, 1260.0, 'measured', 'planned']]
    """
    inputs = ds.project_products[[*PAIR, "imported_input_usd_per_kg"]]
    summed = cuts.groupby(ROW, as_index=False).agg(
        **{name: (name, lambda values: values.sum(skipna=False)) for name in AMOUNTS},
        gross_evidence=("evidence", weakest),
    )
    credited = summed.merge(inputs, on=PAIR, how="left", validate="m:1")
    known = credited["imported_input_usd_per_kg"].notna()
    credited = credited.assign(
        net_usd=credited["gross_usd"] - credited["delivered_kg"] * credited["imported_input_usd_per_kg"],
        net_evidence=pd.Series("planned", credited.index, dtype=object).where(known, None),
        identified=True,
    )
    tested = credited.merge(identification.drop(columns="reason"), on=PAIR, how="left", validate="m:1")
    limited = tested.merge(_limits(ds, tested), on=ROW, how="left", validate="1:1")
    limited["limit_flag"] = limited["gross_kg"] > limited["limit_kg"]
    table = pd.concat([limited, _not_identified(identification)], ignore_index=True).assign(method=ds.counterfactual)
    return conform(table.sort_values(ROW, na_position="last"), "cuts_realised", frequency=ds.frequency)


def counterfactual_imports(panel: pd.DataFrame, cuts: pd.DataFrame, ds) -> pd.DataFrame:
    """Table `counterfactual`: actual imports of the comparable partners plus all cuts, by product and period.

    With delivery records every product is there; else those whose cut is estimated, in all periods.

    Parameters
    ----------
    panel : table `panel`, from `import_panel`
    cuts : from `identified_cuts`; gross_usd (USD) and gross_kg (kg)

    Returns
    -------
    DataFrame
        Key product_id, period, method; actual and counterfactual imports in USD and kg.

    Examples
    --------
    >>> ds, at = open_dataset("sample", period="2026Q3"), {"product_id": "antifreeze", "period": pd.Period("2026Q3")}
    >>> panel = pd.DataFrame([at | {"value_usd": 5000.0, "net_kg": 2500.0, "comparable": True}])
    >>> cuts = pd.DataFrame([at | {"gross_usd": 2000.0, "gross_kg": 1000.0, "evidence": "measured", "base_kg": np.nan}])
    >>> counterfactual_imports(panel, cuts, ds)[["actual_usd", "counterfactual_usd"]].to_numpy().tolist()
    [[5000.0, 7000.0]]
    """
    key = ["product_id", "period"]
    actual = panel[panel["comparable"]].groupby(key).agg(actual_usd=("value_usd", "sum"), actual_kg=("net_kg", "sum"))
    summed = cuts.groupby(key).agg(
        cut_usd=("gross_usd", "sum"),
        cut_kg=("gross_kg", "sum"),
        grade=("evidence", weakest),
        base_kg=("base_kg", lambda kg: kg.sum(min_count=1)),
    )
    table = actual.join(summed, how="outer").reset_index()
    if ds.counterfactual != "deliveries":
        table = table[table["product_id"].isin(cuts["product_id"])]
    table = table.fillna({"actual_usd": 0, "actual_kg": 0, "cut_usd": 0, "cut_kg": 0, "grade": "measured"})
    table = table.rename(columns={"grade": "evidence"}).assign(
        method=ds.counterfactual,
        counterfactual_usd=table["actual_usd"] + table["cut_usd"],
        counterfactual_kg=table["actual_kg"] + table["cut_kg"],
    )
    return conform(table, "counterfactual", frequency=ds.frequency)


def _limits(ds, cuts: pd.DataFrame) -> pd.DataFrame:
    """The tighter of capacity (for the part of the period in operation) and recorded output, in kg of import."""
    sheet = ds.project_products.merge(ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1")
    made = ds.output[["project_id", "product_id", "period", "quantity"]]
    table = cuts[ROW].merge(sheet, on=["project_id", "product_id"], validate="m:1").merge(made, on=ROW, how="left")
    span = pd.PeriodIndex(table["period"])
    year = (span.end_time - span.start_time) / pd.Timedelta(days=365.2425)
    started = pd.PeriodIndex(table["first_output"], freq="M").start_time
    active = np.clip((span.end_time - started) / (span.end_time - span.start_time), 0, 1)
    to_kg = table["kg_per_unit"] * table["replaces_kg"].fillna(1)
    capacity, output = table["capacity"] * to_kg * year.to_numpy() * active.to_numpy(), table["quantity"] * to_kg
    tighter = output.notna() & (output < capacity)
    return table[ROW].assign(
        capacity_kg=capacity,
        output_kg=output,
        limit=np.where(tighter, "output", "capacity"),
        limit_kg=np.where(tighter, output, capacity),
    )


def _not_identified(identification: pd.DataFrame) -> pd.DataFrame:
    """Project × product without a credited cut, with the reason."""
    table = identification[identification["reason"].notna()]
    return table[[*PAIR, "reason"]].assign(identified=False, limit_flag=False, told=False)
