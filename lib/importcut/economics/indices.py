"""Published index formulas: pure arithmetic."""

import numpy as np
import pandas as pd

from importcut.schema import ITEM

TIME_RIDGE = 1e-6  # of the weights of periods, in standard deviations: so small that it only makes them unique
HEAVY = 1e3  # weight of the row that makes weights add up to 1, among rows of logarithms
ROUNDING = 1e-6  # of scores: where all ratios are equal, the last digit of one is no outlier


def hidiroglou_berthelot(
    previous: pd.Series,
    current: pd.Series,
    median: float | pd.Series | None = None,
    *,
    u: float = 0.5,
    size: pd.Series | None = None,
) -> pd.Series:
    """Scores E of the ratio test for outliers, line by line: far from 0 is suspicious, negative is a fall.

    Parameters
    ----------
    previous, current : positive values of the same lines in two periods
    median : median of the ratios compared, one or line by line; computed if not given
    u : weight of the size of a line, 0 (none) to 1
    size : size of a line, as the import value behind a unit value; the larger of both values if not given

    References
    ----------
    Hidiroglou and Berthelot (1986), Survey Methodology 12(1).

    Examples
    --------
    >>> before, now = pd.Series([2200, 3600, 5700]), pd.Series([600, 1600, 1050])
    >>> hidiroglou_berthelot(before, now, median=0.875).round(3).tolist()
    [-103.58, -58.125, -283.119]
    """
    ratio = current / previous
    m = ratio.median() if median is None else median
    s = (1 - m / ratio).where(ratio < m, ratio / m - 1)
    return s * (pd.concat([previous, current], axis=1).max(axis=1) if size is None else size) ** u


def beyond_quartiles(scores: pd.Series, *, a: float, c: float) -> pd.Series:
    """Which scores of the ratio test lie outside M − c·max(M − Q1, |a·M|) to M + c·max(Q3 − M, |a·M|)."""
    low, middle, high = scores.quantile([0.25, 0.5, 0.75])
    least = abs(a * middle)
    away = scores - middle
    return (away < -c * max(middle - low, least) - ROUNDING) | (away > c * max(high - middle, least) + ROUNDING)


def fisher(p0: pd.Series, q0: pd.Series, p1: pd.Series, q1: pd.Series) -> float:
    """Fisher price index, the geometric mean of Laspeyres and Paasche, as a ratio to the base period.

    Parameters
    ----------
    p0, q0, p1, q1 : prices (USD per kg) and quantities (kg) of the same products in the base period and now

    References
    ----------
    Balk (2008), Price and Quantity Index Numbers.

    Examples
    --------
    >>> p0, q0 = pd.Series([1, 1, 1, 1, 1, 1]), pd.Series([1, 1, 2, 1, 4.5, 0.5])
    >>> p1, q1 = pd.Series([1.2, 3, 1.3, 0.7, 1.4, 0.8]), pd.Series([0.8, 0.9, 1.9, 1.3, 4.7, 0.6])
    >>> round(fisher(p0, q0, p1, q1), 4)
    1.4011
    """
    laspeyres = (p1 * q0).sum() / (p0 * q0).sum()
    paasche = (p1 * q1).sum() / (p0 * q1).sum()
    return float(np.sqrt(laspeyres * paasche))


def lmdi(base: pd.DataFrame, current: pd.DataFrame) -> pd.Series:
    """Additive LMDI-I effects, by factor, of the change of a sum of products; exact, zeros by their analytical limits.

    Raises ValueError if a factor is negative.

    Parameters
    ----------
    base, current : one row a component, one column a factor, values >= 0

    References
    ----------
    Ang (2005), Energy Policy 33; zeros: Ang and Liu (2007), Energy Policy 35.

    Examples
    --------
    >>> base = pd.DataFrame({"x": [1, 4], "y": [10, 5], "z": [2, 3]})
    >>> current = pd.DataFrame({"x": [4, 5], "y": [5, 6], "z": [3, 4]})
    >>> lmdi(base, current).round(5).to_dict()  # from 80 to 180
    {'x': 69.79007, 'y': -9.45513, 'z': 39.66506}
    """
    x0, x1 = base.to_numpy(float), current.to_numpy(float)
    if (x0 < 0).any() or (x1 < 0).any():
        raise ValueError("a factor is negative: LMDI needs values of zero or more")
    return pd.Series(lmdi_effects(x0, x1).sum(axis=0), index=base.columns)


