"""Two arms side by side: the lines of a report's table, and whether they may be compared at all."""

from collections.abc import Mapping, Sequence

import yaml

from bot.core.baseline import Baseline, SeedResult
from bot.core.experiment import Attempt
from bot.core.runs import ObservedRun
from bot.core.verdict import ALPHA, Interval, Sample, signed, welch
from bot.errors import UserError
from bot.handlers.measure import guard_metrics
from bot.ports import World
from bot.replies import MetricRow, RunRow

GUARD_ALPHA = 0.025
"""Guards are shown with a two-sided 95% interval."""


def mismatch(attempt: Attempt, observed: Mapping[str, ObservedRun]) -> str:
    """Say which run trained something else than what was asked; empty if none did."""
    for run in attempt.runs:
        seen = observed.get(run.id)
        if seen is None:
            return f"Seed {run.seed} is gone from W&B."
        if seen.commit and seen.commit != attempt.commit:
            return f"Seed {run.seed} trained `{seen.commit[:7]}`, not what was asked."
        for name, asked in attempt.overrides.items():
            if name in seen.config and not _same(seen.config[name], asked):
                return (
                    f"Seed {run.seed} was asked for `{name}={asked}` and trained with "
                    f"`{seen.config[name]}`."
                )
    return ""


def _same(logged: object, asked: str) -> bool:
    try:
        return float(str(logged)) == float(asked)
    except ValueError:
        pass
    if str(logged) == asked:
        return True
    try:
        return bool(logged == yaml.safe_load(asked))
    except yaml.YAMLError:
        return False


def confirmed(world: World, baseline: Baseline, results: Sequence[SeedResult]) -> Interval:
    """The difference on held-out seeds, at a one-sided 5%: it is asked once only."""
    return welch(sample(results, world.config.metric.name), reference(world, baseline), ALPHA)


def primary_row(world: World, before: Sample | None, found: Sample, alpha: float) -> MetricRow:
    """The line of the metric that decides."""
    metric = world.config.metric
    interval = welch(found, before, alpha) if before and alpha > 0 else None
    return MetricRow(metric.name, metric.goal, before, found, interval, None, None)


def guard_rows(
    world: World, baseline: Baseline | None, results: Sequence[SeedResult]
) -> tuple[MetricRow, ...]:
    """The lines of the metrics that may not get worse."""
    rows = []
    for metric in guard_metrics(world.config):
        limit = world.config.guards[metric.name].limit
        found = sample(results, metric.name) if _all(results, metric.name) else None
        values = baseline.values(metric.name) if baseline else ()
        before = Sample(values) if len(values) > 1 else None
        interval = welch(found, before, GUARD_ALPHA) if found and before else None
        holds = None
        if interval and before:
            gain = signed(interval, metric.sign)
            most = float(limit.rstrip("%"))
            most = most / 100 * abs(before.mean) if limit.endswith("%") else most
            holds = True if -gain.lower <= most else False if -gain.upper > most else None
        rows.append(MetricRow(metric.name, metric.goal, before, found, interval, limit, holds))
    return tuple(rows)


def run_rows(metric: str, results: Sequence[SeedResult]) -> tuple[RunRow, ...]:
    """Finished seeds with their value."""
    return tuple(
        RunRow(
            seed=r.seed,
            state="finished",
            url=r.url,
            step=int(r.curve[-1][0]) if r.curve else None,
            value=r.values.get(metric),
        )
        for r in results
    )


def sample(results: Sequence[SeedResult], metric: str) -> Sample:
    """One metric over the seeds."""
    return Sample(tuple(r.values[metric] for r in results))


def _all(results: Sequence[SeedResult], metric: str) -> bool:
    return len(results) > 1 and all(metric in r.values for r in results)


def reference(world: World, baseline: Baseline) -> Sample:
    """The primary metric of a baseline's seeds.

    Raises:
        UserError: it holds none, because the configuration names another metric now.
    """
    values = baseline.values(world.config.metric.name)
    if len(values) < 2:
        raise UserError(
            f"{baseline.tag} holds no values of `{world.config.metric.name}`. "
            "Measure a new baseline with `/baseline`."
        )
    return Sample(values)
