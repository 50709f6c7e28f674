"""Bounds that hold for any noise that both arms have alike, by calling other runs the candidate's.

Welch's interval takes noise to be normal. Where few runs of a skewed metric stand against many,
its one-sided error is far from what it says: 11% for 3 seeds against 10 at a level of 5%, if an
accuracy's noise falls off like an exponential. Were there no difference but `shift`, any grouping
of the runs would have been as likely as the real one, and that is so for every kind of noise.
"""

import math
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

from bot.core.interval import ROUNDING, Interval, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUPINGS = 6000
"""Up to so many groupings are all tried; of more, so many are drawn."""


def permutation(candidate: Sample, baseline: Sample, alpha: float) -> Interval:
    """Bound the difference that two arms with the same noise can have.

    Moving the candidate by `shift` makes a grouping as extreme as the real one when `shift` is at
    least the mean of the candidate's runs that it takes away less the mean of the baseline's that
    it brings in. So the bounds are order statistics of these differences.

    Args:
        candidate: finite values.
        baseline: finite values.
        alpha: one-sided error probability of each bound.

    Returns:
        Bounds of infinity where so few groupings are possible that none has a chance of `alpha`.

    Source: R. A. Fisher, The Design of Experiments (1935), chapter 3; as an interval D. Tritchler,
    J. Am. Stat. Assoc. 79 (1984).
    """
    import numpy as np

    difference = candidate.mean - baseline.mean
    picked = groupings(candidate.n, baseline.n)
    removed, added = ~picked[:, : candidate.n], picked[:, candidate.n :]
    moved = removed.sum(axis=1)
    real = moved == 0
    rank = math.floor(alpha * len(picked)) - int(real.sum())
    if rank < 0:
        return Interval(difference, -math.inf, math.inf, alpha)
    gains = removed @ np.array(candidate.values) - added @ np.array(baseline.values)
    shifts = np.sort(gains[~real] / moved[~real])
    slack = ROUNDING * max(map(abs, (*candidate.values, *baseline.values)))
    lower, upper = float(shifts[rank]) - slack, float(shifts[-1 - rank]) + slack
    return Interval(difference, lower, upper, alpha)


def can_tell(candidate_seeds: int, baseline_seeds: int, alpha: float) -> bool:
    """Whether so many runs can be told apart at all: whether one grouping is rare enough."""
    return math.comb(candidate_seeds + baseline_seeds, candidate_seeds) * alpha >= 1


@cache
def groupings(candidate_seeds: int, baseline_seeds: int) -> "NDArray[np.bool_]":
    """Who could have been called the candidate's: shape (groupings, runs), the real one first.

    All of them, or as many drawn with a fixed seed, so that a verdict is the same each time.
    """
    import numpy as np

    runs = candidate_seeds + baseline_seeds
    if math.comb(runs, candidate_seeds) <= GROUPINGS:
        chosen = np.array(list(combinations(range(runs), candidate_seeds)))
    else:
        order = np.random.default_rng(0).random((GROUPINGS, runs)).argsort(axis=1)
        order[0] = np.arange(runs)
        chosen = order[:, :candidate_seeds]
    picked = np.zeros((len(chosen), runs), dtype=bool)
    np.put_along_axis(picked, chosen, values=True, axis=1)
    return picked
