"""`/results` and `bot results`: what has come out so far, as a comment, as JSON and as a table."""

from collections.abc import Mapping

from bot.commands import Command
from bot.core.attempt import Attempt, Run
from bot.core.experiment import Experiment
from bot.core.interval import Interval
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.core.results import MetricRow, RunRecord
from bot.core.rules import Rules
from bot.core.runs import ObservedRun
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers import judging
from bot.handlers.arms import Arm, arm, is_baseline, named, owner
from bot.handlers.comparing import deciding_rows, guard_rows, run_rows
from bot.handlers.measure import measure
from bot.handlers.report import judged
from bot.ports import World
from bot.replies import Figures, Report

JUDGED = ("WIN", "LOSS", "UNDECIDED")


def results(world: World, event: CommentWritten, command: Command) -> Figures:
    """Show the figures of what is named, by default of this PR.

    Raises:
        UserError: it is not known, or none of its runs has finished.
    """
    return figures(world, command.words[0] if command.words else f"#{event.place}")


def figures(world: World, word: str) -> Figures:
    """The figures of a PR, a branch, a baseline or a run, beside those of its baseline.

    An interval is shown only where a report has shown it: whoever looks before the look that was
    planned takes one chance more to be wrong.

    Raises:
        UserError: it is not known, or none of its runs has finished.
    """
    ledger = world.forge.read_ledger()
    found = None if is_baseline(world, ledger, word) else named(world, ledger, word)
    experiment, attempt = found or (None, None)
    rules = judging.rules(world, experiment) if experiment else world.config.rules
    shown = arm(world, ledger, word, rules)
    whole = attempt is not None and len(attempt.trained) == len(shown.results)
    tag = attempt.baseline if attempt else ledger.baseline.tag if ledger.baseline else None
    baseline = judging.read(world, tag) if tag and tag != shown.name else None
    intervals: Mapping[str, Interval | None] = {}
    held = baseline and all(baseline.sample(each.name) for each in rules.deciding)
    if experiment and attempt and baseline and held and whole and attempt.verdict in JUDGED:
        together = judging.judged(world, experiment, attempt, baseline, shown.results)
        rules, intervals = rules.led_by(together.lead), together.intervals
    _check(shown, rules)
    primary, *others = deciding_rows(rules, baseline, shown.results, intervals)
    guards = guard_rows(rules, baseline, shown.results)
    return Figures(
        name=shown.name,
        title=shown.title,
        commit=shown.commit or "",
        attempt=attempt.number if attempt else None,
        verdict=attempt.verdict if attempt and whole else None,
        report_url=_report_url(world, experiment, attempt),
        baseline=tag if baseline and tag else "",
        baseline_url=world.environment.release_url(tag) if tag else "",
        rows=(
            primary,
            *others,
            *(_shown(row, primary.interval) for row in guards if row.candidate),
        ),
        runs=run_rows(rules.metric.name, shown.results),
        untrained=shown.untrained,
    )


def _check(arm: Arm, rules: Rules) -> None:
    for each in rules.deciding:
        if any(each.name not in r.values for r in arm.results):
            raise UserError(
                f"{code(arm.name)} holds no values of {code(each.name)}, which decides now."
            )


def _shown(row: MetricRow, interval: Interval | None) -> MetricRow:
    """A guard, with its interval and what follows from it only where the report shows them."""
    if interval:
        return row
    return MetricRow(row.name, row.goal, row.baseline, row.candidate, None, None, None)


def _report_url(world: World, experiment: Experiment | None, attempt: Attempt | None) -> str:
    if experiment is None or attempt is None or attempt.report_id is None:
        return ""
    return world.environment.issue_url(experiment.place, attempt.report_id)


def last_report(world: World, word: str) -> Report:
    """The last report of a PR, a branch or a run, from its runs again.

    Raises:
        UserError: there is none, or its runs are gone.
    """
    ledger = world.forge.read_ledger()
    experiment = _owner(world, ledger, word)
    runs = {run.id for attempt in experiment.attempts for run in attempt.runs}
    said = [
        attempt
        for attempt in experiment.attempts
        if attempt.verdict in JUDGED
        and (word not in runs or word in {run.id for run in attempt.runs})
    ]
    if not said:
        raise UserError(f"There is no verdict on {code(word)} yet. `--csv` lists its runs.")
    attempt = said[-1]
    assert attempt.baseline is not None
    then = experiment.but(
        attempts=tuple(a for a in experiment.attempts if a.number <= attempt.number)
    )
    observed = world.tracker.observe([run.id for run in attempt.trained])
    good = attempt.but(runs=attempt.trained)
    values = measure(world, judging.rules(world, experiment), good, observed)
    return judged(world, then, judging.read(world, attempt.baseline), values, observed)


def records(world: World, word: str | None) -> tuple[RunRecord, ...]:
    """Every run of what is named; without a name, of every experiment that is open.

    Raises:
        UserError: it is not known.
    """
    ledger = world.forge.read_ledger()
    chosen = list(ledger.experiments.values())
    if word is not None:
        chosen = [_owner(world, ledger, word)]
    runs = [(e, a, r) for e in chosen for a in e.attempts for r in a.runs]
    only = [each for each in runs if each[2].id == word] or runs
    observed = world.tracker.observe([run.id for _, _, run in only]) if only else {}
    lines = []
    for e, a, run in only:
        seen = observed.get(run.id)
        values = _values(world, e, a.but(runs=(run,)), seen)
        lines.append(record(world, e, a, run, seen, values))
    return tuple(lines)


def _owner(world: World, ledger: Ledger, word: str) -> Experiment:
    if (experiment := owner(world, ledger, word)) is None:
        raise UserError(f"The lab book knows no run of {code(word)}.")
    return experiment


def record(
    world: World,
    experiment: Experiment,
    attempt: Attempt,
    run: Run,
    seen: ObservedRun | None,
    values: Mapping[str, float],
) -> RunRecord:
    """A run as a line of a table of all of them."""
    return RunRecord(
        experiment=experiment.number,
        pull=experiment.pull,
        attempt=attempt.number,
        purpose=attempt.purpose,
        seed=run.seed,
        state=run.state,
        commit=attempt.commit,
        baseline=attempt.baseline,
        verdict=attempt.verdict,
        seconds=seen.seconds if seen else None,
        url=world.tracker.run_url(run.id),
        settings=attempt.overrides,
        values=values,
    )


def _values(
    world: World, experiment: Experiment, alone: Attempt, seen: ObservedRun | None
) -> Mapping[str, float]:
    """What a finished run gave; nothing, where it gave no finite number."""
    if seen is None or seen.state != "finished":
        return {}
    try:
        (result,) = measure(world, judging.rules(world, experiment), alone, {seen.id: seen})
    except UserError:
        return {}
    return result.values
