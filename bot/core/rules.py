"""What an experiment is judged by: said in the configuration, frozen at its first launch."""

import math
from typing import Annotated

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


class Guard(Record):
    """A metric that may not get worse by more than its limit: a number, or a share such as 15%."""

    goal: Goal
    """Which way is better."""
    limit: Annotated[str, BeforeValidator(str), Field(pattern=r"^\d+(\.\d+)?%?$")]
    """By how much it may get worse: in its own unit, or such as `15%` of the baseline's mean."""
    value: Value = "summary"
    """Which number of a run counts, as for the metric."""


class Rules(Record):
    """Metric, guards, and what an experiment may not edit."""

    metric: PrimaryMetric
    guards: dict[str, Guard] = Field(default_factory=dict)
    judge_paths: tuple[str, ...] = ()
    method: Method = "welch"
    """How the arms are compared, chosen from what was known before the first look."""
    most_seeds: int | None = None
    """At the last look that is planned."""

    @property
    def primary(self) -> Metric:
        """The metric that decides."""
        return self.metric.metric

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
    primary, effect = rules.metric, rules.metric.min_effect
    return {
        "metric": primary.name,
        "goal": primary.goal,
        "value": primary.value,
        "min_effect": f"{effect:g}" if isinstance(effect, float) else effect,
        **{
            f"guard {name}": f"{guard.goal}, {guard.value}, limit {guard.limit}"
            for name, guard in rules.guards.items()
        },
        "judge": ", ".join(rules.judge_paths) or "none",
    }
