import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.metric import Goal, Metric, Value
from bot.core.runs import MOST_POINTS, ObservedRun, Point, number_of, thinned, value_of
from bot.errors import UserError

CURVE: tuple[Point, ...] = ((1, 0.5), (2, 0.9), (3, math.nan), (4, 0.8))
CURVES = st.dictionaries(st.integers(0, 10_000), st.floats(-1e6, 1e6), min_size=1, max_size=80).map(
    lambda points: sorted(points.items())
)
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


@pytest.mark.parametrize("length", [1, 2, 399, 400, 401, 10_000, 1_000_000])
def test_a_curve_of_any_length_keeps_ends_and_extremes(length: int) -> None:
    low, high = length // 3, length // 2
    points = [(float(step), math.sin(step / 999)) for step in range(length)]
    if length > 2:
        points[low], points[high] = (float(low), -7.0), (float(high), 7.0)
    kept = thinned(points)
    assert len(kept) == min(length, MOST_POINTS)
    assert list(kept) == sorted(set(kept) & set(points))
    assert {points[0], points[-1], points[low], points[high]} <= set(kept)


@given(CURVES, st.integers(4, 40))
def test_a_short_curve_stays_and_a_long_one_keeps_what_stands_out(
    points: list[Point], most: int
) -> None:
    kept = thinned(points, most)
    assert kept == tuple(points) if len(points) <= most else len(kept) <= most
    for pick in (min, max):
        assert pick(value for _, value in kept) == pick(value for _, value in points)


def test_stretches_without_any_spread_leave_one_point() -> None:
    assert thinned([(1.0, 2.0)] * 5, 4) == ((1.0, 2.0),) * 3
