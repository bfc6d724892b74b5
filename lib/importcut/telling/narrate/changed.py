"""What changed since the last report that was given out."""

import pandas as pd

from importcut.schema import weakest
from importcut.telling.finding import Finding, paragraphs
from importcut.telling.narrate.causes import PRECISION, signed
from importcut.telling.narrate.programme import measure_names
from importcut.telling.narrate.tables import Listing, listing

UNITS = {"USD gross": (PRECISION, 1e-3, 1), "rank": (1, 1, 0), "share": (0.005, 100, 0)}  # least shown, scale, digits


def changed(changes: pd.DataFrame, say) -> Finding:
    """New periods, who leads, revised figures, moved ranks, measures and the target, against the last publication."""
    if changes.empty:
        return Finding(say("changed.title_none"), say("changed.none"), changes, None)
    kinds = ("data", "method", "headline", *say.words("changes"))
    parts = {kind: changes[changes["kind"].eq(kind)].set_index("id") for kind in kinds}
    text = [
        _new_text(parts, say),
        *_method_text(parts["method"], say),
        *_headline_text(parts, say),
        *_rank_text(parts["rank"], say),
        *_revision_text(parts["revision"], say),
        *_measure_text(parts["measure"], say),
        *_target_text(parts["target"], say),
    ]
    grade = weakest(changes.loc[changes["difference"].ne(0), "evidence"])
    text += [say("grade", gross=say(grade))] if grade else []
    return Finding(_title(parts, say), paragraphs(text), changes, grade, " ".join(text[:2]))


def changes_table(changes: pd.DataFrame, say) -> Listing:
    """What changed, then and now: amounts in thousand dollars; what shows no difference is left out."""
    kinds = say.words("changes")
    rows = changes[changes["kind"].isin(list(kinds))]
    least = rows["unit"].map({unit: shown for unit, (shown, _, _) in UNITS.items()}).astype("float64")
    moved = rows["before"].fillna(0).sub(rows["after"].fillna(0)).abs().ge(least)
    rows = rows[moved | (rows["kind"].eq("measure") & rows["state_before"].ne(rows["state_after"]))]
    rows = rows.sort_values("kind", key=lambda kind: kind.map(list(kinds).index), kind="stable")
    named = pd.concat([say.names("projects"), measure_names(say), pd.Series(say.words("readings"))])
    sides = {"then": _cells(rows, "before", say), "now": _cells(rows, "after", say)}
    what, name = rows["kind"].map(kinds), rows["id"].map(named).fillna(rows["id"])
    return listing("changes", rows.assign(what=what, name=name, **sides), say)


def _cells(rows: pd.DataFrame, side: str, say) -> pd.Series:
    """Figures of one side in the unit of their row, or the state."""
    scaled = [
        say.number(value * UNITS[unit][1], UNITS[unit][2]) if pd.notna(value) else None
        for value, unit in zip(rows[side], rows["unit"], strict=True)
    ]
    states = rows[f"state_{side}"].map(say.words("states"))
    return pd.Series(scaled, rows.index, dtype=object).where(rows["kind"].ne("measure"), states)


def _title(parts: dict, say) -> str:
    first, last = _leaders(parts["rank"])
    period, new = pd.Period(parts["data"].iloc[0]["state_before"]), parts["new_cut"]["difference"].sum()
    if len(first) and len(last) and first != last:
        return say("changed.title_lead", period=period, project=_names(last, say))
    return say("changed.title_cut" if abs(new) >= PRECISION else "changed.title_little", period=period, amount=new)


def _leaders(rank: pd.DataFrame) -> tuple[list[str], list[str]]:
    return sorted(rank.index[rank["before"].eq(1)]), sorted(rank.index[rank["after"].eq(1)])


def _new_text(parts: dict, say) -> str:
    data = parts["data"].iloc[0]
    before, now = pd.Period(data["state_before"]), pd.Period(data["state_after"])
    which = "changed.new_none" if parts["new_cut"].empty else "changed.new_cut"
    which = "changed.new" if len(parts["method"]) else which
    return say(which, before=before, span=say.span(before + 1, now), amount=parts["new_cut"]["difference"].sum())


