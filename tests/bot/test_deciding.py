import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.deciding import Deciding, Together, judge_any
from bot.core.interval import Method, Sample, signed
from bot.core.many import decided, exceeds
from bot.core.power import chances
from bot.core.rules import Alternative, PrimaryMetric, Rules, changes
from bot.core.spending import level
from bot.core.tries import confirmable, confirmation
from bot.core.verdict import Guard, judge, sure
from tests.bot.examples.team import BASELINE, FLAT, UNSURE, WINNER, WORSE

SHARED = level(5, (), 15, 10, metrics=2)
ARM = st.lists(st.integers(0, 6).map(lambda tenth: 0.8 + tenth / 100), min_size=2, max_size=6)
SLOWER = Guard("minutes", -1, 1.0, Sample((9.0, 9.1, 9.0)), Sample((1.0, 1.1, 1.0)))


def metric(name: str, candidate: Sample, baseline: Sample = BASELINE, sign: int = 1) -> Deciding:
    arms = (Sample(tuple(sign * v for v in arm.values)) for arm in (candidate, baseline))
    return Deciding(name, sign, 0.002, *arms)


def together(first: Sample, second: Sample, sign: int = 1) -> Together:
    return judge_any([metric("dice", first), metric("iou", second, sign=sign)], alpha=SHARED)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("first", "second", "outcome", "lead"),
    [
        (WINNER, WINNER, "WIN", "dice"),
        (WINNER, UNSURE, "WIN", "dice"),
        (UNSURE, WINNER, "WIN", "iou"),
        (FLAT, WINNER, "WIN", "iou"),
        (WINNER, FLAT, "WIN", "dice"),
        (WINNER, WORSE, "LOSS", "iou"),
        (WORSE, WINNER, "LOSS", "dice"),
        (UNSURE, WORSE, "LOSS", "iou"),
        (UNSURE, UNSURE, "UNDECIDED", "dice"),
        (FLAT, UNSURE, "UNDECIDED", "iou"),
        (FLAT, FLAT, "LOSS", "dice"),
    ],
)
def test_one_win_is_enough_and_one_that_is_worse_is_too_much(
    first: Sample, second: Sample, outcome: str, lead: str, sign: int
) -> None:
    found = together(first, second, sign)
    assert (found.judgement.outcome, found.lead) == (outcome, lead)
    assert found.alone.keys() == {"dice", "iou"}


@pytest.mark.parametrize("wrong", [Sample(()), Sample((math.nan, 0.9)), Sample((math.inf, 0.9))])
def test_what_gives_no_verdict_by_one_gives_none_at_all(wrong: Sample) -> None:
    assert together(WINNER, wrong).judgement.outcome == "INVALID"
    noiseless = [metric("dice", WINNER), metric("iou", WINNER, Sample((0.8,)))]
    assert judge_any(noiseless, alpha=SHARED).judgement.outcome == "NOT_COMPARABLE"


def test_guards_are_asked_of_the_whole() -> None:
    metrics = [metric("dice", UNSURE), metric("iou", WINNER)]
    found = judge_any(metrics, alpha=SHARED, guards=[SLOWER])
    assert (found.judgement.outcome, found.lead) == ("LOSS", "iou")
    assert found.judgement.why == "The guard `minutes` does not hold."
    assert found.outcomes == {"dice": "UNDECIDED", "iou": "WIN"}


@given(ARM, ARM, st.sampled_from([1, -1]), st.sampled_from(get_args(Method)))
def test_one_metric_alone_is_judged_as_ever(
    candidate: list[float], baseline: list[float], sign: int, method: Method
) -> None:
    arms = (Sample(tuple(v), tuple(range(len(v)))) for v in (candidate, baseline))
    one = Deciding("dice", sign, 0.002, *arms)
    found = judge_any([one], alpha=0.04, guards=[SLOWER], method=method)
    assert found.judgement == judge(
        one.candidate, one.baseline, sign=sign, min_effect=0.002, alpha=0.04,
        guards=[SLOWER], method=method,
    )  # fmt: skip
    assert found.intervals == {"dice": found.judgement.interval}


