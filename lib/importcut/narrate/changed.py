"""What changed since the last report that was given out."""

import pandas as pd

from importcut.narrate.answer import REASONS
from importcut.narrate.causes import PRECISION, signed
from importcut.narrate.evidence import METHODS
from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.programme import STATES
from importcut.narrate.tables import READINGS, Listing
from importcut.schema import weakest

KINDS = {
    "rank": "rank, cut to date",
    "measure": "state of the measure",
    "new_cut": "gross cut in the new periods",
    "revision": "gross cut published before",
    "target": "probability of reaching the target, %",
}
SINCE = {"late": "Overdue since then: {measures}.", "done": "Done since then: {measures}."}
UNITS = {"USD gross": (PRECISION, 1e-3, 1), "rank": (1, 1, 0), "share": (0.005, 100, 0)}  # least shown, scale, digits


def changed(changes: pd.DataFrame, say) -> Finding:
    """New periods, who leads, revised figures, moved ranks, measures and the target, against the last publication."""
    if changes.empty:
        text = say(
            "No earlier report has been published, so there is nothing to compare with. The command importcut publish "
            "keeps the tables of a report that was given out; the next report then tells what has changed."
        )
        return Finding(say("What changed since the last report"), text, changes, None)
    by_kind = {kind: rows.set_index("id") for kind, rows in changes.groupby("kind")}
    nothing = changes.head(0).set_index("id")
    parts = {kind: by_kind.get(kind, nothing) for kind in ("data", "headline", *KINDS)}
    parts |= {"method": by_kind["method"]} if "method" in by_kind else {}
    before = say.period(pd.Period(parts["data"].iloc[0]["state_before"]))
    text = [
        _new_text(parts, say),
        *_method_text(by_kind.get("method", nothing), say),
        *_headline_text(parts, say),
        *_rank_text(parts["rank"], say),
        *_revision_text(parts["revision"], say),
        *_measure_text(parts["measure"], say),
        *_target_text(parts["target"], say),
    ]
    grade = weakest(changes.loc[changes["difference"].ne(0), "evidence"])
    text += [say("Grade: {gross}.", gross=say(grade))] if grade else []
    return Finding(_title(parts, before, say), paragraphs(text), changes, grade, " ".join(text[:2]))


def changes_table(changes: pd.DataFrame, say) -> Listing:
    """What changed, then and now: amounts in thousand dollars; what shows no difference is left out."""
    rows = changes[changes["kind"].isin(list(KINDS))]
    least = rows["unit"].map({unit: shown for unit, (shown, _, _) in UNITS.items()}).astype("float64")
    moved = rows["before"].fillna(0).sub(rows["after"].fillna(0)).abs().ge(least)
    rows = rows[moved | (rows["kind"].eq("measure") & rows["state_before"].ne(rows["state_after"]))]
    rows = rows.sort_values("kind", key=lambda kinds: kinds.map(list(KINDS).index), kind="stable")
    named = pd.concat([say.names("projects"), _measures(say), pd.Series(READINGS).map(say)])
    frame = pd.DataFrame(
        {
            say("What"): rows["kind"].map(KINDS).map(say),
            say("Project or measure"): rows["id"].map(named).fillna(rows["id"]),
            say("Before"): _cells(rows, "before", say),
            say("Now"): _cells(rows, "after", say),
        }
    )
    what = say("What changed since the last report")
    return Listing(frame, say("{what}, thousand US dollars", what=what))


def _cells(rows: pd.DataFrame, side: str, say) -> pd.Series:
    """Figures of one side in the unit of their row, or the state."""
    scaled = [
        say.number(value * UNITS[unit][1], UNITS[unit][2]) if pd.notna(value) else None
        for value, unit in zip(rows[side], rows["unit"], strict=True)
    ]
    states = rows[f"state_{side}"].map(STATES).map(say, na_action="ignore")
    return pd.Series(scaled, rows.index, dtype=object).where(rows["kind"].ne("measure"), states)


def _title(parts: dict, before: str, say) -> str:
    first, last = _leaders(parts["rank"])
    new = parts["new_cut"]["difference"].sum()
    if len(first) and len(last) and first != last:
        leaders = say.listed([_name(p, say) for p in last])
        return say("Since the report of {period} the lead has passed to {project}", period=before, project=leaders)
    if abs(new) >= PRECISION:
        return say(
            "Since the report of {period} the projects have cut another {amount} gross",
            period=before,
            amount=say.money(new),
        )
    return say("Since the report of {period} hardly anything has changed", period=before)


def _leaders(rank: pd.DataFrame) -> tuple[list[str], list[str]]:
    return sorted(rank.index[rank["before"].eq(1)]), sorted(rank.index[rank["after"].eq(1)])


