"""Charts as text: sparklines for a table cell, and mermaid blocks for what stands in a fold."""

import json
import math
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import itemgetter

from bot.core.metric import LARGEST
from bot.core.runs import Point

MARKS = "▁▂▃▄▅▆▇█"
FLAT = "▄"
SPARKS = 10
MOST_POINTS = 40
FEWEST_POINTS = 8
MOST_LETTERS = 32
"""As many stand upright beside a chart of the height below."""
GREY, BLUE, AMBER, RED = "#8c959f", "#218bff", "#bf8700", "#e5534b"
"""Each stands out from white and from GitHub's dark page alike: 3 to 1 at least."""
COLOURS: Mapping[str, tuple[str, str]] = {
    "WIN": (BLUE, "Blue"),
    "LOSS": (RED, "Red"),
    "UNDECIDED": (AMBER, "Amber"),
    "INVALID": (AMBER, "Amber"),
    "NOT_COMPARABLE": (AMBER, "Amber"),
}
"""Outcome to its line's colour, and the word for it."""
LAYOUT = {"width": 500, "height": 300, "showLegend": False, "yAxis": {"labelPadding": 15}}
"""Small enough to be read where a phone scales it down: mermaid measures its text behind that, so
the labels need room and a legend would be cut off. The text under the chart names the lines."""

Curve = tuple[Point, ...]


def sparkline(values: Sequence[float]) -> str:
    """Draw values as at most ten marks between their own lowest and highest; flat lines halfway."""
    curve = finite(enumerate(values))
    if not curve:
        return ""
    shown = [value for _, value in evenly(curve, min(SPARKS, len(curve)))]
    low, high = min(shown), max(shown)
    if low == high:
        return FLAT * len(shown)
    top = len(MARKS) - 1
    return "".join(MARKS[round((value - low) / (high - low) * top)] for value in shown)


def mean_curve(curves: Sequence[Sequence[Point]]) -> Curve:
    """The mean of several seeds' curves, on the steps that `aligned` gives."""
    steps, columns = aligned(curves)
    return tuple((s, math.fsum(c) / len(c)) for s, c in zip(steps, columns, strict=True))


def band(curves: Sequence[Sequence[Point]]) -> tuple[Curve, Curve]:
    """The lowest and the highest of several seeds' curves, on the steps that `aligned` gives."""
    steps, columns = aligned(curves)
    pairs = list(zip(steps, columns, strict=True))
    return tuple((s, min(c)) for s, c in pairs), tuple((s, max(c)) for s, c in pairs)


def aligned(curves: Sequence[Sequence[Point]]) -> tuple[list[float], list[list[float]]]:
    """Put curves on common steps.

    The steps are all that any curve has, from the last first one to the first last one; between
    its own steps a curve is taken as straight. NaN and infinity are left out before.

    Returns:
        The steps, and for each step one value per curve; both empty if the curves do not overlap.
    """
    known = [curve for curve in map(finite, curves) if curve]
    if not known:
        return [], []
    first, last = max(c[0][0] for c in known), min(c[-1][0] for c in known)
    steps = sorted({step for c in known for step, _ in c if first <= step <= last})
    return steps, [[at(curve, step) for curve in known] for step in steps]


def finite(points: Sequence[Point] | enumerate[float]) -> Curve:
    """A curve's points whose value is finite, in the order of their steps; the last one of each."""
    return tuple(sorted({float(s): v for s, v in points if abs(v) < LARGEST}.items()))


def at(curve: Curve, step: float) -> float:
    """The value of a curve at a step inside its range, straight between its points."""
    right = min(bisect_left(curve, (step, -math.inf)), len(curve) - 1)
    (x1, y1) = curve[right]
    if step >= x1 or right == 0:
        return y1
    (x0, y0) = curve[right - 1]
    return y0 + (y1 - y0) * (step - x0) / (x1 - x0)


def evenly(curve: Curve, points: int) -> Curve:
    """Thin a curve out to evenly spaced steps, and keep its ends, its lowest and its highest."""
    first, last = curve[0][0], curve[-1][0]
    if points < 2 or first == last:
        return curve[-1:]
    gap = (last - first) / (points - 1)
    steps = [first + i * gap for i in range(points - 1)] + [last]
    values = [at(curve, step) for step in steps]
    free = set(range(1, points - 1))
    for pick in (min, max):
        step, value = pick(curve, key=itemgetter(1))
        if free and step not in (first, last):
            nearest = min(free, key=lambda i: abs(steps[i] - step))
            values[nearest] = value
            free.remove(nearest)
    return tuple(zip(steps, values, strict=True))