@given(ARM, ARM)
def test_worse_is_what_is_worse_by_every_test(
    candidate: list[float], baseline: list[float]
) -> None:
    one = metric("iou", Sample(tuple(candidate)), Sample(tuple(baseline)))
    found = judge_any([metric("dice", WINNER), one], alpha=SHARED)
    bounds = sure(one.candidate, one.baseline, SHARED)
    shown = found.intervals["iou"]
    assert shown is not None
    assert (shown.upper < 0) == (bounds.upper < 0 and found.alone["iou"].outcome == "LOSS")
    assert (found.judgement.outcome == "LOSS") == (shown.upper < 0)


@given(st.lists(st.tuples(ARM, ARM), min_size=2, max_size=3))
def test_what_is_simulated_is_what_is_judged(arms: list[tuple[list[float], list[float]]]) -> None:
    metrics = [
        metric(str(i), Sample(tuple(after)), Sample(tuple(before)))
        for i, (after, before) in enumerate(arms)
    ]
    rows = [(np.array([after]), np.array([before])) for after, before in arms]
    worse = any(exceeds(-after, -before, 0.05, 0.0, "welch")[0] for after, before in rows)
    both = [decided(after, before, 0.05, 0.002, "welch") for after, before in rows]
    if worse or all(lost[0] for _, lost in both):
        outcome = "LOSS"
    else:
        outcome = "WIN" if any(won[0] for won, _ in both) else "UNDECIDED"
    assert judge_any(metrics, alpha=0.05).judgement.outcome == outcome


@pytest.mark.parametrize("looks", [(5, 10, 15), (2, 4, 6, 8, 10, 12)])
def test_metrics_share_what_may_be_spent(looks: tuple[int, ...]) -> None:
    for i, seeds in enumerate(looks):
        one, two, three = (level(seeds, looks[:i], looks[-1], 10, metrics=m) for m in (1, 2, 3))
        assert three < two < one
    last = len(looks) - 1
    paired = [level(looks[last], looks[:last], 10, 10, "paired", m) for m in (1, 2)]
    assert paired[1] == pytest.approx(paired[0] / 2)


def test_the_chances_of_several_are_those_of_the_whole() -> None:
    looks = {10: level(10, (5,), 15, 10, metrics=2)}
    better, unsure, worse = (
        metric(n, s) for n, s in zip("abc", (WINNER, UNSURE, WORSE), strict=True)
    )
    [one] = chances([unsure], looks)
    [twice] = chances([unsure, unsure], looks)
    assert (twice.win, twice.loss) == (one.win, pytest.approx(one.loss, abs=0.01))
    [helped] = chances([unsure, better], looks)
    assert helped.win > 0.9 > one.win
    [harmed] = chances([better, worse], looks)
    assert (harmed.win, harmed.loss) == pytest.approx((0, 1), abs=0.01)


def test_a_try_costs_more_where_several_may_win() -> None:
    assert confirmation(1, 3, 2) == confirmation(1, 3)
    assert confirmation(12, 3, 4) == confirmation(24, 3) == confirmation(12, 3) / 2
    assert confirmable(3, 10, 42)
    assert not confirmable(3, 10, 42, 2)


def test_rules_can_be_led_by_any_of_them() -> None:
    other = Alternative(goal="minimize", value="last", min_effect="1%")
    rules = Rules(
        metric=PrimaryMetric(name="dice", goal="maximize", value="best", min_effect=0.002),
        alternatives={"iou": other},
    )
    led = rules.led_by("iou")
    assert [each.name for each in led.deciding] == ["iou", "dice"]
    assert led.metric.min_effect == "1%"
    assert led.primary.sign == -1
    assert led.led_by("dice") == rules == rules.led_by("dice")
    assert signed(sure(WINNER, BASELINE, 0.05), led.primary.sign).upper < 0
    now = rules.but(alternatives={"iou": other.but(min_effect=0.5), "f1": other})
    assert changes(rules, now) == (
        "alternative iou: minimize, last, min_effect 1% → minimize, last, min_effect 0.5",
        "alternative f1: none → minimize, last, min_effect 1%",
    )
