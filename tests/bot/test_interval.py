import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.core.interval import (
    Interval,
    Sample,
    bootstrap,
    differences,
    paired,
    prediction,
    signed,
    welch,
    widest,
)
from bot.core.many import chance, exceeds, paired_lower, permutation_lower, welch_lower
from bot.core.permutation import GROUPINGS, groupings, permutation
from tests.bot.examples.team import BASELINE, FIRST_LOOK, HELD_OUT, RELEASED, UNSURE, WINNER

COARSE = st.integers(0, 6).map(lambda tenth: 0.8 + tenth / 100)
"""Values with many ties, whose sums are rounded."""
ARM = st.lists(COARSE, min_size=2, max_size=6).map(lambda values: Sample(tuple(values)))
LEVEL = st.sampled_from([0.01, 0.025, 0.0335, 0.05])


def rounded(interval: Interval) -> tuple[float, float, float]:
    return (
        round(interval.difference, 4),
        round(interval.lower, 4),
        round(interval.upper, 4),
    )


@pytest.mark.parametrize(
    ("sample", "alpha", "shown"),
    [
        (WINNER, FIRST_LOOK, (0.0060, 0.0042, 0.0078)),
        (UNSURE, FIRST_LOOK, (0.0015, -0.0007, 0.0037)),
        (HELD_OUT, 0.05, (0.0054, 0.0039, 0.0069)),
        (RELEASED, 0.05, (0.0053, 0.0040, 0.0065)),
    ],
)
def test_the_figures_that_people_are_shown(
    sample: Sample, alpha: float, shown: tuple[float, float, float]
) -> None:
    assert rounded(welch(sample, BASELINE, alpha)) == shown


def test_welch_agrees_with_scipy() -> None:
    found = welch(WINNER, BASELINE, 0.05)
    test = stats.ttest_ind(WINNER.values, BASELINE.values, equal_var=False)
    expected = test.confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))


def test_pairs_agree_with_scipy() -> None:
    found = paired(Sample((0.1, 0.3, 0.2, 0.5)), 0.05)
    expected = stats.ttest_1samp((0.1, 0.3, 0.2, 0.5), 0).confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))


def test_pairs_are_the_seeds_that_both_arms_have() -> None:
    found = differences(Sample((1.0, 2.0, 4.0), (3, 1, 9)), Sample((0.5, 0.5), (1, 3)))
    assert found == Sample((0.5, 1.5), (3, 1))


def test_arms_without_spread_are_as_far_apart_as_they_are() -> None:
    found = welch(Sample((2.0, 2.0)), Sample((1.0, 1.0)), 0.05)
    assert found == Interval(1.0, 1.0, 1.0, 0.05)


@pytest.mark.parametrize("steady", [Sample((1.0,) * 5), Sample((-0.0,) * 5)])
def test_an_arm_without_spread_is_taken_to_be_as_noisy_as_the_other(steady: Sample) -> None:
    for found in (welch(steady, BASELINE, 0.05), signed(welch(BASELINE, steady, 0.05), -1)):
        margin = stats.t.ppf(0.95, 9) * BASELINE.sd * math.sqrt(1 / 5 + 1 / 10)
        assert found.difference - found.lower == pytest.approx(margin)


def test_a_few_differences_that_are_the_same_bound_nothing() -> None:
    assert paired(Sample((0.1,) * 4), 0.05) == Interval(0.1, -math.inf, math.inf, 0.05)
    assert paired(Sample((0.1,) * 5), 0.05) == Interval(0.1, 0.1, 0.1, 0.05)


def test_differences_that_only_rounding_tells_apart_are_ties() -> None:
    before = Sample((0.3, 0.2, 0.7), (1, 2, 3))
    after = Sample((0.4, 0.3, 0.8), (1, 2, 3))
    assert len({a - b for a, b in zip(after.values, before.values, strict=True)}) > 1
    found = differences(after, before)
    assert found.values == pytest.approx((0.1,) * 3)
    assert found.sd == 0
    assert not exceeds(*(np.array([arm.values]) for arm in (after, before)), 0.05, 0.0, "paired")


@pytest.mark.parametrize("unit", [1e-170, 1e-90, 1e-12, 1e12, 1e90])
def test_the_unit_of_a_metric_is_no_matter(unit: float) -> None:
    after, before = (Sample(tuple(v * unit for v in arm.values)) for arm in (WINNER, BASELINE))
    found, plain = welch(after, before, 0.05), welch(WINNER, BASELINE, 0.05)
    assert found.lower / unit == pytest.approx(plain.lower)
    assert found.upper / unit == pytest.approx(plain.upper)


@pytest.mark.parametrize("one", [(Sample((1.0,)), BASELINE), (BASELINE, Sample((1.0,)))])
def test_one_value_has_no_interval(one: tuple[Sample, Sample]) -> None:
    with pytest.raises(AssertionError, match="two values"):
        welch(*one, 0.05)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_interval(odd: float) -> None:
    broken = Sample((1.0, odd))
    for bound in (
        lambda: welch(broken, BASELINE, 0.05),
        lambda: welch(BASELINE, broken, 0.05),
        lambda: paired(broken, 0.05),
        lambda: prediction(odd, BASELINE, 0.05),
        lambda: bootstrap([broken.values], [[1.0, 2.0]], 0.05),
    ):
        with pytest.raises(AssertionError, match="finite"):
            bound()


