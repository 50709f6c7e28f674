import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.interval import Interval, Method, Sample, welch
from bot.core.many import decided
from bot.core.spending import ALPHA
from bot.core.verdict import (
    CLOSER,
    UNEVEN,
    Guard,
    Judgement,
    Outcome,
    absolute,
    decide,
    holm,
    judge,
)
from bot.errors import UserError
from tests.bot.examples.team import (
    BASELINE,
    FIRST_LOOK,
    FLAT,
    HELD_OUT,
    RELEASED,
    UNSURE,
    WINNER,
    WORSE,
)

ARM = st.lists(st.integers(0, 6).map(lambda tenth: 0.8 + tenth / 100), min_size=2, max_size=6)
SLOWER = Sample((43.0, 43.5, 42.8, 43.3, 43.1))
MINUTES = Sample((41.6, 42.1, 41.0, 41.2, 42.4, 41.9, 40.8, 41.1, 42.2, 41.7))


def judged(candidate: Sample, **changes: Any) -> Judgement:
    terms: dict[str, Any] = {"sign": 1, "min_effect": 0.002, "alpha": FIRST_LOOK, **changes}
    return judge(candidate, terms.pop("baseline", BASELINE), **terms)


def guard(limit: float | str, **changes: Any) -> Guard:
    return replace(Guard("train/minutes", -1, limit, SLOWER, MINUTES), **changes)


@pytest.mark.parametrize(
    ("sample", "alpha", "outcome"),
    [
        (WINNER, FIRST_LOOK, "WIN"),
        (UNSURE, FIRST_LOOK, "UNDECIDED"),
        (WORSE, FIRST_LOOK, "LOSS"),
        (FLAT, FIRST_LOOK, "LOSS"),
        (HELD_OUT, ALPHA, "WIN"),
        (RELEASED, ALPHA, "WIN"),
    ],
)
def test_the_verdicts_that_people_are_shown(sample: Sample, alpha: float, outcome: str) -> None:
    found = judged(sample, alpha=alpha)
    assert (found.outcome, found.why) == (outcome, "")
    turned = [Sample(tuple(-v for v in arm.values)) for arm in (sample, BASELINE)]
    assert judged(turned[0], baseline=turned[1], sign=-1, alpha=alpha).outcome == outcome


@pytest.mark.parametrize(
    ("lower", "upper", "outcome"),
    [
        (-0.01, -0.001, "LOSS"),
        (-0.01, 0.0019, "LOSS"),
        (0.0001, 0.0019, "LOSS"),
        (-0.01, 0.002, "UNDECIDED"),
        (0.0, 0.01, "UNDECIDED"),
        (-0.0, 0.01, "UNDECIDED"),
        (0.0001, 0.01, "WIN"),
        (-math.inf, math.inf, "UNDECIDED"),
    ],
)
def test_a_loss_is_asked_first(lower: float, upper: float, outcome: Outcome) -> None:
    assert decide(Interval((lower + upper) / 2, lower, upper, 0.05), 0.002) == outcome


@pytest.mark.parametrize(
    ("values", "baseline", "outcome", "why"),
    [
        ((), BASELINE.values, "INVALID", "No run gave a value"),
        ((0.9, math.nan), BASELINE.values, "INVALID", "no finite number"),
        ((0.9, -math.inf), BASELINE.values, "INVALID", "no finite number"),
        ((0.9, 1e200), BASELINE.values, "INVALID", "no finite number"),
        ((0.9, 0.9), (), "NOT_COMPARABLE", "does not show its noise"),
        ((0.9, 0.9), (0.8,), "NOT_COMPARABLE", "does not show its noise"),
        ((0.9, 0.9), (0.8, math.nan), "NOT_COMPARABLE", "does not show its noise"),
        ((0.9,), BASELINE.values, "UNDECIDED", "One run is no verdict"),
    ],
)
def test_what_no_verdict_can_rest_on(
    values: tuple[float, ...], baseline: tuple[float, ...], outcome: str, why: str
) -> None:
    found = judged(Sample(values), baseline=Sample(baseline))
    assert found.outcome == outcome
    assert why in found.why


def test_one_run_is_shown_against_the_spread_of_the_baseline() -> None:
    found = judged(Sample((0.86,))).interval
    assert found is not None
    assert 0 < found.lower < found.difference == pytest.approx(0.86 - BASELINE.mean)


def test_a_look_that_may_spend_nothing_decides_nothing() -> None:
    found = judged(WINNER, alpha=0.0)
    assert (found.outcome, found.interval) == ("UNDECIDED", None)
    assert "is spent" in found.why


@pytest.mark.parametrize(
    ("values", "baseline", "outcome"),
    [
        ((1.0,) * 5, (1.0,) * 10, "LOSS"),
        ((1.0,) * 5, (0.99,) * 10, "WIN"),
        ((1.0,) * 2, (0.99,) * 2, "UNDECIDED"),
        ((1.0,) * 5, (0.98, 1.0) * 5, "UNDECIDED"),
        ((1.0,) * 5, (0.95, 0.96) * 5, "WIN"),
        ((-0.0,) * 5, (0.0,) * 10, "LOSS"),
    ],
)
def test_metrics_without_spread_and_at_their_bound(
    values: tuple[float, ...], baseline: tuple[float, ...], outcome: str
) -> None:
    assert judged(Sample(values), baseline=Sample(baseline)).outcome == outcome


