"""Simulated experiments that gain nothing, and how often the rule of verdicts calls them better."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.core.interval import Method
from bot.core.many import exceeds, paired_lower, welch_lower
from bot.core.spending import level

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Noise = Callable[[np.random.Generator, tuple[int, ...]], Array]
EXPERIMENTS = 20_000
"""For each cell of a table; a rate near 5% is then known to within 0.3 points."""

NOISES: dict[str, Noise] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "skewed up": lambda random, shape: random.exponential(size=shape) - 1,
    "skewed down": lambda random, shape: 1 - random.exponential(size=shape),
    "heavy tails": lambda random, shape: random.standard_t(3, shape) / math.sqrt(3),
}
"""Noise with mean 0 and deviation 1. The skewed ones are exponential, with a skewness of 2."""


@dataclass(frozen=True)
class Plan:
    """The candidate's seeds at each look, against how many of the baseline."""

    looks: tuple[int, ...]
    baseline: int = 10
    method: Method = "welch"
    metrics: int = 1
    """How many there are of which any may win."""

    @property
    def levels(self) -> list[float]:
        """What each look may spend."""
        most, baseline = self.looks[-1], self.baseline
        return [
            level(seeds, self.looks[:i], most, baseline, self.method, self.metrics)
            for i, seeds in enumerate(self.looks)
        ]

    def __str__(self) -> str:
        looks = ", ".join(map(str, self.looks))
        paired = ", paired" if self.method == "paired" else ""
        metrics = f", {self.metrics} metrics" if self.metrics > 1 else ""
        return f"{looks} v {self.baseline}{paired}{metrics}"


DEFAULT = Plan((5, 10, 15))


def arms(
    random: np.random.Generator,
    noise: Noise,
    plan: Plan,
    correlation: float = 0.0,
    experiments: int = EXPERIMENTS,
) -> tuple[Array, Array]:
    """Both arms without any gain; a seed's luck is shared in part, as by runs with one data order.

    Returns:
        Candidate and baseline, shape (experiments, seeds) each, deviation 1.
    """
    seeds = max(plan.looks[-1], plan.baseline)
    luck = noise(random, (experiments, seeds))
    own = noise(random, (2, experiments, seeds))
    both = math.sqrt(correlation) * luck + math.sqrt(1 - correlation) * own
    return both[0, :, : plan.looks[-1]], both[1, :, : plan.baseline]


def welch_alone(after: Array, before: Array, alpha: float, shift: float, method: Method) -> Flags:
    """The rule without its permutation test."""
    lower = paired_lower(after - before, alpha) if method == "paired" else None
    return (welch_lower(after, before, alpha) if lower is None else lower) > shift


def called(
    after: Array,
    before: Array,
    plan: Plan,
    levels: Sequence[float],
    rule: Callable[[Array, Array, float, float, Method], Flags] = exceeds,
) -> Flags:
    """The experiments that some look calls better."""
    found = np.zeros(len(after), dtype=bool)
    for seeds, alpha in zip(plan.looks, levels, strict=True):
        if alpha > 0:
            found |= rule(after[:, :seeds], before, alpha, 0.0, plan.method)
    return found


def wrong(
    plan: Plan, noise: Noise, correlation: float, experiments: int = EXPERIMENTS
) -> tuple[float, float]:
    """The share of false wins where nothing is gained, and of false losses at a gain worth having.

    `min_effect` is as good as 0 for the first, and what is really gained for the second, so that
    each is as large as it can be.
    """
    random = np.random.default_rng(7)
    after, before = arms(random, noise, plan, correlation, experiments)
    wins = called(after, before, plan, plan.levels)
    losses = called(-after, -before, plan, plan.levels)
    return float(wins.mean()), float(losses.mean())


def several(
    random: np.random.Generator,
    noise: Noise,
    plan: Plan,
    alike: float,
    experiments: int = EXPERIMENTS,
) -> list[tuple[Array, Array]]:
    """Both arms by each of a plan's metrics, no gain anywhere, `alike` of their luck being one.

    Returns:
        Candidate and baseline for each metric, as of `arms`.
    """
    one = arms(random, noise, plan, 0.0, experiments)
    found = []
    for _ in range(plan.metrics):
        own = arms(random, noise, plan, 0.0, experiments)
        mixed = [
            math.sqrt(alike) * a + math.sqrt(1 - alike) * b for a, b in zip(one, own, strict=True)
        ]
        found.append((mixed[0], mixed[1]))
    return found


def wrong_by_any(
    plan: Plan, noise: Noise, alike: float, experiments: int = EXPERIMENTS
) -> tuple[float, float]:
    """The share of experiments that some metric calls better at some look, or some calls worse.

    The first is the share of false wins, were none of them taken back by another metric that is
    worse; the second that of false losses, where one metric gains just what is worth having and
    the others nothing.
    """
    metrics = several(np.random.default_rng(7), noise, plan, alike, experiments)
    better = [called(after, before, plan, plan.levels) for after, before in metrics]
    worse = [called(-after, -before, plan, plan.levels) for after, before in metrics]
    return float(np.any(better, axis=0).mean()), float(np.any(worse, axis=0).mean())


def outliers(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Lognormal noise, down: some seeds do far worse than the rest. Skewness 6."""
    deviation = math.sqrt((math.e - 1) * math.e)
    return np.asarray((math.exp(0.5) - np.exp(random.standard_normal(shape))) / deviation)