def _new_text(parts: dict, say) -> str:
    data = parts["data"].iloc[0]
    before, now = pd.Period(data["state_before"]), pd.Period(data["state_after"])
    values = {"before": say.period(before), "span": say.span(before + 1, now)}
    new = parts["new_cut"]["difference"].sum()
    if "method" in parts:
        return say("Compared with the report of {before}, the data {span} are new.", **values)
    if parts["new_cut"].empty:
        return say(
            "Compared with the report of {before}, the data {span} are new; no cut is identified in them.", **values
        )
    return say(
        "Compared with the report of {before}, the data {span} are new; in them the projects cut {amount} gross.",
        amount=say.money(new),
        **values,
    )


def _method_text(method: pd.DataFrame, say) -> list[str]:
    return [
        say(
            "The cuts are measured otherwise now ({after}; before: {before}): they and the ranks are not compared.",
            before=say(METHODS[row.state_before]),
            after=say(METHODS[row.state_after]),
        )
        for row in method.itertuples()
    ]


def _headline_text(parts: dict, say) -> list[str]:
    """The cut to date of who leads now, then and now."""
    _, last = _leaders(parts["rank"])
    known = parts["headline"].reindex(last).dropna(subset=["before", "after"])
    return [
        say(
            "{project} leads with {after} net to date; in the last report it had {before}."
            if row.unit == "USD net"
            else "{project} leads with {after} gross to date; in the last report it had {before}.",
            project=_name(row.Index, say),
            after=say.money(row.after),
            before=say.money(row.before),
        )
        for row in known.itertuples()
    ]


def _rank_text(rank: pd.DataFrame, say) -> list[str]:
    """Who moved from which rank to which, who is new in the ranking, who is no longer there and why."""
    both = rank.dropna(subset=["before", "after"])
    moved = both[both["difference"].ne(0)].sort_values("after")
    new = rank[rank["before"].isna() & rank["after"].notna()].sort_values("after")
    gone = rank[rank["before"].notna() & rank["after"].isna()].sort_values("before")
    text, place = [], say.number
    if len(moved):
        steps = [
            say(
                "{project} from {before} to {after}",
                project=_name(p, say),
                before=place(r.before),
                after=place(r.after),
            )
            for p, r in moved.iterrows()
        ]
        text.append(say("Moved in the ranking: {projects}.", projects="; ".join(steps)))
    elif len(both):
        text.append(say("No project that was ranked has another rank now."))
    if len(new):
        listed = [f"{_name(p, say)} ({place(r.after)})" for p, r in new.iterrows()]
        text.append(say("New in the ranking, with its rank: {projects}.", projects="; ".join(listed)))
    for reason, rows in gone.groupby(gone["state_after"].fillna("")):
        projects = say.listed([_name(p, say) for p in rows.index])
        if reason:
            text.append(
                say("No longer ranked, because {reason}: {projects}.", reason=say(REASONS[reason]), projects=projects)
            )
        else:
            text.append(say("No longer in the register of projects: {projects}.", projects=projects))
    return text


def _revision_text(revision: pd.DataFrame, say) -> list[str]:
    gone = revision[revision["before"].notna() & revision["after"].isna()]
    withdrawn = [
        say(
            "Cuts published before that are no longer counted: {projects}.",
            projects="; ".join(
                say("{product} ({amount})", product=_name(p, say), amount=say.money(usd))
                for p, usd in gone["before"].items()
            ),
        )
    ] * bool(len(gone))
    known = revision[revision["difference"].notna()]
    large = known[known["difference"].abs().ge(PRECISION)].sort_values("difference", key=abs, ascending=False)
    if large.empty:
        smallest = say.money(PRECISION)
        none = [say("No cut published before was revised by {amount} or more.", amount=smallest)]
        return withdrawn or none * bool(len(known))
    steps = [
        say(
            "{project} from {before} to {after}",
            project=_name(p, say),
            before=say.money(row["before"]),
            after=say.money(row["after"]),
        )
        for p, row in large.iterrows()
    ]
    return [
        say(
            "Gross cuts published before were revised: {projects}; together {amount}.",
            projects="; ".join(steps),
            amount=signed(large["difference"].sum(), say),
        ),
        *withdrawn,
    ]


def _measure_text(measure: pd.DataFrame, say) -> list[str]:
    names, text = _measures(say), []
    changed = measure["state_before"].ne(measure["state_after"])
    for state, message in SINCE.items():
        found = measure.index[changed & measure["state_after"].eq(state)]
        if len(found):
            text.append(say(message, measures="; ".join(names.get(m, m) for m in found)))
    return text


def _target_text(target: pd.DataFrame, say) -> list[str]:
    known = target.dropna(subset=["before", "after"])
    moved = known[known["difference"].abs() >= UNITS["share"][0]]
    return [
        say(
            "Target ({reading}): the probability of reaching it is {after}; it was {before}.",
            reading=say(READINGS[row.Index]),
            after=say.percent(row.after),
            before=say.percent(row.before),
        )
        for row in moved.itertuples()
    ]


def _measures(say) -> pd.Series:
    names = say.names("measures")  # a measure has a row for each of its projects
    return names[~names.index.duplicated()]


def _name(project: str, say) -> str:
    """The project's name; its id, if it is in the register no more."""
    return say.names("projects").get(project, project)
