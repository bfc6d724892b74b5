"""Imports → panel by product × plant × origin × period: weights mended, findings on the data, split by purpose."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset, hs_prefixes
from importcut.economics.indices import beyond_quartiles, hidiroglou_berthelot
from importcut.schema import CELL, USE, VOLUME, YEAR, DataError, conform

UNREPAIRED = ("hs_revision", "reporting_break", "missing_weight")  # findings that bar a product where nothing mended it
LAST_CHAPTERS = (24, 27, 40, 49, 67, 71, 83, 92, 97)  # of blocks of adjoining chapters that are reported alike
FEWEST_LINES = 20  # of a block, for a verdict on its weights


def import_panel(cells: pd.DataFrame, ds: Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table `panel` up to `ds.period`, missing and broken weights imputed, and findings with columns of `quality`.

    Raises DataError if `ds.period` lies before the first or after the last import, or every line was set aside.

    Parameters
    ----------
    cells : table `cells`, from `clean_imports`: accepted lines added up, USD and kg (empty where missing)
    """
    lines = _up_to(cells, ds)
    cells, breaks = _mend_breaks(_weighted_cells(lines), lines, ds)
    stopped = _stopped_origins(cells, ds)
    cells["comparable"] = ~cells["origin"].isin(stopped["origin"])
    cells["unit_value"] = cells["value_usd"] / cells["net_kg"].where(cells["net_kg"] > 0)
    weights = _weight_findings(lines, weighed=_log_unit_values(cells).columns)
    parts = [weights, breaks, stopped, _missing_periods(lines), _unit_value_outliers(cells, lines, ds)]
    parts.append(_recut_codes(lines, ds))
    findings = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return conform(cells, "panel", frequency=ds.frequency), findings