def test_one_value_has_no_deviation() -> None:
    assert Sample((0.5,)).sd == 0


def test_where_less_is_better_the_gain_is_turned_around() -> None:
    interval = Interval(-0.3, -0.5, -0.1, 0.05)
    assert signed(interval, -1) == Interval(0.3, 0.1, 0.5, 0.05)
    assert signed(interval, 1) is interval


def test_a_prediction_holds_for_one_run_more() -> None:
    random = np.random.default_rng(3)
    runs = random.standard_normal((2000, 11))
    missed = [
        prediction(float(row[0]), Sample(tuple(row[1:].tolist())), 0.05).lower > 0 for row in runs
    ]
    assert np.mean(missed) == pytest.approx(0.05, abs=0.015)


def test_a_prediction_against_a_baseline_without_spread_is_the_difference() -> None:
    assert prediction(2.0, Sample((1.0, 1.0)), 0.05) == Interval(1.0, 1.0, 1.0, 0.05)


def test_examples_show_a_noise_that_seeds_do_not() -> None:
    random = np.random.default_rng(4)
    hard = random.random(1000)
    before, after = ((random.random((5, 1000)) < hard + gain) for gain in (0.0, 0.03))
    found = bootstrap(after, before, 0.05)
    gains = after.mean(axis=0) - before.mean(axis=0)
    margin = 1.645 * gains.std(ddof=1) / math.sqrt(1000)
    assert found.difference == pytest.approx(gains.mean())
    assert found.difference - found.lower == pytest.approx(margin, rel=0.1)
    assert found.upper - found.difference == pytest.approx(margin, rel=0.1)


def test_a_bootstrap_is_the_same_each_time_and_agrees_with_scipy() -> None:
    gains = np.random.default_rng(5).exponential(size=(1, 40))
    found = bootstrap(gains, np.zeros((1, 40)), 0.025)
    assert found == bootstrap(gains, np.zeros((1, 40)), 0.025)
    expected = stats.bootstrap(gains, np.mean, random_state=1).confidence_interval
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.upper - found.difference > 1.1 * (found.difference - found.lower)


def test_examples_that_all_agree_have_no_noise() -> None:
    assert bootstrap([[1, 2, 3]], [[0, 1, 2]], 0.05) == Interval(1.0, 1.0, 1.0, 0.05)


def test_groupings_are_all_that_there_are_or_many() -> None:
    assert groupings(2, 3).tolist()[0] == [True, True, False, False, False]
    assert len(np.unique(groupings(5, 10), axis=0)) == math.comb(15, 5)
    assert groupings(10, 10).shape == (GROUPINGS, 20)
    assert groupings(10, 10)[0].tolist() == [True] * 10 + [False] * 10
    assert (groupings(10, 10).sum(axis=1) == 10).all()


def test_bounds_by_permutation_are_the_shifts_at_which_a_test_gives_way() -> None:
    found = permutation(WINNER, BASELINE, FIRST_LOOK)
    before = np.array([BASELINE.values])
    for bound, way in ((found.lower, 1), (found.upper, -1)):
        for shift, passes in ((bound - way * 1e-6, True), (bound + way * 1e-6, False)):
            share = chance(way * (np.array([WINNER.values]) - shift), way * before)[0]
            assert (share <= FIRST_LOOK) == passes


def test_too_few_runs_bound_nothing_by_permutation() -> None:
    few = Sample((5.0, 6.0, 7.0)), Sample((1.0, 2.0, 3.0))
    assert permutation(*few, 0.0335) == Interval(4.0, -math.inf, math.inf, 0.0335)
    assert permutation(*few, 0.05).lower > 0


@given(ARM, ARM, LEVEL)
def test_bounds_of_one_experiment_are_those_of_many(
    candidate: Sample, baseline: Sample, alpha: float
) -> None:
    after, before = np.array([candidate.values]), np.array([baseline.values])
    interval = welch(candidate, baseline, alpha)
    assert welch_lower(after, before, alpha)[0] == pytest.approx(interval.lower)
    lower = permutation(candidate, baseline, alpha).lower
    assert permutation_lower(after, before, alpha)[0] == pytest.approx(lower, abs=1e-9)
    assert (chance(after, before)[0] <= alpha) == (lower > 0)
    pairs = min(candidate.n, baseline.n)
    apart = Sample(tuple((after[0, :pairs] - before[0, :pairs]).tolist()))
    assert paired_lower(np.array([apart.values]), alpha)[0] == pytest.approx(
        paired(apart, alpha).lower
    )


@given(ARM, ARM, LEVEL)
def test_turning_the_arms_around_turns_the_interval_around(
    candidate: Sample, baseline: Sample, alpha: float
) -> None:
    for bound in (welch, permutation):
        there, back = bound(candidate, baseline, alpha), bound(baseline, candidate, alpha)
        assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower))
        assert there.lower <= there.difference <= there.upper


def test_the_widest_holds_both() -> None:
    found = widest(Interval(1.0, 0.0, 3.0, 0.05), Interval(1.0, 0.5, 4.0, 0.05))
    assert found == Interval(1.0, 0.0, 4.0, 0.05)
