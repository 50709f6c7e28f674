"""What seeds can find: the gain that is seen at all, and what more of them would settle."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from bot.core.deciding import Deciding
from bot.core.interval import Method, Sample, differences
from bot.core.many import decided, exceeds, permutation_lower, welch_lower
from bot.core.verdict import GUARD_ALPHA, Guard, absolute

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POWER = 0.8
TRIES = 2000
"""Comparisons without a gain that are drawn: what is found in four of five is right to 2%."""
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


def detectable(
    sd: float, seeds: int, baseline_seeds: int, alpha: float, min_effect: float
) -> float | None:
    """The gain that is called WIN in four tries of five, in the metric's own unit.

    A gain moves every bound by just as much, so that what comparisons without any gain lack to a
    WIN can be drawn once. What the t-test finds in four of five, `verdict.judge`, which takes noise
    to be of any kind, finds in 74% (5 seeds against 10) or 38% (2 against 10). Less than
    `min_effect` is never meant: where noise is low, it is seen, and called a LOSS.

    Args:
        sd: deviation of one run, in both arms.
        seeds: the candidate's.
        baseline_seeds: the baseline's.
        alpha: the level of the look.
        min_effect: the gain that is worth having, in the metric's unit.

    Returns:
        None where so few seeds can find none, however large it is.
    """
    lacking = _lacking(seeds, baseline_seeds, alpha)
    return max(lacking * sd, min_effect) if math.isfinite(lacking) else None


@cache
def _lacking(seeds: int, baseline_seeds: int, alpha: float) -> float:
    """What four of five comparisons without a gain lack to a WIN at most, in deviations."""
    import numpy as np

    random = np.random.default_rng(0)
    after = random.standard_normal((TRIES, seeds))
    before = random.standard_normal((TRIES, baseline_seeds))
    lower = np.minimum(welch_lower(after, before, alpha), permutation_lower(after, before, alpha))
    return float(np.quantile(-lower, POWER, method="higher"))


def chances(
    metrics: Sequence[Deciding],
    looks: Mapping[int, float],
    method: Method = "welch",
    guards: Sequence[Guard] = (),
) -> tuple[Chance, ...]:
    """How each of some next looks would end, if it came next and the others never.

    Mean and deviation of the change are not known, so that futures are drawn from all that the
    seeds so far leave likely: from their posterior under Jeffreys' prior, which gives new runs
    Student's t distribution. Each future is then judged as `deciding.judge_any` would judge it, the
    seeds so far among its values. With the deviation taken as known, or the mean, the chances
    would be sharper than what is known. Where several metrics may win, a seed's luck is taken to
    be the same in all of them; the less they share, the likelier is one WIN among them. A guard's
    luck is its own.

    Args:
        metrics: those that may win, with at least two values in each arm.
        looks: the candidate's seeds in all at that look, to the level that it may use for each
            metric (`spending.level` with the looks so far as `earlier`).
        method: how the arms are compared.
        guards: what may not get worse.

    Source: D. J. Spiegelhalter et al., Controlled Clinical Trials 7 (1986), predictive power;
    A. Gelman et al., Bayesian Data Analysis, section 3.2.
    """
    import numpy as np

    luck, fate = [np.random.default_rng(0) for _ in metrics], np.random.default_rng(1)
    found = []
    for seeds, alpha in looks.items():
        won, worse = np.zeros((2, DRAWS), dtype=bool)
        lost = np.ones(DRAWS, dtype=bool)
        for metric, random in zip(metrics, luck, strict=True):
            after, before = _arms(metric, seeds, method, random)
            effect = absolute(metric.min_effect, metric.baseline)
            wins, losses = decided(after, before, alpha, effect, method)
            won, lost = won | wins, lost & losses
            if len(metrics) > 1:
                worse |= exceeds(-after, -before, alpha, 0.0, method)
        for guard in guards:
            holds, broken = _guarded(guard, seeds, fate)
            won, worse = won & holds, worse | broken
        found.append(Chance(seeds, float((won & ~worse).mean()), float((lost | worse).mean())))
    return tuple(found)


def reachable(chances: Sequence[Chance]) -> bool:
    """Whether a WIN is likely enough at any of these looks to go on training.

    Stopping is not binding: it only ever takes wins away, and no level was raised for it, so a
    person who trains on anyway risks no more false wins than the plan allows.
    """
    return any(chance.win >= SMALL for chance in chances)


def _arms(
    metric: Deciding, seeds: int, method: Method, random: "np.random.Generator"
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Futures of a metric with so many seeds, more being better, and what they stand against."""
    import numpy as np

    candidate, baseline = (_turned(arm, metric.sign) for arm in (metric.candidate, metric.baseline))
    if method == "paired":
        pairs = differences(candidate, baseline)
        assert pairs.n > 1, "what pairs will say takes two of them"
        after = _futures(pairs, pairs.sd, pairs.n, min(seeds, baseline.n), random)
        return after, np.zeros_like(after)
    return _apart(candidate, baseline, seeds, random)


def _guarded(
    guard: Guard, seeds: int, random: "np.random.Generator"
) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
    """In which futures a guard holds, and in which it is broken; `Guard.holds` on arrays.

    What the baseline never logged stands in no way.
    """
    import numpy as np

    if guard.interval is None or guard.candidate is None or guard.baseline is None:
        return np.ones(DRAWS, dtype=bool), np.zeros(DRAWS, dtype=bool)
    candidate, baseline = (_turned(arm, guard.sign) for arm in (guard.candidate, guard.baseline))
    after, before = _apart(candidate, baseline, seeds, random)
    limit = absolute(guard.limit, guard.baseline)
    holds = welch_lower(after, before, GUARD_ALPHA) >= -limit
    return holds, welch_lower(-after, -before, GUARD_ALPHA) > limit


def _apart(
    candidate: Sample, baseline: Sample, seeds: int, random: "np.random.Generator"
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Futures of an arm that is not paired, and the baseline that all of them stand against."""
    import numpy as np

    noisy = candidate if candidate.sd else baseline
    after = _futures(candidate, noisy.sd, noisy.n, seeds, random)
    return after, np.tile(baseline.values, (DRAWS, 1))


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
