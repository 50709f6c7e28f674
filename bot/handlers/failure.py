"""A seed failed, so there is no verdict: say what failed, where, and what would remedy it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.attempt import Attempt, Run
from bot.core.experiment import Experiment
from bot.core.results import RunRow
from bot.core.runs import ObservedRun
from bot.core.settings import read_settings
from bot.handlers import judging, progress
from bot.ports import World
from bot.replies import FailureReport


def failure(
    world: World, experiment: Experiment, observed: Mapping[str, ObservedRun]
) -> FailureReport:
    """Tell of the latest attempt's failed runs; the first of them gives reason and remedy."""
    attempt = experiment.latest
    assert attempt is not None
    left = [run for run in attempt.runs if run.state != "finished"]
    failed = attempt.failed
    aside = attempt.reserved
    records = {run.seed: world.tracker.failure(run.id) for run in failed}
    record, first = records[failed[0].seed], failed[0]
    metric = judging.led(world, experiment).metric.name
    rows = progress.rows(world, metric, attempt, observed)
    known = _settings(world, attempt)
    return FailureReport(
        title=experiment.title,
        commit=attempt.commit,
        attempt=attempt.number,
        runs=tuple(
            replace(row, step=records[row.seed].step) if row.seed in records else row
            for row in rows
        ),
        failed_seeds=tuple(run.seed for run in failed),
        left_seeds=tuple(run.seed for run in left),
        kind=_kind(first, record.kind),
        message=record.message,
        step=record.step,
        why=record.why or _found(next(row for row in rows if row.seed == first.seed)),
        suggestion={k: (known[k], v) for k, v in record.suggestion.items() if k in known},
        price_of_left=aside.price_of(len(left)) if aside else None,
        price_of_all=aside.price_of(len(attempt.runs)) if aside else None,
        again=_again(attempt),
        last_lines=record.last_lines,
        log_url=f"{world.tracker.run_url(failed[0].id)}/logs",
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        workflow_url=world.environment.workflow_url,
    )


def _kind(run: Run, recorded: str) -> str:
    """The kind of failure; of a run that was stopped before it began W&B knows nothing."""
    if run.stop and not run.stop.by:
        return "stopped"
    return "killed" if run.stop and recorded == "missing" else recorded


def _found(row: RunRow) -> str:
    """What was found of a run that left no reason behind."""
    return f"stopped {row.note}" if row.state == "killed" and row.note else row.note


def _settings(world: World, attempt: Attempt) -> Mapping[str, str]:
    """The settings that `/fix` could change; none in an attempt that only repeats a commit."""
    path = world.config.train.config
    if path is None or attempt.purpose != "search":
        return {}
    text = world.forge.file(path, attempt.commit)
    return read_settings(text) if text else {}


def _again(attempt: Attempt) -> str:
    """The command that trains only what failed: the attempt it plans keeps what has finished."""
    match attempt.purpose:
        case "search":
            return "/launch only=failed"
        case "confirm":
            return "/merge"
        case "baseline":
            return f"/baseline seeds={len(attempt.runs)}"
