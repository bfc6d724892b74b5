"""Planned against realised cuts, and both against what was last published."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.schema import CLOSE, PAIR, ROW, conform, empty, weakest

DEVIATIONS = ["late_usd", "use_usd", "output_usd", "price_usd"]
NOTHING_YET = ("not_started", "no_deliveries", "baseline_only")  # no cut, and the data can tell that there is none
CENT = 2  # decimals; what is given out is rounded beyond them
URGENCY = ["late", "due_now", "due_later", "done"]  # of a measure's rows the first one counts


def ledger(cuts_realised: pd.DataFrame, planned: pd.DataFrame, attainable: pd.DataFrame, ds: Dataset, *, former=None):
    """Table `ledger`: planned against realised gross cuts up to `ds.period`, and the parts of the difference.

    At project × product × period, with p the planned price (USD per kg) and P, P', A the kg planned, planned at the
    vehicles really made, and realised: output (P' − P)·p, late −P'·p before the first delivery, use (A − P')·p − late,
    price realised − A·p. The four add up to the difference exactly. Products whose cut cannot be told are left out.
    Revisions are against the `former` publication.
    """
    if planned.empty:
        return empty("ledger", ds)
    parts = _parts(_side_by_side(cuts_realised, planned, attainable, ds))
    key = ["project_id", "period"]
    book = parts.groupby(key, as_index=False)[["planned_usd", "realised_usd", *DEVIATIONS]].sum()
    then = former.tables.get("ledger") if former else None
    published = book[key].assign(usd=np.nan) if then is None else then[key].assign(usd=then["realised_usd"])
    book = book.merge(published, on=key, how="left", validate="1:1")
    book = book[book[["planned_usd", "realised_usd", "usd"]].fillna(0).ne(0).any(axis=1)]
    last, to_date = ~book.duplicated("project_id", keep="last"), book.groupby("project_id")
    table = book.assign(
        difference_usd=book["realised_usd"] - book["planned_usd"],
        reason=_reason(book),
        planned_to_date_usd=to_date["planned_usd"].cumsum().where(last),
        realised_to_date_usd=to_date["realised_usd"].cumsum().where(last),
        revision_usd=(book["realised_usd"] - book["usd"]).round(CENT),
    )
    return conform(table, "ledger", frequency=ds.frequency)


def changes(
    former, ds: Dataset, *, cuts: pd.DataFrame, ranking: pd.DataFrame, measures: pd.DataFrame, target: pd.DataFrame,
    own=None,
) -> pd.DataFrame:  # fmt: skip
    """Table `changes`: every figure of the `former` publication that this report's tables tell again, then and now.

    Of this very period's `own` publication those cuts that have been corrected since.
    """
    rows = _since_former(former, ds, cuts, ranking, measures, target) if former else []
    then = own.tables.get("cuts_realised") if own else None
    if then is not None and _method(then) == _method(cuts):
        corrected = _cuts(then, cuts, own.period)
        moved = corrected["difference"].ne(0)  # and what is counted no more, or only now
        rows.append(corrected[moved].assign(kind="correction"))
    rows = [part for part in rows if len(part)]
    if not rows:
        return empty("changes", ds)
    columns = ["kind", "id", "unit", "before", "after", "difference", "state_before", "state_after", "evidence"]
    return conform(pd.concat(rows, ignore_index=True).reindex(columns=columns), "changes", frequency=ds.frequency)


def _since_former(former, ds: Dataset, cuts, ranking, measures, target) -> list[pd.DataFrame]:
    """What has changed since the publication of an earlier period, by kind."""
    ends = {"state_before": str(former.period), "state_after": str(ds.period)}
    newer = (ds.period - former.period).n
    rows = [pd.DataFrame([{"kind": "data", "id": "period", "unit": "periods", "difference": newer, **ends}])]
    methods = [_method(former.tables.get("cuts_realised", cuts)), _method(cuts)]
    if all(methods) and methods[0] != methods[1]:
        names = {"state_before": methods[0], "state_after": methods[1]}
        rows.append(pd.DataFrame([{"kind": "method", "id": "method", **names}]))
        figures = {}  # what was measured otherwise is not compared
    else:
        figures = {"cuts_realised": (_cuts, cuts, former.period), "ranking": (_ranks, ranking)}
    compared = figures | {"measures_status": (_measures, measures), "target": (_target, target)}
    return rows + [compare(former.tables[n], *now) for n, (compare, *now) in compared.items() if n in former.tables]


def _method(cuts: pd.DataFrame) -> str | None:
    known = cuts["method"].dropna() if "method" in cuts else cuts.index[:0]
    return known.iloc[0] if len(known) else None


def _side_by_side(cuts: pd.DataFrame, planned: pd.DataFrame, attainable: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """Planned, attainable and realised kg, the planned price and the realised value, by project × product × period."""
    plan = planned[[*ROW, "displaced_kg", "price"]].rename(columns={"displaced_kg": "planned_kg"})
    possible = attainable[[*ROW, "displaced_kg"]].rename(columns={"displaced_kg": "attainable_kg"})
    realised = cuts[cuts["identified"]].groupby(ROW, as_index=False)[["gross_kg", "gross_usd"]].sum()
    rows = plan.merge(possible, on=ROW, validate="1:1").merge(realised, on=ROW, how="outer", validate="1:1")
    untold = cuts.loc[~cuts["identified"] & ~cuts["reason"].isin(NOTHING_YET), PAIR]
    known = ~pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(untold))
    rows = rows[known & (rows["period"] <= ds.period)]
    price = rows["price"].where(rows["price"] > 0).fillna(rows["gross_usd"] / rows["gross_kg"])
    return rows.assign(price=price).fillna(0.0)  # what is not planned, or not delivered, is nothing


def _parts(rows: pd.DataFrame) -> pd.DataFrame:
    """The difference of each row in four parts."""
    first = rows["period"].where(rows["gross_kg"] > 0).groupby([rows[c] for c in PAIR]).transform("min")
    before_first = first.isna() | (rows["period"] < first)
    price, attainable = rows["price"], rows["attainable_kg"]
    late = (-attainable * price).where(before_first, 0.0)
    return rows.assign(
        planned_usd=rows["planned_kg"] * price,
        realised_usd=rows["gross_usd"],
        late_usd=late,
        use_usd=(rows["gross_kg"] - attainable) * price - late,
        output_usd=(attainable - rows["planned_kg"]) * price,
        price_usd=rows["gross_usd"] - rows["gross_kg"] * price,
    )


def _reason(book: pd.DataFrame) -> pd.Series:
    """The largest part with its direction; as planned where the difference is close to nothing."""
    part = book[DEVIATIONS].abs().idxmax(axis=1).str.removesuffix("_usd")
    value = book[DEVIATIONS].to_numpy()[np.arange(len(book)), book[DEVIATIONS].abs().to_numpy().argmax(axis=1)]
    named = part.where(part.eq("late"), np.where(value < 0, "lower_", "higher_") + part)
    return named.mask(book[DEVIATIONS].sum(axis=1).abs() < CLOSE * book["planned_usd"], "as_planned")


def _cuts(then: pd.DataFrame, now: pd.DataFrame, published: pd.Period) -> pd.DataFrame:
    """Gross cuts to date: those of the periods published already, then and now, and those of the periods since."""
    before, after = _summed(then, then["period"] <= published), _summed(now, now["period"] <= published)
    revised = _both(before, after).rename(columns={"usd_then": "before", "usd": "after"}).assign(kind="revision")
    since = _summed(now, now["period"] > published).rename(columns={"usd": "after"})
    since = since.rename_axis("id").reset_index().assign(kind="new_cut", before=0.0)
    table = pd.concat([revised, since], ignore_index=True)
    table = table[table[["before", "after"]].fillna(0).ne(0).any(axis=1)]
    return table.assign(unit="USD gross", difference=(table["after"] - table["before"]).round(CENT))


def _both(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """What two reports say, side by side by `id`, with the weaker evidence."""
    both = then.merge(now, left_index=True, right_index=True, how="outer", suffixes=("_then", ""), validate="1:1")
    both = both.rename_axis("id").reset_index()
    return both.assign(evidence=both[["evidence_then", "evidence"]].apply(weakest, axis=1))


def _summed(cuts: pd.DataFrame, counted: pd.Series) -> pd.DataFrame:
    """Gross cut of each project whose cut can be told in the periods counted, with its grade."""
    known = cuts[cuts["identified"].eq(True) | cuts["reason"].isin(NOTHING_YET)]
    inside = counted & cuts["identified"].eq(True)
    rows = known.assign(usd=known["gross_usd"].where(inside, 0.0), evidence=known["gross_evidence"].where(inside, None))
    return rows.groupby("project_id").agg(usd=("usd", "sum"), evidence=("evidence", weakest))


def _ranks(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Rank and headline of the cut to date of every project, or the reason why it has none."""
    columns = ["rank", "headline_usd", "net_usd", "evidence", "reason"]
    both = _both(*(t[t["basis"].eq("realised_to_date")].set_index("project_id")[columns] for t in (then, now)))
    about, states = both[["id", "evidence"]], {"state_before": both["reason_then"], "state_after": both["reason"]}
    rank = about.assign(kind="rank", unit="rank", before=both["rank_then"], after=both["rank"], **states)
    net = {side: both[f"net_usd{side}"].notna() for side in ("_then", "")}
    known = both["headline_usd"].notna()
    unit = net[""].where(known, net["_then"]).map({True: "USD net", False: "USD gross"})
    alike = net[""].eq(net["_then"])  # gross is not compared with net
    headline = about.assign(kind="headline", unit=unit, before=both["headline_usd_then"].where(alike | ~known))
    headline = headline.assign(after=both["headline_usd"])[known | both["headline_usd_then"].notna()]
    table = pd.concat([rank, headline]).astype({"before": "float64", "after": "float64"})
    return table.assign(difference=(table["after"] - table["before"]).round(CENT))


def _measures(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """State of every measure; it stands where its most urgent row stands."""
    sides, urgency = {}, {state: n for n, state in enumerate(URGENCY)}  # an older publication's other word is last
    for side, table in (("state_before", then), ("state_after", now)):
        urgent = table.sort_values("state", key=lambda states: states.map(urgency), kind="stable")
        sides[side] = urgent.drop_duplicates("measure_id").set_index("measure_id")["state"]
    return pd.DataFrame(sides).sort_index().rename_axis("id").reset_index().assign(kind="measure")


def _target(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Probability of reaching the target, in both readings."""
    sides = {side: table.set_index("reading")["p_reached"] for side, table in (("before", then), ("after", now))}
    both = pd.DataFrame(sides).sort_index().dropna(how="all").rename_axis("id").reset_index()
    return both.assign(kind="target", unit="share", difference=both["after"] - both["before"], evidence="planned")
