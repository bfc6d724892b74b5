"""Worth doing? What the projects cost and bring: size and ratio together."""

import pandas as pd

from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import Listing, thousands, without_empty

WITHOUT_RATIO = {
    "no_cost": "its cost is not known or zero",
    "no_cut": "it does not cut imports, net, in the target year",
    "no_plan": "it has no plan",
}


def worth(appraisal: pd.DataFrame, say) -> Finding:
    """Which of the larger projects brings most for a dollar, who is ahead in size and ratio, and what does not pay."""
    ranked = appraisal[appraisal["ratio_rank"].notna()].sort_values(["ratio_rank", "project_id"])
    if appraisal.empty:
        return Finding(say("Worth doing?"), say("This dataset has no plan and no target."), appraisal, None)
    if ranked.empty:
        text = " ".join(_without_ratio(appraisal, say))
        return Finding(say("No ratio of cut to cost can be ranked"), text, appraisal, "planned")
    average = ranked["annual_net_usd"].mean()
    leader = ranked[ranked["annual_net_usd"] >= average].iloc[0]
    about = {
        "leader": say.names("projects")[leader["project_id"]],
        "amount": say.money(leader["annual_net_usd"]),
        "ratio": say.number(leader["cut_per_cost"], 2),
    }
    title = say(
        "By the plan {leader} brings most per dollar among the larger projects: {amount} net a year, ${ratio} per "
        "dollar",
        **about,
    )
    text = [
        say(
            "Among the projects that by the plan cut at least the average of {average} net in {year}, {leader} brings "
            "most for its cost: {amount} a year, ${ratio} for each dollar invested.",
            average=say.money(average),
            year=str(say.ds.target["year"]),
            **about,
        ),
        _front(ranked, say),
        *_payback(leader, about["leader"], say),
        *_present_value(appraisal, say),
        *_resource_cost(appraisal, say),
        *_without_ratio(appraisal, say),
        say("Sizes and ratios are credited by the Shapley rule, the other figures follow the dispatched quantities."),
        say("Grade: planned; discount rate and shadow prices: assumed."),
    ]
    return Finding(title, paragraphs(text), appraisal, "planned", text[0])


def appraisal_table(appraisal: pd.DataFrame, say) -> Listing:
    """The projects by their ratio, largest first, the unranked last; amounts in thousand dollars."""
    rows = appraisal.sort_values(["ratio_rank", "project_id"])

    def numbers(column: str, digits: int) -> pd.Series:
        return rows[column].map(lambda value: say.number(value, digits), na_action="ignore")

    frame = pd.DataFrame(
        {
            say("Project"): rows["project_id"].map(say.names("projects")),
            say("Cost"): thousands(rows["cost_usd"], say),
            say("Annual net cut"): thousands(rows["annual_net_usd"], say),
            say("Cut per dollar"): numbers("cut_per_cost", 2),
            say("Payback, years"): numbers("payback_years", 1),
            say("Discounted, years"): numbers("discounted_payback_years", 1),
            say("Net present value"): thousands(rows["npv_usd"], say),
            say("Domestic resource cost"): numbers("drc", 2),
            say("Pareto front"): rows["pareto"].map({True: say("yes")}),
        }
    )
    return Listing(without_empty(frame), say("Cost and return of the projects, amounts in thousand US dollars"))


def _front(ranked: pd.DataFrame, say) -> str:
    names = say.names("projects")
    front = [
        say(
            "{project} ({amount} a year, ${ratio} per dollar)",
            project=names[row.project_id],
            amount=say.money(row.annual_net_usd),
            ratio=say.number(row.cut_per_cost, 2),
        )
        for row in ranked[ranked["pareto"]].sort_values("annual_net_usd", ascending=False).itertuples()
    ]
    return say("No project is ahead of these in both size and ratio: {projects}.", projects=say.listed(front))


def _payback(leader: pd.Series, name: str, say) -> list[str]:
    """Payback of the leader, discounted too where that is reached."""
    if pd.isna(leader["payback_years"]):
        return [
            say(
                "The net cut of {leader} does not cover its cost by the end of {year}.",
                leader=name,
                year=str(say.ds.target["year"]),
            )
        ]
    years = {"leader": name, "years": say.number(leader["payback_years"], 1)}
    if pd.isna(leader["discounted_payback_years"]):
        return [say("The net cut of {leader} covers its cost {years} years after the first output.", **years)]
    return [
        say(
            "The net cut of {leader} covers its cost {years} years after the first output, {discounted} years if "
            "discounted.",
            discounted=say.number(leader["discounted_payback_years"], 1),
            **years,
        )
    ]


def _present_value(appraisal: pd.DataFrame, say) -> list[str]:
    """Whose foreign-exchange effect is negative when discounted."""
    known = appraisal[appraisal["npv_usd"].notna()]
    if known.empty:
        return []
    lost, names = known[known["npv_usd"] < 0], say.names("projects")
    found = [
        say("{project} ({amount})", project=names[row.project_id], amount=say.money(row.npv_usd))
        for row in lost.sort_values("npv_usd").itertuples()
    ]
    rate = say.ds.scenario["assumptions"].get("discount_rate", {}).get("value")
    text = [
        say(
            "Up to {year} the discounted foreign-exchange effect, after diverted exports and imported equipment, is "
            "negative for {projects}."
            if found
            else "Up to {year} the discounted foreign-exchange effect, after diverted exports and imported equipment, "
            "is negative for none of the projects.",
            year=str(say.ds.target["year"]),
            projects=say.listed(found),
        )
    ]
    if rate is not None:
        text.append(say("Discount rate: {rate} a year.", rate=say.percent(rate, 1)))
    return text


def _resource_cost(appraisal: pd.DataFrame, say) -> list[str]:
    """Domestic resource cost below and above 1, where it is known."""
    known, names = appraisal[appraisal["drc"].notna()].sort_values("drc"), say.names("projects")
    if known.empty:
        return []
    dear = known[known["drc"] > 1]
    about = {"low": say.number(known["drc"].iloc[0], 2), "high": say.number(known["drc"].iloc[-1], 2)}
    about |= {"n": say.number(len(known)), "all": say.number(len(appraisal))}
    if dear.empty:
        return [
            say(
                "Domestic resource cost is known for {n} of {all} projects and above 1 for none of them ({low} to "
                "{high}): they save a dollar for no more than a dollar of domestic resources.",
                **about,
            )
        ]
    found = [
        say("{project} ({amount})", project=names[row.project_id], amount=say.number(row.drc, 2))
        for row in dear.itertuples()
    ]
    return [
        say(
            "Domestic resource cost is known for {n} of {all} projects ({low} to {high}); a dollar saved takes more "
            "than a dollar of domestic resources in {projects}.",
            projects=say.listed(found),
            **about,
        )
    ]


def _without_ratio(appraisal: pd.DataFrame, say) -> list[str]:
    missing, names = appraisal[appraisal["ratio_rank"].isna()], say.names("projects")
    reason = pd.Series("no_cut", missing.index, dtype="str")
    reason = reason.mask(~(missing["cost_usd"] > 0), "no_cost").mask(missing["annual_net_usd"].isna(), "no_plan")
    return [
        say(
            "No ratio is ranked, because {reason}: {projects}.",
            reason=say(WITHOUT_RATIO[why]),
            projects=say.listed([names[p] for p in rows["project_id"]]),
        )
        for why, rows in missing.groupby(reason)
    ]
