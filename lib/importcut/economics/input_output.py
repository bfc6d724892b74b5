"""The input–output table: what a sector's output needs of imports, and what the programme could replace at all."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.schema import PAIR


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


def _imported(sectors: pd.DataFrame) -> pd.Series:
    """Share of imports in what there is of each sector's goods; none of what there is nothing of."""
    resources = sectors["total_resources_million_uzs"]
    return (sectors["imports_million_uzs"] / resources.where(resources > 0)).fillna(0)
