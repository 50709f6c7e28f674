import math

import numpy as np
import pytest
from scipy import stats

from bot.core.verdict import (
    ALPHA,
    Interval,
    Outcome,
    Sample,
    decide,
    detectable,
    information,
    level,
    signed,
    spent,
    welch,
)
from tests.bot.examples import BASELINE, FIRST_LOOK, HELD_OUT, RELEASED, UNSURE, WINNER

LOOKS = (5, 10, 15)


def rounded(interval: Interval) -> tuple[float, float, float]:
    return (
        round(interval.difference, 4),
        round(interval.lower, 4),
        round(interval.upper, 4),
    )


@pytest.mark.parametrize(
    ("sample", "alpha", "shown", "outcome"),
    [
        (WINNER, FIRST_LOOK, (0.0060, 0.0042, 0.0078), "WIN"),
        (UNSURE, FIRST_LOOK, (0.0015, -0.0007, 0.0037), "UNDECIDED"),
        (HELD_OUT, ALPHA, (0.0054, 0.0039, 0.0069), "WIN"),
        (RELEASED, ALPHA, (0.0053, 0.0040, 0.0065), "WIN"),
    ],
)
def test_the_figures_that_people_are_shown(
    sample: Sample, alpha: float, shown: tuple[float, float, float], outcome: Outcome
) -> None:
    interval = welch(sample, BASELINE, alpha)
    assert rounded(interval) == shown
    assert decide(interval, 0.002) == outcome


def test_the_first_of_three_looks() -> None:
    assert information(5, 10) / information(15, 10) == pytest.approx(0.556, abs=0.001)
    assert level(5, [], 15, 10) == pytest.approx(0.0335, abs=0.00005)


def test_welch_agrees_with_scipy() -> None:
    found = welch(WINNER, BASELINE, 0.05)
    expected = stats.ttest_ind(WINNER.values, BASELINE.values, equal_var=False).confidence_interval(
        0.9
    )
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))


def test_arms_without_spread_are_as_far_apart_as_they_are() -> None:
    found = welch(Sample((2.0, 2.0)), Sample((1.0, 1.0)), 0.05)
    assert found == Interval(1.0, 1.0, 1.0, 0.05)


@pytest.mark.parametrize("one", [(Sample((1.0,)), BASELINE), (BASELINE, Sample((1.0,)))])
def test_one_value_has_no_interval(one: tuple[Sample, Sample]) -> None:
    with pytest.raises(AssertionError, match="two values"):
        welch(*one, 0.05)


def test_one_value_has_no_deviation() -> None:
    assert Sample((0.5,)).sd == 0


@pytest.mark.parametrize(
    ("lower", "upper", "outcome"),
    [
        (-0.01, -0.001, "LOSS"),
        (-0.01, 0.0019, "LOSS"),
        (0.0001, 0.0019, "LOSS"),
        (-0.01, 0.002, "UNDECIDED"),
        (0.0, 0.01, "UNDECIDED"),
        (0.0001, 0.01, "WIN"),
    ],
)
def test_a_loss_is_asked_first(lower: float, upper: float, outcome: Outcome) -> None:
    assert decide(Interval((lower + upper) / 2, lower, upper, 0.05), 0.002) == outcome


def test_where_less_is_better_the_gain_is_turned_around() -> None:
    interval = Interval(-0.3, -0.5, -0.1, 0.05)
    assert signed(interval, -1) == Interval(0.3, 0.1, 0.5, 0.05)
    assert signed(interval, 1) is interval


def test_all_looks_together_spend_what_is_allowed() -> None:
    shares = [level(n, LOOKS[:i], 15, 10) for i, n in enumerate(LOOKS)]
    assert all(share > 0 for share in shares)
    assert sum(shares) == pytest.approx(ALPHA)
    assert spent(1.0) == pytest.approx(ALPHA)
    assert spent(0.0) == 0
    assert spent(7.0) == pytest.approx(ALPHA)


def test_a_look_without_new_seeds_decides_nothing() -> None:
    assert level(5, [5], 15, 10) == 0
    assert level(3, [5], 15, 10) == 0


@pytest.mark.parametrize("looks", [(5, 20), (5, 10, 15, 20), (20,), (5, 10, 15, 40, 80)])
def test_more_seeds_than_planned_spend_no_more_than_is_left(looks: tuple[int, ...]) -> None:
    shares = [level(n, looks[:i], 15, 10) for i, n in enumerate(looks)]
    assert sum(shares) == pytest.approx(ALPHA)
    assert all(share == 0 for n, share in zip(looks[1:], shares[1:], strict=True) if n > 20)


def false_wins(alphas: list[float], experiments: int, correlation: float) -> float:
    """The share of experiments without any gain that some look calls a win.

    Seeds of both arms share a part of their luck, as runs with the same data order do.
    """
    random = np.random.default_rng(20)
    wins = 0
    for _ in range(experiments):
        luck = random.normal(size=LOOKS[-1])
        own = random.normal(size=(2, LOOKS[-1]))
        arms = math.sqrt(correlation) * luck + math.sqrt(1 - correlation) * own
        baseline = Sample(tuple(arms[0, :10].tolist()))
        wins += any(
            welch(Sample(tuple(arms[1, :n].tolist())), baseline, alpha).lower > 0
            for n, alpha in zip(LOOKS, alphas, strict=True)
        )
    return wins / experiments


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_at_most_one_in_twenty_null_experiments_is_called_a_win(correlation: float) -> None:
    experiments = 1500
    noise = 3 * math.sqrt(ALPHA * (1 - ALPHA) / experiments)
    alphas = [level(n, LOOKS[:i], LOOKS[-1], 10) for i, n in enumerate(LOOKS)]
    assert false_wins(alphas, experiments, correlation) <= ALPHA + noise


def test_looking_three_times_at_the_full_level_is_noticed_by_the_simulation() -> None:
    experiments = 1500
    noise = 3 * math.sqrt(ALPHA * (1 - ALPHA) / experiments)
    assert false_wins([ALPHA] * 3, experiments, 0.0) > ALPHA + noise


def test_the_detectable_gain_is_found_in_four_tries_of_five() -> None:
    random = np.random.default_rng(41)
    gain = detectable(1.0, 5, 10, FIRST_LOOK)
    tries = 1500
    found = sum(
        welch(
            Sample(tuple(random.normal(gain, size=5).tolist())),
            Sample(tuple(random.normal(size=10).tolist())),
            FIRST_LOOK,
        ).lower
        > 0
        for _ in range(tries)
    )
    assert found / tries == pytest.approx(0.8, abs=0.05)


def test_more_seeds_find_smaller_gains() -> None:
    gains = [detectable(0.0019, n, 10, 0.05) for n in (3, 5, 10)]
    assert gains == sorted(gains, reverse=True)
