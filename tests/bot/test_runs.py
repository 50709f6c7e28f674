import math

import pytest

from bot.core.metric import Goal, Metric, Value
from bot.core.runs import MOST_POINTS, ObservedRun, Point, number_of, thinned, value_of
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


@pytest.mark.parametrize(
    "logged", [None, math.nan, math.inf, 1e200, 10**400, "0.9", True, {"max": 1}]
)
def test_what_is_no_finite_number_is_told(logged: object) -> None:
    run = ObservedRun("lh-1-s1", "finished", summary={"m": logged})
    with pytest.raises(UserError, match="Run `lh-1-s1` finished, but logged"):
        value_of(Metric("m", "maximize"), run, ())


def test_a_curve_of_nothing_but_nan_has_no_best() -> None:
    with pytest.raises(UserError, match="logged nothing as `m`"):
        value_of(Metric("m", "maximize", "best"), RUN, ((1, math.nan),))


@pytest.mark.parametrize(
    ("summary", "value", "number"),
    [
        ({"max": 0.95}, "best", 0.95),
        ({"best": 0.95, "last": 0.8}, "best", 0.95),
        ({"max": 0.95, "last": 0.8}, "last", 0.8),
        ({"min": 0.1}, "best", 0.9),  # what it does not keep is read from the curve
        ({"max": 0.95}, "last", 0.8),
    ],
)
def test_a_summary_that_keeps_values_by_itself(
    summary: object, value: Value, number: float
) -> None:
    run = ObservedRun("lh-1-s1", "finished", summary={"m": summary})
    assert value_of(Metric("m", "maximize", value), run, CURVE) == number


@pytest.mark.parametrize("end", [math.nan, "NaN", None])
def test_what_is_not_finite_at_the_end_is_not_made_good(end: object) -> None:
    for summary in (end, {"max": 0.95, "last": end}):
        run = ObservedRun("lh-1-s1", "finished", summary={"m": summary})
        assert number_of(Metric("m", "maximize", "best"), run, CURVE) is None


def test_a_long_curve_is_thinned_and_keeps_what_stands_out() -> None:
    points = [(float(step), math.sin(step / 900)) for step in range(100_000)]
    points[31_007], points[77_777] = (31_007.0, 9.0), (77_777.0, -9.0)
    kept = thinned(points)
    assert len(kept) == MOST_POINTS
    assert set(kept) <= set(points)
    assert list(kept) == sorted(kept)
    assert {points[0], points[31_007], points[77_777], points[-1]} <= set(kept)
    assert thinned(points[:MOST_POINTS]) == tuple(points[:MOST_POINTS])
    assert thinned([(1.0, 2.0)] * 5, 4) == ((1.0, 2.0),) * 3


def test_the_sign_of_a_goal() -> None:
    assert (Metric("m", "maximize").sign, Metric("m", "minimize").sign) == (1, -1)
