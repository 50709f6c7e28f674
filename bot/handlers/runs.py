"""`/runs`: a PR's runs, and what people write on them in W&B."""

from collections.abc import Mapping

from bot.commands import Command
from bot.core.attempt import Attempt
from bot.core.numbers import count
from bot.core.runs import ObservedRun
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers import judging, progress
from bot.handlers.lock import check_locks
from bot.ports import World
from bot.replies import AttemptRuns, ListedRun, Noted, Runs


def runs(world: World, event: CommentWritten, command: Command) -> Runs | Noted:
    """List the runs of every attempt, the latest first; tags, note and group go to the latest.

    Raises:
        UserError: nothing was launched here, or W&B knows none of the runs that are to be marked.
    """
    ledger = world.forge.read_ledger()
    experiment = ledger.at(event.place)
    if experiment is None or experiment.latest is None:
        raise UserError("Nothing was launched here yet. `/launch` on a PR trains it.")
    given = command.arguments
    if given:
        check_locks(world, ledger.desk, ("pr",), experiment.place, event.author)
    tags = tuple(filter(None, given.get("tag", "").split(",")))
    if given and command.dry_run:
        amount = count(len(experiment.latest.runs), "run")
        return Noted(
            f"Dry run: nothing was done. It would write that on {amount} of attempt "
            f"{experiment.latest.number} in W&B."
        )
    marked = _mark(world, experiment.latest, tags, given) if given else ()
    ids = [run.id for attempt in experiment.attempts for run in attempt.runs]
    observed = world.tracker.observe(ids)
    metric = judging.led(world, experiment).metric.name
    return Runs(
        metric=metric,
        attempts=tuple(
            _listed(world, metric, attempt, observed) for attempt in reversed(experiment.attempts)
        ),
        folded=len(experiment.folded),
        marked=len(marked),
        tags=tags,
        note=given.get("note", ""),
        group=given.get("group", ""),
        group_url=world.tracker.group_url(
            given.get("group") or progress.group(experiment, experiment.latest)
        ),
    )


def _mark(
    world: World, attempt: Attempt, tags: tuple[str, ...], given: Mapping[str, str]
) -> tuple[str, ...]:
    ids = [run.id for run in attempt.runs]
    marked = world.tracker.annotate(ids, tags, given.get("note", ""), given.get("group", ""))
    if not marked:
        raise UserError(
            f"W&B knows none of the runs of attempt {attempt.number} yet: a run is there once an "
            "agent has begun it. `/queue` says what it waits for."
        )
    return marked


def _listed(
    world: World, metric: str, attempt: Attempt, observed: Mapping[str, ObservedRun]
) -> AttemptRuns:
    rows = progress.rows(world, metric, attempt, observed)
    seen = [observed.get(run.id) for run in attempt.runs]
    return AttemptRuns(
        number=attempt.number,
        purpose=attempt.purpose,
        commit=attempt.commit,
        verdict=attempt.outcome,
        runs=tuple(
            ListedRun(row.seed, row.state, row.url, row.value, now.seconds if now else None)
            for row, now in zip(rows, seen, strict=True)
        ),
    )
