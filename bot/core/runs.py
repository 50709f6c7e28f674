"""What W&B says about a run, and the one number that it stands for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

from bot.core.experiment import RunState
from bot.errors import UserError

Value = Literal["best", "last", "summary"]
Goal = Literal["maximize", "minimize"]
Point = tuple[float, float]
"""Step and value."""


@dataclass(frozen=True)
class Metric:
    """What decides, or may not get worse."""

    name: str
    goal: Goal
    value: Value = "summary"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.goal == "maximize" else -1


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


def value_of(metric: Metric, run: ObservedRun, curve: Sequence[Point]) -> float:
    """The one number that a run stands for.

    Raises:
        UserError: the run logged no finite number under that name.
    """
    summary = run.summary.get(metric.name)
    if metric.value == "summary" or not curve or not _is_number(summary):
        found = summary  # what is not finite at the end is not made good by a point before it
    elif metric.value == "last":
        found = curve[-1][1]
    else:
        pick = max if metric.goal == "maximize" else min
        finite = [value for _, value in curve if math.isfinite(value)]
        found = pick(finite) if finite else None
    if not _is_number(found):
        shown = "nothing" if found is None else f"`{found}`"
        raise UserError(
            f"Run `{run.id}` finished, but logged {shown} as `{metric.name}`: a verdict needs one "
            f"finite number. Log it in the training program, or name another metric in "
            f"`.github/labhand.yml`."
        )
    return float(found)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