def test_where_noise_is_uneven_the_wider_interval_is_shown() -> None:
    baseline = Sample((0.894, 0.886, 0.895, 0.883, 0.877, 0.897, 0.883, 0.889, 0.889, 0.899))
    candidate = Sample((0.894, 0.895, 0.895))
    assert welch(candidate, baseline, FIRST_LOOK).lower > 0
    found = judged(candidate, baseline=baseline)
    assert (found.outcome, found.why) == ("UNDECIDED", UNEVEN)
    assert found.interval is not None
    assert found.interval.lower <= 0


def test_seeds_that_lie_closer_together_than_the_baseline_s_are_told_of() -> None:
    tight = Sample((0.8470, 0.8471, 0.8470, 0.8471, 0.8470))
    assert judged(tight).caution == CLOSER
    assert judged(WINNER).caution == ""
    assert judged(Sample(tuple(v - 0.01 for v in tight.values))).caution == ""


@pytest.mark.parametrize(
    ("limit", "outcome", "why"),
    [
        ("15%", "WIN", ""),
        (6.0, "WIN", ""),
        (1.5, "UNDECIDED", "whether `train/minutes` holds is not known yet"),
        ("3.5%", "UNDECIDED", "whether `train/minutes` holds is not known yet"),
        (0.1, "LOSS", "`train/minutes` does not hold"),
    ],
)
def test_a_guard_has_three_states(limit: float | str, outcome: str, why: str) -> None:
    found = judged(WINNER, guards=[guard(limit)])
    assert found.outcome == outcome
    assert why in found.why


def test_a_broken_guard_ends_what_more_seeds_could_not_win() -> None:
    assert judged(UNSURE, guards=[guard(1.5)]).outcome == "UNDECIDED"
    assert judged(UNSURE, guards=[guard(0.1)]).outcome == "LOSS"


def test_a_guard_that_fell_silent_makes_runs_invalid() -> None:
    found = judged(WINNER, guards=[guard(1.5, candidate=None)])
    assert (found.outcome, found.interval) == ("INVALID", None)
    assert "finite number for `train/minutes`" in found.why


def test_a_guard_that_the_baseline_did_not_log_stops_nothing() -> None:
    assert judged(WINNER, guards=[guard(0.1, baseline=None)]).outcome == "WIN"


def test_a_share_is_one_of_the_baseline_s_mean() -> None:
    assert absolute("15%", Sample((-2.0, -4.0))) == pytest.approx(0.45)
    assert absolute("0.15", MINUTES) == absolute(0.15, MINUTES) == 0.15
    assert judged(WINNER, min_effect="0.8%").outcome == "WIN"
    assert judged(WINNER, min_effect="1.5%").outcome == "LOSS"
    with pytest.raises(UserError, match="of a baseline of zero"):
        absolute("15%", Sample((-1.0, 1.0)))


def test_pairs_see_what_the_luck_of_seeds_hides() -> None:
    seeds = (1, 2, 3, 4, 5)
    baseline = Sample((0.80, 0.84, 0.88, 0.82, 0.86), seeds)
    better = Sample((0.811, 0.849, 0.892, 0.830, 0.871), seeds)
    assert judged(better, baseline=baseline, method="paired").outcome == "WIN"
    assert judged(better, baseline=baseline).outcome == "UNDECIDED"
    strangers = replace(better, seeds=(5, 6, 7, 8, 9))
    found = judged(strangers, baseline=baseline, method="paired")
    assert (found.outcome, found.interval) == ("UNDECIDED", None)
    assert "Fewer than two seeds" in found.why


def test_of_several_metrics_the_best_has_to_be_surest() -> None:
    strong, weak, useless = (
        (sample, BASELINE, 1)
        for sample in (WINNER, Sample((0.8436, 0.8427, 0.8419, 0.8433, 0.8429)), UNSURE)
    )
    for metrics, wins, alphas in (
        ([weak], [True], [ALPHA]),
        ([weak, strong], [True, True], [ALPHA, ALPHA / 2]),
        ([weak, useless], [False, False], [ALPHA / 2, ALPHA / 2]),
        ([useless, strong, weak], [False, True, False], [ALPHA / 2, ALPHA / 3, ALPHA / 2]),
    ):
        found = holm(metrics, ALPHA)
        assert [interval.lower > 0 for interval in found] == wins
        assert [interval.alpha for interval in found] == alphas
    less = [(BASELINE, sample, -1) for sample in (WINNER, UNSURE)]
    assert [interval.upper < 0 for interval in holm(less, ALPHA)] == [True, False]


@given(ARM, ARM, st.sampled_from([0.0, 0.01]), st.sampled_from(["welch", "paired"]))
def test_one_experiment_is_judged_like_many(
    candidate: list[float], baseline: list[float], min_effect: float, method: Method
) -> None:
    arms = [Sample(tuple(arm), tuple(range(len(arm)))) for arm in (candidate, baseline)]
    found = judge(*arms, sign=1, min_effect=min_effect, alpha=0.04, method=method)
    won, lost = decided(np.array([candidate]), np.array([baseline]), 0.04, min_effect, method)
    assert (found.outcome == "WIN", found.outcome == "LOSS") == (won[0], lost[0])
