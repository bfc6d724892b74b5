"""Worth doing? What the projects cost and bring: size and ratio together."""

import pandas as pd

from importcut.telling.finding import Finding, paragraphs
from importcut.telling.narrate.tables import Listing, listing


def worth(appraisal: pd.DataFrame, say) -> Finding:
    """Which of the larger projects brings most for a dollar, who is ahead in size and ratio, and what does not pay."""
    ranked = appraisal[appraisal["ratio_rank"].notna()].sort_values(["ratio_rank", "project_id"])
    if appraisal.empty:
        return Finding(say("worth.title_none"), say("no_plan"), appraisal, None)
    if ranked.empty:
        return Finding(say("worth.no_ratio"), " ".join(_without_ratio(appraisal, say)), appraisal, "planned")
    average, year = ranked["annual_net_usd"].mean(), str(say.ds.target["year"])
    leader = ranked[ranked["annual_net_usd"] >= average].iloc[0]
    name, ratio = say.names("projects")[leader["project_id"]], say.number(leader["cut_per_cost"], 2)
    about = {"leader": name, "amount": leader["annual_net_usd"], "ratio": ratio}
    text = [
        say("worth.lead", average=average, year=year, **about),
        _front(ranked, say),
        _payback(leader, name, say),
        *_present_value(appraisal, say),
        *_resource_cost(appraisal, say),
        *_without_ratio(appraisal, say),
        say("worth.rules"),
        say("worth.grade"),
    ]
    return Finding(say("worth.title", **about), paragraphs(text), appraisal, "planned", text[0])


def appraisal_table(appraisal: pd.DataFrame, say) -> Listing:
    """The projects by their ratio, largest first, the unranked last; amounts in thousand dollars."""
    rows = appraisal.sort_values(["ratio_rank", "project_id"])
    return listing("appraisal", rows.assign(on_front=rows["pareto"].map({True: say("yes")})), say)


def _front(ranked: pd.DataFrame, say) -> str:
    names, front = say.names("projects"), []
    for row in ranked[ranked["pareto"]].sort_values("annual_net_usd", ascending=False).itertuples():
        about = {"amount": row.annual_net_usd, "ratio": say.number(row.cut_per_cost, 2)}
        front.append(say("worth.front_project", project=names[row.project_id], **about))
    return say("worth.front", projects=front)


def _payback(leader: pd.Series, name: str, say) -> str:
    """Payback of the leader, discounted too where that is reached."""
    plain, discounted = leader["payback_years"], leader["discounted_payback_years"]
    if pd.isna(plain):
        return say("worth.never", leader=name, year=str(say.ds.target["year"]))
    if pd.isna(discounted):
        return say("worth.payback", leader=name, years=say.number(plain, 1))
    return say("worth.discounted", leader=name, years=say.number(plain, 1), discounted=say.number(discounted, 1))


def _present_value(appraisal: pd.DataFrame, say) -> list[str]:
    """Whose foreign-exchange effect is negative when discounted."""
    if appraisal["npv_usd"].isna().all():
        return []
    lost, names = appraisal[appraisal["npv_usd"] < 0].sort_values("npv_usd"), say.names("projects")
    found = [say("with_amount", project=names[row.project_id], amount=row.npv_usd) for row in lost.itertuples()]
    which, year = "worth.negative" if found else "worth.negative_none", str(say.ds.target["year"])
    rate = say.ds.scenario["assumptions"].get("discount_rate", {}).get("value")
    text = [say(which, year=year, projects=found)]
    return text if rate is None else [*text, say("worth.rate", rate=say.percent(rate, 1))]


def _resource_cost(appraisal: pd.DataFrame, say) -> list[str]:
    """Domestic resource cost below and above 1, where it is known."""
    known, names = appraisal[appraisal["drc"].notna()].sort_values("drc"), say.names("projects")
    if known.empty:
        return []
    low, high = (say.number(drc, 2) for drc in (known["drc"].iloc[0], known["drc"].iloc[-1]))
    about = {"n": len(known), "all": len(appraisal), "low": low, "high": high}
    found = [
        say("with_amount", project=names[row.project_id], amount=say.number(row.drc, 2))
        for row in known[known["drc"] > 1].itertuples()
    ]
    return [say("worth.dear", projects=found, **about) if found else say("worth.cheap", **about)]


def _without_ratio(appraisal: pd.DataFrame, say) -> list[str]:
    missing, names = appraisal[appraisal["ratio_rank"].isna()], say.names("projects")
    reason = pd.Series("no_cut", missing.index, dtype="str")
    reason = reason.mask(~(missing["cost_usd"] > 0), "no_cost").mask(missing["annual_net_usd"].isna(), "no_plan")
    text = []
    for why, rows in missing.groupby(reason):
        reason, projects = say.words("without_ratio")[why], [*names[rows["project_id"]]]
        text.append(say("worth.without", reason=reason, projects=projects))
    return text
