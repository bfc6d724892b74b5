"""What to do: which projects are worth their cost, which measures are late or due, and where to go next."""

from typing import NamedTuple

import pandas as pd

from importcut.language import Voice
from importcut.telling.finding import Finding, nothing, section, sentences


def worth(appraisal: pd.DataFrame, say: Voice) -> Finding:
    """Which of the larger projects brings most for a dollar, who is ahead in size and ratio, and what does not pay."""
    if appraisal.empty:
        return nothing(say, "worth.title_none", "no_plan", appraisal)
    ranked = appraisal[appraisal["ratio_rank"].notna()].sort_values(["ratio_rank", "project_id"])
    unranked = _without_ratio(appraisal, say)
    if ranked.empty:
        return section(say, "worth.no_ratio", {}, unranked, appraisal, "planned")
    names, average = say.names("projects"), ranked["annual_net_usd"].mean()
    leader = ranked[ranked["annual_net_usd"] >= average].iloc[0]
    years, discounted = leader["payback_years"], leader["discounted_payback_years"]
    front = [
        say("worth.front_project", project=names[row.project_id], amount=row.annual_net_usd, ratio=_ratio(row, say))
        for row in ranked[ranked["pareto"]].sort_values("annual_net_usd", ascending=False).itertuples()
    ]
    lost = appraisal[appraisal["npv_usd"] < 0].sort_values("npv_usd")
    lost = [say("with_amount", project=names[row.project_id], amount=row.npv_usd) for row in lost.itertuples()]
    valued, rate = appraisal["npv_usd"].notna().any(), say.ds.scenario["assumptions"].get("discount_rate")
    cost = appraisal.dropna(subset="drc").sort_values("drc").set_index("project_id")["drc"]
    dear = [say("with_amount", project=names[p], amount=say.number(drc, 2)) for p, drc in cost[cost > 1].items()]
    facts = {
        "leader": names[leader["project_id"]], "amount": leader["annual_net_usd"], "ratio": _ratio(leader, say),
        "average": average, "year": str(say.ds.target["year"]), "n": len(cost), "all": len(appraisal),
        "years": say.number(years, 1) if pd.notna(years) else "",
        "discounted": say.number(discounted, 1) if pd.notna(discounted) else "",
    }  # fmt: skip
    facts |= {"low": say.number(cost.iloc[0], 2), "high": say.number(cost.iloc[-1], 2)} if len(cost) else {}
    rows = [
        (True, "worth.lead"),
        (True, "worth.front", {"projects": front}),
        (not facts["years"], "worth.never"),
        (facts["years"] and not facts["discounted"], "worth.payback"),
        (facts["years"] and facts["discounted"], "worth.discounted"),
        (valued, "worth.negative" if lost else "worth.negative_none", {"projects": lost}),
        (valued and rate, "worth.rate", {"rate": say.percent(rate["value"], 1) if rate else ""}),
        (len(cost), "worth.dear" if dear else "worth.cheap", {"projects": dear}),
        *unranked,
        (True, "worth.rules"),
        (True, "worth.grade"),
    ]
    return section(say, "worth.title", facts, rows, appraisal, "planned", lead=1)


def measures(status: pd.DataFrame, say: Voice) -> Finding:
    """What is done, late and due, and which projects' planned cuts hang on what is late."""
    if status.empty:
        return nothing(say, "measures.title_none", "measures.none", status)
    # a measure stands where its most urgent row stands
    state = urgent_first(status, say).drop_duplicates("measure_id")["state"]
    late, projects = status[status["state"].eq("late")], say.names("projects")
    hanging = late.drop_duplicates("project_id").dropna(subset="planned_net_usd")
    hanging = hanging.sort_values("planned_net_usd", ascending=False)
    cuts = [f"{projects[row.project_id]} ({say.money(row.planned_net_usd)})" for row in hanging.itertuples()]
    facts = {name: say.number(state.eq(name).sum()) for name in say.words("states")}
    facts["n"] = int(state.eq("late").sum())
    facts |= {"amount": hanging["planned_net_usd"].sum(), "year": str(say.ds.target.get("year")), "projects": cuts}
    rows = [
        (True, "measures.registered", {"n": len(state)}),
        *_overdue(late, say),
        (cuts, "measures.hanging"),
        *_dates(status, say),
        (cuts, "grade_planned"),
    ]
    title = "measures.overdue_cuts" if cuts else "measures.overdue" if facts["n"] else "measures.overdue_none"
    return section(say, title, facts, rows, status, "planned" if cuts else None)


