import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comments import render
from bot.core.charts import (
    MARKS,
    MOST_POINTS,
    Curve,
    aligned,
    band,
    beyond,
    evenly,
    finite,
    history,
    mean_curve,
    quoted,
    sparkline,
    xychart,
)
from tests.bot.examples import EXAMPLES
from tests.bot.examples.team import HIGH, INSIDE, LOW, WINNING, curve

CURVE = st.lists(
    st.tuples(st.integers(0, 10_000), st.floats(-1e6, 1e6)), min_size=1, max_size=80
).map(finite)


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([], ""),
        ([0.5], "▄"),
        ([2, 2, 2], "▄▄▄"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1, 0], "█▁"),
        ([math.nan, math.inf], ""),
        ([0, math.nan, 1], "▁█"),
        (range(100), "▁▂▃▃▄▅▆▆▇█"),
    ],
)
def test_a_sparkline_shows_the_shape(values: list[float], marks: str) -> None:
    assert sparkline(values) == marks


@given(st.lists(st.floats(), max_size=50))
def test_a_sparkline_is_at_most_ten_marks(values: list[float]) -> None:
    assert len(sparkline(values)) <= 10
    assert set(sparkline(values)) <= set(MARKS)


def test_curves_meet_on_all_steps_that_they_share_the_range_of() -> None:
    steps, columns = aligned([[(0, 0), (10, 10)], [(5, 1), (8, 1), (20, 1)], []])
    assert steps == [5, 8, 10]
    assert columns == [[5, 1], [8, 1], [10, 1]]


def test_mean_and_band_of_several_seeds() -> None:
    curves = [[(1, 0.1), (2, 0.2)], [(1, 0.3), (2, 0.8)], [(1, 0.2), (2, math.nan), (2, 0.5)]]
    assert mean_curve(curves) == ((1, pytest.approx(0.2)), (2, pytest.approx(0.5)))
    assert band(curves) == (((1, 0.1), (2, 0.2)), ((1, 0.3), (2, 0.8)))


def test_curves_that_never_meet_have_no_mean() -> None:
    assert mean_curve([[(0, 1)], [(5, 1)]]) == ()
    assert band([]) == ((), ())


@given(CURVE, st.integers(4, MOST_POINTS))
def test_thinning_out_keeps_ends_and_extremes(points: Curve, n: int) -> None:
    thin = evenly(points, n)
    values = [value for _, value in thin]
    assert len(thin) == (n if len(points) > 1 else 1)
    assert (thin[0][0] if len(points) > 1 else points[0][0], thin[-1]) == (points[0][0], points[-1])
    if len(points) > 1:
        assert min(values) == pytest.approx(min(v for _, v in points), rel=1e-9, abs=1e-9)
        assert max(values) == pytest.approx(max(v for _, v in points), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (WINNING, "above the baseline's band from step 16 on"),
        (INSIDE, "inside the baseline's band all the way"),
        (tuple(v + 1 for v in HIGH), "above the baseline's band all the way"),
        (tuple(v - 1 for v in LOW), "below the baseline's band all the way"),
        ((0.0, *INSIDE[1:]), "inside the baseline's band at the end"),
        ((*INSIDE[:-1], 0.0), "below the baseline's band from step 40 on"),
    ],
)
def test_where_a_curve_ran(values: tuple[float, ...], words: str) -> None:
    assert beyond(curve(values), curve(LOW), curve(HIGH)) == words


def test_without_a_band_there_is_nothing_to_say() -> None:
    assert beyond(curve(WINNING), (), ()) == ""
    assert beyond((), curve(LOW), curve(HIGH)) == ""


STRING = r'"[^"`;%{}<>\n]*"'
NUMBER = r"-?\d+(?:\.\d+)?"
NUMBERS = rf"\[{NUMBER}(?:, {NUMBER})*\]"
CHART = re.compile(
    r"```mermaid\n"
    r"%%\{init: (?P<settings>\{.*\})\}%%\n"
    r"xychart-beta\n"
    rf"  x-axis (?:{STRING} {NUMBER} --> {NUMBER}|\[{STRING}(?:, {STRING})*\])\n"
    rf"  y-axis {STRING} {NUMBER} --> {NUMBER}\n"
    rf"(?P<lines>(?:  line (?:{STRING} )?{NUMBERS}\n)+)"
    r"```"
)


def checked(chart: str) -> list[list[float]]:
    """The lines of a chart that mermaid can read."""
    found = CHART.fullmatch(chart)
    assert found, chart
    lines = [
        [float(value) for value in line.rpartition("[")[2].rstrip("]").split(", ")]
        for line in found["lines"].strip("\n").split("\n")
    ]
    theme = json.loads(found["settings"])["themeVariables"]["xyChart"]
    assert len(theme["plotColorPalette"].split(", ")) == len(lines)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= MOST_POINTS
    return lines


def test_a_chart_on_common_even_steps_shows_every_value() -> None:
    lines = {"low": curve(LOW), "high": curve(HIGH), "mean": curve(WINNING)}
    assert checked(xychart("val/dice", lines, "WIN")) == [list(LOW), list(HIGH), list(WINNING)]


def test_a_long_curve_begins_at_a_fifth_and_keeps_its_peak() -> None:
    peak = [(float(i), 9.0 if i == 333 else 0.1 if i < 100 else 0.5) for i in range(501)]
    chart = xychart("m", {"mean": peak}, "LOSS")
    (line,) = checked(chart)
    assert 'x-axis "step" 100 --> 500' in chart
    assert max(line) == 9
    assert min(line) == 0.5


def test_a_chart_covers_what_its_curves_share() -> None:
    lines = {"baseline": [(0, 1), (10, 2), (20, 3)], "this PR": [(10, 5), (20, 6), (30, 7)]}
    chart = xychart("m", lines, "LOSS")
    assert 'x-axis "step" 10 --> 20' in chart
    assert checked(chart) == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    "lines", [{}, {"a": ()}, {"a": ((1, 1),)}, {"a": ((1, 1),), "b": ((2, 1),)}]
)
def test_there_is_no_chart_of_less_than_two_steps(
    lines: dict[str, Curve],
) -> None:
    assert xychart("m", lines, "WIN") == ""


@given(st.text(max_size=80), st.text(max_size=20), CURVE, CURVE)
def test_no_name_and_no_value_breaks_a_chart(metric: str, label: str, a: Curve, b: Curve) -> None:
    if chart := xychart(metric, {label: a, "this PR": b}, "UNDECIDED"):
        checked(chart)


def test_a_metric_name_is_quoted() -> None:
    assert quoted('a"b`c\n%%{x}') == '"a_b_c____x_"'
    assert quoted("val/acc (top 1)") == '"val/acc (top 1)"'


def test_the_history_of_baselines() -> None:
    chart = history("m", {"baseline-v1": 0.8, "baseline-v2": math.nan, "baseline-v3": 0.9})
    assert '["v1", "v3"]' in chart
    assert checked(chart) == [[0.8, 0.9]]
    assert history("m", {"baseline-v1": 0.8}) == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_chart_in_a_reply_can_be_drawn(name: str) -> None:
    for chart in re.findall(r"```mermaid\n.*?```", render(EXAMPLES[name]), re.DOTALL):
        assert len(checked(chart)) <= 3
