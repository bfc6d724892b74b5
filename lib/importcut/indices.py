"""Published index formulas: pure arithmetic, nothing of ours."""

import numpy as np
import pandas as pd


def hidiroglou_berthelot(
    previous: pd.Series, current: pd.Series, median: float | None = None, *, u: float = 0.5
) -> pd.Series:
    """Scores E of the ratio test for outliers: far from 0 is suspicious, negative is a fall.

    Parameters
    ----------
    previous, current : positive values of the same lines in two periods
    median : median of the ratios compared; computed if not given
    u : weight of the size of a line, 0 (none) to 1

    References
    ----------
    Hidiroglou and Berthelot (1986), Survey Methodology 12(1).
    """
    ratio = current / previous
    m = ratio.median() if median is None else median
    s = (1 - m / ratio).where(ratio < m, ratio / m - 1)
    return s * pd.concat([previous, current], axis=1).max(axis=1) ** u


def fisher(p0: pd.Series, q0: pd.Series, p1: pd.Series, q1: pd.Series) -> float:
    """Fisher price index, the geometric mean of Laspeyres and Paasche, as a ratio to the base period.

    References
    ----------
    Balk (2008), Price and Quantity Index Numbers.
    """
    laspeyres = (p1 * q0).sum() / (p0 * q0).sum()
    paasche = (p1 * q1).sum() / (p0 * q1).sum()
    return float(np.sqrt(laspeyres * paasche))


def lmdi(base: pd.DataFrame, current: pd.DataFrame) -> pd.Series:
    """Additive LMDI-I effects, by factor, of the change of a sum of products; exact, zeros by their analytical limits.

    Parameters
    ----------
    base, current : one row a component, one column a factor, values >= 0

    Raises
    ------
    ValueError
        If a factor is negative.

    References
    ----------
    Ang (2005), Energy Policy 33; zeros: Ang and Liu (2007), Energy Policy 35.
    """
    x0, x1 = base.to_numpy(float), current.to_numpy(float)
    if (x0 < 0).any() or (x1 < 0).any():
        raise ValueError("a factor is negative: LMDI needs values of zero or more")
    v0, v1 = x0.prod(axis=1), x1.prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(np.isclose(v0, v1, rtol=1e-12), v1, (v1 - v0) / np.log(v1 / v0))
        regular = mean[:, None] * np.log(x1 / x0)
        appears, vanishes = (x0 == 0) / (x0 == 0).sum(axis=1)[:, None], (x1 == 0) / (x1 == 0).sum(axis=1)[:, None]
    effects = np.where(
        ((v0 > 0) & (v1 > 0))[:, None],
        regular,
        np.nan_to_num(appears) * v1[:, None] - np.nan_to_num(vanishes) * v0[:, None],
    )
    return pd.Series(effects.sum(axis=0), index=base.columns)


def concentration(panel: pd.DataFrame) -> pd.Series:
    """Herfindahl–Hirschman index of the origins' shares in value, by product; 10 000 is a single origin."""
    by_origin = panel.groupby(["product_id", "origin"])["value_usd"].sum()
    shares = by_origin / by_origin.groupby("product_id").transform("sum") * 100
    return (shares**2).groupby("product_id").sum()
