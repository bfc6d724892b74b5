"""The answer: who cut the most, the ranking, and where the total stands."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import PAIR, weakest
from importcut.telling.finding import PRECISION, Finding, by_reason, extent, nothing, paragraphs, section, sentences
from importcut.telling.narrate.certainty import NONE, tied
from importcut.telling.narrate.credibility import failures, nearest_claim

UP_TO = {NONE: "title_never", 1 / 3: "title_unlikely", 2 / 3: "title_open", 1 - NONE: "title_likely"}


def headline(ranking: pd.DataFrame, cuts: pd.DataFrame, tests: pd.DataFrame, say: Voice) -> Finding:
    """Who cut the most imports, by how much, in what span, and how sure that is; else what comes nearest, and fails."""
    ranked = ranking[ranking["basis"].eq("realised_to_date") & ranking["rank"].notna()].sort_values("rank")
    if ranked.empty:
        return _nobody(cuts, tests, say)
    level, net = tied(ranked), ranked["net_usd"].notna()
    names, span = say.names("projects", inside=True)[ranked["project_id"]], cuts.loc[cuts["identified"], "period"]
    leader, runner = ranked.iloc[0], ranked.iloc[:2].iloc[-1]  # who is alone is both
    ranges = [*extent(ranked.head(2)).itertuples(index=False, name=None)]
    facts = {"leader": names.iloc[0], "runner": names.iloc[:2].iloc[-1], "gross": leader["gross_usd"]}
    facts |= {"amount": leader["headline_usd"], "range": ranges[0]}
    facts |= {"second_amount": runner["headline_usd"], "second_range": ranges[-1]}
    facts |= {"gap": facts["amount"] - facts["second_amount"], "span": say.span(span.min(), span.max())}
    grades = {"gross": weakest(ranked["gross_evidence"]), "net": weakest(ranked["evidence"])}
    next_two = dict(zip(("first", "second"), names.iloc[1:3], strict=False))
    kind = "net" if net.all() else "alike" if net.any() else "gross"
    lead = say(f"answer.tied_{kind}" if level else f"answer.leads_{kind}", **facts)
    rows = [
        (ranked.head(2).query("limit_flag"), "caution.limit"),
        (len(ranked) > 1 and not level, "answer.runner"),
        (tied(ranked.iloc[1:]), "answer.tied", next_two),
        (kind == "alike", "answer.alike", {"project_id": [*ranked.loc[~net, "project_id"]]}),
        (not net.all(), "grade", grades),
        (net.all(), "answer.grades_assumed" if grades["net"] == "assumed" else "answer.grades", grades),
    ]
    text = paragraphs([lead, *sentences(say, facts, rows)])
    title = "answer.title_tied" if level else f"answer.title_{'net' if kind == 'net' else 'gross'}"
    return Finding(say(title, **facts), text, ranked, weakest(ranked["evidence"]), lead)


def _nobody(cuts: pd.DataFrame, tests: pd.DataFrame, say: Voice) -> Finding:
    """That nothing is told, and of the falls that were tested the one that comes nearest, and where it fails."""
    if len(cuts) and cuts["reason"].eq("not_started").all():
        return _not_yet(cuts, say)
    text = [say("answer.nobody" if tests.empty else "answer.untold")]
    if len(tests):
        claim = nearest_claim(cuts, tests)
        sums = claim[["gross_usd", "gross_low_usd", "gross_high_usd"]].sum()
        facts = claim.iloc[0][PAIR].to_dict() | {"span": say.span(claim["period"].min(), claim["period"].max())}
        facts |= {"amount": sums.iloc[0], "range": (*sums.iloc[1:],), "failures": failures(claim.iloc[0], tests, say)}
        text += sentences(
            say,
            facts,
            [
                (True, "answer.nearest"),
                (
                    claim["limit_flag"].any(),
                    "answer.excess",
                    {"supported": claim["supported_usd"].sum(), "excess": claim["excess_usd"].sum()},
                ),
            ],
        )
    lead = " ".join(text[:2])
    return Finding(say("answer.nothing"), paragraphs(text), cuts.head(0), lead=lead)


def _not_yet(cuts: pd.DataFrame, say: Voice) -> Finding:
    """That nothing has been delivered, for no project is due yet, and which one is due first."""
    projects = say.ds.projects[say.ds.projects["project_id"].isin(cuts["project_id"])]
    due = pd.PeriodIndex(projects["first_output"], freq="M").asfreq(say.ds.frequency)
    facts = {"first": due.min(), "project_id": [*projects.loc[due == due.min(), "project_id"]]}
    text = say("answer.not_yet", **facts)
    return Finding(say("answer.title_not_yet", **facts), text, cuts.head(0), lead=text)


def on_track(target: pd.DataFrame, cuts: pd.DataFrame, say: Voice) -> Finding:
    """Where the total stands against the target, in both readings, and whether the target can be reached at all."""
    if target.empty:
        return nothing(say, "target.unplanned" if say.ds.target else "target.none", "no_plan", target)
    lead, rows = target[target["leading"]].iloc[0], []
    title, chance = _chance(lead["p_reached"])
    for row in target.sort_values("leading", ascending=False).itertuples():
        facts = {"target": row.target_usd, "planned": row.planned_usd, "realised": row.realised_usd}
        facts |= {"to_date": row.planned_to_date_usd, "on_course": row.on_course_usd, "year": str(row.year)}
        facts |= {"range": (row.on_course_low_usd, row.on_course_high_usd), "high": row.on_course_high_usd}
        facts |= {"remaining": row.planned_usd - row.planned_to_date_usd}
        high = row.planned_usd > row.on_course_high_usd  # a plan is not its own mode
        begun = max(row.planned_to_date_usd, abs(row.realised_usd)) >= PRECISION
        summed = row.reading == "cumulative"
        ranged = summed and begun and pd.notna(row.p_reached)
        course = "target.rest" if ranged else "target.on_course" if summed else "target.last_year"
        rows += [
            (ranged, "target.course_range", facts),
            (True, f"target.{row.reading}{'_high' if high else ''}", facts),
            (begun, course, facts),
        ]
        rows.append((row.ceiling_flag, "target.ceiling", {"addressable": row.addressable_usd}))
    facts = {"realised": weakest(cuts["gross_evidence"]), "planned": "planned", "target": lead["target_usd"]}
    facts |= {"share": lead["realised_usd"] / lead["target_usd"], "year": str(lead["year"])} | chance
    rows.append((facts["realised"], "target.grades"))
    return section(say, title, facts, rows, target, "planned", lead=1)


def _chance(p: float) -> tuple[str, dict]:
    """The title that tells how likely the target is, and what it names; of a chance unknown, how much is done."""
    for most, title in UP_TO.items():
        if p < most:
            return f"target.{title}", {"p": p, "n": float(f"{1 / max(p, NONE):.1g}")}
    return ("target.title", {}) if pd.isna(p) else ("target.title_always", {})


def ranked_projects(ranking: pd.DataFrame, say: Voice) -> Finding:
    """The ranking: how much the first three hold, and which projects are not ranked and why."""
    realised = ranking[ranking["basis"].eq("realised_to_date")]
    ranked = realised[realised["rank"].notna()].sort_values("rank")
    cut, by_net = ranked["headline_usd"], ranked["net_usd"].notna().all()
    facts = {"n": len(ranked), "total": cut.sum(), "share": cut.head(3).sum() / (cut.sum() or 1)}
    rows = [
        (len(ranked) > 3, "ranking.three_net" if by_net else "ranking.three"),
        (ranked.iloc[2:].query("limit_flag"), "caution.limit"),
        (by_reason(realised[realised["rank"].isna()]), "ranking.not_ranked"),
        (len(ranked), "ranking.range_deliveries" if say.ds.counterfactual == "deliveries" else "ranking.range_series"),
        (True, "ranking.grades"),
    ]
    return section(say, "ranking.title", facts, rows, ranked, weakest(ranked["evidence"]))
