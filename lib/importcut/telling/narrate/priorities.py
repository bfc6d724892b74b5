"""What to do: which projects are worth their cost, which measures are late or due, and where to go next."""

import numpy as np
import pandas as pd

from importcut.language import Voice
from importcut.telling.finding import Finding, by_reason, nothing, section, sentences, with_amounts


def worth(appraisal: pd.DataFrame, say: Voice) -> Finding:
    """Which of the larger projects brings most for a dollar, who is ahead in size and ratio, and what does not pay."""
    if appraisal.empty:
        return nothing(say, "worth.title_none", "no_plan", appraisal)
    ranked = appraisal[appraisal["ratio_rank"].notna()].sort_values(["ratio_rank", "project_id"])
    unranked = (_without_ratio(appraisal), "worth.without")
    if ranked.empty:
        return section(say, "worth.no_ratio", {}, [unranked], appraisal, "planned")
    average, valued = ranked["annual_net_usd"].mean(), appraisal["npv_usd"].notna().any()
    leader = ranked[ranked["annual_net_usd"] >= average].iloc[0]
    years, discounted = leader["payback_years"], leader["discounted_payback_years"]
    front = ranked[ranked["pareto"]].sort_values("annual_net_usd", ascending=False)
    lost = appraisal[appraisal["npv_usd"] < 0].sort_values("npv_usd")
    cost = appraisal.dropna(subset="drc").sort_values("drc")
    dear = cost[cost["drc"] > 1]
    dear = say.each("with_amount", dear.assign(amount=[say.number(drc, 2) for drc in dear["drc"]]))
    whole = len(cost) == len(appraisal)
    known = say("worth.known_all") if whole else say("worth.known", n=len(cost), all=len(appraisal))
    facts = {
        "leader": say.names("projects", inside=True)[leader["project_id"]], "amount": leader["annual_net_usd"],
        "ratio": leader["cut_per_cost"], "average": average, "year": str(say.ds.target["year"]), "years": years,
        "discounted": discounted, "rate": say.ds.scenario["assumptions"].get("discount_rate", {}).get("value"),
        "known": known, "low": cost["drc"].min(), "high": cost["drc"].max(),
    }  # fmt: skip
    rows = [
        (True, "worth.lead"),
        (True, "worth.front", {"projects": say.each("worth.front_project", front)}),
        (pd.isna(years), "worth.never"),
        (pd.notna(years) and pd.isna(discounted), "worth.payback"),
        (pd.notna(years) and pd.notna(discounted), "worth.discounted"),
        (valued and lost.empty, "worth.negative_none"),
        (len(lost), "worth.negative", {"projects": say.each("with_amount", lost.assign(amount=lost["npv_usd"]))}),
        (valued and facts["rate"] is not None, "worth.rate"),
        (len(cost), "worth.dear" if dear else "worth.cheap", {"projects": dear}),
        unranked,
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
    late = status[status["state"].eq("late")]
    hanging = late.drop_duplicates("project_id").dropna(subset="planned_net_usd")
    hanging = hanging.sort_values("planned_net_usd", ascending=False)
    overdue = _overdue(late, say)
    names = say.names("projects", inside=True)[hanging["project_id"]]
    cuts = with_amounts(hanging["planned_net_usd"].set_axis(names), say)
    counts = {name: int(state.eq(name).sum()) for name in say.words("states")}
    states = [say("measures.state", n=n, state=name) for name, n in counts.items() if n]
    facts = {"n": counts["late"], "amount": hanging["planned_net_usd"].sum(), "year": str(say.ds.target.get("year"))}
    rows = [
        (overdue, "facts"),
        (True, "measures.registered", {"n": len(state), "states": "; ".join(states)}),
        (cuts, "measures.hanging", {"projects": cuts}),
        *_dates(status, say),
        (cuts, "grade_planned"),
    ]
    title = "measures.overdue_cuts" if cuts else "measures.overdue" if facts["n"] else "measures.overdue_none"
    return section(say, title, facts, rows, status, "planned" if cuts else None, lead=max(len(overdue), 1))


def hanging_cuts(status: pd.DataFrame, say: Voice) -> pd.Series:
    """Planned net cuts (USD) of the projects that need overdue measures, the largest first, named as they are read."""
    late = status[status["state"].eq("late")].dropna(subset="planned_net_usd").sort_values("months_late")
    rows = late.drop_duplicates("project_id", keep="last").sort_values("planned_net_usd", ascending=False)
    names = say.names("projects")[rows["project_id"]] + " · "
    months = [say("measures.months", n=int(n)) for n in rows["months_late"]]
    return pd.Series(rows["planned_net_usd"].to_numpy(), names.to_numpy() + months)


def next_steps(products: pd.DataFrame, say: Voice) -> Finding:
    """Which imported products without a project come first, why, and what that order rests on."""
    ranked, names = products[products["rank"].notna()].sort_values("rank"), say.names("products", inside=True)
    if ranked.empty:
        return nothing(say, "next.title_none", "next.none" if products.empty else "next.unknown", products)
    share = say.ds.products.set_index("product_id")["localisable_share"].reindex(products["product_id"])
    top = ranked.head(3).assign(share=share.reindex(ranked["product_id"].head(3)).array)
    top = top.assign(product=[*names[top["product_id"]]], facts=[_known(row, say) for row in top.to_dict("records")])
    unknown, unbounded = products.isna().all(), share.isna().sum()
    criteria = [column for column in say.words("criteria") if not unknown.get(column, True)]
    missing = [column for column in say.words("criteria") if unknown.get(column, False)]
    facts = {"n": len(products), "products": [*names[ranked.loc[ranked["rank"].eq(1), "product_id"]]]}
    rows = [
        (True, "next.count"),
        (True, "next.criteria", {"criteria": criteria}),
        (top, "facts"),
        (missing, "next.missing", {"criteria": missing}),
        ("feasibility" in criteria, "next.conditions"),
        (unbounded, "next.upper_bound", {"n": unbounded}),
        (True, "next.weights"),
        (True, "grade", {"gross": "assumed"}),
    ]
    return section(say, "next.title", facts, rows, ranked, "assumed")


def urgent_first(status: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The measures, the most urgent state first and in it the earliest date."""
    order = status["state"].map(list(say.words("states")).index)
    return status.assign(order=order).sort_values(["order", "due"], kind="stable")


def _without_ratio(appraisal: pd.DataFrame) -> pd.DataFrame:
    """Projects without a ratio, by the reason."""
    missing = appraisal[appraisal["ratio_rank"].isna()]
    reasons = {"no_plan": missing["annual_net_usd"].isna(), "no_cost": ~(missing["cost_usd"] > 0)}
    reason = np.select([*reasons.values()], [*reasons], "no_cut")
    return by_reason(missing.assign(reason=reason))


def _overdue(late: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """Each late measure, the longest overdue first, with the projects that need it."""
    groups = late.sort_values("months_late", ascending=False, kind="stable").groupby("measure_id", sort=False)
    table = pd.DataFrame({"n": groups["months_late"].max().astype(int), "project_id": groups["project_id"].agg(list)})
    facts = []
    for row in table.to_dict("records"):
        needed = [project for project in row["project_id"] if pd.notna(project)]
        months = (True, "measures.months", {"n": row["n"]})
        facts.append(", ".join(sentences(say, {"project_id": needed}, [months, (needed, "measures.needed")])))
    return table.assign(product=say.names("measures").reindex(table.index), facts=facts)


def _dates(status: pd.DataFrame, say: Voice) -> list[tuple]:
    """What was done in the period, what is due with its end, and what is due next."""
    names, now, state = say.names("measures"), say.ds.period, status["state"]
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


def _known(product: dict, say: Voice) -> str:
    """The criteria that are known of a product, in words."""
    where = "next.target_year" if product["basis"] == "target_year" else "next.last_year"
    growth, facts = product["growth"], {"year": str(say.ds.target.get("year")), "base": say.ds.base_period}
    rows = [
        (True, "next.all_imports" if pd.isna(product["share"]) else where),
        (growth >= 0, "next.grew"),
        (growth < 0, "next.fell", {"growth": -growth}),
        (pd.notna(product["concentration"]), "next.concentration", {"top": 10_000}),
        (pd.notna(product["feasibility"]), "next.feasibility"),
    ]
    return "; ".join(sentences(say, product | facts, rows))
