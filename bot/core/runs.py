"""What W&B says about a run, and the one number that it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TypeGuard

from bot.core.attempt import RunState
from bot.core.metric import LARGEST, Goal, Metric, Value
from bot.core.quoting import code
from bot.errors import UserError

Point = tuple[float, float]
"""Step and value."""


@dataclass(frozen=True)
class ObservedRun:
    """One run, as W&B has it now."""

    id: str
    state: RunState
    commit: str | None = None
    summary: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    """What the run logged as its configuration, flattened to dotted names."""
    seconds: float | None = None
    step: int | None = None
    heard: float | None = None
    """Its last sign of life, in seconds since the epoch."""


MOST_POINTS = 400
"""Enough for any chart; a report and a baseline's asset hold several curves of each seed."""


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most so many of a curve's points: its ends, and every stretch's lowest and highest.

    Args:
        points: in the order of their steps, with finite values.
        most: at least 4.
    """
    if len(points) <= most:
        return tuple(points)
    inner, stretches = points[1:-1], (most - 2) // 2
    kept = [points[0]]
    for number in range(stretches):
        first = number * len(inner) // stretches
        stretch = inner[first : (number + 1) * len(inner) // stretches]
        kept += sorted({min(stretch, key=itemgetter(1)), max(stretch, key=itemgetter(1))})
    return (*kept, points[-1])


KEPT: Mapping[tuple[Value, Goal], tuple[str, ...]] = {
    ("best", "maximize"): ("max", "best"),
    ("best", "minimize"): ("min", "best"),
    ("last", "maximize"): ("last",),
    ("last", "minimize"): ("last",),
}
"""What `define_metric(summary="max,last")` makes of a summary: a mapping of such numbers, which
W&B has taken over every value."""


def recorded(metric: Metric, run: ObservedRun) -> float | None:
    """The best or the last value, where the run's summary keeps it by itself."""
    summary = run.summary.get(metric.name)
    kept: Mapping[str, object] = summary if isinstance(summary, Mapping) else {}
    names = KEPT.get((metric.value, metric.goal), ())
    return next((float(v) for name in names if is_finite(v := kept.get(name))), None)


def number_of(metric: Metric, run: ObservedRun, curve: Sequence[Point]) -> float | None:
    """The one finite number that a run stands for; None if it has none.

    What is not finite at the end is not made good by a point before it.
    """
    found = _chosen(metric, run, curve)
    return float(found) if is_finite(found) else None


def value_of(metric: Metric, run: ObservedRun, curve: Sequence[Point]) -> float:
    """The one number that a run stands for.

    Raises:
        UserError: the run logged no finite number under that name.
    """
    found = _chosen(metric, run, curve)
    if not is_finite(found):
        shown = "nothing" if found is None else code(str(found))
        raise UserError(
            f"Run {code(run.id)} finished, but logged {shown} as {code(metric.name)}: a verdict "
            "needs one finite number. Log it in the training program, or name another metric in "
            "`.github/labhand.yml`."
        )
    return float(found)


def _chosen(metric: Metric, run: ObservedRun, curve: Sequence[Point]) -> object:
    summary = run.summary.get(metric.name)
    ended = summary.get("last", 0) if isinstance(summary, Mapping) else summary
    if metric.value == "summary" or not is_finite(ended):
        return summary
    if (kept := recorded(metric, run)) is not None:
        return kept
    if not curve:
        return summary
    if metric.value == "last":
        return curve[-1][1]
    pick = max if metric.goal == "maximize" else min
    return pick((value for _, value in curve if is_finite(value)), default=None)


def is_finite(value: object) -> TypeGuard[float]:
    """Whether W&B gave a number that can be counted with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
