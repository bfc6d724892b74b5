"""The answer: who cut the most, the ranking, and where the total stands."""

import pandas as pd

from importcut.schema import weakest
from importcut.telling.finding import Finding, paragraphs
from importcut.telling.narrate.caution import chance_text, chance_title, over_limit


def headline(ranking: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """Who cut the most imports, by how much, in what span, and how sure that is."""
    ranked = ranking[ranking["basis"].eq("realised_to_date") & ranking["rank"].notna()].sort_values("rank")
    if ranked.empty:
        nothing = say("answer.nobody")
        return Finding(say("answer.nothing"), nothing, ranked, None, nothing)
    names, done = say.names("projects"), cuts[cuts["identified"]]
    chance = chance_text(done, say)
    text = [" ".join([_leader(ranked, done["period"], bool(chance), say), *chance])]
    text += over_limit(ranked.head(2), names, say)
    if len(ranked) > 1 and not _tied(ranked):
        leader, runner = ranked.iloc[0], ranked.iloc[1]
        about = {"runner": names[runner["project_id"]], "amount": runner["headline_usd"], "range": _ends(runner)}
        text.append(say("answer.runner", **about, gap=leader["headline_usd"] - runner["headline_usd"]))
    if _tied(ranked.iloc[1:]):
        first, second = names[ranked["project_id"].iloc[1:3]]
        text.append(say("answer.tied", first=first, second=second))
    lacking = ranked["net_usd"].isna()
    if lacking.any() and not lacking.all():
        text.append(say("answer.alike", projects=[*names[ranked.loc[lacking, "project_id"]]]))
    text.append(_grades(ranked, say))
    title = chance_title(done, say) or _title(ranked, say)
    return Finding(title, paragraphs(text), ranked, weakest(ranked["evidence"]), text[0])


def on_track(target: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """Where the total stands against the target, in both readings, and whether the target can be reached at all."""
    if target.empty:
        return Finding(say("target.none"), say("no_plan"), target, None)
    lead, text = target[target["leading"]].iloc[0], []
    for row in target.sort_values("leading", ascending=False).itertuples():
        values = {"target": row.target_usd, "planned": row.planned_usd, "realised": row.realised_usd}
        text.append(say(f"target.{row.reading}", **values, year=str(row.year)))
        if row.ceiling_flag:
            text.append(say("target.ceiling", addressable=row.addressable_usd))
    realised = weakest(cuts["gross_evidence"])
    if realised:
        text.append(say("target.grades", realised=say(realised), planned=say("planned")))
    title = say("target.title", share=say.percent(lead["realised_usd"] / lead["target_usd"]))
    return Finding(title, paragraphs(text), target, "planned")


def ranked_projects(ranking: pd.DataFrame, say) -> Finding:
    """The ranking: how much the first three hold, and which projects are not ranked and why."""
    realised = ranking[ranking["basis"].eq("realised_to_date")]
    ranked = realised[realised["rank"].notna()].sort_values("rank")
    names, total, text = say.names("projects"), ranked["headline_usd"].sum(), []
    if len(ranked) > 3:
        share = say.percent(ranked["headline_usd"].head(3).sum() / total)
        which = "ranking.three_net" if ranked["net_usd"].notna().all() else "ranking.three"
        text.append(say(which, share=share, n=len(ranked), total=total))
    text += over_limit(ranked.iloc[2:], names, say)
    missing = realised[realised["rank"].isna() & realised["reason"].notna()]
    for reason, rows in missing.groupby("reason"):
        projects = [*names[rows["project_id"]]]
        text.append(say("ranking.not_ranked", reason=say.words("reasons")[reason], projects=projects))
    if len(ranked):
        recorded = say.ds.counterfactual == "deliveries"
        text.append(say("ranking.range_deliveries" if recorded else "ranking.range_series"))
    text.append(say("ranking.grades"))
    return Finding(say("ranking.title"), paragraphs(text), ranked, weakest(ranked["evidence"]))


def _ends(row: pd.Series) -> tuple[float, float]:
    return row["low_usd"], row["high_usd"]


def _tied(ranked: pd.DataFrame) -> bool:
    """Whether the ranges of the first two overlap."""
    return len(ranked) > 1 and ranked["low_usd"].iloc[0] < ranked["high_usd"].iloc[1]


def _leader(ranked: pd.DataFrame, periods: pd.Series, uncertain: bool, say) -> str:
    """The first sentence; an estimate that may be chance, and whose net is not known, is told as one."""
    leader, names, net = ranked.iloc[0], say.names("projects"), ranked["net_usd"].notna()
    sure = "net" if net.all() else "alike" if net.any() else "doubtful" if uncertain else "gross"
    values = {"leader": names[leader["project_id"]], "amount": leader["headline_usd"], "range": _ends(leader)}
    values |= {"span": say.span(periods.min(), periods.max()), "gross": leader["gross_usd"]}
    if not _tied(ranked):
        return say(f"answer.leads_{sure}", **values)
    runner = ranked.iloc[1]
    second = {"second_amount": runner["headline_usd"], "second_range": _ends(runner)}
    return say(f"answer.tied_{sure}", **values, **second, runner=names[runner["project_id"]])


def _title(ranked: pd.DataFrame, say) -> str:
    first, *others = say.names("projects")[ranked["project_id"].head(2)]
    if _tied(ranked):
        return say("answer.title_tied", first=first, second=others[0])
    return say("answer.title", leader=first, amount=ranked["headline_usd"].iloc[0])


def _grades(ranked: pd.DataFrame, say) -> str:
    gross, net = (say(weakest(ranked[column])) for column in ("gross_evidence", "evidence"))
    return say("grade" if ranked["net_usd"].isna().any() else "answer.grades", gross=gross, net=net)
