"""What an experiment is judged by: said in the configuration, frozen at its first launch."""

import math
import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field

from bot.core.interval import Method
from bot.core.metric import Goal, Metric, Value
from bot.core.record import Record


def _worth(value: object) -> object:
    """What may be asked of a gain.

    Raises:
        ValueError: it is neither a number above 0 nor such a share.
    """
    shown = str(value)
    try:
        amount = float(shown.removesuffix("%"))
    except ValueError:
        amount = 0.0
    if not 0 < amount < math.inf:
        raise ValueError("a number above 0 is meant, or a share of the baseline such as `0.5%`")
    return shown if shown.endswith("%") else amount


def _limit(value: object) -> str:
    """By how much a guard may get worse.

    Raises:
        ValueError: it is neither a number from 0 up nor such a share.
    """
    shown = str(value)
    if not re.fullmatch(r"\d+(\.\d+)?(e[+-]?\d+)?%?", shown):
        raise ValueError("a number from 0 up is meant, or a share of the baseline such as `15%`")
    return shown


class PrimaryMetric(Record):
    """What decides verdicts."""

    name: str = Field(min_length=1)
    """As the runs log it."""
    goal: Goal
    """Which way is better."""
    value: Value
    """Which number of a run counts: of its best step, of its last, or what stands in its summary.
    Take `best` only if you would keep the best checkpoint."""
    min_effect: Annotated[float | str, BeforeValidator(_worth)]
    """The smallest gain that is worth a merge: in the metric's unit, or such as `0.5%` of the
    baseline's mean. Below it a change is a LOSS."""

    @property
    def metric(self) -> Metric:
        """The metric without what is asked of it."""
        return Metric(self.name, self.goal, self.value)


class Alternative(Record):
    """A further metric by which a change may win. A WIN takes one of them, and none that is worse.

    They share the allowed 5% of false wins with `metric`, so that each finds less: name few.
    """

    goal: Goal
    """Which way is better."""
    value: Value
    """Which number of a run counts, as for the metric."""
    min_effect: Annotated[float | str, BeforeValidator(_worth)]
    """The smallest gain that is worth a merge, as for the metric."""


class Guard(Record):
    """A metric that may not get worse by more than its limit: a number, or a share such as 15%."""

    goal: Goal
    """Which way is better."""
    limit: Annotated[str, BeforeValidator(_limit)]
    """By how much it may get worse: in its own unit, or such as `15%` of the baseline's mean."""
    value: Value = "summary"
    """Which number of a run counts, as for the metric."""


class Rules(Record):
    """Metric, guards, and what an experiment may not edit."""

    metric: PrimaryMetric
    alternatives: dict[str, Alternative] = Field(default_factory=dict)
    guards: dict[str, Guard] = Field(default_factory=dict)
    judge_paths: tuple[str, ...] = ()
    method: Method = "welch"
    """How the arms are compared, chosen from what was known before the first look."""
    most_seeds: int | None = None
    """At the last look that is planned."""

    @property
    def primary(self) -> Metric:
        """The metric that decides, or that leads where several may."""
        return self.metric.metric

    @property
    def deciding(self) -> tuple[PrimaryMetric, ...]:
        """All metrics of which any may win, the one that leads first."""
        others = self.alternatives.items()
        return (self.metric, *(PrimaryMetric(name=name, **dict(each)) for name, each in others))

    def led_by(self, name: str) -> Self:
        """The same rules with another of the metrics that may win in the lead."""
        by_name = {each.name: each for each in self.deciding}
        lead = by_name.pop(name)
        others = {
            other: Alternative(goal=each.goal, value=each.value, min_effect=each.min_effect)
            for other, each in by_name.items()
        }
        return self.but(metric=lead, alternatives=others)

    @property
    def guard_metrics(self) -> tuple[Metric, ...]:
        """The metrics that may not get worse."""
        return tuple(Metric(name, g.goal, g.value) for name, g in self.guards.items())


def changes(frozen: Rules, now: Rules) -> tuple[str, ...]:
    """Say in which points a configuration has left the rules of a running experiment.

    How the arms are compared is not configured.
    """
    before, after = _points(frozen), _points(now)
    return tuple(
        f"{name}: {before.get(name, 'none')} → {after.get(name, 'none')}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )


def _points(rules: Rules) -> dict[str, str]:
    primary = rules.metric
    return {
        "metric": primary.name,
        "goal": primary.goal,
        "value": primary.value,
        "min_effect": _effect(primary.min_effect),
        **{
            f"alternative {name}": f"{a.goal}, {a.value}, min_effect {_effect(a.min_effect)}"
            for name, a in rules.alternatives.items()
        },
        **{
            f"guard {name}": f"{guard.goal}, {guard.value}, limit {guard.limit}"
            for name, guard in rules.guards.items()
        },
        "judge": ", ".join(rules.judge_paths) or "none",
    }


def _effect(effect: float | str) -> str:
    return f"{effect:g}" if isinstance(effect, float) else effect
