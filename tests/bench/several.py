"""Verdicts where any of several metrics may win: simulated by python -m tests.bench.several."""

from dataclasses import replace

import numpy as np

from bot.core.many import exceeds
from bot.core.tries import confirmation
from tests.bench.null import DEFAULT, NOISES, Array, Noise, Plan, called, several, wrong_by_any
from tests.bench.verdicts import TRIES, head, row, show

SIX = Plan((2, 4, 6, 8, 10, 12))
PAIRS = Plan((2, 4, 6, 8, 9, 10), method="paired")


def false_verdicts() -> None:
    """Both errors over all looks and all metrics, by how much of their luck metrics share."""
    head("plan (seeds at each look)", "noise", *(f"shared {r:.0%}" for r in (0, 0.5, 0.9)))
    for plan in (DEFAULT, SIX, PAIRS):
        for metrics in (2, 3):
            many = replace(plan, metrics=metrics)
            for name, noise in NOISES.items():
                rates = [wrong_by_any(many, noise, alike) for alike in (0.0, 0.5, 0.9)]
                row(str(many), name, *(f"{win:.1%} / {loss:.1%}" for win, loss in rates))


def power() -> None:
    """How often a gain by one metric alone is found by the last look, by how many may win."""
    head("gain in deviations", *(f"of {m}" if m > 1 else "the only one" for m in (1, 2, 3, 5)))
    for gain in (0.75, 1.0, 1.5, 2.0):
        cells = []
        for metrics in (1, 2, 3, 5):
            plan = replace(DEFAULT, metrics=metrics)
            after, before = several(np.random.default_rng(7), NOISES["normal"], plan, 0.0)[0]
            cells.append(f"{called(after + gain, before, plan, plan.levels).mean():.0%}")
        row(f"{gain}", *cells)


def tries(baselines: int = 3000) -> None:
    """The probability that any of so many changes without a gain is merged into one baseline.

    The metrics share no luck; of those that win the first one is confirmed.
    """
    head("metrics", "confirmation's level", *(f"{k} tries" for k in TRIES))
    for kind in ("normal", "skewed down"):
        for metrics in (1, 2, 3, 5):
            as_one, ours = merged(NOISES[kind], metrics, baselines)
            if metrics > 1:
                row(f"{metrics}, {kind}", "as for one", *(f"{as_one[k - 1]:.1%}" for k in TRIES))
            row(f"{metrics}, {kind}", "ours", *(f"{ours[k - 1]:.1%}" for k in TRIES))


def merged(noise: Noise, metrics: int, baselines: int) -> tuple[Array, Array]:
    """The share of baselines into which any try was merged, by tries so far, at either level."""
    random, plan = np.random.default_rng(7), replace(DEFAULT, metrics=metrics)
    before = [noise(random, (baselines, plan.baseline)) for _ in range(metrics)]
    found = np.zeros((2, TRIES[-1], baselines), dtype=bool)
    for k in range(TRIES[-1]):
        levels = confirmation(k + 1), confirmation(k + 1, metrics)
        decided = np.zeros(baselines, dtype=bool)
        for arm in before:
            won = called(noise(random, (baselines, 15)), arm, plan, plan.levels) & ~decided
            decided |= won
            held = noise(random, (baselines, 3))
            for at, alpha in enumerate(levels):
                found[at, k, won] = exceeds(held[won], arm[won], alpha, 0.0, "welch")
    as_one, ours = np.logical_or.accumulate(found, axis=1).mean(axis=2)
    return as_one, ours


TABLES = (false_verdicts, power, tries)


if __name__ == "__main__":
    show(TABLES)
