"""An attempt is complete: say what came out, in a new comment."""

from collections.abc import Mapping, Sequence

from bot.comments import render
from bot.core.baseline import Baseline, SeedResult
from bot.core.charts import band, mean_curve
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.patch import matches
from bot.core.runs import ObservedRun
from bot.core.verdict import (
    Outcome,
    decide,
    information,
    signed,
    spent,
)
from bot.errors import UserError
from bot.handlers import judging, progress
from bot.handlers.comparing import (
    confirmed,
    guard_rows,
    mismatch,
    primary_row,
    reference,
    run_rows,
    sample,
)
from bot.handlers.failure import failure
from bot.handlers.measure import measure
from bot.ports import Change, World
from bot.replies import FailureReport, MetricRow, NotConfirmed, Report


def report(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Post the report of the latest attempt, fold the one before it, and write down the verdict."""
    attempt = experiment.latest
    assert attempt is not None
    observed = world.tracker.observe([run.id for run in attempt.runs])
    if any(run.state != "finished" for run in attempt.runs):
        return _say(world, ledger, experiment, "INVALID", failure(world, experiment, observed))
    if odd := mismatch(attempt, observed):
        raise UserError(f"{odd} So there is no verdict.")
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
    before, found = reference(world, baseline), sample(results, metric.name)
    looks = experiment.looks(attempt)
    alpha = judging.alpha(world, experiment, attempt, before.n)
    change = world.forge.compare(baseline.commit, attempt.commit)
    rows = (primary_row(world, before, found, alpha), *guard_rows(world, baseline, results))
    outcome, why = _outcome(world, change, rows, alpha)
    command, runs = _next(world, outcome, found.n, most)
    full = information(max(most, found.n), before.n)
    return Report(
        outcome=outcome,
        title=experiment.title,
        commit=attempt.commit,
        baseline=baseline.tag,
        baseline_url=judging.release_url(world, baseline.tag),
        rows=rows,
        min_effect=metric.min_effect,
        next_command=command,
        next_seeds=runs,
        next_minutes=judging.minutes(baseline, runs) if runs else None,
        why=why,
        runs=run_rows(metric.name, results),
        baseline_runs=run_rows(metric.name, baseline.seeds),
        curve=mean_curve([r.curve for r in results]),
        baseline_low=band([s.curve for s in baseline.seeds])[0],
        baseline_high=band([s.curve for s in baseline.seeds])[1],
        settings=judging.settings_changed(world, baseline.commit, attempt.overrides),
        files={f.path: (f.added, f.removed) for f in change.files},
        look=len(looks) + 1,
        looks=config.seeds.looks,
        spent=spent(information(found.n, before.n) / full),
        seconds=sum(observed[r.id].seconds or 0.0 for r in attempt.runs),
        asked_by=attempt.asked_by,
        attempt=attempt.number,
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        workflow_url=world.environment.workflow_url,
    )


def _outcome(
    world: World,
    change: Change,
    rows: Sequence[MetricRow],
    alpha: float,
) -> tuple[Outcome, str]:
    """The verdict, and one sentence on what decided it if that was not the primary metric."""
    touched = [f.path for f in change.files if matches(f.path, world.config.judge.paths)]
    if touched:
        return "NOT_COMPARABLE", f"It changes the judge: `{touched[0]}`."
    silent = [row.name for row in rows[1:] if row.baseline and not row.candidate]
    if silent:
        return "INVALID", f"Its runs did not log `{silent[0]}`, which the baseline's did."
    interval = rows[0].interval
    if interval is None or alpha <= 0:
        return "UNDECIDED", "All of the planned false-win probability is spent."
    outcome = decide(signed(interval, world.config.primary.sign), world.config.metric.min_effect)
    broken = [row.name for row in rows[1:] if row.holds is False]
    if outcome == "WIN" and broken:
        return "LOSS", f"The guard `{broken[0]}` does not hold."
    unsure = [row.name for row in rows[1:] if row.interval and row.holds is None]
    if outcome == "WIN" and unsure:
        return "UNDECIDED", f"The gain is real, but whether `{unsure[0]}` holds is not known yet."
    return outcome, ""


def _next(world: World, outcome: Outcome, seeds: int, most: int) -> tuple[str, int]:
    """The command to go on with, and how many runs it trains."""
    more = len(world.config.seeds.experiment)
    if outcome == "WIN":
        return "/merge", len(world.config.seeds.held_out)
    if outcome == "UNDECIDED" and seeds + more <= most:
        return f"/launch seeds=+{more}", more
    return "", 0
