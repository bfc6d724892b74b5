"""Published index formulas: pure arithmetic, nothing of ours."""

import numpy as np
import pandas as pd

ROUNDING = 1e-6  # of scores: where all ratios are equal, the last digit of one is no outlier


def hidiroglou_berthelot(
    previous: pd.Series,
    current: pd.Series,
    median: float | pd.Series | None = None,
    *,
    u: float = 0.5,
    size: pd.Series | None = None,
) -> pd.Series:
    """Scores E of the ratio test for outliers: far from 0 is suspicious, negative is a fall.

    Parameters
    ----------
    previous, current : positive values of the same lines in two periods
    median : median of the ratios compared, one or line by line; computed if not given
    u : weight of the size of a line, 0 (none) to 1
    size : size of a line, as the import value behind a unit value; the larger of both values if not given

    References
    ----------
    Hidiroglou and Berthelot (1986), Survey Methodology 12(1).
    """
    ratio = current / previous
    m = ratio.median() if median is None else median
    s = (1 - m / ratio).where(ratio < m, ratio / m - 1)
    return s * (pd.concat([previous, current], axis=1).max(axis=1) if size is None else size) ** u


def beyond_quartiles(scores: pd.Series, *, a: float, c: float) -> pd.Series:
    """Which scores of the ratio test lie outside M − c·max(M − Q1, |a·M|) to M + c·max(Q3 − M, |a·M|).

    Parameters
    ----------
    scores : scores E of the lines compared, with median M and quartiles Q1, Q3
    a : least quartile distance, as a share of the median, where most scores are alike
    c : width of the interval in quartile distances

    References
    ----------
    Hidiroglou and Berthelot (1986), Survey Methodology 12(1).
    """
    low, middle, high = scores.quantile([0.25, 0.5, 0.75])
    least = abs(a * middle)
    away = scores - middle
    return (away < -c * max(middle - low, least) - ROUNDING) | (away > c * max(high - middle, least) + ROUNDING)


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
    return pd.Series(lmdi_effects(x0, x1).sum(axis=0), index=base.columns)


def lmdi_effects(x0: np.ndarray, x1: np.ndarray) -> np.ndarray:
    """Effects of `lmdi` on each product of factors: arrays with the factors on the last axis, the result likewise.

    Zeros take their analytical limits. A factor that changes its sign passes through zero, so the change is its own.

    References
    ----------
    Ang (2005), Energy Policy 33; Ang and Liu (2007), Energy Policy 35, zero values and negative values.
    """
    v0, v1 = x0.prod(axis=-1, keepdims=True), x1.prod(axis=-1, keepdims=True)
    turns = x0 * x1 < 0
    from_zero, to_zero = (x0 == 0) | turns, (x1 == 0) | turns
    with np.errstate(divide="ignore", invalid="ignore"):
        regular = log_mean(v1, v0) * (np.log(np.abs(x1)) - np.log(np.abs(x0)))
        share0 = np.nan_to_num(from_zero / from_zero.sum(axis=-1, keepdims=True))
        share1 = np.nan_to_num(to_zero / to_zero.sum(axis=-1, keepdims=True))
    return np.where((from_zero | to_zero).any(axis=-1, keepdims=True), share0 * v1 - share1 * v0, regular)


def log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Logarithmic mean (a − b) / ln(a / b); its limit 0 where a number is zero or the signs differ."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        distance = np.log(np.abs(a)) - np.log(np.abs(b))
        near = b * np.where(distance == 0, 1.0, np.expm1(distance) / distance)  # exact where a − b cancels
        mean = np.where(np.abs(distance) < 1, near, (a - b) / distance)
    return np.where(np.sign(a) * np.sign(b) > 0, mean, 0.0)


def concentration(panel: pd.DataFrame) -> pd.Series:
    """Herfindahl–Hirschman index of the origins' shares in value, by product; 10 000 is a single origin."""
    by_origin = panel.groupby(["product_id", "origin"])["value_usd"].sum()
    shares = by_origin / by_origin.groupby("product_id").transform("sum") * 100
    return (shares**2).groupby("product_id").sum()


def median_index(series: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Median over the columns of their values relative to their mean in the base rows; one value a row.

    A row without values has none, and counts for nothing in the base.
    """
    return np.median(series / np.nanmean(series[base], axis=0), axis=1)


def placebo_rank(own: float, others: np.ndarray) -> dict[str, float]:
    """Rank of a fall among those that the same statistic finds for the donors, its one-sided p, and the smallest p.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105: inference by placebo.
    """
    rank, n = int((np.asarray(others) <= own).sum()) + 1, len(others) + 1
    return {"placebo_rank": rank, "placebo_n": n, "placebo_p": rank / n, "smallest_p": 1 / n}
