"""The rule of `verdict.judge` on arrays: many experiments at once, one in each row."""

import math
from typing import TYPE_CHECKING

from bot.core.interval import ROUNDING, Method
from bot.core.permutation import groupings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

AT_ONCE = 500
"""Experiments whose groupings are held in memory together."""


def decided(
    after: "Array", before: "Array", alpha: float, min_effect: float, method: Method
) -> "tuple[Flags, Flags]":
    """Which experiments are a WIN, and which a LOSS, at one look.

    Args:
        after: the candidate's values, shape (experiments, seeds), more is better.
        before: the baseline's, shape (experiments, seeds); for pairs, the same seeds first.
        alpha: one-sided error probability of the look.
        min_effect: the gain that is worth having.
        method: how the arms are compared.
    """
    lost = exceeds(-after, -before, alpha, -min_effect, method)
    return exceeds(after, before, alpha, 0.0, method) & ~lost, lost


def exceeds(after: "Array", before: "Array", alpha: float, shift: float, method: Method) -> "Flags":
    """Where the lower bound of the difference is above `shift`, by every test of the method."""
    if method == "paired":
        pairs = min(after.shape[1], before.shape[1])
        return paired_lower(_differences(after[:, :pairs], before[:, :pairs]), alpha) > shift
    sure = welch_lower(after, before, alpha) > shift
    sure[sure] = chance(after[sure] - shift, before[sure]) <= alpha
    return sure


def welch_lower(after: "Array", before: "Array", alpha: float) -> "Array":
    """`interval.welch`'s lower bound."""
    import numpy as np
    from scipy import special

    n, m = after.shape[1], before.shape[1]
    first, second = _variance(after), _variance(before)
    a, b = np.where(first > 0, first, second) / n, np.where(second > 0, second, first) / m
    share = np.divide(a, a + b, out=np.ones_like(a), where=a + b > 0)
    freedom = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (m - 1))
    freedom = np.where(first > 0, np.where(second > 0, freedom, n - 1), m - 1)
    margin = special.stdtrit(freedom, 1 - alpha) * np.sqrt(a + b)
    return np.asarray(after.mean(axis=1) - before.mean(axis=1) - margin)


def permutation_lower(after: "Array", before: "Array", alpha: float) -> "Array":
    """`permutation.permutation`'s lower bound."""
    import numpy as np

    picked = groupings(after.shape[1], before.shape[1])
    removed, added = ~picked[:, : after.shape[1]], picked[:, after.shape[1] :]
    moved = removed.sum(axis=1)
    other = moved > 0
    rank = math.floor(alpha * len(picked)) - int((~other).sum())
    lower = np.full(len(after), -np.inf)
    for start in range(0, len(after) if rank >= 0 else 0, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        gains = after[part] @ removed[other].T - before[part] @ added[other].T
        lower[part] = np.partition(gains / moved[other], rank, axis=1)[:, rank]
    return lower


def paired_lower(pairs: "Array", alpha: float) -> "Array":
    """`interval.paired`'s lower bound, from differences by seed."""
    import numpy as np
    from scipy import special

    n = pairs.shape[1]
    variance = _variance(pairs)
    margin = special.stdtrit(n - 1, 1 - alpha) * np.sqrt(variance / n)
    if 0.5**n > alpha:
        margin[variance == 0] = np.inf
    return np.asarray(pairs.mean(axis=1) - margin)


def _differences(after: "Array", before: "Array") -> "Array":
    """`interval.differences` of seeds that stand in the same column."""
    import numpy as np

    largest = np.maximum(np.abs(after), np.abs(before)).max(axis=1, keepdims=True)
    slack = np.where(largest > 0, ROUNDING * largest, 1.0)
    return np.asarray(np.round((after - before) / slack) * slack)


def _variance(values: "Array") -> "Array":
    """Variance with n - 1 below; 0 for values that are the same, however their sum is rounded."""
    import numpy as np

    return np.where(np.ptp(values, axis=1) > 0, values.var(axis=1, ddof=1), 0.0)


def chance(after: "Array", before: "Array") -> "Array":
    """The share of groupings in which the candidate is as far ahead as it is, shape (experiments,).

    It is at most `alpha` just where `permutation.permutation`'s lower bound is above 0.
    """
    import numpy as np

    n, m = after.shape[1], before.shape[1]
    weights = np.where(groupings(n, m), 1 / n, -1 / m)
    values = np.hstack([after, before])
    shares = np.empty(len(values))
    for start in range(0, len(values), AT_ONCE):
        part = values[start : start + AT_ONCE]
        ahead = part @ weights.T
        slack = ROUNDING * np.abs(part).max(axis=1, keepdims=True)
        shares[start : start + AT_ONCE] = (ahead >= ahead[:, :1] - slack).mean(axis=1)
    return shares
