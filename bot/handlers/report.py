"""An attempt is complete: say what came out, in a new comment."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from bot.comments import render
from bot.core.attempt import Attempt, Gain
from bot.core.baseline import Baseline, SeedResult
from bot.core.charts import band, mean_curve
from bot.core.comparability import Parity
from bot.core.diagnostics import vitals, warnings
from bot.core.examples import ByExample
from bot.core.experiment import Experiment
from bot.core.interval import signed
from bot.core.ledger import Ledger
from bot.core.numbers import bounded, half_width
from bot.core.results import MetricRow
from bot.core.rules import Rules
from bot.core.runs import ObservedRun
from bot.core.verdict import Outcome
from bot.errors import UserError
from bot.handlers import check, judging, progress, telling
from bot.handlers.comparing import (
    confirmed,
    deciding,
    deciding_rows,
    effort_rows,
    guard_rows,
    guards,
    mismatch,
    reference,
    run_rows,
    traced,
    worth,
)
from bot.handlers.failure import failure
from bot.handlers.measure import measure
from bot.handlers.pricing import price, spending
from bot.ports import Change, World
from bot.replies import FailureReport, NotConfirmed, Option, Report


def report(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Post the report of the latest attempt, fold the one before it, and write down the verdict."""
    attempt = experiment.latest
    assert attempt is not None
    observed = world.tracker.observe([run.id for run in attempt.runs])
    trained = attempt.but(runs=attempt.trained)
    if any(run.state != "finished" for run in trained.runs) or _cut_short(attempt):
        reply = failure(world, experiment, observed)
        return _say(world, ledger, experiment, "INVALID", reply, observed)
    if odd := mismatch(trained, observed):
        raise UserError(f"{odd} So there is no verdict.")
    results = measure(world, judging.rules(world, experiment), trained, observed)
    if trained.runs != attempt.runs:  # W&B told the canary's metric once the others were given up
        reply = failure(world, experiment, observed)
        return _say(world, ledger, experiment, "INVALID", reply, observed)
    assert attempt.baseline is not None
    baseline = judging.read(world, attempt.baseline)
    if attempt.purpose == "confirm":
        return _confirm(world, ledger, experiment, baseline, results, observed)
    verdict = judged(world, experiment, baseline, results, observed)
    return _say(world, ledger, experiment, verdict.outcome, verdict, observed)


def _cut_short(attempt: Attempt) -> bool:
    """Whether somebody stopped seeds before they were queued."""
    return any(run.state == "skipped" and run.stop for run in attempt.runs)


def _say(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    verdict: str,
    reply: Report | FailureReport | NotConfirmed,
    observed: Mapping[str, ObservedRun],
) -> Ledger:
    attempt = experiment.latest
    assert attempt is not None
    gain = _gain(judging.rules(world, experiment), reply) if isinstance(reply, Report) else None
    done = experiment.with_attempt(attempt.but(verdict=verdict, gain=gain))
    if isinstance(reply, Report) and verdict == "UNDECIDED":
        reply = replace(reply, rank=telling.rank(world, ledger, done))
    body = render(
        replace(reply, spending=spending(world, ledger, experiment, observed)), world.prefix
    )
    posted = world.forge.say(experiment.place, f"report:{attempt.number}", body, alone=True)
    for earlier in experiment.attempts[:-1]:
        if earlier.report_id:
            world.forge.minimize(earlier.report_id)
    world.summarise(body)
    check.concluded(world, experiment, verdict, body)
    done = experiment.with_attempt(attempt.but(verdict=verdict, report_id=posted, gain=gain))
    return ledger.put(progress.show(world, done, observed))


def _gain(rules: Rules, reply: Report) -> Gain | None:
    """What the lab book keeps of a report's interval, if that bounds anything."""
    row = reply.rows[0]
    if row.interval is None or math.isinf(half_width(row.interval)):
        return None
    gain = signed(row.interval, rules.led_by(row.name).primary.sign)
    return Gain(**asdict(gain), metric=row.name, worth=reply.min_effect)


def _confirm(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    baseline: Baseline,
    results: Sequence[SeedResult],
    observed: Mapping[str, ObservedRun],
) -> Ledger:
    """A win that comes back on held-out seeds is merged; otherwise say so."""
    attempt = experiment.latest
    assert attempt is not None
    held = judging.led(world, experiment)
    assert attempt.level is not None
    found = confirmed(held, baseline, results, attempt.level)
    if found.comes_back:
        done = experiment.with_attempt(attempt.but(verdict="CONFIRMED")).but(phase="merging")
        gain = f"confirmed on held-out seeds: {found.metric} {bounded(found.interval)}"
        check.concluded(world, done, "CONFIRMED", gain)
        return ledger.put(progress.show(world, done, observed))
    rows = run_rows(found.metric, results)
    reply = NotConfirmed(found.metric, found.interval, rows, baseline.tag, won=held.metric.name)
    return _say(world, ledger, experiment, "NOT_CONFIRMED", reply, observed)


