"""The portfolio to the target year: overlap, credit, certainty, and what it depends on."""

import pandas as pd

from importcut.attribute import RULES
from importcut.narrate.causes import signed
from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import READINGS, Listing

CERTAIN = 0.9  # from this probability on a project is said to be ahead of another
RULE_NAMES = {
    "shapley": "Shapley",
    "dispatched": "dispatched tonnes",
    "proportional": "share of supply",
    "stand_alone": "alone",
    "marginal": "lost without it",
}
ASSUMPTIONS = {
    "vehicle_output": "vehicle output",
    "intensity": "use per vehicle",
    "price_drift": "import prices",
    "capacity_use": "use of capacity",
    "ramp_pace": "pace of the ramp-up",
    "delay_years": "delay",
    "success": "success",
}


def overlap(ceiling: pd.DataFrame, say) -> Finding:
    """Whether a project, the projects of a product, or the target claim more than can be displaced."""
    names = {"project": say.names("projects"), "product": say.names("products")}
    annual = ceiling[ceiling["reading"].eq("annual")]
    text = []
    for row in annual[annual["ceiling_flag"] & annual["level"].ne("portfolio")].itertuples():
        text.append(
            say(
                "{name}: {claim} a year is claimed, {line} can be displaced.",
                name=names[row.level][row.id],
                claim=say.money(row.claim_usd),
                line=say.money(row.line_usd),
            )
        )
    for row in ceiling[ceiling["level"].eq("portfolio") & ceiling["ceiling_flag"]].itertuples():
        text.append(
            say(
                "Target ({reading}): {claim} is claimed, {line} can be displaced.",
                reading=say(READINGS[row.reading]),
                claim=say.money(row.claim_usd),
                line=say.money(row.line_usd),
            )
        )
    title = (
        say.count("{n} claim exceeds what can be displaced", "{n} claims exceed what can be displaced", len(text))
        if text
        else say("No claim exceeds what can be displaced")
    )
    return Finding(title, " ".join(text), ceiling, "planned" if len(ceiling) else None)


def leaders_by_rule(credit: pd.DataFrame, say) -> Finding:
    """Whether the leaders stay leaders under every credit rule."""
    if credit.empty:
        return Finding(say("There is no plan to credit"), say("This dataset has no plan and no target."), credit, None)
    wide = credit[credit["basis"].eq("cumulative")].pivot_table(index="project_id", columns="rule", values="net_usd")
    first = {rule: wide[rule].idxmax() for rule in RULES}
    three = {rule: set(wide[rule].nlargest(3).index) for rule in RULES}
    names, leader = say.names("projects"), first["shapley"]
    others = [rule for rule in RULES if first[rule] != leader]
    text = [
        say("{leader} leads under all five credit rules.", leader=names[leader])
        if not others
        else say(
            "{leader} leads by Shapley's rule; not so under: {rules}.",
            leader=names[leader],
            rules=say.listed([say(RULE_NAMES[rule]) for rule in others]),
        )
    ]
    moved = [say(RULE_NAMES[rule]) for rule in RULES if three[rule] != three["shapley"]]
    text.append(
        say("The first three are other ones under: {rules}.", rules=say.listed(moved))
        if moved
        else say("The first three are the same under each.")
    )
    return Finding(text[0].rstrip("."), " ".join(text), wide, "planned")


def credit_table(credit: pd.DataFrame, kind: str, say) -> Listing:
    """Credited cuts summed to the target year under the five rules, in thousand dollars; kind: gross or net."""
    wide = credit[credit["basis"].eq("cumulative")].pivot_table(
        index="project_id", columns="rule", values=f"{kind}_usd", observed=True
    )
    ordered = wide.reindex(columns=list(RULES)).sort_values("shapley", ascending=False)
    frame = (ordered / 1e3).map(lambda value: say.number(value, 1)).rename(columns=lambda rule: say(RULE_NAMES[rule]))
    frame.insert(0, say("Project"), ordered.index.map(say.names("projects")))
    what = say("Credited net cuts") if kind == "net" else say("Credited gross cuts")
    return Listing(frame, say("{what}, thousand US dollars", what=what))