def lmdi_effects(x0: np.ndarray, x1: np.ndarray) -> np.ndarray:
    """Effects of `lmdi` on each product of factors: arrays with the factors on the last axis, the result likewise."""
    # a factor that changes its sign passes through zero, so the change is its own (Ang and Liu 2007)
    v0, v1 = x0.prod(axis=-1, keepdims=True), x1.prod(axis=-1, keepdims=True)
    turns = x0 * x1 < 0
    from_zero, to_zero = (x0 == 0) | turns, (x1 == 0) | turns
    with np.errstate(divide="ignore", invalid="ignore"):
        regular = log_mean(v1, v0) * (np.log(np.abs(x1)) - np.log(np.abs(x0)))
        share0 = np.nan_to_num(from_zero / from_zero.sum(axis=-1, keepdims=True))
        share1 = np.nan_to_num(to_zero / to_zero.sum(axis=-1, keepdims=True))
    return np.where((from_zero | to_zero).any(axis=-1, keepdims=True), share0 * v1 - share1 * v0, regular)


def log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Logarithmic mean L(a, b) = (a − b) / ln(a / b) (Ang 2005); 0, its limit, for a zero or signs that differ."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        distance = np.log(np.abs(a)) - np.log(np.abs(b))
        near = b * np.where(distance == 0, 1.0, np.expm1(distance) / distance)  # exact where a − b cancels
        mean = np.where(np.abs(distance) < 1, near, (a - b) / distance)
    return np.where(np.sign(a) * np.sign(b) > 0, mean, 0.0)


def concentration(panel: pd.DataFrame) -> pd.Series:
    """Herfindahl–Hirschman index of the origins' shares in value, by product; 10 000 is a single origin.

    Parameters
    ----------
    panel : product_id, origin, value_usd (USD)

    References
    ----------
    Hirschman (1964), The paternity of an index, American Economic Review 54.

    Examples
    --------
    >>> panel = pd.DataFrame({"product_id": "paint", "origin": ["CN", "DE", "KR", "TR"]})
    >>> concentration(panel.assign(value_usd=[30, 30, 20, 20])).to_dict()
    {'paint': 2600.0}
    """
    by_origin = panel.groupby(ITEM)["value_usd"].sum()
    shares = by_origin / by_origin.groupby("product_id").transform("sum") * 100
    return (shares**2).groupby("product_id").sum()


def median_index(series: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Median over the columns of their values relative to their mean in the base rows; one value a row."""
    return np.median(series / np.nanmean(series[base], axis=0), axis=1)


def synthetic_expectation(
    own: np.ndarray,
    donors: np.ndarray,
    early: np.ndarray,
    late: np.ndarray,
    *,
    fit: np.ndarray | None = None,
    season: np.ndarray | None = None,
) -> np.ndarray:
    """What a series would have been after a start, by synthetic difference-in-differences; one value a row.

    Donors and early rows are weighted in logarithms, with a level of its own for every series and season.

    Parameters
    ----------
    own, donors : rows of periods; donors with a column each, all above zero in early and late rows
    early, late : rows before the start, and rows compared with them; `fit`: those early ones that weights are made of
    season : of each row; none if left out

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111, algorithm 1.
    """
    fit, season = early if fit is None else fit, np.zeros(len(own)) if season is None else season
    with np.errstate(divide="ignore"):  # what vanishes after the start is no part of what is expected
        logs = np.log(np.column_stack([own, donors]))
    seasons, place = np.unique(season, return_inverse=True)
    means = [logs[fit & (season == s)].mean(axis=0) if s in season[fit] else logs[0] for s in seasons]
    levels = np.stack(means)[place]
    apart, others = (logs - levels)[:, 0], (logs - levels)[:, 1:]
    spread = np.diff(others[early], axis=0).std(ddof=1)
    omega = _simplex_weights(others[fit], apart[fit], np.sqrt(late.sum()) * spread**2 * fit.sum())
    lam = _simplex_weights(others[fit].T, others[late].mean(axis=0), (TIME_RIDGE * spread) ** 2 * others.shape[1])
    return np.exp(levels[:, 0] + lam @ (apart[fit] - others[fit] @ omega) + others @ omega)


def _simplex_weights(columns: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """Weights of the columns, zero or more, that add up to 1 and follow the target best, but for its level."""
    from scipy.optimize import nnls

    centred, n = columns - columns.mean(axis=0), columns.shape[1]
    rows = np.vstack([centred, np.sqrt(ridge) * np.eye(n), np.full((1, n), HEAVY)])
    weights = nnls(rows, np.concatenate([target - target.mean(), np.zeros(n), [HEAVY]]))[0]
    return weights / weights.sum()


def placebo_rank(own: float, others: np.ndarray) -> dict[str, float]:
    """Rank of a fall among the donors' (Abadie, Diamond and Hainmueller 2010), one-sided p, and the smallest p."""
    rank, n = int((np.asarray(others) <= own).sum()) + 1, len(others) + 1
    return {"placebo_rank": rank, "placebo_n": n, "placebo_p": rank / n, "smallest_p": 1 / n}
