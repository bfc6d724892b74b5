"""What must be said beside an estimate: chance, capacity."""

import pandas as pd


def over_limit(ranked: pd.DataFrame, names: pd.Series, say) -> list[str]:
    """The projects whose estimated cut exceeds what the plant can make, or made."""
    return [say("caution.limit", project=names[p]) for p in ranked.loc[ranked["limit_flag"], "project_id"]]


def _told(done: pd.DataFrame, say) -> list[str] | None:
    """The products whose cuts are told apart from chance; nothing where all are."""
    products = done.groupby("product_id")["told"].any()
    return None if products.all() else [say.names("products")[p] for p in products.index[products]]


def chance_text(done: pd.DataFrame, say) -> list[str]:
    """Which of the cuts are told apart from chance; nothing where all are."""
    told = _told(done, say)
    if told is None:
        return []
    return [say("caution.told", products=told) if told else say("caution.none_told")]


def chance_title(done: pd.DataFrame, say) -> str | None:
    """The same as a claim; nothing where all cuts are told apart, or none is."""
    told = _told(done, say)
    return say("caution.told_title", products=told) if told else None


def told_part(cuts: pd.DataFrame, say) -> list[str]:
    """How much of the cuts is told apart from chance, where not all are."""
    done = cuts[cuts["identified"]]
    amount = done.loc[done["told"], "gross_usd"].sum()
    return [] if done["told"].all() else [say("caution.told_part", amount=amount)]
