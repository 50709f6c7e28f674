"""An attempt is complete: say what came out, in a new comment."""

from collections.abc import Mapping, Sequence

import yaml

from bot.comments import render
from bot.core.baseline import Baseline, SeedResult
from bot.core.charts import band, mean_curve
from bot.core.experiment import Attempt, Experiment
from bot.core.ledger import Ledger
from bot.core.patch import matches
from bot.core.runs import ObservedRun
from bot.core.settings import read_settings
from bot.core.verdict import (
    ALPHA,
    Interval,
    Outcome,
    Sample,
    decide,
    information,
    signed,
    spent,
    welch,
)
from bot.errors import UserError
from bot.handlers import judging, progress
from bot.handlers.measure import guard_metrics, measure
from bot.ports import Change, World
from bot.replies import FailureReport, MetricRow, NotConfirmed, Report, RunRow

ENOUGH_SIDE = 0.025
"""Guards are shown with a two-sided 95% interval."""


def report(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Post the report of the latest attempt, fold the one before it, and write down the verdict."""
    attempt = experiment.latest
    assert attempt is not None
    observed = world.tracker.observe([run.id for run in attempt.runs])
    if any(run.state != "finished" for run in attempt.runs):
        return _say(world, ledger, experiment, "INVALID", failure(world, experiment, observed))
    results = measure(world, attempt, observed)
    assert attempt.baseline is not None
    baseline = judging.read(world, attempt.baseline)
    if attempt.purpose == "confirm":
        return _confirm(world, ledger, experiment, baseline, results)
    reply = judged(world, experiment, baseline, results, observed)
    return _say(world, ledger, experiment, reply.outcome, reply)


def _say(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    verdict: str,
    reply: Report | FailureReport | NotConfirmed,
) -> Ledger:
    attempt = experiment.latest
    assert attempt is not None
    for earlier in experiment.attempts[:-1]:
        if earlier.report_id:
            world.forge.minimize(earlier.report_id)
    posted = world.forge.say(experiment.place, f"report:{attempt.number}", render(reply))
    done = experiment.with_attempt(attempt.but(verdict=verdict, report_id=posted))
    observed = world.tracker.observe([run.id for run in attempt.runs])
    return ledger.put(progress.show(world, done, observed))


def _confirm(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    baseline: Baseline,
    results: Sequence[SeedResult],
) -> Ledger:
    """A win that comes back on held-out seeds is merged; otherwise say so."""
    attempt = experiment.latest
    assert attempt is not None
    interval = confirmed(world, baseline, results)
    if signed(interval, world.config.primary.sign).lower > 0:
        done = experiment.with_attempt(attempt.but(verdict="CONFIRMED")).but(phase="merging")
        return ledger.put(progress.show(world, done, {}))
    rows = run_rows(world.config.metric.name, results)
    reply = NotConfirmed(world.config.metric.name, interval, rows, baseline.tag)
    return _say(world, ledger, experiment, "NOT_CONFIRMED", reply)


def confirmed(world: World, baseline: Baseline, results: Sequence[SeedResult]) -> Interval:
    """The difference on held-out seeds, at a one-sided 5%: it is asked once only."""
    return welch(sample(results, world.config.metric.name), _of(baseline, world), ALPHA)


def judged(
    world: World,
    experiment: Experiment,
    baseline: Baseline,
    results: Sequence[SeedResult],
    observed: Mapping[str, ObservedRun],
) -> Report:
    """Compare an attempt with its baseline."""
    attempt = experiment.latest
    assert attempt is not None
    config = world.config
    metric, most = config.metric, judging.most_seeds(world)
    reference, found = _of(baseline, world), sample(results, metric.name)
    looks = experiment.looks(attempt)
    alpha = judging.alpha(world, experiment, attempt, reference.n)
    change = world.forge.compare(baseline.commit, attempt.commit)
    rows = (primary_row(world, reference, found, alpha), *guard_rows(world, baseline, results))
    outcome, why = _outcome(world, attempt, change, rows, observed, alpha)
    command, runs = _next(world, outcome, found.n, most)
    full = information(max(most, found.n), reference.n)
    return Report(
        outcome=outcome,
        title=experiment.title,
        commit=attempt.commit,
        baseline=baseline.tag,
        baseline_url=judging.release_url(world, baseline.tag),
        rows=rows,
        min_effect=metric.min_effect,
        next_command=command,
        next_minutes=judging.minutes(baseline, runs) if runs else None,
        why=why,
        runs=run_rows(metric.name, results),
        baseline_runs=run_rows(metric.name, baseline.seeds),
        curve=mean_curve([r.curve for r in results]),
        baseline_low=band([s.curve for s in baseline.seeds])[0],
        baseline_high=band([s.curve for s in baseline.seeds])[1],
        settings=settings_changed(world, baseline, attempt),
        files={f.path: (f.added, f.removed) for f in change.files},
        look=len(looks) + 1,
        looks=config.seeds.looks,
        spent=spent(information(found.n, reference.n) / full),
        seconds=sum(observed[r.id].seconds or 0.0 for r in attempt.runs),
        asked_by=attempt.asked_by,
        attempt=attempt.number,
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        workflow_url=world.environment.workflow_url,
    )


def _outcome(
    world: World,
    attempt: Attempt,
    change: Change,
    rows: Sequence[MetricRow],
    observed: Mapping[str, ObservedRun],
    alpha: float,
) -> tuple[Outcome, str]:
    """The verdict, and one sentence on what decided it if that was not the primary metric."""
    touched = [f.path for f in change.files if matches(f.path, world.config.judge.paths)]
    if touched:
        return "NOT_COMPARABLE", f"It changes what judges it: `{touched[0]}`."
    for run in attempt.runs:
        seen = observed[run.id]
        if seen.commit and seen.commit != attempt.commit:
            return "INVALID", f"Seed {run.seed} trained `{seen.commit[:7]}`, not what was asked."
        for name, asked in attempt.overrides.items():
            if name in seen.config and not _same(seen.config[name], asked):
                return "INVALID", (
                    f"Seed {run.seed} was asked for `{name}={asked}` and trained with "
                    f"`{seen.config[name]}`."
                )
    interval = rows[0].interval
    if interval is None or alpha <= 0:
        return "UNDECIDED", "All of the planned false-win probability is spent."
    outcome = decide(signed(interval, world.config.primary.sign), world.config.metric.min_effect)
    broken = [row.name for row in rows[1:] if row.holds is False]
    if outcome == "WIN" and broken:
        return "LOSS", f"The guard `{broken[0]}` does not hold."
    return outcome, ""


def _same(logged: object, asked: str) -> bool:
    try:
        return float(str(logged)) == float(asked)
    except ValueError:
        return logged == yaml.safe_load(asked) or str(logged) == asked


def _next(world: World, outcome: Outcome, seeds: int, most: int) -> tuple[str, int]:
    """The command to go on with, and how many runs it trains."""
    more = len(world.config.seeds.experiment)
    if outcome == "WIN":
        return "/merge", len(world.config.seeds.held_out)
    if outcome == "UNDECIDED" and seeds + more <= most:
        return f"/launch seeds=+{more}", more
    return "", 0


def primary_row(world: World, reference: Sample | None, found: Sample, alpha: float) -> MetricRow:
    """The line of the metric that decides."""
    metric = world.config.metric
    interval = welch(found, reference, alpha) if reference and alpha > 0 else None
    return MetricRow(metric.name, metric.goal, reference, found, interval, None, None)


def guard_rows(
    world: World, baseline: Baseline | None, results: Sequence[SeedResult]
) -> tuple[MetricRow, ...]:
    """The lines of the metrics that may not get worse."""
    rows = []
    for metric in guard_metrics(world.config):
        limit = world.config.guards[metric.name].limit
        found = sample(results, metric.name) if _all(results, metric.name) else None
        values = baseline.values(metric.name) if baseline else ()
        reference = Sample(values) if len(values) > 1 else None
        interval = welch(found, reference, ENOUGH_SIDE) if found and reference else None
        holds = None
        if interval and reference:
            gain = signed(interval, metric.sign)
            most = float(limit.rstrip("%"))
            most = most / 100 * abs(reference.mean) if limit.endswith("%") else most
            holds = True if -gain.lower <= most else False if -gain.upper > most else None
        rows.append(MetricRow(metric.name, metric.goal, reference, found, interval, limit, holds))
    return tuple(rows)


def failure(
    world: World, experiment: Experiment, observed: Mapping[str, ObservedRun]
) -> FailureReport:
    """Say what failed, where, and what would remedy it."""
    attempt = experiment.latest
    assert attempt is not None
    failed = [run for run in attempt.runs if run.state != "finished"]
    record = world.tracker.failure(failed[0].id)
    path = world.config.train.config
    text = world.forge.file(path, attempt.commit) if path else None
    known = read_settings(text) if text else {}
    return FailureReport(
        title=experiment.title,
        commit=attempt.commit,
        attempt=attempt.number,
        runs=progress.rows(world, attempt, observed),
        failed_seeds=tuple(run.seed for run in failed),
        kind=record.kind,
        message=record.message,
        step=record.step,
        why=record.why,
        suggestion={k: (known[k], v) for k, v in record.suggestion.items() if k in known},
        last_lines=record.last_lines,
        log_url=f"{world.tracker.run_url(failed[0].id)}/logs",
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        workflow_url=world.environment.workflow_url,
    )


def settings_changed(
    world: World, baseline: Baseline, attempt: Attempt
) -> dict[str, tuple[str, str]]:
    """Every setting that the attempt changed, before and after."""
    path = world.config.train.config
    text = world.forge.file(path, baseline.commit) if path and attempt.overrides else None
    before = read_settings(text) if text else {}
    return {name: (before.get(name, "none"), value) for name, value in attempt.overrides.items()}


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


def _of(baseline: Baseline, world: World) -> Sample:
    values = baseline.values(world.config.metric.name)
    if len(values) < 2:
        raise UserError(
            f"{baseline.tag} holds no values of `{world.config.metric.name}`. "
            "Measure a new baseline with `/baseline`."
        )
    return Sample(values)
