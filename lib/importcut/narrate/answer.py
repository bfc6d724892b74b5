"""The answer: who cut the most, the ranking, and where the total stands."""

import pandas as pd

from importcut.narrate.caution import chance_text, chance_title, over_limit
from importcut.narrate.finding import Finding, paragraphs
from importcut.schema import weakest

REASONS = {
    "no_series": "there is no import series of its product",
    "before_series": "it began before the data do",
    "not_started": "its first output is due later",
    "no_deliveries": "it should have begun, and no delivery is recorded",
    "baseline_only": "nothing above the baseline has been delivered yet",
    "shared_product": "several projects make its product, and customs data cannot tell them apart",
    "no_base": "its product was not imported in the base year",
    "few_donors": "fewer than three comparable products are left",
    "few_periods": "fewer than five periods lie before the first output",
    "no_activity": "no vehicle output is recorded",
    "broken_series": "the series of its product has a break that could not be repaired",
    "no_price": "its product was not imported in the base period, so that its import price is not known",
    "negative_estimate": "imports are above what would have been expected without it",
}


def headline(ranking: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """Who cut the most imports, by how much, in what span, and how sure that is."""
    ranked = ranking[ranking["basis"].eq("realised_to_date") & ranking["rank"].notna()].sort_values("rank")
    if ranked.empty:
        nothing = say("No project has an identified cut.")
        return Finding(say("No cut can be told from these data yet"), nothing, ranked, None, nothing)
    names, leader, rest = say.names("projects"), ranked.iloc[0], ranked.iloc[1:]
    done = cuts[cuts["identified"]]
    span = say.span(done["period"].min(), done["period"].max())
    chance = chance_text(done, say)
    doubtful = bool(chance) and pd.isna(leader["net_usd"])
    text = [" ".join([_leader(leader, rest, names, span, doubtful, say), *chance])]
    text += over_limit(ranked.head(2), names, say)
    if len(rest) and not _tied(leader, rest.iloc[0]):
        runner = rest.iloc[0]
        text.append(
            say(
                "{runner} follows with {amount} (range {range}), {gap} less.",
                runner=names[runner["project_id"]],
                amount=say.money(runner["headline_usd"]),
                range=say.range(runner["low_usd"], runner["high_usd"]),
                gap=say.money(leader["headline_usd"] - runner["headline_usd"]),
            )
        )
    if len(rest) > 1 and _tied(rest.iloc[0], rest.iloc[1]):
        pair = {"first": names[rest.iloc[0]["project_id"]], "second": names[rest.iloc[1]["project_id"]]}
        text.append(say("{first} and {second} cannot be told apart: their ranges overlap.", **pair))
    text.append(_grades(ranked, say))
    title = chance_title(done, say) or _title(leader, rest, names, say)
    return Finding(title, paragraphs(text), ranked, weakest(ranked["evidence"]), text[0])


def on_track(target: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """Where the total stands against the target, in both readings, and whether the target can be reached at all."""
    if target.empty:
        return Finding(say("There is no target"), say("This dataset has no plan and no target."), target, None)
    lead = target[target["leading"]].iloc[0]
    title = say("{share} of the target is reached", share=say.percent(lead["realised_usd"] / lead["target_usd"]))
    text = []
    for row in target.sort_values("leading", ascending=False).itertuples():
        values = {
            "target": say.money(row.target_usd),
            "planned": say.money(row.planned_usd),
            "realised": say.money(row.realised_usd),
            "year": str(row.year),
        }
        if row.reading == "cumulative":
            text.append(
                say(
                    "Read as the sum up to {year}, the target is {target}; the plan adds up to {planned}, "
                    "of which {realised} has been realised.",
                    **values,
                )
            )
        else:
            text.append(
                say(
                    "Read as the flow in {year}, the target is {target} a year; the plan reaches {planned}, "
                    "and the last year brought {realised}.",
                    **values,
                )
            )
        if row.ceiling_flag:
            text.append(
                say(
                    "In this reading the target exceeds the imports which the projects can displace at all, "
                    "{addressable}: it is out of reach.",
                    addressable=say.money(row.addressable_usd),
                )
            )
    realised = weakest(cuts["gross_evidence"])
    if realised:
        text.append(
            say(
                "All these are gross cuts; realised: {realised}; plan and target: {planned}.",
                realised=say(realised),
                planned=say("planned"),
            )
        )
    return Finding(title, paragraphs(text), target, "planned")


def ranked_projects(ranking: pd.DataFrame, say) -> Finding:
    """The ranking: how much the first three hold, and which projects are not ranked and why."""
    realised = ranking[ranking["basis"].eq("realised_to_date")]
    ranked = realised[realised["rank"].notna()].sort_values("rank")
    names, total = say.names("projects"), ranked["headline_usd"].sum()
    text = []
    if len(ranked) > 3:
        text.append(
            say(
                "The first three projects hold {share} of the net cut of all {n} ranked projects, {total}."
                if ranked["net_usd"].notna().all()
                else "The first three projects hold {share} of the cut of all {n} ranked projects, {total}; "
                "where net is not "
                "known, gross is counted.",
                share=say.percent(ranked["headline_usd"].head(3).sum() / total),
                n=say.number(len(ranked)),
                total=say.money(total),
            )
        )
    text += over_limit(ranked.iloc[2:], names, say)
    text += _not_ranked(realised, names, say)
    if len(ranked):
        text.append(
            say("The range values the replaced tonnes at the prices of the cheapest and of the dearest usual origin.")
            if say.ds.counterfactual == "deliveries"
            else say(
                "The range spans base years, comparable products left out one at a time, and weights as imputed or as "
                "declared, or values."
            )
        )
    text.append(
        say(
            "Grades: measured — from customs data and delivery records; inferred — from customs data alone; "
            "planned — from "
            "project sheets; assumed — from a scenario. A figure has the grade of its weakest input."
        )
    )
    return Finding(say("The ranking"), paragraphs(text), ranked, weakest(ranked["evidence"]))


def _tied(first: pd.Series, second: pd.Series) -> bool:
    """Whether the ranges of two neighbours in the ranking overlap."""
    return first["low_usd"] < second["high_usd"]


def _leader(leader: pd.Series, rest: pd.DataFrame, names: pd.Series, span: str, doubtful: bool, say) -> str:
    values = {
        "leader": names[leader["project_id"]],
        "amount": say.money(leader["headline_usd"]),
        "span": span,
        "range": say.range(leader["low_usd"], leader["high_usd"]),
        "gross": say.money(leader["gross_usd"]),
    }
    net = pd.notna(leader["net_usd"])
    if len(rest) and _tied(leader, rest.iloc[0]):
        runner = rest.iloc[0]
        values |= {
            "runner": names[runner["project_id"]],
            "second_amount": say.money(runner["headline_usd"]),
            "second_range": say.range(runner["low_usd"], runner["high_usd"]),
        }
        if doubtful:
            return say(
                "{leader} and {runner} have the largest estimated cuts, {amount} (range {range}) and {second_amount} "
                "(range {second_range}) gross {span}; their ranges overlap, so they cannot be told apart. Their "
                "imported inputs are not known.",
                **values,
            )
        return say(
            "{leader} and {runner} cut the most imports, {amount} (range {range}) and {second_amount} (range "
            "{second_range}) net {span}; their ranges overlap, so they cannot be told apart."
            if net
            else "{leader} and {runner} cut the most imports, {amount} (range {range}) and {second_amount} (range "
            "{second_range}) gross {span}; their ranges overlap, so they cannot be told apart. Their imported inputs "
            "are not known.",
            **values,
        )
    if doubtful:
        return say(
            "{leader} has the largest estimated cut: {amount} gross {span} (range {range}); its imported inputs are "
            "not known, so the net cut is not either.",
            **values,
        )
    return say(
        "{leader} cut the most imports: {amount} net {span} (range {range}; gross {gross})."
        if net
        else "{leader} cut the most imports: {amount} gross {span} (range {range}); its imported inputs are not known, "
        "so the net cut is not either.",
        **values,
    )


def _title(leader: pd.Series, rest: pd.DataFrame, names: pd.Series, say) -> str:
    name, amount = names[leader["project_id"]], say.money(leader["headline_usd"])
    if len(rest) and _tied(leader, rest.iloc[0]):
        second = names[rest.iloc[0]["project_id"]]
        return say("{first} and {second} lead and cannot be told apart", first=name, second=second)
    return say("{leader} cut the most imports, {amount}", leader=name, amount=amount)


def _grades(ranked: pd.DataFrame, say) -> str:
    gross, net = weakest(ranked["gross_evidence"]), weakest(ranked["evidence"])
    if ranked["net_usd"].isna().all():
        return say("Grade: {gross}.", gross=say(gross))
    return say(
        "Grades: gross cuts {gross}; net cuts {net}, for the imported inputs stand in the project sheets.",
        gross=say(gross),
        net=say(net),
    )


def _not_ranked(realised: pd.DataFrame, names: pd.Series, say) -> list[str]:
    missing = realised[realised["rank"].isna() & realised["reason"].notna()]
    return [
        say(
            "Not ranked, because {reason}: {projects}.",
            reason=say(REASONS[reason]),
            projects=say.listed([names[p] for p in rows["project_id"]]),
        )
        for reason, rows in missing.groupby("reason")
    ]