@dataclass(frozen=True)
class Ruling:
    """What an attempt came to, and what that rests on."""

    rules: Rules
    """Led by the metric that decided."""
    outcome: Outcome
    why: str
    rows: tuple[MetricRow, ...]
    parity: tuple[Parity, ...]
    by_example: ByExample | None
    cautions: tuple[str, ...]


def _ruling(
    world: World,
    experiment: Experiment,
    baseline: Baseline,
    results: Sequence[SeedResult],
    runs: Sequence[ObservedRun],
    change: Change,
) -> Ruling:
    """Judge an attempt, unless it cannot be compared at all."""
    attempt, held = experiment.latest, judging.rules(world, experiment)
    assert attempt is not None
    parity = judging.compared(world, experiment, baseline, runs, change)
    together = judging.judged(world, experiment, attempt, baseline, results)
    judgement, led = together.judgement, held.led_by(together.lead)
    hindered = judging.hindered(world, experiment, parity, change)
    outcome, why = hindered or judgement.verdict
    drawn = None if hindered or led != held else telling.drawn_anew(held, baseline, results)
    alone = dict.fromkeys(together.alone, outcome) if hindered else together.outcomes
    return Ruling(
        rules=led,
        outcome=outcome,
        why=why,
        rows=(
            *deciding_rows(led, baseline, results, together.intervals, alone),
            *guard_rows(held, baseline, results),
            *effort_rows(held, baseline, results),
        ),
        parity=parity,
        by_example=drawn,
        cautions=telling.cautions(led, judgement, drawn) if outcome == "WIN" else (),
    )


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
    change = world.forge.compare(baseline.commit, attempt.commit)
    runs = [observed[run.id] for run in attempt.runs]
    ruling = _ruling(world, experiment, baseline, results, runs, change)
    held, lead = ruling.rules, ruling.rules.metric.name
    before = reference(baseline, lead)
    curves = traced(results, judging.rules(world, experiment).metric.name, lead)
    low, high = band(traced(baseline.seeds, baseline.metric, lead))
    command, more = _next(world, experiment, ruling.outcome, len(results))
    logged = telling.summaries(attempt, observed)
    settings = judging.settings_changed(world, baseline.commit, attempt.overrides, baseline.config)
    return Report(
        outcome=ruling.outcome,
        why=ruling.why,
        rows=ruling.rows,
        parity=ruling.parity,
        by_example=ruling.by_example,
        cautions=ruling.cautions,
        number=experiment.number,
        pull=experiment.pull,
        attempt=attempt.number,
        title=experiment.title,
        commit=attempt.commit,
        baseline=baseline.tag,
        baseline_url=world.environment.release_url(baseline.tag),
        min_effect=worth(held, before),
        method=held.method,
        next_command=command,
        next_seeds=more,
        next_price=price(world, baseline, more or len(attempt.runs), attempt.queue),
        options=_options(world, experiment, baseline, ruling, results),
        runs=run_rows(lead, results),
        baseline_runs=run_rows(lead, baseline.seeds),
        curve=mean_curve(curves),
        baseline_low=low,
        baseline_high=high,
        settings=settings,
        files={f.path: (f.added, f.removed) for f in change.files},
        look=len(experiment.looks(attempt)) + 1,
        looks=world.config.seeds.looks,
        spent=judging.spent_by(world, experiment, before.n, len(results)),
        seconds=sum(run.seconds or 0.0 for run in runs),
        vitals=vitals(logged),
        warnings=warnings(logged),
        earlier=telling.earlier(world, experiment),
        asked_by=attempt.asked_by,
        times=telling.times(attempt, runs),
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        workflow_url=world.environment.workflow_url,
    )


def _options(
    world: World,
    experiment: Experiment,
    baseline: Baseline,
    ruling: Ruling,
    results: Sequence[SeedResult],
) -> tuple[Option, ...]:
    """The ways to go on with what is undecided, if its interval says where it stands."""
    if ruling.outcome != "UNDECIDED" or ruling.rows[0].interval is None:
        return ()
    metrics = deciding(ruling.rules, baseline, results)
    stay = guards(ruling.rules, baseline, results)
    return telling.options(world, experiment, baseline, metrics, stay)


def _next(world: World, experiment: Experiment, outcome: Outcome, seeds: int) -> tuple[str, int]:
    """The command to go on with, and how many runs it trains."""
    more, most = len(world.config.seeds.experiment), judging.most_seeds(world, experiment)
    if outcome == "WIN":
        return "/merge", len(world.config.seeds.held_out)
    if outcome == "UNDECIDED" and seeds + more <= most:
        return f"/launch seeds=+{more}", more
    return "", 0
