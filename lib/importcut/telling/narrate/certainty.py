"""What is certain, tied, or told apart from chance: each threshold once, for all sections."""

import pandas as pd

CERTAIN = 0.9  # probability from which on a project is said to be ahead of another
CLAIMED = 4  # first places of which each is compared with the next


def tied(ranked: pd.DataFrame) -> bool:
    """Whether the first two cannot be told apart: the first's range begins below the end of the second's."""
    return len(ranked) > 1 and ranked["low_usd"].iloc[0] < ranked["high_usd"].iloc[1]


def tied_neighbours(order: pd.DataFrame) -> list[tuple[str, str]]:
    """Projects among the first, and the next, that cannot be told apart in the draws: none is certain to be ahead.

    Parameters
    ----------
    order : project_id, p_beats_next (probability that its cut is larger than the next one's), largest first
    """
    pairs = zip(order["project_id"], order["project_id"].iloc[1:], order["p_beats_next"].head(CLAIMED), strict=False)
    return [(first, second) for first, second, ahead in pairs if ahead < CERTAIN]


def chance(cuts: pd.DataFrame) -> dict:
    """What is told apart from chance among the identified cuts, as facts of sentences.

    product_id are those products, amount is their gross cut in USD; all_products, all_cuts: whether nothing is left to
    chance.
    """
    done = cuts[cuts["identified"]]
    apart = done.groupby("product_id")["told"].any()
    return {
        "product_id": [*apart.index[apart]],
        "amount": done.loc[done["told"], "gross_usd"].sum(),
        "all_products": apart.all(),
        "all_cuts": done["told"].all(),
    }
