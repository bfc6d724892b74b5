"""Which periods a report compares with which."""

from itertools import pairwise

import pandas as pd

YEAR = {"Q": 4, "Y": 1}  # periods


def comparisons(ds, panel: pd.DataFrame) -> list[tuple[str, pd.Period, pd.Period]]:
    """The steps of a report: from the same season of the base span, of the year before, and from period to period.

    Periods without imports are passed over. A step whose first period has none, or which is the same as a step from
    period to period, is left out.
    """
    present, last = pd.PeriodIndex(panel.loc[panel["comparable"], "period"].unique()).sort_values(), ds.period
    base, before = same_season(ds.base_period, last), last - YEAR[ds.frequency]
    known = base in present and base < last
    chain = present[(present >= base) & (present <= last)] if known else present[present <= last]
    steps = [("base", base, last)] if known else []
    if before in present and before + 1 < last:
        steps.append(("year_before", before, last))
    return steps + [("chained", one, two) for one, two in pairwise(chain)]


def same_season(base_period: pd.Period, period: pd.Period) -> pd.Period:
    """The period of the base span that lies in the same season as `period`: its quarter, or the span itself."""
    if base_period.freqstr == period.freqstr:
        return base_period
    return pd.Period(year=base_period.year, quarter=period.quarter, freq=period.freqstr)
