"""What the methods of the counterfactual look at: series of imports, donors, and the case of each project."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.schema import ITEM, NATIONAL, PAIR, USE, within

BASES = {  # in which quantities are compared, and their table
    "net_kg": "kg", "raw_kg": "raw_kg", "value_usd": "usd",
    "mirror_kg": "mirror_kg", "absent_zero": "absent_zero", "absent_carried": "absent_carried",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Observed:
    """Imports from a constant set of partners, and what they are compared with."""

    ds: Dataset
    panel: pd.DataFrame
    prices: pd.DataFrame
    kg: pd.DataFrame  # periods × products, as raw_kg and usd; empty where not known
    raw_kg: pd.DataFrame
    usd: pd.DataFrame
    mirror_kg: pd.DataFrame  # what partners report as exports here, from a constant set of them; empty columns of none
    absent_zero: pd.DataFrame  # kg from all partners: nothing where one is absent,
    absent_carried: pd.DataFrame  # or what it was last seen with
    price: pd.DataFrame  # USD per kg, periods × products; carried where nothing is imported
    by_plant: pd.DataFrame  # kg, periods × (product, plant)
    vehicles: pd.DataFrame  # periods × plants
    donors: tuple[str, ...]  # products of the control basket
    cases: (
        pd.DataFrame
    )  # project × product: `first` (month of output), `trial`, `base` (span), `reason` if not identified

    @property
    def periods(self) -> pd.PeriodIndex:
        """All periods of the series."""
        return self.kg.index

    @property
    def identifiable(self) -> list:
        """The cases that imports alone may identify."""
        return [case for case in self.cases.itertuples() if case.reason is None]

    def values(self, basis: str, products: Iterable[str] | str) -> np.ndarray:
        """The series of one of BASES, periods × products."""
        series, place = self._arrays[basis], self._places
        return series[:, place[products] if isinstance(products, str) else [place[p] for p in products]]

    def before(self, first: pd.Period) -> np.ndarray:
        """Which periods ended before the month of the first output."""
        return self._bounds[1] < np.datetime64(first.start_time)

    def inside(self, span: pd.Period) -> np.ndarray:
        """Which periods lie in a span."""
        starts, ends = self._bounds
        return (starts >= np.datetime64(span.start_time)) & (ends <= np.datetime64(span.end_time))

    @cached_property
    def answers(self) -> dict:
        """What the methods expect, or why they decline, by method and question: each is asked several times."""
        return {}

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        return {basis: getattr(self, table).to_numpy() for basis, table in BASES.items()}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {product: n for n, product in enumerate(self.kg)}  # the tables have the same columns

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return self.periods.start_time.to_numpy(), self.periods.end_time.to_numpy()


def observe(
    ds: Dataset, panel: pd.DataFrame, prices: pd.DataFrame, *, broken: frozenset[str] = frozenset()
) -> Observed:
    """The series up to `ds.period`; `broken` products are no donors, and imports alone tell no cut of theirs."""
    span = pd.period_range(panel["period"].min(), panel["period"].max(), name="period")
    cells, mirror = panel[panel["comparable"]], ds.partner_exports[ds.partner_exports["period"].isin(span)]
    if ds.absence == "missing":
        cells = _constant(panel, "raw_kg")  # a weight that is imputed stands for no report
    usd = _wide(cells, "value_usd", span)
    kg, raw = (_wide(cells, weight, span) for weight in ("net_kg", "raw_kg"))
    kg, raw = (weights.mask(weights.eq(0) & usd.gt(0)) for weights in (kg, raw))
    output = ds.activity[ds.activity["scenario"].isna()]
    vehicles = output.pivot_table(index="period", columns="plant_id", values="vehicles", aggfunc="sum").reindex(span)
    vehicles[NATIONAL] = vehicles.sum(axis=1, min_count=1)
    table, everyone = donor_table(ds, kg, broken), _by_origin(panel, span)
    absent = (everyone.fillna(0.0), everyone.ffill().fillna(0.0))
    absent_zero, absent_carried = (t.T.groupby("product_id").sum().T.reindex(columns=kg.columns) for t in absent)
    reported = _wide(_constant(mirror, "net_kg"), "net_kg", span).reindex(columns=kg.columns)
    return Observed(
        ds=ds, panel=panel, prices=prices, kg=kg, raw_kg=raw, usd=usd, absent_zero=absent_zero,
        absent_carried=absent_carried, mirror_kg=reported, price=_prices(usd / kg, prices, cells),
        by_plant=_wide(cells, "net_kg", span, USE), vehicles=vehicles,
        donors=tuple(table.loc[table["used"], "product_id"]), cases=_cases(ds, kg, broken),
    )  # fmt: skip


def donor_table(ds: Dataset, kg: pd.DataFrame, broken: frozenset[str]) -> pd.DataFrame:
    """Each product of donors.csv: `used`, and why or why not; columns product_id, used, why, reason (of the file).

    `why`: file (says no), project (makes it), broken (a break that could not be repaired), gap (a period without it).
    """
    table = ds.donors.sort_values("product_id")
    reported = kg.dropna(how="all")  # a period in which nobody reported is no gap of one product
    whole = table["product_id"].map(reported.gt(0).all().to_dict()).eq(True)
    why = np.select(
        [table["use"].ne("yes"), table["product_id"].isin(ds.project_products["product_id"]),
         table["product_id"].isin(broken), ~whole],
        ["file", "project", "broken", "gap"], "",
    )  # fmt: skip
    return table.assign(used=why == "", why=why)[["product_id", "used", "why", "reason"]].reset_index(drop=True)


def _wide(cells: pd.DataFrame, values: str, span: pd.PeriodIndex, by: list[str] | None = None) -> pd.DataFrame:
    """Periods × products (× plants): zero where nothing came, empty where the whole period is missing."""
    table = cells.pivot_table(index="period", columns=by or "product_id", values=values, aggfunc="sum", fill_value=0.0)
    return table.reindex(span)


def _constant(cells: pd.DataFrame, weight: str) -> pd.DataFrame:
    """The cells of those partners that report a weight of the product in every period in which anybody reports."""
    weighed = cells[cells[weight].gt(0)]
    steady = weighed.groupby(ITEM)["period"].nunique().eq(weighed["period"].nunique())
    return weighed[pd.MultiIndex.from_frame(weighed[ITEM]).isin(steady.index[steady])]


def _by_origin(panel: pd.DataFrame, span: pd.PeriodIndex) -> pd.DataFrame:
    """The kg of every partner, periods × (product, origin); empty where it is absent."""
    kg = panel.groupby(["period", *ITEM])["net_kg"].sum()
    return kg.where(kg > 0).unstack(ITEM).reindex(span)


def _prices(own: pd.DataFrame, prices: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Unit values; where nothing is imported, the mean over the plants of the mix-constant price, which is carried."""
    kg = cells.groupby(USE)["net_kg"].sum().rename("weight")
    carried = prices.join(kg, on=USE).fillna({"weight": 0.0})
    summed = carried.assign(total=carried["price"] * carried["weight"]).groupby(["period", "product_id"])
    mean = (summed["total"].sum() / summed["weight"].sum()).unstack("product_id")
    return own.fillna(mean.reindex(index=own.index, columns=own.columns))


