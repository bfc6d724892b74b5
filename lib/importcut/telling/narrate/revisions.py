"""What changed since the last report that was given out."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import weakest
from importcut.telling.finding import PRECISION, Finding, by_reason, section

UNITS = {"USD gross": (PRECISION, 1e-3, 1), "rank": (1, 1, 0), "share": (0.005, 100, 0)}  # least shown, scale, digits


def changes(table: pd.DataFrame, say: Voice) -> Finding:
    """What table `changes` holds: new periods, who leads, revised figures, moved ranks, measures and the target."""

    def of(kind: str, key: str = "project_id") -> pd.DataFrame:
        return table[table["kind"].eq(kind)].rename(columns={"id": key})

    corrected = _revisions(of("correction"), say, "corrected")
    if of("data").empty:
        rows = [(True, "changed.none_scenario" if say.scenario else "changed.none"), *corrected]
        return section(say, "changed.title_none", {"scenario": say.scenario}, rows, table)
    data, rank, cut, method = of("data").iloc[0], of("rank"), of("new_cut"), of("method")
    before, now = pd.Period(data["state_before"]), pd.Period(data["state_after"])
    led, leads = (sorted(rank.loc[rank[side].eq(1), "project_id"]) for side in ("before", "after"))
    first, target = (of(*kind).dropna(subset=["before", "after"]) for kind in (["headline"], ["target", "reading"]))
    first = first[first["project_id"].isin(leads)]
    net, evidence = first["unit"].eq("USD net"), table.loc[table["difference"].ne(0), "evidence"]
    facts = {"before": before, "period": before, "span": say.span(before + 1, now), "amount": cut["difference"].sum()}
    facts |= {"project_id": leads, "gross": weakest(evidence)}
    rows = [
        *corrected,
        (len(method), "changed.new"),
        (method.empty, "changed.new_none" if cut.empty else "changed.new_cut"),
        (method, "changed.method"),
        (first[net], "changed.leads_net"),
        (first[~net], "changed.leads_gross"),
        *_ranks(rank, say),
        *_revisions(of("revision"), say, "revised"),
        *_measures(of("measure", "id"), say),
        (target[target["difference"].abs() >= UNITS["share"][0]], "changed.target"),
        (facts["gross"], "grade"),
    ]
    title = "changed.title_cut" if abs(facts["amount"]) >= PRECISION else "changed.title_little"
    title = "changed.title_lead" if led and leads and led != leads else title
    return section(say, title, facts, rows, table, weakest(evidence), lead=2)


def _ranks(rank: pd.DataFrame, say: Voice) -> list[tuple]:
    """Who moved from which rank to which, who is new in the ranking, who is no longer there and why."""
    both, was, now = rank.dropna(subset=["before", "after"]), rank["before"].notna(), rank["after"].notna()
    moved = both[both["difference"].ne(0)].sort_values("after").astype({"before": int, "after": int})
    new, reason = rank[~was & now].sort_values("after"), rank["state_after"].fillna("")
    entries = "; ".join(say.each("with_amount", new.assign(amount=new["after"].astype(int))))
    gone = by_reason(rank.assign(reason=reason)[was & ~now].sort_values("before"))
    return [
        (len(moved), "changed.moved", {"projects": "; ".join(say.each("moved", moved))}),
        (len(both) and moved.empty, "changed.not_moved"),
        (entries, "changed.ranked", {"projects": entries}),
        (gone.query("reason == ''"), "changed.gone"),
        (gone.query("reason != ''"), "changed.not_ranked"),
    ]


def _revisions(revision: pd.DataFrame, say: Voice, name: str) -> list[tuple]:
    """Cuts published before that have another amount now, or are counted no more."""
    gone = revision[revision["before"].notna() & revision["after"].isna()]
    cuts = "; ".join(say.each("with_amount", gone.assign(amount=gone["before"])))
    known = revision[revision["difference"].notna()]
    large = known[known["difference"].abs().ge(PRECISION)].sort_values("difference", key=abs, ascending=False)
    revised = {"projects": "; ".join(say.each("moved", large)), "amount": large["difference"].sum()}
    return [
        (len(large), f"changed.{name}", revised),
        (cuts, "changed.withdrawn", {"projects": cuts}),
        (name == "revised" and len(known) and large.empty and not cuts, "changed.not_revised", {"amount": PRECISION}),
    ]


def _measures(measure: pd.DataFrame, say: Voice) -> list[tuple]:
    """The measures that have become overdue, or were done, since then."""
    names, moved = say.names("measures"), measure[measure["state_before"].ne(measure["state_after"])]
    overdue, done = (
        "; ".join(names.get(m, m) for m in moved.loc[moved["state_after"].eq(state), "id"])
        for state in ("late", "done")
    )
    return [(overdue, "changed.late", {"measures": overdue}), (done, "changed.done", {"measures": done})]
