"""What changed since the last report that was given out."""

from typing import NamedTuple

import pandas as pd

from importcut.language import Voice
from importcut.schema import weakest
from importcut.telling.finding import PRECISION, Finding, grade, section, signed
from importcut.telling.narrate.priorities import measure_names

UNITS = {"USD gross": (PRECISION, 1e-3, 1), "rank": (1, 1, 0), "share": (0.005, 100, 0)}  # least shown, scale, digits


def changes(table: pd.DataFrame, say: Voice) -> Finding:
    """New periods, who leads, revised figures, moved ranks, measures and the target, against the last publication.

    Parameters
    ----------
    table : table `changes`
    """
    if table.empty:
        scenario = say.ds.scenario
        base = scenario["name"] == "base"
        facts = {} if base else {"scenario": scenario["title"][say.language]}
        why = "changed.none" if base else "changed.none_scenario"
        return section(say, "changed.title_none", facts, [(True, why)], table)
    by_kind = {kind: rows.set_index("id") for kind, rows in table.groupby("kind")}
    kinds = ("data", "method", "headline", *say.words("changes"))
    by_kind = {kind: by_kind.get(kind, table.head(0).set_index("id")) for kind in kinds}
    data, rank, cut = by_kind["data"].iloc[0], by_kind["rank"], by_kind["new_cut"]
    before, now = pd.Period(data["state_before"]), pd.Period(data["state_after"])
    led, leads = (sorted(rank.index[rank[side].eq(1)]) for side in ("before", "after"))
    facts = {"before": before, "period": before, "span": say.span(before + 1, now), "amount": cut["difference"].sum()}
    facts |= {"project": [_name(p, say) for p in leads]}
    evidence, methods = table.loc[table["difference"].ne(0), "evidence"], say.words("methods")
    weak = grade(evidence, say)
    rows = [
        (len(by_kind["method"]), "changed.new"),
        (not len(by_kind["method"]), "changed.new_none" if cut.empty else "changed.new_cut"),
        *(
            (True, "changed.method", {"before": methods[row.state_before], "after": methods[row.state_after]})
            for row in by_kind["method"].itertuples()
        ),
        *_headline(by_kind["headline"].reindex(leads), say),
        *_ranks(rank, say),
        *_revisions(by_kind["revision"], say),
        *_measures(by_kind["measure"], say),
        *_target(by_kind["target"], say),
        (weak, "grade", {"gross": weak}),
    ]
    title = "changed.title_cut" if abs(facts["amount"]) >= PRECISION else "changed.title_little"
    title = "changed.title_lead" if led and leads and led != leads else title
    return section(say, title, facts, rows, table, weakest(evidence), lead=2)


def _headline(rows: pd.DataFrame, say: Voice) -> list[tuple]:
    """The cut to date of who leads now, then and now."""
    return [
        (True, "changed.leads_net" if row.unit == "USD net" else "changed.leads_gross", _step(row, say))
        for row in rows.dropna(subset=["before", "after"]).itertuples()
    ]


def _ranks(rank: pd.DataFrame, say: Voice) -> list[tuple]:
    """Who moved from which rank to which, who is new in the ranking, who is no longer there and why."""
    both, words = rank.dropna(subset=["before", "after"]), say.words("reasons")
    moved = both[both["difference"].ne(0)].sort_values("after")
    moved = moved.assign(**{side: moved[side].map(say.number) for side in ("before", "after")})
    new = rank[rank["before"].isna() & rank["after"].notna()].sort_values("after")
    gone = rank[rank["before"].notna() & rank["after"].isna()].sort_values("before")
    entries = [f"{_name(p, say)} ({say.number(place)})" for p, place in new["after"].items()]
    leavers = [
        (
            True,
            "changed.not_ranked" if reason else "changed.gone",
            {"reason": words.get(reason, ""), "projects": [_name(p, say) for p in rows.index]},
        )
        for reason, rows in gone.groupby(gone["state_after"].fillna(""))
    ]
    return [
        (len(moved), "changed.moved", {"projects": _steps(moved, say)}),
        (len(both) and moved.empty, "changed.not_moved"),
        (entries, "changed.ranked", {"projects": "; ".join(entries)}),
        *leavers,
    ]


def _revisions(revision: pd.DataFrame, say: Voice) -> list[tuple]:
    """Cuts published before that have another amount now, or are counted no more."""
    gone = revision[revision["before"].notna() & revision["after"].isna()]["before"]
    cuts = "; ".join(say("changed.withdrawn_cut", product=_name(p, say), amount=usd) for p, usd in gone.items())
    known = revision[revision["difference"].notna()]
    large = known[known["difference"].abs().ge(PRECISION)].sort_values("difference", key=abs, ascending=False)
    revised = {"projects": _steps(large, say), "amount": signed(large["difference"].sum(), say)}
    return [
        (len(large), "changed.revised", revised),
        (cuts, "changed.withdrawn", {"projects": cuts}),
        (len(known) and large.empty and not cuts, "changed.not_revised", {"amount": PRECISION}),
    ]


def _measures(measure: pd.DataFrame, say: Voice) -> list[tuple]:
    names, moved = measure_names(say), measure["state_before"].ne(measure["state_after"])
    overdue, done = (
        "; ".join(names.get(m, m) for m in measure.index[moved & measure["state_after"].eq(state)])
        for state in ("late", "done")
    )
    return [(overdue, "changed.late", {"measures": overdue}), (done, "changed.done", {"measures": done})]


def _target(target: pd.DataFrame, say: Voice) -> list[tuple]:
    moved, words = target[target["difference"].abs() >= UNITS["share"][0]], say.words("readings")
    rows = []
    for row in moved.dropna(subset=["before", "after"]).itertuples():
        shares = {"after": say.percent(row.after), "before": say.percent(row.before)}
        rows.append((True, "changed.target", shares | {"reading": words[row.Index]}))
    return rows


def _step(row: NamedTuple, say: Voice) -> dict:
    return {"project": _name(row.Index, say), "before": row.before, "after": row.after}


def _steps(rows: pd.DataFrame, say: Voice) -> str:
    """From what to what each project moved."""
    return "; ".join(say("moved", **_step(row, say)) for row in rows.itertuples())


def _name(project: str, say: Voice) -> str:
    """The project's name; its id, if it is in the register no more."""
    return say.names("projects").get(project, project)
