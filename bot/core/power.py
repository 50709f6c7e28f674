"""What seeds can find: the gain that is seen at all, and what more of them would settle."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.core.interval import Method, Sample, critical, differences
from bot.core.many import decided
from bot.core.spending import information

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POWER = 0.8
SMALL = 0.02
"""A chance of a WIN below this is no reason to train on."""
DRAWS = 4000
"""Futures that are drawn: a chance is then known to within a point or two."""


@dataclass(frozen=True)
class Chance:
    """What a look at so many seeds would say, given what the seeds so far gave."""

    seeds: int
    """All of the candidate's seeds at that look."""
    win: float
    """Probability that it says WIN."""
    loss: float
    """Probability that it says LOSS: no gain worth having."""


def detectable(sd: float, seeds: int, baseline_seeds: int, alpha: float) -> float:
    """The gain that is found in four tries of five, in the metric's own unit.

    Source: power of the two-sample t-test, by the noncentral t distribution.
    """
    from scipy import special

    freedom = seeds + baseline_seeds - 2
    shift = float(special.nctdtrinc(freedom, 1 - POWER, critical(freedom, alpha)))
    return shift * sd / math.sqrt(information(seeds, baseline_seeds))


def chances(
    candidate: Sample,
    baseline: Sample,
    looks: Mapping[int, float],
    *,
    sign: int,
    min_effect: float,
    method: Method = "welch",
) -> tuple[Chance, ...]:
    """How each of some next looks would end, if it came next and the others never.

    Mean and deviation of the change are not known, so that futures are drawn from all that the
    seeds so far leave likely: from their posterior under Jeffreys' prior, which gives new runs
    Student's t distribution. Each future is then judged as `verdict.judge` would judge it, the
    seeds so far among its values. With the deviation taken as known, or the mean, the chances
    would be sharper than what is known.

    Args:
        candidate: at least two values so far.
        baseline: at least two values.
        looks: the candidate's seeds in all at that look, to the level that it may use
            (`spending.level` with the looks so far as `earlier`).
        sign: 1 where more is better, -1 where less is.
        min_effect: the gain that is worth having, in the metric's unit.
        method: how the arms are compared.

    Source: D. J. Spiegelhalter et al., Controlled Clinical Trials 7 (1986), predictive power;
    A. Gelman et al., Bayesian Data Analysis, section 3.2.
    """
    import numpy as np

    random = np.random.default_rng(0)
    candidate, baseline = (_turned(arm, sign) for arm in (candidate, baseline))
    found = []
    for seeds, alpha in looks.items():
        if method == "paired":
            pairs = differences(candidate, baseline)
            assert pairs.n > 1, "what pairs will say takes two of them"
            after = _futures(pairs, pairs.sd, pairs.n, min(seeds, baseline.n), random)
            before = np.zeros_like(after)
        else:
            noisy = candidate if candidate.sd else baseline
            after = _futures(candidate, noisy.sd, noisy.n, seeds, random)
            before = np.tile(baseline.values, (DRAWS, 1))
        won, lost = decided(after, before, alpha, min_effect, method)
        found.append(Chance(seeds, float(won.mean()), float(lost.mean())))
    return tuple(found)


def reachable(chances: Sequence[Chance]) -> bool:
    """Whether a WIN is likely enough at any of these looks to go on training.

    Stopping is not binding: it only ever takes wins away, and no level was raised for it, so a
    person who trains on anyway risks no more false wins than the plan allows.
    """
    return any(chance.win >= SMALL for chance in chances)


def _turned(sample: Sample, sign: int) -> Sample:
    """The sample of a metric of which more is better."""
    return replace(sample, values=tuple(sign * value for value in sample.values))


def _futures(
    sample: Sample, sd: float, known: int, seeds: int, random: "np.random.Generator"
) -> "NDArray[np.float64]":
    """The values so far and, behind them, what more seeds may give: shape (draws, seeds).

    Args:
        sample: the values so far.
        sd: the deviation of one run, estimated from `known` runs.
        known: how many runs the deviation comes from.
        seeds: how many values there are to be, with those so far.
        random: where the draws come from.
    """
    import numpy as np

    deviation = sd * np.sqrt((known - 1) / random.chisquare(known - 1, (DRAWS, 1)))
    mean = sample.mean + deviation / math.sqrt(sample.n) * random.standard_normal((DRAWS, 1))
    more = random.standard_normal((DRAWS, max(seeds - sample.n, 0)))
    return np.hstack([np.tile(sample.values, (DRAWS, 1)), mean + deviation * more])
