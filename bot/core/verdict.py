"""Verdicts: is the difference to the baseline real, and is it worth having?"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["WIN", "LOSS", "UNDECIDED", "INVALID", "NOT_COMPARABLE"]
ALPHA = 0.05
"""False wins that we allow over all looks together, one-sided."""
POWER = 0.8


@dataclass(frozen=True)
class Sample:
    """One metric over the seeds of one arm."""

    values: tuple[float, ...]

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


@dataclass(frozen=True)
class Interval:
    """A difference of means, candidate minus baseline, and its bounds."""

    difference: float
    lower: float
    upper: float
    alpha: float
    """Error probability of each bound."""


def welch(candidate: Sample, baseline: Sample, alpha: float) -> Interval:
    """Bound the difference of two means without assuming equal variances.

    Args:
        candidate: at least two values.
        baseline: at least two values.
        alpha: one-sided error probability of each bound.

    Source: B. L. Welch, Biometrika 34 (1947), with Satterthwaite's degrees of freedom. Two arms
    without any spread give a bound equal to the difference.
    """
    assert candidate.n > 1, "Welch's interval needs two values in each arm"
    assert baseline.n > 1, "Welch's interval needs two values in each arm"
    a, b = candidate.sd**2 / candidate.n, baseline.sd**2 / baseline.n
    difference = candidate.mean - baseline.mean
    if a + b == 0:
        return Interval(difference, difference, difference, alpha)
    freedom = (a + b) ** 2 / (a**2 / (candidate.n - 1) + b**2 / (baseline.n - 1))
    margin = _critical(freedom, alpha) * math.sqrt(a + b)
    return Interval(difference, difference - margin, difference + margin, alpha)


def _critical(freedom: float, alpha: float) -> float:
    """The point that Student's t exceeds with probability `alpha`."""
    from scipy import special  # a third of a second, and most jobs need no verdict

    return float(special.stdtrit(freedom, 1 - alpha))


def information(candidate_seeds: int, baseline_seeds: int) -> float:
    """Information in a comparison: the inverse of its variance, in units of one run's."""
    return candidate_seeds * baseline_seeds / (candidate_seeds + baseline_seeds)


def spent(share: float) -> float:
    """False-win probability spent when this share of the planned information is in.

    Source: K. K. G. Lan and D. L. DeMets, Biometrika 70 (1983), the Pocock-like function.
    """
    return ALPHA * math.log(1 + (math.e - 1) * min(share, 1.0))


def level(seeds: int, earlier: Sequence[int], most: int, baseline_seeds: int) -> float:
    """One-sided error probability that this look may use.

    It is what the spending function grants since the look before. The looks' probabilities then
    add up to at most ALPHA, which bounds the false wins over all of them (Boole's inequality),
    whatever the correlation between looks.

    Args:
        seeds: the candidate's seeds at this look.
        earlier: its seeds at the looks before.
        most: its seeds at the last look that is planned.
        baseline_seeds: the baseline's seeds.

    Returns:
        0 when no information came in since the last look, or all that was planned had come in
        before: such a look cannot decide anything.
    """
    full = information(max(most, 1), baseline_seeds)
    shares = [information(n, baseline_seeds) / full for n in (max(earlier, default=0), seeds)]
    return max(spent(shares[1]) - spent(shares[0]), 0.0)


def decide(gain: Interval, min_effect: float) -> Outcome:
    """Turn the interval of a gain (more is better) into a verdict.

    LOSS is asked first: a gain that is surely smaller than `min_effect` is not worth having,
    even if it is surely there.
    """
    if gain.upper < min_effect:
        return "LOSS"
    return "WIN" if gain.lower > 0 else "UNDECIDED"


def signed(interval: Interval, sign: int) -> Interval:
    """The same interval as a gain: turned around for a metric where less is better."""
    if sign > 0:
        return interval
    return Interval(-interval.difference, -interval.upper, -interval.lower, interval.alpha)


def detectable(sd: float, seeds: int, baseline_seeds: int, alpha: float) -> float:
    """The gain that is found in four tries of five, in the metric's own unit.

    Source: power of the two-sample t-test, by the noncentral t distribution.
    """
    from scipy import special

    freedom = seeds + baseline_seeds - 2
    shift = float(special.nctdtrinc(freedom, 1 - POWER, _critical(freedom, alpha)))
    return shift * sd / math.sqrt(information(seeds, baseline_seeds))
