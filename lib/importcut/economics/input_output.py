"""The input–output table: what a sector's output needs of imports, and what the programme could replace at all."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.schema import PAIR, YEAR


def import_content(ds: Dataset) -> pd.Series:
    """Imports in a unit of each sector's output, direct and through domestic suppliers, m′A(I − (I − M̂)A)⁻¹.

    m is the share of imports in the total resources of each supplying sector: the table does not tell them apart.

    References
    ----------
    Hummels, Ishii and Yi (2001), The nature and growth of vertical specialization in world trade, Journal of
    International Economics 54.
    """
    sectors = ds.input_output["sectors"]
    inputs = ds.input_output["coefficients"].loc[sectors.index, sectors.index].to_numpy()
    m = _imported(sectors).to_numpy()
    total = np.linalg.solve((np.eye(len(m)) - (1 - m)[:, None] * inputs).T, inputs.T @ m)
    return pd.Series(total, sectors.index)


def assumed_inputs(ds: Dataset) -> pd.Series:
    """Imported inputs of each project × product as a share of the price, where the sheet is silent on them.

    The content of the sector that products.csv, or else projects.csv, names; empty where neither does, or the sheet
    states dollars per kg.
    """
    sheet = ds.project_products
    content = pd.Series(np.nan, sheet.index)
    if ds.input_output:
        of_product, of_project = (t.set_index(t.columns[0])["io_sector"] for t in (ds.products, ds.projects))
        sector = sheet["product_id"].map(of_product).fillna(sheet["project_id"].map(of_project))
        content = sector.map(import_content(ds)).where(sheet["imported_input_usd_per_kg"].isna())
    return content.set_axis(pd.MultiIndex.from_frame(sheet[PAIR])).rename("assumed_input")


def bought_inputs(ds: Dataset) -> pd.DataFrame:
    """What `user` took of each sector in the table's year, USD: bought, and imported at that sector's import share."""
    table = ds.input_output
    million = table["coefficients"][table["user"]] * table["sectors"].at[table["user"], "output_million_uzs"]
    usd = million * 1e6 / table["uzs_per_usd"]
    return pd.DataFrame({"bought_usd": usd, "imported_usd": usd * _imported(table["sectors"])})


def imported_base(ds: Dataset, panel: pd.DataFrame) -> pd.DataFrame:
    """Rows of table `ceiling`: the target against all imports of the inputs in question, by reading and source.

    By the table, at its prices and imports per vehicle, with the vehicles of its year, of the last one, and of three
    scenarios; by customs, the last year's imports of all who use the products, an upper bound. None without a table.
    """
    table, last = ds.input_output, ds.period.year
    if not table or not ds.target or ds.programme_start is None:
        return pd.DataFrame()
    inputs, year, start = bought_inputs(ds)["imported_usd"], table["base_year"], ds.programme_start.year
    base = inputs[inputs.index.str.startswith(tuple(table["inputs"]))].sum()
    output = _vehicles(table["vehicles"], range(min(year, last, start), ds.target["year"] + 1), max(year, last))
    usd = base * output / output.at[year, "base"]
    subject = panel[~panel["product_id"].isin(ds.comparison)]
    customs = subject.loc[subject["period"] > ds.period - YEAR[ds.frequency], "value_usd"].sum()
    flat = pd.DataFrame({"table_year": base, "last_year": usd.at[last, "base"]}, usd.index)
    usd = flat.join(usd).assign(customs=customs).loc[start:]
    sums = pd.DataFrame({"annual": usd.loc[ds.target["year"]], "cumulative": usd.sum()}).rename_axis("source")
    rows = sums.reset_index().melt("source", var_name="reading", value_name="line_usd")
    grade = np.where(rows["source"].isin(["table_year", "customs"]), "inferred", "assumed")
    claim = float(ds.target["amount_usd"])
    return rows.assign(level="portfolio", id="portfolio", claim_usd=claim, evidence=grade)


def _vehicles(table: pd.DataFrame, years: range, known: int) -> pd.DataFrame:
    """Vehicles by year, recorded up to the last known one, on straight lines to those of each scenario."""
    table = table[table["low"].notna() | (table.index <= known)].sort_index()
    ends = {"low": table["low"], "base": table["vehicles"], "high": table["high"]}
    lines = {name: np.interp(years, table.index, end.fillna(table["vehicles"])) for name, end in ends.items()}
    return pd.DataFrame(lines, years)


def _imported(sectors: pd.DataFrame) -> pd.Series:
    """Share of imports in what there is of each sector's goods; none of what there is nothing of."""
    resources = sectors["total_resources_million_uzs"]
    return (sectors["imports_million_uzs"] / resources.where(resources > 0)).fillna(0)
