import math

import pytest

from bot.core.runs import Goal, Metric, ObservedRun, Point, Value, value_of
from bot.errors import UserError

CURVE: tuple[Point, ...] = ((1, 0.5), (2, 0.9), (3, math.nan), (4, 0.8))
RUN = ObservedRun("lh-1-s1", "finished", summary={"m": 0.7})


@pytest.mark.parametrize(
    ("goal", "value", "number"),
    [
        ("maximize", "best", 0.9),
        ("minimize", "best", 0.5),
        ("maximize", "last", 0.8),
        ("maximize", "summary", 0.7),
    ],
)
def test_the_one_number_of_a_run(goal: Goal, value: Value, number: float) -> None:
    assert value_of(Metric("m", goal, value), RUN, CURVE) == number


@pytest.mark.parametrize("value", ["best", "last"])
def test_without_a_curve_the_summary_counts(value: Value) -> None:
    assert value_of(Metric("m", "maximize", value), RUN, ()) == 0.7


@pytest.mark.parametrize("logged", [None, math.nan, math.inf, "0.9", True, {"max": 1}])
def test_what_is_no_finite_number_is_told(logged: object) -> None:
    run = ObservedRun("lh-1-s1", "finished", summary={"m": logged})
    with pytest.raises(UserError, match="Run `lh-1-s1` finished, but logged"):
        value_of(Metric("m", "maximize"), run, ())


def test_a_curve_of_nothing_but_nan_has_no_best() -> None:
    with pytest.raises(UserError, match="logged nothing as `m`"):
        value_of(Metric("m", "maximize", "best"), RUN, ((1, math.nan),))


def test_the_sign_of_a_goal() -> None:
    assert (Metric("m", "maximize").sign, Metric("m", "minimize").sign) == (1, -1)
