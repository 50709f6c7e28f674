"""Queue the runs of an attempt that are written down and not queued yet."""

import itertools
import shlex
from collections.abc import Sequence

from bot.comments import render
from bot.core.attempt import Attempt, Run, run_name
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.settings import nested
from bot.errors import UserError
from bot.handlers import check, judging, progress
from bot.handlers.plan import fork_branch
from bot.handlers.taking_back import take_back
from bot.ports import Launch, World
from bot.replies import Launched
from bot.sections import Queue, Train


def push(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Put every run that is due into the queue, and answer who asked.

    A push that was cut off is done again: W&B's queue cannot be asked for it, and the second
    training process ends before it trains, because it may not resume a run.

    Raises:
        UserError: the check that builds the image has failed, or the queue takes nothing.
    """
    attempt = experiment.latest
    assert attempt is not None
    settings = world.config.queues.get(attempt.queue) or Queue()
    if settings.wait_for and _waits(world, attempt, settings.wait_for):
        waiting = experiment.with_attempt(attempt.but(waits_for=settings.wait_for))
        return ledger.put(progress.show(world, waiting, {}))
    due = [run for run in attempt.runs if run.state == "pushing"]
    again = [run for run in due if run.item]
    free = take_back(world, attempt.queue, again)
    items = {run.id: run.item for run in again if run.id not in free}  # an agent was faster
    due = [run for run in due if run.id not in items]
    if due:
        image = settings.image and settings.image.replace("{commit}", attempt.commit)
        if experiment.pull and experiment.branch == fork_branch(experiment.pull) and not image:
            _lend_branch(world, experiment.pull, attempt.commit)
        job = world.tracker.prepare(attempt.commit, _program(world.config.train), image)
        items |= _queue(world, experiment, attempt, due, job)
    runs = tuple(
        run.but(state="queued", item=items[run.id]) if run.id in items else run
        for run in attempt.runs
    )
    queued = attempt.but(runs=runs, queued=True, pushed_at=world.clock.now())
    if not attempt.queued:
        reply = _answer(world, experiment, queued, progress.group(experiment, attempt))
        world.forge.say(
            experiment.place, f"reply:{attempt.comment_id}", render(reply, world.prefix), alone=True
        )
    check.training(world, experiment, attempt)
    return ledger.put(progress.show(world, experiment.with_attempt(queued), {}))


def _queue(
    world: World, experiment: Experiment, attempt: Attempt, due: Sequence[Run], job: str
) -> dict[str, str]:
    """Put runs into the queue: all of them, or none.

    Returns:
        Each run's item in the queue.

    Raises:
        UserError: the queue takes one of them not; those before it are taken out again.
    """
    items: dict[str, str] = {}
    settings = world.config.queues.get(attempt.queue) or Queue()
    for run in due:
        launch = _launch(world, experiment, attempt, run, settings)
        try:
            items[run.id] = world.tracker.push(job, launch, attempt.queue)
        except UserError:
            queued = [other.but(item=items[other.id]) for other in due if other.id in items]
            for begun in items.keys() - take_back(world, attempt.queue, queued):
                world.tracker.stop(begun)
            raise
    return items


def _lend_branch(world: World, pull: int, commit: str) -> None:
    """Put a fork's commit on a branch here: an agent fetches branches, and no PR's own refs."""
    world.forge.create_branch(f"labhand/fork-{pull}-{commit[:7]}", commit)


def _waits(world: World, attempt: Attempt, check: str) -> bool:
    """Whether the check that builds the image is still to end.

    Raises:
        UserError: it has ended, and there is no image.
    """
    state = world.forge.check_state(attempt.commit, check)
    if state in (None, "queued", "in_progress"):
        return True
    if state not in ("success", "neutral"):
        raise UserError(
            f"The check `{check}` on `{attempt.commit[:7]}` ended as {state}, so there is no image "
            "to train with, and nothing was queued. Mend it, then `/launch` again."
        )
    return False


def _launch(
    world: World, experiment: Experiment, attempt: Attempt, run: Run, settings: Queue
) -> Launch:
    train = world.config.train
    alone = any(other.state == "waiting" for other in attempt.runs)
    return Launch(
        run_id=run.id,
        name=run_name(experiment.branch, run.seed, canary=alone),
        group=progress.group(experiment, attempt),
        tags=("labhand", attempt.purpose),
        command=command(train, attempt, run.seed),
        settings=nested(attempt.overrides) if train.overrides == "wandb" else {},
        priority=attempt.priority or settings.priority,
        resource_args=settings.resource_args,
    )


def _answer(world: World, experiment: Experiment, attempt: Attempt, group: str) -> Launched:
    """What was queued for this attempt; runs of an attempt before it were not trained again."""
    earlier = {run.id for a in experiment.attempts if a.number < attempt.number for run in a.runs}
    new = [run for run in attempt.runs if run.id not in earlier]
    metric = judging.led(world, experiment).metric.name
    return Launched(
        attempt=attempt.number,
        purpose=attempt.purpose,
        commit=attempt.commit,
        overrides=attempt.overrides,
        queue=attempt.queue,
        runs=progress.rows(world, metric, attempt.but(runs=tuple(new)), {}),
        kept=tuple(run.seed for run in attempt.runs if run.id in earlier),
        waiting=tuple(run.seed for run in new if run.state == "waiting"),
        metric=metric,
        asked_by=attempt.asked_by,
        price=attempt.reserved.price_of(len(new)) if attempt.reserved else None,
        group_url=world.tracker.group_url(group),
    )


def _program(train: Train) -> tuple[str, ...]:
    """The command up to where the changed settings go: what W&B shows as the job."""
    return tuple(itertools.takewhile(lambda word: "{" not in word, shlex.split(train.command)))


def command(train: Train, attempt: Attempt, seed: int) -> tuple[str, ...]:
    """The program and its arguments for one seed, as the program reads changed settings."""
    prefix = "--" if train.overrides == "argparse" else ""
    overrides = [f"{prefix}{name}={value}" for name, value in attempt.overrides.items()]
    words: list[str] = []
    for word in shlex.split(train.command):
        if word == "{overrides}":
            words += [] if train.overrides == "wandb" else overrides
        else:
            words.append(word.replace("{seed}", str(seed)))
    return tuple(words)
