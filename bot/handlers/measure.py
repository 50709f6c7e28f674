"""Read back from W&B what the runs of an attempt gave."""

import math
from collections.abc import Mapping

from bot.config import Config
from bot.core.baseline import SeedResult
from bot.core.experiment import Attempt, Run
from bot.core.runs import Metric, ObservedRun, value_of
from bot.errors import UserError
from bot.ports import World


def measure(
    world: World, attempt: Attempt, observed: Mapping[str, ObservedRun]
) -> tuple[SeedResult, ...]:
    """Read the metric, its curve and the guards of every run.

    Raises:
        UserError: a run is gone, or logged no finite number for the metric that decides.
    """
    for run in attempt.runs:
        if run.id not in observed:
            raise UserError(f"Run `{run.id}` (seed {run.seed}) is gone from W&B.")
    return tuple(_seed(world, run, observed[run.id]) for run in attempt.runs)


def guard_metrics(config: Config) -> tuple[Metric, ...]:
    """The metrics that may not get worse, by the value that the run wrote into its summary."""
    return tuple(Metric(name, guard.goal) for name, guard in config.guards.items())


def _seed(world: World, run: Run, seen: ObservedRun) -> SeedResult:
    primary = world.config.primary
    curve = world.tracker.curve(run.id, primary.name)
    values = {primary.name: value_of(primary, seen, curve)}
    for metric in guard_metrics(world.config):
        number = seen.summary.get(metric.name)
        if isinstance(number, int | float) and math.isfinite(number):
            values[metric.name] = float(number)
    return SeedResult(
        seed=run.seed, run=run.id, url=world.tracker.run_url(run.id), values=values, curve=curve
    )
