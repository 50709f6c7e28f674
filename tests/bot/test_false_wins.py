"""The short version of tests/bench/verdicts.py: a thousand experiments for each claim."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bot.core.spending import ALPHA
from bot.core.tries import confirmation
from tests.bench.null import (
    DEFAULT,
    NOISES,
    Plan,
    arms,
    called,
    several,
    welch_alone,
    wrong,
    wrong_by_any,
)

EXPERIMENTS = 2000
UNLUCKY = 3 * math.sqrt(ALPHA * (1 - ALPHA) / EXPERIMENTS)
"""Three standard errors of a rate of 5%."""
SIX = Plan((2, 4, 6, 8, 10, 12))


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("plan", [DEFAULT, SIX], ids=str)
def test_at_most_one_in_twenty_is_called_wrongly(
    plan: Plan, correlation: float, noise: str
) -> None:
    win, loss = wrong(plan, NOISES[noise], correlation, EXPERIMENTS)
    assert win <= ALPHA + UNLUCKY
    assert loss <= ALPHA + UNLUCKY


@pytest.mark.parametrize("noise", NOISES)
def test_pairs_hold_it_whatever_the_seeds_share(noise: str) -> None:
    for correlation in (0.0, 0.9):
        plan = Plan((2, 4, 6, 8, 9, 10), method="paired")
        assert max(wrong(plan, NOISES[noise], correlation, EXPERIMENTS)) <= ALPHA + UNLUCKY


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("metrics", [2, 3])
@pytest.mark.parametrize(("plan", "noise"), [(DEFAULT, "skewed down"), (SIX, "normal")], ids=str)
def test_metrics_that_may_all_win_err_no_more_often_together(
    plan: Plan, noise: str, metrics: int, alike: float
) -> None:
    many = replace(plan, metrics=metrics)
    assert max(wrong_by_any(many, NOISES[noise], alike, EXPERIMENTS)) <= ALPHA + UNLUCKY


def test_pairs_of_several_metrics_hold_it() -> None:
    plan = Plan((2, 4, 6, 8, 9, 10), method="paired", metrics=3)
    assert max(wrong_by_any(plan, NOISES["normal"], 0.0, EXPERIMENTS)) <= ALPHA + UNLUCKY


def test_metrics_that_do_not_share_would_be_noticed() -> None:
    plan = replace(DEFAULT, metrics=3)
    metrics = several(np.random.default_rng(7), NOISES["normal"], plan, 0.0, EXPERIMENTS)
    won = [called(after, before, plan, DEFAULT.levels) for after, before in metrics]
    assert np.any(won, axis=0).mean() > ALPHA + UNLUCKY


def test_looking_often_at_the_full_level_would_be_noticed() -> None:
    after, before = arms(np.random.default_rng(7), NOISES["normal"], SIX, 0.0, EXPERIMENTS)
    found = called(after, before, SIX, [ALPHA] * 6)
    assert found.mean() > ALPHA + UNLUCKY


def test_trusting_welch_alone_would_be_noticed() -> None:
    plan = Plan((3,))
    after, before = arms(np.random.default_rng(7), NOISES["skewed down"], plan, 0.0, EXPERIMENTS)
    assert called(after, before, plan, plan.levels, welch_alone).mean() > ALPHA + UNLUCKY


def test_a_real_gain_is_found() -> None:
    after, before = arms(np.random.default_rng(7), NOISES["normal"], DEFAULT, 0.0, EXPERIMENTS)
    assert called(after + 1.5, before, DEFAULT, DEFAULT.levels).mean() > 0.9


def merged(levels: list[float], held_out: int, baselines: int = 1000) -> float:
    """How often any of many changes without a gain is merged into one baseline, with one look."""
    random = np.random.default_rng(7)
    before, any_merged = random.standard_normal((baselines, 10)), np.zeros(baselines, dtype=bool)
    for alpha in levels:
        after = random.standard_normal((baselines, 5 + held_out))
        found = called(after[:, :5], before, Plan((5,)), [ALPHA])
        any_merged |= found & called(after[:, 5:], before, Plan((held_out,)), [alpha])
    return float(any_merged.mean())


TRIES = range(1, 61)


@pytest.mark.parametrize(
    ("held_out", "looser"),
    [(3, [ALPHA for _ in TRIES]), (10, [confirmation(k, 3) for k in TRIES])],
)
def test_many_tries_merge_no_more_than_one_in_twenty_and_would_at_looser_levels(
    held_out: int, looser: list[float]
) -> None:
    assert merged([confirmation(k, held_out) for k in TRIES], held_out) <= ALPHA
    assert merged(looser, held_out) > ALPHA
