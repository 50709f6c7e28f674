"""Read back from W&B what the runs of an attempt gave."""

import logging
from collections.abc import Mapping

from bot.core.attempt import Attempt, Run
from bot.core.baseline import SeedResult
from bot.core.comparability import effort
from bot.core.examples import KEY, kept
from bot.core.metric import Metric
from bot.core.rules import Rules
from bot.core.runs import ObservedRun, number_of, recorded, value_of
from bot.errors import UserError
from bot.ports import World

log = logging.getLogger(__name__)


def measure(
    world: World, rules: Rules, attempt: Attempt, observed: Mapping[str, ObservedRun]
) -> tuple[SeedResult, ...]:
    """Read what decides, with its curves, and the guards of every run, in one request for each.

    Raises:
        UserError: a run is gone, or logged no finite number for the metric that decides.
    """
    for run in attempt.runs:
        if run.id not in observed:
            raise UserError(f"Run `{run.id}` (seed {run.seed}) is gone from W&B.")
    return tuple(_seed(world, rules, run, observed[run.id]) for run in attempt.runs)


def _seed(world: World, rules: Rules, run: Run, seen: ObservedRun) -> SeedResult:
    """One run's numbers; what a summary keeps by itself needs no whole curve, however long."""
    primary, others = rules.primary, {m.name: m.metric for m in rules.deciding[1:]}
    metrics = {**others, **{m.name: m for m in rules.guard_metrics}}
    guards = {n: m for n, m in metrics.items() if m.value != "summary"}
    drawn = {primary.name: primary, **others, **guards}
    whole = [n for n, m in drawn.items() if m.value != "summary" and recorded(m, seen) is None]
    curves = world.tracker.curves(run.id, tuple(drawn), whole)
    found = {n: number_of(m, seen, curves.get(n, ())) for n, m in metrics.items()}
    curve = curves.get(primary.name, ())
    values = {primary.name: value_of(primary, seen, curve)}
    values |= {name: number for name, number in found.items() if number is not None}
    return SeedResult(
        seed=run.seed,
        run=run.id,
        url=world.tracker.run_url(run.id),
        values=values,
        curve=curve,
        curves={name: curves.get(name, ()) for name in others},
        effort=effort(seen),
        examples=_examples(primary, seen, values[primary.name]),
    )


def _examples(metric: Metric, seen: ObservedRun, value: float) -> str:
    """What the number is the mean of; a report does without what cannot be used."""
    try:
        return kept(seen.summary.get(KEY.format(metric.name)), value)
    except ValueError as error:
        log.info("run %s: its results by example are not used: %s", seen.id, error)
        return ""
