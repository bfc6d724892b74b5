"""The answer: who cut the most, the ranking, and where the total stands."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import weakest
from importcut.telling.finding import PRECISION, Finding, grade, nothing, paragraphs, section, sentences
from importcut.telling.narrate.certainty import chance, over_limit, tied


def headline(ranking: pd.DataFrame, cuts: pd.DataFrame, say: Voice) -> Finding:
    """Who cut the most imports, by how much, in what span, and how sure that is.

    An estimate that may be chance, and whose net is not known, is told as one.
    """
    ranked = ranking[ranking["basis"].eq("realised_to_date") & ranking["rank"].notna()].sort_values("rank")
    if ranked.empty:
        nobody = say("answer.nobody")
        return Finding(say("answer.nothing"), nobody, ranked, lead=nobody)
    names, periods = say.names("projects"), cuts.loc[cuts["identified"], "period"]
    luck, level, net = chance(cuts, say), tied(ranked), ranked["net_usd"].notna()
    doubt, apart = not luck["all_products"], luck["products"]
    leader, runner = ranked.iloc[0], ranked.iloc[:2].iloc[-1]  # who is alone is both
    first, second = names[leader["project_id"]], names[runner["project_id"]]
    follows = {"amount": runner["headline_usd"], "range": (runner["low_usd"], runner["high_usd"])}
    facts = luck | {"leader": first, "runner": second, "first": first, "second": second}
    facts |= {"amount": leader["headline_usd"], "range": (leader["low_usd"], leader["high_usd"])}
    facts |= {"second_amount": follows["amount"], "second_range": follows["range"], "gross": leader["gross_usd"]}
    facts |= {"gap": facts["amount"] - follows["amount"], "span": say.span(periods.min(), periods.max())}
    grades = {"gross": grade(ranked["gross_evidence"], say), "net": grade(ranked["evidence"], say)}
    next_two = dict(zip(("first", "second"), names[ranked["project_id"].iloc[1:3]], strict=False))
    kind = "net" if net.all() else "alike" if net.any() else "doubtful" if doubt else "gross"
    rows = [
        (True, f"answer.tied_{kind}" if level else f"answer.leads_{kind}"),
        (doubt and apart, "caution.told"),
        (doubt and not apart, "caution.none_told"),
    ]
    lead = sentences(say, facts, rows)
    rows = [
        *over_limit(ranked.head(2), say),
        (len(ranked) > 1 and not level, "answer.runner", follows),
        (tied(ranked.iloc[1:]), "answer.tied", next_two),
        (kind == "alike", "answer.alike", {"projects": [*names[ranked.loc[~net, "project_id"]]]}),
        (True, "answer.grades" if kind == "net" else "grade", grades),
    ]
    text = sentences(say, facts, rows)
    title = "caution.told_title" if doubt and apart else "answer.title_tied" if level else "answer.title"
    lead = " ".join(lead)
    return Finding(say(title, **facts), paragraphs([lead, *text]), ranked, weakest(ranked["evidence"]), lead)


def on_track(target: pd.DataFrame, cuts: pd.DataFrame, say: Voice) -> Finding:
    """Where the total stands against the target, in both readings, and whether the target can be reached at all."""
    if target.empty:
        return nothing(say, "target.none", "no_plan", target)
    lead, rows, realised = target[target["leading"]].iloc[0], [], grade(cuts["gross_evidence"], say)
    for row in target.sort_values("leading", ascending=False).itertuples():
        facts = {"target": row.target_usd, "planned": row.planned_usd, "realised": row.realised_usd}
        facts |= {"to_date": row.planned_to_date_usd, "on_course": row.on_course_usd}
        facts |= {"remaining": row.planned_usd - row.planned_to_date_usd}
        begun = max(row.planned_to_date_usd, abs(row.realised_usd)) >= PRECISION
        more = "target.on_course" if row.reading == "cumulative" else "target.last_year"
        rows += [(True, f"target.{row.reading}", facts | {"year": str(row.year)}), (begun, more, facts)]
        rows.append((row.ceiling_flag, "target.ceiling", {"addressable": row.addressable_usd}))
    share = say.percent(lead["realised_usd"] / lead["target_usd"])
    facts = {"realised": realised, "planned": say("planned"), "share": share}
    return section(say, "target.title", facts, [*rows, (realised, "target.grades")], target, "planned")


def ranked_projects(ranking: pd.DataFrame, say: Voice) -> Finding:
    """The ranking: how much the first three hold, and which projects are not ranked and why."""
    realised = ranking[ranking["basis"].eq("realised_to_date")]
    ranked = realised[realised["rank"].notna()].sort_values("rank")
    cut, names, reasons = ranked["headline_usd"], say.names("projects"), say.words("reasons")
    missing = realised[realised["rank"].isna()].groupby("reason")["project_id"]
    facts = {"n": len(ranked), "total": cut.sum(), "share": say.percent(cut.head(3).sum() / (cut.sum() or 1))}
    rows = [
        (len(ranked) > 3, "ranking.three_net" if ranked["net_usd"].notna().all() else "ranking.three"),
        *over_limit(ranked.iloc[2:], say),
        *((True, "ranking.not_ranked", {"reason": reasons[why], "projects": [*names[ids]]}) for why, ids in missing),
        (len(ranked), "ranking.range_deliveries" if say.ds.counterfactual == "deliveries" else "ranking.range_series"),
        (True, "ranking.grades"),
    ]
    return section(say, "ranking.title", facts, rows, ranked, weakest(ranked["evidence"]))
