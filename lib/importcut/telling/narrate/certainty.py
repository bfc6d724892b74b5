"""What is certain and what is tied: each threshold once, for all sections."""

import pandas as pd

from importcut.telling.finding import extent

CERTAIN = 0.9  # probability from which on a project is said to be ahead of another
NONE = 0.005  # probability: what per cent round to nothing
CLAIMED = 4  # first places of which each is compared with the next


def tied(ranked: pd.DataFrame) -> bool:
    """Whether the first two cannot be told apart: by what is drawn of them, or else because their ranges overlap."""
    ahead, ranges = ranked["p_beats_next"].head(1), extent(ranked)
    if ahead.notna().any():
        return len(ranked) > 1 and ahead.iloc[0] < CERTAIN
    return len(ranked) > 1 and ranges["low_usd"].iloc[0] < ranges["high_usd"].iloc[1]


def tied_neighbours(order: pd.DataFrame) -> list[tuple[str, str]]:
    """Neighbours at the top of `order` (project_id, p_beats_next; largest first), neither of them certainly ahead."""
    pairs = zip(order["project_id"], order["project_id"].iloc[1:], order["p_beats_next"].head(CLAIMED), strict=False)
    return [(first, second) for first, second, ahead in pairs if ahead < CERTAIN]