def next_steps(products: pd.DataFrame, say: Voice) -> Finding:
    """Which imported products without a project come first, why, and what that order rests on."""
    ranked, names = products[products["rank"].notna()].sort_values("rank"), say.names("products")
    if ranked.empty:
        return nothing(say, "next.title_none", "next.none" if products.empty else "next.unknown", products)
    share = say.ds.products.set_index("product_id")["localisable_share"]
    top = ranked.head(3).assign(share=ranked["product_id"].head(3).map(share))
    unknown, criteria = products.isna().all(), say.words("criteria")
    missing = [name for column, name in criteria.items() if unknown.get(column, False)]
    unbounded = share.reindex(products["product_id"]).isna().sum()
    rows = [
        (True, "next.count"),
        (True, "next.criteria", {"criteria": [w for c, w in criteria.items() if not unknown.get(c, True)]}),
        *((True, "facts", {"product": names[row.product_id], "facts": _known(row, say)}) for row in top.itertuples()),
        (missing, "next.missing", {"criteria": missing}),
        (not unknown.get("feasibility", False), "next.conditions"),
        (unbounded, "next.upper_bound", {"n": unbounded}),
        (True, "next.weights"),
        (True, "grade", {"gross": say("assumed")}),
    ]
    facts = {"n": len(products), "products": [*names[ranked.loc[ranked["rank"].eq(1), "product_id"]]]}
    return section(say, "next.title", facts, rows, ranked, "assumed")


def urgent_first(status: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The measures, the most urgent state first and in it the earliest date."""
    order = status["state"].map(list(say.words("states")).index)
    return status.assign(order=order).sort_values(["order", "due"], kind="stable")


def measure_names(say: Voice) -> pd.Series:
    """Names of the measures by id; a measure has a row for each of its projects."""
    names = say.names("measures")
    return names[~names.index.duplicated()]


def _ratio(row: NamedTuple, say: Voice) -> str:
    return say.number(row.cut_per_cost, 2)


def _without_ratio(appraisal: pd.DataFrame, say: Voice) -> list[tuple]:
    """A sentence for each reason why projects have no ratio."""
    missing, names, words = appraisal[appraisal["ratio_rank"].isna()], say.names("projects"), say.words("without_ratio")
    reason = pd.Series("no_cut", missing.index, dtype="str")
    reason = reason.mask(~(missing["cost_usd"] > 0), "no_cost").mask(missing["annual_net_usd"].isna(), "no_plan")
    groups = missing["project_id"].groupby(reason)
    return [(True, "worth.without", {"reason": words[why], "projects": [*names[ids]]}) for why, ids in groups]


def _overdue(late: pd.DataFrame, say: Voice) -> list[tuple]:
    """A sentence for each late measure, the longest overdue first, with the projects that need it."""
    names, projects, rows = measure_names(say), say.names("projects"), []
    ordered = late.sort_values("months_late", ascending=False, kind="stable")
    for measure, group in ordered.groupby("measure_id", sort=False):
        needed = [projects[p] for p in group["project_id"].dropna()]
        facts = {"n": int(group["months_late"].max()), "projects": needed}
        parts = sentences(say, facts, [(True, "measures.months"), (needed, "measures.needed")])
        rows.append((True, "facts", {"product": names[measure], "facts": ", ".join(parts)}))
    return rows


def _dates(status: pd.DataFrame, say: Voice) -> list[tuple]:
    """What was done in the period, what is due with its end, and what is due next."""
    names, now, state = measure_names(say), say.ds.period, status["state"]
    due, done = (
        status[column].map(lambda month: pd.Period(month, "M").asfreq(now.freq), na_action="ignore")
        for column in ("due", "done")
    )
    following = due[state.eq("due_later")].min()
    rows = []
    for name, period, which in (
        ("measures.done", now, state.eq("done") & done.eq(now)),
        ("measures.due_now", now, state.eq("due_now")),
        ("measures.due_later", following, state.eq("due_later") & due.eq(following)),
    ):
        listed = "; ".join(names[m] for m in status.loc[which, "measure_id"].unique())
        rows.append((listed, name, {"period": period, "measures": listed}))
    return rows


def _known(row: NamedTuple, say: Voice) -> str:
    """The criteria that are known of a product, in words."""
    where = "next.target_year" if row.basis == "target_year" else "next.last_year"
    where = "next.all_imports" if pd.isna(row.share) else where
    known = [say(where, amount=row.addressable_usd, year=str(say.ds.target.get("year")))]
    if pd.notna(row.growth):
        growth = {"share": say.percent(abs(row.growth)), "base": say.ds.base_period}
        known.append(say("next.grew" if row.growth >= 0 else "next.fell", **growth))
    if pd.notna(row.concentration):
        known.append(say("next.concentration", index=say.number(row.concentration), top=10_000))
    if pd.notna(row.feasibility):
        known.append(say("next.feasibility", share=say.percent(row.feasibility)))
    return "; ".join(known)
