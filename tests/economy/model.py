"""The economy behind the synthetic sample: requirements, prices, deliveries and the true cuts they make."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

ASSUMPTIONS = Path(__file__).parent / "assumptions"
DATASET = Path(__file__).parents[2] / "data" / "raw" / "sample"
# what the generator writes; the rest of the dataset it reads
GENERATED = ("declarations", "published", "deliveries.csv", "output.csv", "project_products.csv")
CELL = ["product_id", "plant_id", "origin"]
KEY = ["period", "project_id", "product_id"]


def toml(path: Path) -> dict:
    """Return what a TOML file says."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def registers_and_truth(seed: int, replacement: pd.DataFrame | None = None) -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """Return the registers by file name, the grades and the true cuts.

    Parameters
    ----------
    replacement : deliveries in place of the projects' own; project_id, product_id, start (period),
        tonnes_a_quarter, up to all that the plants require.

    Raises
    ------
    ValueError
        If a project of `replacement` does not make the product.
    """
    rng, spec = np.random.default_rng([seed, 0]), toml(ASSUMPTIONS / "generator.toml")
    registers = {
        path.name: pd.read_csv(path, dtype={"tax_numbers": str, "scenario": str}, keep_default_na=False)
        for path in sorted(DATASET.glob("*.csv"))
        if path.name not in GENERATED
    }
    grades = _grades(registers, spec, rng)
    sheets = _calibrated_sheets(grades, registers)
    if replacement is not None:
        registers["projects.csv"] = _planted(registers["projects.csv"], sheets, replacement)
    delivered = _deliveries(grades, sheets, replacement, spec, rng)
    displaced = delivered.groupby(["product_id", "plant_id", "period"], as_index=False)["displaced_kg"].sum()
    grades = grades.merge(displaced, how="left", validate="many_to_one").fillna({"displaced_kg": 0.0})
    grades["import_kg"] = (grades["requirement_kg"] - grades.pop("displaced_kg")) * grades["share"]
    made = delivered.groupby(KEY, as_index=False).agg(kg=("net_kg", "sum"), plant_share=("plant_share", "first"))
    made["quantity"] = (made["kg"] / made["plant_share"] * rng.uniform(1.0, 1.03, len(made)) / 1000).round(1)
    registers |= {
        "project_products.csv": sheets,
        "deliveries.csv": delivered[[*KEY, "plant_id", "net_kg", "baseline_kg", "value_usd"]],
        "output.csv": made[[*KEY, "quantity"]].assign(unit="t"),
    }
    return registers, grades, _true_cuts(delivered)


def _planted(projects: pd.DataFrame, sheets: pd.DataFrame, replacement: pd.DataFrame) -> pd.DataFrame:
    """Return the projects with the first output that the planted deliveries say."""
    pairs = ["project_id", "product_id"]
    lost = replacement.merge(sheets[pairs], on=pairs, how="left", indicator=True).query("_merge == 'left_only'")
    if len(lost):
        named = ", ".join(f"{row.project_id} × {row.product_id}" for row in lost.itertuples())
        raise ValueError(f"no project sheet of {named} — plant what a project makes")
    start = pd.PeriodIndex(replacement["start"].astype(str), freq="Q").asfreq("M", how="start").astype(str)
    first = pd.Series(start, replacement["project_id"].to_numpy()).groupby(level=0).min()
    return projects.assign(first_output=projects["project_id"].map(first).fillna(projects["first_output"]))


def _year(period: pd.Series) -> np.ndarray:
    """Return the beginning of each quarter as a year with its fraction."""
    return period.str[:4].astype(int).to_numpy() + (period.str[5:].astype(int).to_numpy() - 1) / 4


def _grades(registers, spec, rng) -> pd.DataFrame:
    """Return requirement_kg, share and price_usd (per kg) by product, plant, origin and period."""
    activity = registers["activity.csv"].query("scenario == ''")
    demand = pd.read_csv(ASSUMPTIONS / "demand.csv").melt(
        ["product_id", "growth"], var_name="plant_id", value_name="kg"
    )
    need = demand.dropna(subset="kg").merge(activity.query("vehicles > 0"), on="plant_id")
    years = _year(need["period"]) - spec["price_year"]
    noise = np.exp(rng.normal(0, spec["requirement_noise"], len(need)))
    need["requirement_kg"] = need["vehicles"] * need["kg"] * (1 + need["growth"]) ** years * noise
    price = _prices(activity["period"].unique(), registers, spec, rng)
    grades = need[["product_id", "plant_id", "period", "requirement_kg"]].merge(price, on=["product_id", "period"])
    cells = grades[CELL].drop_duplicates()
    cells["tilt"] = np.exp(rng.normal(0, spec["mix_noise"], len(cells)))
    grades = grades.merge(cells, on=CELL, validate="many_to_one")
    time = _year(grades["period"])
    passed = (time - time.min()) / (time.max() - time.min())
    share = (grades["first_share"] + (grades["last_share"] - grades["first_share"]) * passed) * grades["tilt"]
    grades["share"] = share / share.groupby([grades[c] for c in ["product_id", "plant_id", "period"]]).transform("sum")
    columns = [*CELL, "period", "requirement_kg", "share", "price_usd", "currency"]
    return grades.sort_values(["period", "plant_id", "origin", "product_id"], ignore_index=True)[columns]


def _prices(periods, registers, spec, rng) -> pd.DataFrame:
    """Return origins with price_usd by product, origin and period: contract price, group index, exchange rate."""
    rates, products = registers["exchange_rates.csv"], registers["products.csv"]
    index = pd.read_csv(ASSUMPTIONS / "price_index.csv", index_col="group")
    middle = _year(pd.Series(periods)) + 0.125
    paths = [np.interp(middle, index.columns.astype(int) + 0.5, row) for row in index.to_numpy()]
    index = pd.DataFrame(paths, index.index, pd.Index(periods, name="period")).stack().rename("index").reset_index()
    quarter = pd.PeriodIndex(rates["date"], freq="Q").astype(str)
    rate = rates.groupby(["currency", quarter.rename("period")])["usd"].mean().reset_index()
    base = rate[rate["period"].str.startswith(str(spec["price_year"]))].groupby("currency")["usd"].mean()
    origins = pd.read_csv(ASSUMPTIONS / "origins.csv").merge(products[["product_id", "group"]], on="product_id")
    price = origins.assign(currency=origins["origin"].map(spec["currency"])).merge(index, on="group")
    price = price.merge(rate, on=["currency", "period"], validate="many_to_one")
    noise = np.exp(rng.normal(0, spec["price_noise"], len(price)))
    price["price_usd"] *= price["index"] * price["usd"] / price["currency"].map(base) * noise
    return price.drop(columns=["group", "index", "usd"])


def _supply(sheets: pd.DataFrame, first_output: pd.Series, periods: pd.Index) -> pd.DataFrame:
    """Return kg sold to the plants, one row a sheet, one column a period."""
    start = first_output.str[:4].astype(int) + (first_output.str[5:].astype(int) - 1) / 12
    edges = np.append(_year(periods.to_series()), _year(periods.to_series())[-1] + 0.25)
    age = edges[None, :] - start.to_numpy()[:, None]
    years = np.zeros_like(age)
    for row, ramp in enumerate(sheets["ramp_up"].str.split(";")):
        for year, share in enumerate(map(float, ramp)):
            years[row] += share * np.clip(age[row] - year, 0, 1 if year + 1 < len(ramp) else None)
    kg = sheets["capacity"] * sheets["kg_per_unit"] * sheets["use"] * sheets["plant_share"]
    return pd.DataFrame(np.diff(years) * kg.to_numpy()[:, None], sheets.index, periods)


def _calibrated_sheets(grades, registers) -> pd.DataFrame:
    """Return project_products with capacities scaled so that the planned gross cut meets the target of dataset.toml."""
    dataset, products = toml(DATASET / "dataset.toml"), registers["products.csv"].set_index("product_id")
    sheets = pd.read_csv(ASSUMPTIONS / "project_products.csv")
    base = grades[grades["period"].str.startswith(dataset["base_period"])]
    kg = base["requirement_kg"] * base["share"]
    unit_value = (kg * base["price_usd"]).groupby(base["product_id"]).sum() / kg.groupby(base["product_id"]).sum()
    activity = registers["activity.csv"].sort_values("scenario", kind="stable")  # recorded rows first
    vehicles = activity.pivot_table("vehicles", "plant_id", "period", aggfunc="first")
    made = vehicles.filter(regex=f"^{dataset['base_period']}").sum(axis=1)
    intensity = kg.groupby([base["product_id"], base["plant_id"]]).sum().unstack(fill_value=0.0)
    horizon = vehicles.loc[:, dataset["programme_start"][:4] : f"{dataset['target']['year']}Q4"]
    requirement = intensity.div(made).loc[:, vehicles.index] @ horizon
    addressable = requirement.mul(products["localisable_share"], axis=0).loc[sheets["product_id"]].to_numpy()
    first_output = sheets["project_id"].map(registers["projects.csv"].set_index("project_id")["first_output"])
    offered = _supply(sheets, first_output, horizon.columns).mul(sheets["replaces_kg"], axis=0)
    total = offered.groupby(sheets["product_id"]).transform("sum")
    price = sheets["product_id"].map(unit_value).to_numpy()[:, None]
    low, high = 0.0, 100.0
    for _ in range(60):
        scale = (low + high) / 2
        flows = np.minimum(scale, addressable / total.where(total > 0, np.inf))
        planned = (offered * flows * price).to_numpy().sum()
        low, high = (scale, high) if planned < dataset["target"]["amount_usd"] else (low, scale)
    return sheets.assign(capacity=(sheets["capacity"] * scale).round(1))


def _offers(sheets, replacement, periods, spec, rng) -> pd.DataFrame:
    """Return what the projects really supply, and supplied before: kg by project, product and period."""
    begun = periods.to_numpy()[None, :]
    if replacement is None:
        rows = sheets.merge(pd.read_csv(ASSUMPTIONS / "actuals.csv"), on="project_id", validate="many_to_one")
        noise = np.exp(rng.normal(0, spec["delivery_noise"], (len(rows), len(periods))))
        supply = _supply(rows, rows["first_output"], periods).mul(rows["use_ratio"], axis=0) * noise
        known = rows["baseline_product"] == rows["product_id"]
        before = (rows["baseline_t_a_quarter"] * 1000).where(known, 0.0).to_numpy()[:, None]
        before = before * (begun >= rows["baseline_since"].where(known, "9999").to_numpy()[:, None])
    else:
        rows = replacement.merge(sheets, on=["project_id", "product_id"], validate="many_to_one")
        kg = rows["tonnes_a_quarter"].to_numpy()[:, None] * 1000.0
        supply = pd.DataFrame((begun >= rows["start"].astype(str).to_numpy()[:, None]) * kg, rows.index, periods)
        before = np.zeros(supply.shape)
    kg = supply.stack().rename("supply_kg").to_frame().assign(before_kg=before.ravel()).reset_index("period")
    columns = ["project_id", "product_id", "plant_share", "imported_input_usd_per_kg", "price_ratio", "replaces_kg"]
    return kg.join(rows[columns])


def _deliveries(grades, sheets, replacement, spec, rng) -> pd.DataFrame:
    """Return deliveries by project, product, plant and period, with the import kg they displace and its price."""
    periods = pd.Index(grades["period"].unique(), name="period")
    pairs = (
        grades.assign(price=grades["share"] * grades["price_usd"])
        .groupby(["product_id", "plant_id", "period"], as_index=False)
        .agg(requirement_kg=("requirement_kg", "first"), price=("price", "sum"))
    )
    key = ["product_id", "period"]
    pairs["part"] = pairs["requirement_kg"] / pairs.groupby(key)["requirement_kg"].transform("sum")
    frame = _offers(sheets, replacement, periods, spec, rng).merge(pairs, on=key)
    wanted = frame["supply_kg"] * frame["part"]
    total = (wanted * frame["replaces_kg"]).groupby([frame[c] for c in [*key, "plant_id"]]).transform("sum")
    limit = spec["delivery_limit"] if replacement is None else 1.0
    flows = (limit * frame["requirement_kg"] / total.where(total > 0, np.inf)).clip(upper=1)
    frame["delivered_kg"] = np.floor(wanted * flows.where(total > 0, 0.0)).astype(int)
    frame["baseline_kg"] = (frame["before_kg"] * frame["part"]).round().astype(int)
    frame["net_kg"] = frame["delivered_kg"] + frame["baseline_kg"]
    frame["value_usd"] = (frame["net_kg"] * frame["price"] * frame["price_ratio"]).round(2)
    frame["displaced_kg"] = frame["delivered_kg"] * frame["replaces_kg"]
    return frame[frame["net_kg"] > 0].sort_values(["period", "project_id", "product_id", "plant_id"], ignore_index=True)


def _true_cuts(delivered: pd.DataFrame) -> pd.DataFrame:
    """Return the true cuts by project, product and period: displaced kg at the generator's own prices."""
    gross = delivered["displaced_kg"] * delivered["price"]
    inputs = delivered["delivered_kg"] * delivered["imported_input_usd_per_kg"]
    cuts = delivered.assign(gross_kg=delivered["displaced_kg"], gross_usd=gross, net_usd=gross - inputs)
    key, figures = ["project_id", "product_id", "period"], ["gross_kg", "gross_usd", "net_usd"]
    return cuts[cuts["delivered_kg"] > 0].groupby(key, as_index=False)[figures].sum().round(2)