def _cases(ds: Dataset, kg: pd.DataFrame, broken: frozenset[str]) -> pd.DataFrame:
    """Project × product: first output, base span, and why imports alone cannot identify its cut, if they cannot."""
    sheet = ds.project_products[PAIR].merge(ds.projects, on="project_id", validate="m:1")
    first = pd.PeriodIndex(sheet["first_output"], freq="M")
    base = [pd.Period(year=year, freq="Y") for year in first.year - 1]
    began = {product: series.index[series.gt(0)].min() for product, series in kg.items() if series.gt(0).any()}
    reasons = []
    for product, year, output in zip(sheet["product_id"], base, first, strict=True):
        if product not in began:
            reasons.append("no_series")
        elif product in broken:
            reasons.append("broken_series")
        elif began[product].start_time > year.start_time:
            reasons.append("before_series")
        elif kg.index.max().end_time < output.start_time:
            reasons.append("not_started")
        elif not kg.loc[within(kg.index, year), product].gt(0).any():
            reasons.append("no_base")
        else:
            reasons.append(None)
    table = sheet[PAIR].assign(first=first, base=base, reason=pd.Series(reasons, sheet.index, dtype=object))
    trial = pd.PeriodIndex(sheet["trial_output"], freq="M")
    ends = pd.PeriodIndex(base, freq="Y").end_time
    table["trial"] = trial
    table["base_touched"] = trial.notna() & (trial.start_time <= ends)
    alone = table["reason"].isna()  # one fall of imports cannot be told apart between two projects
    shared = alone & table[alone].duplicated("product_id", keep=False).reindex(table.index, fill_value=False)
    return table.assign(reason=table["reason"].mask(shared, "shared_product"))
