"""The portfolio to the target year: overlap, credit, certainty, and what it depends on."""

import pandas as pd

from importcut.schema import RULES
from importcut.telling.finding import Finding, capital, paragraphs
from importcut.telling.narrate.causes import signed
from importcut.telling.narrate.tables import Listing, listing

CERTAIN = 0.9  # from this probability on a project is said to be ahead of another


def overlap(ceiling: pd.DataFrame, say) -> Finding:
    """Whether a project, the projects of a product, or the target claim more than can be displaced."""
    names = {"project": say.names("projects"), "product": say.names("products")}
    over, text = ceiling[ceiling["ceiling_flag"]], []
    whole = over["level"].eq("portfolio")
    for row in over[over["reading"].eq("annual") & ~whole].itertuples():
        text.append(say("overlap.claim", name=names[row.level][row.id], claim=row.claim_usd, line=row.line_usd))
    for row in over[whole].itertuples():
        reading = say.words("readings")[row.reading]
        text.append(say("overlap.target", reading=reading, claim=row.claim_usd, line=row.line_usd))
    title = say("overlap.title", n=len(text)) if text else say("overlap.title_none")
    return Finding(title, " ".join(text), ceiling, "planned" if len(ceiling) else None)


def leaders_by_rule(credit: pd.DataFrame, say) -> Finding:
    """Whether the leaders stay leaders under every credit rule."""
    if credit.empty:
        return Finding(say("credit.title_none"), say("no_plan"), credit, None)
    wide = credit[credit["basis"].eq("cumulative")].pivot_table(index="project_id", columns="rule", values="net_usd")
    first = {rule: wide[rule].idxmax() for rule in RULES}
    three = {rule: set(wide[rule].nlargest(3).index) for rule in RULES}
    words, leader = say.words("rules"), say.names("projects")[first["shapley"]]
    others = [words[rule] for rule in RULES if first[rule] != first["shapley"]]
    moved = [words[rule] for rule in RULES if three[rule] != three["shapley"]]
    text = [
        say("credit.shapley", leader=leader, rules=others) if others else say("credit.all_rules", leader=leader),
        say("credit.moved", rules=moved) if moved else say("credit.same"),
    ]
    return Finding(text[0].rstrip("."), " ".join(text), wide, "planned")


def credit_table(credit: pd.DataFrame, kind: str, say) -> Listing:
    """Credited cuts summed to the target year under the five rules, in thousand dollars; kind: gross or net."""
    summed = credit[credit["basis"].eq("cumulative")]
    wide = summed.pivot_table(index="project_id", columns="rule", values=f"{kind}_usd", observed=True)
    wide = wide.reindex(columns=list(RULES)).sort_values("shapley", ascending=False).add_suffix("_usd").reset_index()
    rules = {word: f"{rule}_usd" for rule, word in say.words("rules").items()}
    caption = say("Credited net cuts") if kind == "net" else say("Credited gross cuts")
    return listing("credit", wide, say, caption=caption, further=rules)


def how_sure(certainty: pd.DataFrame, target: pd.DataFrame, say) -> Finding:
    """Who comes first in how many draws, who cannot be told apart, and how likely the target is."""
    if certainty.empty:
        return Finding(say("sure.title_none"), say("no_plan"), certainty, None)
    names, table = say.names("projects"), certainty[certainty["basis"].eq("cumulative")]
    order = table.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)
    leader = order.iloc[0]
    chance = table[table["rank"].eq(1)].set_index("project_id")["probability"][leader["project_id"]]
    values = {"leader": names[leader["project_id"]], "n": say.number(100 * chance)}
    text = [say("sure.lead", **values, range=(leader["low_usd"], leader["high_usd"]))]
    tied = [
        say("sure.pair", first=names[a.project_id], second=names[b.project_id])
        for a, b in zip(order.head(4).itertuples(), order.iloc[1:5].itertuples(), strict=False)
        if a.p_beats_next < CERTAIN
    ]
    text += [say("sure.tied", pairs="; ".join(tied))] if tied else []
    for row in target[target["p_reached"].notna()].sort_values("leading", ascending=False).itertuples():
        about = {"reading": say.words("readings")[row.reading], "n": say.number(100 * row.p_reached)}
        text.append(say("sure.target", **about, range=(row.low_usd, row.high_usd)))
    text.append(say("sure.grade"))
    title = say("sure.title" if chance >= CERTAIN else "sure.title_unsure", **values)
    return Finding(title, paragraphs(text), table, "assumed", " ".join(text[:2]))


def what_matters(sensitivity: pd.DataFrame, say) -> Finding:
    """Which assumption moves the net cut of the portfolio most."""
    if sensitivity.empty:
        return Finding(say("matters.title_none"), say("no_plan"), sensitivity, None)
    top, words = sensitivity.iloc[0], say.words("assumptions")
    name = words[top["assumption"]]
    about = {"assumption": capital(name), "share": say.percent(top["total"])}
    text = [say("matters.lead", **about, low=top["low_usd"], high=top["high_usd"])]
    small = [words[name] for name in sensitivity.loc[sensitivity["total"] < 0.05, "assumption"]]
    text += [say("matters.small", assumptions=small)] if small else []
    return Finding(say("matters.title", assumption=name), " ".join(text), sensitivity, "assumed")


def change(before: pd.DataFrame, after: pd.DataFrame, question: str, say) -> Finding:
    """What another scenario or a what-if changes in the plan: gross and net, to the target year."""
    gross, net = (after[f"{kind}_usd"].sum() - before[f"{kind}_usd"].sum() for kind in ("gross", "net"))
    which = "what_if.nothing" if max(abs(gross), abs(net)) < 5e3 else "what_if.change"
    text = say(which, question=question, gross=signed(gross, say), net=signed(net, say))
    return Finding(say("what_if.title"), text, after, "assumed")


def question(late: str, failed: str, say) -> tuple[dict[str, dict[str, float]], str]:
    """A what-if about single projects: the values to put in for `dataset.what_if`, and the question in words."""
    names, asked, words = say.names("projects"), {}, []
    if late:
        asked[late] = {"delay_years": 1.0}
        words.append(say("what_if.late", project=names.get(late, late)))
    if failed:
        asked[failed] = {"success": 0.0}
        words.append(say("what_if.fails", project=names.get(failed, failed)))
    return asked, "; ".join(words) or say("what_if.none")
