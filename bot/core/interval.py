"""Intervals: how far apart two arms are, and how sure that is."""

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.core.metric import LARGEST

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Method = Literal["welch", "paired"]
"""How two arms are compared; chosen before the first look, see `pairing.method`."""
ROUNDING = 1e-12
"""Of the largest value: differences below it are ties that sums have rounded."""
DRAWS = 4000
"""Bootstrap samples: a 2.5% point is then known to a fortieth of the interval's width."""


@dataclass(frozen=True)
class Sample:
    """One metric over the seeds of one arm."""

    values: tuple[float, ...]
    seeds: tuple[int, ...] = ()
    """The seed of each value, where values are to be paired by it."""

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Arithmetic mean."""
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float:
        """Standard deviation with n - 1 below; 0 for a single value."""
        return statistics.stdev(self.values) if self.n > 1 else 0.0

    @property
    def finite(self) -> bool:
        """Whether every value is a number that can be reckoned with."""
        return all(abs(value) < LARGEST for value in self.values)

    def times(self, factor: float) -> "Sample":
        """The same in another unit."""
        return Sample(tuple(value * factor for value in self.values), self.seeds)


@dataclass(frozen=True)
class Interval:
    """A difference of means, candidate minus baseline, and its bounds."""

    difference: float
    lower: float
    upper: float
    alpha: float
    """Error probability of each bound."""

    def times(self, factor: float) -> "Interval":
        """The same in another unit, of which there are more by a positive factor."""
        low, high = self.lower * factor, self.upper * factor
        return Interval(self.difference * factor, low, high, self.alpha)


def signed(interval: Interval, sign: int) -> Interval:
    """The same interval as a gain: turned around for a metric where less is better."""
    if sign > 0:
        return interval
    return Interval(-interval.difference, -interval.upper, -interval.lower, interval.alpha)


def widest(one: Interval, other: Interval) -> Interval:
    """The interval that holds where either of two does."""
    lower, upper = min(one.lower, other.lower), max(one.upper, other.upper)
    return Interval(one.difference, lower, upper, one.alpha)


def compare(candidate: Sample, baseline: Sample, alpha: float, method: Method) -> Interval:
    """Bound the difference of two means by the method that was chosen before the first look."""
    if method == "paired":
        return paired(differences(candidate, baseline), alpha)
    return welch(candidate, baseline, alpha)


def welch(candidate: Sample, baseline: Sample, alpha: float) -> Interval:
    """Bound the difference of two means without assuming equal variances.

    An arm whose values are all the same is taken to be as noisy as the other one: a few equal
    values (an accuracy at its bound of 1.0) do not show that seeds no longer matter. Two arms
    without any spread are as far apart as they are, and the bounds equal the difference; by
    chance alone n and m values of a coarse metric fall apart so with a probability of at most
    n^n m^m / (n + m)^(n + m), which is 1 in 14,000 for 5 and 10 seeds, and 1 in 16 for 2 and 2.

    Args:
        candidate: at least two finite values.
        baseline: at least two finite values.
        alpha: one-sided error probability of each bound.

    Source: B. L. Welch, Biometrika 34 (1947), with Satterthwaite's degrees of freedom.
    """
    assert candidate.n > 1, "Welch's interval needs two values in each arm"
    assert baseline.n > 1, "Welch's interval needs two values in each arm"
    assert candidate.finite, "an interval needs finite values"
    assert baseline.finite, "an interval needs finite values"
    a = (candidate.sd or baseline.sd) / math.sqrt(candidate.n)
    b = (baseline.sd or candidate.sd) / math.sqrt(baseline.n)
    error, difference = math.hypot(a, b), candidate.mean - baseline.mean
    if error == 0:
        return Interval(difference, difference, difference, alpha)
    if candidate.sd and baseline.sd:
        share = (a / error) ** 2
        freedom = 1 / (share**2 / (candidate.n - 1) + (1 - share) ** 2 / (baseline.n - 1))
    else:
        freedom = (candidate if candidate.sd else baseline).n - 1
    margin = critical(freedom, alpha) * error
    return Interval(difference, difference - margin, difference + margin, alpha)


def differences(candidate: Sample, baseline: Sample) -> Sample:
    """Candidate minus baseline for every seed that both arms have.

    Differences that only rounding tells apart become the same: 0.4 - 0.3 and 0.3 - 0.2 are ties.
    """
    before = dict(zip(baseline.seeds, baseline.values, strict=True))
    found = zip(candidate.seeds, candidate.values, strict=True)
    pairs = [(value - before[seed], seed) for seed, value in found if seed in before]
    slack = ROUNDING * max(map(abs, (*candidate.values, *baseline.values)), default=0.0)
    ties = tuple(round(d / slack) * slack if slack else d for d, _ in pairs)
    return Sample(ties, tuple(seed for _, seed in pairs))


def paired(pairs: Sample, alpha: float) -> Interval:
    """Bound the mean of the differences by seed.

    Differences that are all the same bound it to what they are if so many of them have the same
    sign by chance with a probability of at most `alpha`, and otherwise not at all.

    Args:
        pairs: at least two finite differences, candidate minus baseline.
        alpha: one-sided error probability of each bound.

    Source: Student, Biometrika 6 (1908): the one-sample t interval. It holds whatever the
    correlation over seeds is; pairing where there is none only makes it wider.
    """
    assert pairs.n > 1, "a paired interval needs two seeds that both arms have"
    assert pairs.finite, "an interval needs finite values"
    margin = critical(pairs.n - 1, alpha) * pairs.sd / math.sqrt(pairs.n)
    if not pairs.sd and 0.5**pairs.n > alpha:
        margin = math.inf
    return Interval(pairs.mean, pairs.mean - margin, pairs.mean + margin, alpha)


def prediction(run: float, baseline: Sample, alpha: float) -> Interval:
    """Bound by how much one run differs from what one more baseline seed would give.

    It says whether the run looks unlike the baseline. It is no verdict: that the next seed will
    do the same is not known, and a change may make runs noisier without making them better.

    Args:
        run: a finite value.
        baseline: at least two finite values.
        alpha: one-sided error probability of each bound.

    Source: prediction interval for one new value, G. J. Hahn, J. Am. Stat. Assoc. 64 (1969).
    """
    assert baseline.n > 1, "a prediction needs two values of the baseline"
    assert baseline.finite, "an interval needs finite values"
    assert math.isfinite(run), "an interval needs finite values"
    difference = run - baseline.mean
    width = baseline.sd * math.sqrt(1 + 1 / baseline.n)
    margin = critical(baseline.n - 1, alpha) * width if width else 0.0
    return Interval(difference, difference - margin, difference + margin, alpha)


def bootstrap(
    candidate: "ArrayLike", baseline: "ArrayLike", alpha: float, seed: int = 0
) -> Interval:
    """Bound a difference over other test sets like this one, the trained models held as they are.

    Seeds on one test set do not show the test set's own noise. Results are averaged over each
    arm's seeds, and the examples, the same ones in both arms, are drawn with replacement.

    Args:
        candidate: results by seed and example, shape (seeds, examples), finite.
        baseline: the same examples in the same order, shape (seeds, examples), finite.
        alpha: one-sided error probability of each bound.
        seed: of the draws, so that the same results always give the same interval.

    Source: the BCa interval of B. Efron, J. Am. Stat. Assoc. 82 (1987), sections 4 and 5; for a
    mean the acceleration is a sixth of the skewness of its sum.
    """
    import numpy as np
    from scipy import special

    before, after = (np.asarray(arm, dtype=float) for arm in (baseline, candidate))
    assert before.ndim == after.ndim == 2, "results are given by seed and example"
    assert before.shape[1] == after.shape[1] > 1, "both arms are measured on the same examples"
    gains = after.mean(axis=0) - before.mean(axis=0)
    assert np.isfinite(gains).all(), "an interval needs finite values"
    difference = float(gains.mean())
    away = gains - difference
    if np.ptp(gains) == 0:
        return Interval(difference, difference, difference, alpha)
    random = np.random.default_rng(seed)
    drawn = np.array(
        [gains[random.integers(0, gains.size, gains.size)].mean() for _ in range(DRAWS)]
    )
    below = ((drawn < difference).sum() + (drawn == difference).sum() / 2) / DRAWS
    bias = special.ndtri(np.clip(below, 1 / DRAWS, 1 - 1 / DRAWS))
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    shifted = bias + special.ndtri([alpha, 1 - alpha])
    lower, upper = np.quantile(drawn, special.ndtr(bias + shifted / (1 - acceleration * shifted)))
    return Interval(difference, float(lower), float(upper), alpha)


def critical(freedom: float, alpha: float) -> float:
    """The point that Student's t exceeds with probability `alpha`."""
    from scipy import special  # a third of a second, and most jobs need no verdict

    return float(special.stdtrit(freedom, 1 - alpha))