def _up_to(cells: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """The lines up to `ds.period`, which must lie in the data."""
    if cells.empty:
        raise DataError(f"{ds.name}: every line was set aside — `importcut check {ds.name}` shows by which rules")
    if ds.period is None:
        raise DataError(f"{ds.name}: no period is chosen — open the dataset with one, as {cells['period'].max()}")
    first, last = cells["period"].min(), cells["period"].max()
    if ds.period < first:
        raise DataError(f"{ds.name}: no imports up to {ds.period} — choose a period from {first} to {last}")
    if ds.period > last:
        raise DataError(f"{ds.name}: no imports after {last}, none in {ds.period} — choose a period up to {last}")
    return cells[cells["period"] <= ds.period]


def _weighted_cells(lines: pd.DataFrame) -> pd.DataFrame:
    """Cells with weights; a missing one is value / unit value of the cell, the product, or the periods around."""
    missing = lines["net_kg"].isna()
    cells = (
        lines.assign(missing_usd=lines["value_usd"].where(missing, 0.0), raw_kg=lines["net_kg"].fillna(0.0))
        .assign(doubted=lines["weight_rule"].eq("doubted"))
        .groupby(CELL, as_index=False)
        .agg(dict.fromkeys(["value_usd", "missing_usd", "raw_kg"], "sum") | {"doubted": "any"})
    )
    weighed = cells["value_usd"] - cells["missing_usd"]
    own = (weighed / cells["raw_kg"]).where(cells["raw_kg"] > 0)
    by_product = cells.assign(weighed=weighed).groupby(["product_id", "period"])[["weighed", "raw_kg"]].transform("sum")
    common = (by_product["weighed"] / by_product["raw_kg"]).where(by_product["raw_kg"] > 0)
    series = _log_unit_values(cells.assign(value_usd=weighed, net_kg=cells["raw_kg"]))
    neighbours = np.exp(series.interpolate(limit_area="inside").ffill().bfill()).stack().rename("neighbours")
    cells = cells.join(neighbours, on=["period", "product_id"], validate="m:1")
    unit_value = own.where(own > 0).fillna(common.where(common > 0)).fillna(cells["neighbours"])
    return cells.assign(
        net_kg=cells["raw_kg"] + (cells["missing_usd"] / unit_value).fillna(0.0),
        evidence=np.where((cells["missing_usd"] > 0) | cells["doubted"], "inferred", "measured"),
        price_evidence=np.where(own.isna() | cells["doubted"], "inferred", "measured"),
    ).drop(columns=["missing_usd", "doubted", "neighbours"])


def _log_unit_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Log unit value, periods × products."""
    total = cells.groupby(["period", "product_id"])[VOLUME].sum()
    usable = total[(total["net_kg"] > 0) & (total["value_usd"] > 0)]
    series = np.log(usable["value_usd"] / usable["net_kg"]).unstack("product_id")
    return series.reindex(pd.period_range(cells["period"].min(), cells["period"].max(), name="period"))


def _mend_breaks(cells: pd.DataFrame, lines: pd.DataFrame, ds: Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impute the weights of the product lines that break with most others of their block, worst period first."""
    exports, series, findings = ds.partner_exports.dropna(), _log_unit_values(cells), []
    mirror = _log_unit_values(exports) if len(exports) else series.iloc[:0]
    declared = cells.groupby(["period", "product_id"])["raw_kg"].sum().unstack().reindex_like(series) > 0
    for own in _blocks(series.columns, ds):
        done = []  # a period is judged once: what was mended by its neighbours may still lie off its season
        while (worst := _worst_break(series[own].where(declared[own]), ds, done)) is not None:  # declared weights alone
            period, flagged, certainty = worst
            done.append(period)
            certainty = _by_partners(series, mirror, period, flagged, ds) if certainty == "found" else certainty
            broken, touched = (t["period"].eq(period) & t["product_id"].isin(flagged) for t in (cells, lines))
            mended = certainty in ("found", "confirmed")
            rows = _touched(lines[touched], ["period", "product_id"]).assign(check="reporting_break", kind="weights")
            findings.append(rows.assign(treatment="imputed" if mended else "kept", certainty=certainty))
            if certainty == "suspected":
                break
            if not mended:  # the price moved on both sides: these lines have told what they can
                series.loc[period, flagged] = np.nan
                continue
            interpolated = (series.shift(1).loc[period] + series.shift(-1).loc[period])[flagged] / 2
            factor = np.exp(series.loc[period, flagged] - interpolated)
            cells.loc[broken, "net_kg"] *= cells.loc[broken, "product_id"].map(factor)
            cells.loc[broken, ["evidence", "price_evidence"]] = "inferred"
            series.loc[period, flagged] = interpolated
    return cells, pd.concat(findings, ignore_index=True) if findings else pd.DataFrame(columns=["period"])


def _blocks(products: pd.Index, ds: Dataset) -> list[pd.Index]:
    """The products by blocks of chapters; one with few lines joins a block beside it, where one is large enough."""
    chapter = pd.Series({product: codes[0][:2] for product, codes in hs_prefixes(ds.products).items()}, dtype="str")
    block = pd.Series(np.searchsorted(LAST_CHAPTERS, chapter.reindex(products).astype("float64")), products)
    large = block.value_counts().loc[lambda lines: lines >= FEWEST_LINES].index
    if large.empty:
        return [products]  # too narrow a dataset to be divided
    nearest = {own: next((n for n in (own, own + 1, own - 1) if n in large), None) for own in block.unique()}
    return [own.index for _, own in block.groupby(block.map(nearest))]


def _distances(series: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """How far log unit values lie from those of the same season a year before and after, or else of the neighbours."""
    from_year, from_next = (series - (series.shift(n) + series.shift(-n)) / 2 for n in (YEAR[ds.frequency], 1))
    return from_year.fillna(from_next)


def _worst_break(series: pd.DataFrame, ds: Dataset, done: list[pd.Period]) -> tuple[pd.Period, pd.Index, str] | None:
    """The period in which most lines move together, farthest from the others; the last one if no other does."""
    # a break also sets the neighbours half as far apart from theirs: that is why the farthest comes first
    beyond, share = np.log(ds.thresholds["reporting_break_ratio"]), ds.thresholds["reporting_break_share"]
    last = series.diff(YEAR[ds.frequency]).tail(1)
    for distance, certainty in ((_distances(series, ds), "found"), (last, "suspected")):
        direction = np.sign(distance.median(axis=1))
        flags = distance.mul(direction, axis=0).gt(beyond)
        counted = distance.notna().sum(axis=1)
        shares = (flags.sum(axis=1) / counted.where(counted > 1)).dropna()
        broken = shares.index[(shares >= share) & ~shares.index.isin(done)]
        if len(broken):
            period = distance.abs().where(flags).median(axis=1)[broken].idxmax()
            return period, flags.columns[flags.loc[period]], certainty
    return None


def _by_partners(series: pd.DataFrame, mirror: pd.DataFrame, period: pd.Period, flagged: pd.Index, ds: Dataset) -> str:
    """Whether the partners' unit values confirm that weights broke, or refute it by moving as far; found: neither."""
    place = {"index": [period], "columns": flagged}
    own, others = (_distances(table, ds).reindex(**place).loc[period] for table in (series, mirror))
    if not others.notna().any():
        return "found"
    alike = (others.dropna() * np.sign(own.median())).gt(np.log(ds.thresholds["reporting_break_ratio"]))
    return "refuted" if alike.mean() >= ds.thresholds["reporting_break_share"] else "confirmed"


def _unit_value_outliers(cells: pd.DataFrame, lines: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Cells of measured weight whose unit value jumps as no others do; the step back from an outlier is none."""
    rule = ds.thresholds
    known = cells[cells["evidence"].eq("measured") & cells["unit_value"].gt(0)]
    pairs = known.merge(known.assign(period=known["period"] + 1), on=CELL, suffixes=("", "_before"), validate="1:1")
    pairs = pairs[pairs.groupby("period")["period"].transform("size") >= rule["outlier_cells"]]
    median = (pairs["unit_value"] / pairs["unit_value_before"]).groupby(pairs["period"]).transform("median")
    size = pairs[["value_usd", "value_usd_before"]].max(axis=1)
    before, now = pairs["unit_value_before"], pairs["unit_value"]
    scores = hidiroglou_berthelot(before, now, median, u=rule["outlier_u"], size=size)
    outside = scores.groupby(pairs["period"]).transform(beyond_quartiles, a=rule["outlier_a"], c=rule["outlier_c"])
    jumps = pairs[CELL].assign(value_usd=pairs["value_usd"], side=np.sign(scores))[outside.astype(bool)]
    back = pd.MultiIndex.from_frame(jumps.assign(period=jumps["period"] + 1, side=-jumps["side"])[[*CELL, "side"]])
    jumps = jumps[~pd.MultiIndex.from_frame(jumps[[*CELL, "side"]]).isin(back)]
    counted = jumps.join(lines.groupby(CELL)["lines"].sum(), on=CELL, validate="1:1")
    touched = _touched(counted, ["period", "product_id", "origin"])
    return touched.assign(check="unit_value_outlier", treatment="kept", kind="weights", certainty="suspected")


def recut_products(imports: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Imported products of whose codes a revision of the Harmonized System made others, and when: product_id, period.

    A product that holds all codes of a group that became one another goes on, if no period between is empty.
    """
    first = pd.PeriodIndex([*ds.hs_revisions.values()], freq=ds.frequency)
    begun = pd.DataFrame({"revision": [*ds.hs_revisions], "period": first}).astype({"revision": "str"})
    begun = begun[begun["period"].gt(imports["period"].min()) & begun["period"].le(ds.period)]
    key = ["revision", "period", "group"]
    pairs = ds.recut.merge(begun, on="revision", validate="m:1")
    codes = pairs.melt(key, ["from", "to"], "side", "code").drop_duplicates()
    codes["whole"] = codes.groupby(key)["side"].transform("size")  # a fan with the codes that it does not name
    codes = codes.dropna().assign(chapter=codes["code"].str[:2])
    prefixes = pd.Series(hs_prefixes(ds.products)).explode().rename_axis("product_id").rename("prefix").reset_index()
    pairs = prefixes.assign(chapter=prefixes["prefix"].str[:2]).merge(codes, on="chapter", validate="m:m")
    own, code = pairs["prefix"].to_numpy(), pairs["code"].to_numpy()
    pairs["held"], within = (np.array([*map(str.startswith, *both)], dtype=bool) for both in ((code, own), (own, code)))
    touched = pairs[pairs["held"] | within].groupby(["product_id", *key], as_index=False)
    table = touched.agg(held=("held", "sum"), whole=("whole", "first"))
    place = ["product_id", "period"]
    present = pd.MultiIndex.from_frame(imports.loc[imports["value_usd"].gt(0), place])
    around = [pd.MultiIndex.from_frame(table[place].assign(period=table["period"] - n)).isin(present) for n in (0, 1)]
    broken = table[~(table["held"].eq(table["whole"]) & around[0] & around[1])]
    return broken.loc[broken["product_id"].isin(imports["product_id"]), place].drop_duplicates()


def _recut_codes(lines: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Findings on `recut_products`."""
    return (
        recut_products(lines, ds)
        .merge(_touched(lines, ["product_id", "period"]), on=["product_id", "period"], how="left", validate="1:1")
        .fillna({"lines": 0, "affected_value_usd": 0.0})
        .assign(check="hs_revision", treatment="kept", kind="classification", certainty="found")
    )


def _missing_periods(lines: pd.DataFrame) -> pd.DataFrame:
    """Periods between the first and the last one in which no line was accepted."""
    present = pd.PeriodIndex(lines["period"])
    missing = pd.period_range(present.min(), present.max(), name="period").difference(present)
    return missing.to_frame(index=False).assign(
        check="period_missing", affected_value_usd=0.0, treatment="kept", kind="coverage", certainty="found"
    )


def _stopped_origins(cells: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Origins that have not reported for the last two periods or more: by product, with their last year's value."""
    last = cells.groupby("origin")["period"].max()
    value = cells.groupby("origin")["value_usd"].sum()
    gone = last[(last < ds.period - 1) & (value / value.sum() >= ds.thresholds["coverage_share"])]
    lost = cells.merge(gone.rename("last").reset_index(), on="origin", validate="m:1")
    lost = lost[lost["period"] > lost["last"] - YEAR[ds.frequency]]
    return (
        lost.assign(period=lost["last"] + 1)
        .groupby(["origin", "product_id", "period"], as_index=False)
        .agg(affected_value_usd=("value_usd", "sum"))
        .assign(check="coverage_break", treatment="left_out", kind="coverage", certainty="found")
    )


def _weight_findings(lines: pd.DataFrame, weighed: pd.Index) -> pd.DataFrame:
    """Lines whose weight is missing, repaired or doubted; a product that is not among the `weighed` ones has none."""
    table = _touched(lines[lines["weight_rule"] != "declared"], ["period", "product_id", "weight_rule"])
    rule, without = table["weight_rule"], ~table["product_id"].isin(weighed)
    treatment = rule.map({"missing": "imputed", "unit_repaired": "repaired", "doubted": "kept"})
    return table.assign(
        check=rule.map({"missing": "missing_weight", "unit_repaired": "wrong_unit", "doubted": "doubted_size"}),
        treatment=treatment.mask(without & rule.eq("missing"), "kept"),
        kind="weights",
        certainty=rule.map({"doubted": "suspected"}).fillna("found"),
    )


def _touched(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The lines and the value that a finding touches, by some columns."""
    return rows.groupby(by, as_index=False).agg(lines=("lines", "sum"), affected_value_usd=("value_usd", "sum"))


def quality(findings: pd.DataFrame | None, rules: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Table `quality`: findings on the panel, and what was set aside, by reason (table `rules` of `clean_imports`)."""
    set_aside = (
        rules[rules["kind"].ne("accepted")]
        .rename(columns={"rule": "check", "value_usd": "affected_value_usd"})
        .drop(columns="decides")
        .assign(treatment="set_aside", certainty="found")
    )
    on_panel = [] if findings is None else [findings.assign(period=findings["period"].astype("str"))]
    table = pd.concat([*on_panel, set_aside], ignore_index=True)
    columns = {c: table.get(c) for c in ("period", "product_id", "origin")}
    return conform(table.assign(**columns), "quality", frequency=ds.frequency)


def unrepaired(findings: pd.DataFrame) -> set[str]:
    """Products whose codes were recut, or whose weights are broken or missing, and nothing mended it."""
    unmended = findings["check"].isin(UNREPAIRED) & findings["treatment"].eq("kept")
    unmended &= findings["certainty"].ne("refuted")  # by the partners: then the price moved
    return set(findings.loc[unmended, "product_id"])


def weightless(panel: pd.DataFrame) -> bool:
    """Whether no import has a weight, so that nothing but values can be told."""
    return bool(panel["net_kg"].eq(0).all())


def profile(panel: pd.DataFrame, uses: pd.DataFrame, *, frequency: str) -> pd.DataFrame:
    """Table `profile`: the panel split over purposes by the shares of `uses`, so that no value is counted twice."""
    split = panel.merge(uses, on=USE, how="left", validate="m:m")
    amounts = split[["value_usd", "net_kg", "raw_kg"]].mul(split["share"].fillna(1), axis=0)
    split = split.assign(purpose_id=split["purpose_id"].fillna("unspecified"), **amounts)
    return conform(split, "profile", frequency=frequency)