def beyond(curve: Curve, low: Curve, high: Curve) -> str:
    """Say where a curve ran, seen from the baseline's band; empty if there is no simple word."""
    if not (curve and low and high):
        return ""
    steps, columns = aligned([curve, low, high])
    sides = [(value > top) - (value < bottom) for value, bottom, top in columns]
    if not sides:
        return ""
    if not any(sides):
        return "inside the baseline's band all the way"
    if sides[-1] == 0:
        return "inside the baseline's band at the end"
    start = len(sides)
    while start and sides[start - 1] == sides[-1]:
        start -= 1
    where = f"from step {steps[start]:,.0f} on" if start else "all the way"
    return f"{'above' if sides[-1] > 0 else 'below'} the baseline's band {where}"


def xychart(
    metric: str, lines: Mapping[str, Sequence[Point]], outcome: str, x_label: str = "step"
) -> str:
    """Draw up to three curves as a mermaid block.

    Mermaid spreads a line's values evenly over the whole axis, so all lines are put on the same
    evenly spaced steps. The first fifth is left out where enough remains: what a model learns in
    its first steps dwarfs every difference between two runs.

    Args:
        metric: untrusted; what would break mermaid's strings is replaced.
        lines: label to curve; the last is drawn in the outcome's colour, those before it in grey.
        outcome: a key of `COLOURS`.
        x_label: what a step is.

    Returns:
        The fenced block; empty if the curves have fewer than two steps in common.
    """
    curves = {label: c for label, line in lines.items() if (c := finite(line))}
    steps, _ = aligned(list(curves.values()))
    late = [step for step in steps if step >= steps[0] + (steps[-1] - steps[0]) / 5]
    steps = late if len(late) >= FEWEST_POINTS else steps
    if len(steps) < 2 or steps[0] == steps[-1]:
        return ""
    gaps = {round(b - a, 9) for a, b in pairwise(steps)}
    points = len(steps) if len(gaps) == 1 and len(steps) <= MOST_POINTS else MOST_POINTS
    drawn = {label: _between(c, steps[0], steps[-1], points) for label, c in curves.items()}
    colours = [GREY] * (len(drawn) - 1) + [COLOURS[outcome][0]]
    x_axis = f"{quoted(x_label)} {steps[0]:.10g} --> {steps[-1]:.10g}"
    return _block(metric, x_axis, drawn, colours)


def history(metric: str, values: Mapping[str, float]) -> str:
    """Draw one value per name, oldest first, as a mermaid block; empty for fewer than two."""
    known = {name: value for name, value in values.items() if math.isfinite(value)}
    if len(known) < 2:
        return ""
    names = ", ".join(quoted(name.removeprefix("baseline-")) for name in known)
    drawn = {"": list(known.values())}
    return _block(metric, f"[{names}]", drawn, [BLUE])


def quoted(text: str, limit: int = 60) -> str:
    """Write a mermaid string; whatever could end it or mean something to mermaid becomes `_`."""
    safe = re.sub(r"[^\w ./()+,=-]", "_", text)[:limit]
    return f'"{safe}"'


def _between(curve: Curve, first: float, last: float, points: int) -> list[float]:
    inner = tuple(point for point in curve if first < point[0] < last)
    cut = ((first, at(curve, first)), *inner, (last, at(curve, last)))
    return [value for _, value in evenly(cut, points)]


def _block(
    metric: str, x_axis: str, lines: Mapping[str, Sequence[float]], colours: list[str]
) -> str:
    values = [value for line in lines.values() for value in line]
    low, high = min(values), max(values)
    width = high - low or abs(high) or 1.0
    decimals = max(0, 2 - math.floor(math.log10(width)))
    theme = {"backgroundColor": "transparent", "plotColorPalette": ", ".join(colours)}
    settings = {"xyChart": LAYOUT, "themeVariables": {"xyChart": theme}}
    bounds = [f"{y:.{decimals}f}" for y in (low - width / 20, high + width / 20)]
    drawn = [
        f"  line {quoted(label) + ' ' if label else ''}"
        f"[{', '.join(f'{value:.{decimals}f}' for value in line)}]"
        for label, line in lines.items()
    ]
    return "\n".join(
        [
            "```mermaid",
            f"%%{{init: {json.dumps(settings)}}}%%",
            "xychart-beta",
            f"  x-axis {x_axis}",
            f"  y-axis {quoted(metric, MOST_LETTERS)} {' --> '.join(bounds)}",
            *drawn,
            "```",
        ]
    )