def _method_text(method: pd.DataFrame, say) -> list[str]:
    words = say.words("methods")
    return [
        say("changed.method", before=words[row.state_before], after=words[row.state_after])
        for row in method.itertuples()
    ]


def _headline_text(parts: dict, say) -> list[str]:
    """The cut to date of who leads now, then and now."""
    _, last = _leaders(parts["rank"])
    text = []
    for row in parts["headline"].reindex(last).dropna(subset=["before", "after"]).itertuples():
        leads = "changed.leads_net" if row.unit == "USD net" else "changed.leads_gross"
        text.append(say(leads, project=_name(row.Index, say), after=row.after, before=row.before))
    return text


def _rank_text(rank: pd.DataFrame, say) -> list[str]:
    """Who moved from which rank to which, who is new in the ranking, who is no longer there and why."""
    both = rank.dropna(subset=["before", "after"])
    moved = both[both["difference"].ne(0)].sort_values("after")
    new = rank[rank["before"].isna() & rank["after"].notna()].sort_values("after")
    gone = rank[rank["before"].notna() & rank["after"].isna()].sort_values("before")
    text = []
    if len(moved):
        ranks = moved.assign(before=moved["before"].map(say.number), after=moved["after"].map(say.number))
        text.append(say("changed.moved", projects=_steps(ranks, say)))
    elif len(both):
        text.append(say("changed.not_moved"))
    if len(new):
        listed = [f"{_name(p, say)} ({say.number(r.after)})" for p, r in new.iterrows()]
        text.append(say("changed.ranked", projects="; ".join(listed)))
    for reason, rows in gone.groupby(gone["state_after"].fillna("")):
        which = "changed.not_ranked" if reason else "changed.gone"
        text.append(say(which, reason=say.words("reasons").get(reason, ""), projects=_names(rows.index, say)))
    return text


def _revision_text(revision: pd.DataFrame, say) -> list[str]:
    gone = revision[revision["before"].notna() & revision["after"].isna()]
    cuts = [say("changed.withdrawn_cut", product=_name(p, say), amount=usd) for p, usd in gone["before"].items()]
    withdrawn = [say("changed.withdrawn", projects="; ".join(cuts))] if cuts else []
    known = revision[revision["difference"].notna()]
    large = known[known["difference"].abs().ge(PRECISION)].sort_values("difference", key=abs, ascending=False)
    if large.empty:
        none = [] if known.empty else [say("changed.not_revised", amount=PRECISION)]
        return withdrawn or none
    together = signed(large["difference"].sum(), say)
    return [say("changed.revised", projects=_steps(large, say), amount=together), *withdrawn]


def _measure_text(measure: pd.DataFrame, say) -> list[str]:
    names, text = measure_names(say), []
    changed = measure["state_before"].ne(measure["state_after"])
    for state in ("late", "done"):
        found = measure.index[changed & measure["state_after"].eq(state)]
        text += [say(f"changed.{state}", measures="; ".join(names.get(m, m) for m in found))] if len(found) else []
    return text


def _target_text(target: pd.DataFrame, say) -> list[str]:
    known, words = target.dropna(subset=["before", "after"]), say.words("readings")
    return [
        say("changed.target", reading=words[r.Index], after=say.percent(r.after), before=say.percent(r.before))
        for r in known[known["difference"].abs() >= UNITS["share"][0]].itertuples()
    ]


def _steps(rows: pd.DataFrame, say) -> str:
    """From what to what each project moved."""
    steps = (say("moved", project=_name(r.Index, say), before=r.before, after=r.after) for r in rows.itertuples())
    return "; ".join(steps)


def _names(projects, say) -> list[str]:
    return [_name(project, say) for project in projects]


def _name(project: str, say) -> str:
    """The project's name; its id, if it is in the register no more."""
    return say.names("projects").get(project, project)
