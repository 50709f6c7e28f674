"""The probability of a false win, spent over the looks at one change."""

import math
from collections.abc import Sequence
from itertools import pairwise

from bot.core.interval import Method

ALPHA = 0.05
"""False wins that we allow over all looks together, one-sided."""
FAR = 8.0
"""Standard errors beyond which a normal distribution has nothing left."""
POINTS = 801
"""Points of the grid on which a look's distribution is held: levels are right to six decimals."""
PRECISION = 1e-9
"""Of a boundary, as a share of `FAR`."""


def information(candidate_seeds: int, baseline_seeds: int, method: Method = "welch") -> float:
    """Information in a comparison: the inverse of its variance, in units of one run's.

    Pairs are as many as the seeds that both arms have; a pair counts half, as two runs do.
    """
    if method == "paired":
        return min(candidate_seeds, baseline_seeds) / 2
    return candidate_seeds * baseline_seeds / (candidate_seeds + baseline_seeds)


def spent(share: float) -> float:
    """False-win probability spent when this share of the planned information is in.

    Source: K. K. G. Lan and D. L. DeMets, Biometrika 70 (1983), the Pocock-like function.
    """
    return ALPHA * math.log(1 + (math.e - 1) * min(share, 1.0))


def level(
    seeds: int,
    earlier: Sequence[int],
    most: int,
    baseline_seeds: int,
    method: Method = "welch",
    metrics: int = 1,
) -> float:
    """One-sided error probability that this look may use, for each metric that may win.

    The spending function says how many false wins this look may add. Looks at the same seeds,
    and a few more, agree with each other for the most part, so that the look itself may err more
    often than that: its level is such that a normal score which passed no earlier look's level
    passes this one with just the probability to be spent. A few pairs are too far from normal for
    that (5.8% false wins over six looks from 2 to 10 pairs), so that a look at pairs gets what it
    may add and no more, which holds by Boole's inequality. So it does over several metrics: each
    may spend an equal share, however much they have in common.

    Args:
        seeds: the candidate's seeds at this look.
        earlier: its seeds at the looks before, in their order.
        most: its seeds at the last look that is planned, the same at every look.
        baseline_seeds: the baseline's seeds.
        method: how the arms are compared.
        metrics: how many there are of which any may win.

    Returns:
        0 when no information came in since the last look, or all that was planned had come in
        before: such a look cannot decide anything.

    Source: C. Jennison and B. W. Turnbull, Group Sequential Methods (2000), chapters 7 and 19.
    """
    full = information(max(most, 1), baseline_seeds, method)
    amounts = [information(n, baseline_seeds, method) for n in (*earlier, seeds)]
    if amounts[-1] <= max(amounts[:-1], default=0.0):
        return 0.0
    looks = [amount for i, amount in enumerate(amounts) if amount > max(amounts[:i], default=0.0)]
    shares = [spent(amount / full) for amount in looks]
    steps = [(share - before) / metrics for before, share in pairwise([0.0, *shares])]
    if steps[-1] <= 0 or method == "paired":
        return max(steps[-1], 0.0)
    return _levels(looks, steps)[-1]


def _levels(amounts: Sequence[float], steps: Sequence[float]) -> list[float]:
    """Every look's level, from its information and the probability that it may spend.

    The score, the difference times its information, grows like a Brownian motion in the
    information. Its distribution over what has passed no look yet is carried from look to look.

    Source: P. Armitage, C. K. McPherson and B. C. Rowe, J. R. Stat. Soc. A 132 (1969).
    """
    import numpy as np
    from scipy import special

    levels: list[float] = []
    scores, weights, before = np.zeros(1), np.ones(1), 0.0
    for amount, step in zip(amounts, steps, strict=True):
        deviation, far = math.sqrt(amount - before), FAR * math.sqrt(amount)
        low, limit = -far, far
        while limit - low > PRECISION * far:
            middle = (low + limit) / 2
            passing = float(weights @ special.ndtr((scores - middle) / deviation))
            low, limit = (middle, limit) if passing > step else (low, middle)
        levels.append(float(special.ndtr(-limit / math.sqrt(amount))))
        grid = np.linspace(-far, limit, POINTS)
        density = np.exp(-(((grid[:, None] - scores) / deviation) ** 2) / 2) @ weights
        scores, before = grid, amount
        weights = density * (grid[1] - grid[0]) / (deviation * math.sqrt(2 * math.pi))
        weights[[0, -1]] /= 2
    return levels
