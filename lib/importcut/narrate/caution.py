"""What must be said beside an estimate: chance, capacity."""

import pandas as pd


def over_limit(ranked: pd.DataFrame, names: pd.Series, say) -> list[str]:
    """The projects whose estimated cut exceeds what the plant can make, or made."""
    return [
        say(
            "In at least one period the estimated cut of {project} exceeds the capacity or the recorded output: "
            "part of it is not the project's.",
            project=names[project],
        )
        for project in ranked.loc[ranked["limit_flag"], "project_id"]
    ]


def _told(done: pd.DataFrame, say) -> str | None:
    """The products whose cuts are told apart from chance; nothing where all are."""
    products = done.groupby("product_id")["told"].any()
    return None if products.all() else say.listed([say.names("products")[p] for p in products.index[products]])


def chance_text(done: pd.DataFrame, say) -> list[str]:
    """Which of the cuts are told apart from chance; nothing where all are."""
    told = _told(done, say)
    if told is None:
        return []
    if told:
        return [say("Told apart from chance is only the cut in: {products}.", products=told)]
    return [say("None of these cuts is told apart from chance.")]


def chance_title(done: pd.DataFrame, say) -> str | None:
    """The same as a claim; nothing where all cuts are told apart, or none is."""
    told = _told(done, say)
    return say("Only the cut in {products} is told apart from chance", products=told) if told else None


def told_part(cuts: pd.DataFrame, say) -> list[str]:
    """How much of the cuts is told apart from chance, where not all are."""
    done = cuts[cuts["identified"]]
    if done["told"].all():
        return []
    amount = say.money(done.loc[done["told"], "gross_usd"].sum())
    return [say("Of these cuts {amount} is told apart from chance; the rest may be chance.", amount=amount)]
