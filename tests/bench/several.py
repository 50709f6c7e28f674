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

    At the level of one metric and three held-out seeds / at ours. The metrics share no luck; of
    those that win the first one is confirmed.
    """
    head("held-out seeds", "metrics", "noise", *(f"{k} tries" for k in TRIES))
    for kind in ("normal", "skewed down"):
        for metrics in (1, 2, 3, 5):
            for held_out, (plain, ours) in merged(NOISES[kind], metrics, baselines).items():
                both = (f"{plain[k - 1]:.1%} / {ours[k - 1]:.1%}" for k in TRIES)
                row(str(held_out), str(metrics), kind, *both)


HELD_OUT = (3, 5, 10)


def merged(noise: Noise, metrics: int, baselines: int) -> dict[int, tuple[Array, Array]]:
    """The share of baselines into which any try was merged, by tries so far.

    Returns:
        Number of held-out seeds to the shares at either level, shape (tries,) each.
    """
    random, plan = np.random.default_rng(7), replace(DEFAULT, metrics=metrics)
    before = [noise(random, (baselines, plan.baseline)) for _ in range(metrics)]
    found = np.zeros((len(HELD_OUT), 2, TRIES[-1], baselines), dtype=bool)
    for k in range(TRIES[-1]):
        decided = np.zeros(baselines, dtype=bool)
        for arm in before:
            won = called(noise(random, (baselines, 15)), arm, plan, plan.levels) & ~decided
            decided |= won
            held = noise(random, (baselines, max(HELD_OUT)))
            for at, seeds in enumerate(HELD_OUT):
                levels = confirmation(k + 1, 3), confirmation(k + 1, seeds, metrics)
                for which, alpha in enumerate(levels):
                    passed = exceeds(held[won, :seeds], arm[won], alpha, 0.0, "welch")
                    found[at, which, k, won] = passed
    shares = np.logical_or.accumulate(found, axis=2).mean(axis=3)
    return {seeds: (shares[at, 0], shares[at, 1]) for at, seeds in enumerate(HELD_OUT)}


TABLES = (false_verdicts, power, tries)


if __name__ == "__main__":
    show(TABLES)