def how_sure(certainty: pd.DataFrame, target: pd.DataFrame, say) -> Finding:
    """Who comes first in how many draws, who cannot be told apart, and how likely the target is."""
    if certainty.empty:
        return Finding(say("How sure"), say("This dataset has no plan and no target."), certainty, None)
    names = say.names("projects")
    table = certainty[certainty["basis"].eq("cumulative")]
    order = table.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)
    first = table[table["rank"].eq(1)].set_index("project_id")["probability"]
    leader = order.iloc[0]
    values = {
        "leader": names[leader["project_id"]],
        "n": say.number(100 * first[leader["project_id"]]),
        "range": say.range(leader["low_usd"], leader["high_usd"]),
    }
    sure = first[leader["project_id"]] >= CERTAIN
    title = say(
        "{leader} comes first in {n} of 100 draws"
        if sure
        else "No leader is certain: {leader} comes first in {n} of 100 draws",
        **values,
    )
    text = [
        say(
            "{leader} comes first in {n} of 100 draws of the assumptions; "
            "in nine of ten its net cut lies within {range}.",
            **values,
        )
    ]
    pairs = zip(order.head(4).itertuples(), order.iloc[1:5].itertuples(), strict=False)
    tied = [
        say("{first} and {second}", first=names[a.project_id], second=names[b.project_id])
        for a, b in pairs
        if a.p_beats_next < CERTAIN
    ]
    if tied:
        text.append(say("Among the first, these cannot be told apart: {pairs}.", pairs="; ".join(tied)))
    for row in target[target["p_reached"].notna()].sort_values("leading", ascending=False).itertuples():
        text.append(
            say(
                "Target ({reading}): reached in {n} of 100 draws; the plan brings {range}.",
                reading=say(READINGS[row.reading]),
                n=say.number(100 * row.p_reached),
                range=say.range(row.low_usd, row.high_usd),
            )
        )
    text.append(say("Grade: assumed, for the ranges of the assumptions stand in the scenario."))
    return Finding(title, paragraphs(text), table, "assumed", " ".join(text[:2]))


def what_matters(sensitivity: pd.DataFrame, say) -> Finding:
    """Which assumption moves the net cut of the portfolio most."""
    if sensitivity.empty:
        return Finding(say("What matters most"), say("This dataset has no plan and no target."), sensitivity, None)
    top = sensitivity.iloc[0]
    name = say(ASSUMPTIONS[top["assumption"]])
    text = [
        say(
            "{assumption} — {share} of the variance of the net cut, if it moves all projects together; between "
            "its low and its high value the net cut goes from {low} to {high}.",
            assumption=name[:1].upper() + name[1:],
            share=say.percent(top["total"]),
            low=say.money(top["low_usd"]),
            high=say.money(top["high_usd"]),
        )
    ]
    small = sensitivity[sensitivity["total"] < 0.05]["assumption"].map(ASSUMPTIONS).map(say).tolist()
    if small:
        text.append(say("Hardly any difference make: {assumptions}.", assumptions=say.listed(small)))
    return Finding(say("What matters most: {assumption}", assumption=name), " ".join(text), sensitivity, "assumed")


def change(before: pd.DataFrame, after: pd.DataFrame, question: str, say) -> Finding:
    """What another scenario or a what-if changes in the plan: gross and net, to the target year."""
    gross, net = (after[f"{kind}_usd"].sum() - before[f"{kind}_usd"].sum() for kind in ("gross", "net"))
    text = (
        say("{question}: the plan stays as it is.", question=question)
        if max(abs(gross), abs(net)) < 5e3
        else say(
            "{question}: the planned gross cut to the target year changes by {gross}, the net cut by {net}.",
            question=question,
            gross=signed(gross, say),
            net=signed(net, say),
        )
    )
    return Finding(say("Against the plan"), text, after, "assumed")


def question(late: str, failed: str, say) -> tuple[dict[str, dict[str, float]], str]:
    """A what-if about single projects: the values to put in for `dataset.what_if`, and the question in words."""
    names, asked, words = say.names("projects"), {}, []
    if late:
        asked[late] = {"delay_years": 1.0}
        words.append(say("{project} a year late", project=names.get(late, late)))
    if failed:
        asked[failed] = {"success": 0.0}
        words.append(say("{project} fails", project=names.get(failed, failed)))
    return asked, "; ".join(words) or say("No question asked")
