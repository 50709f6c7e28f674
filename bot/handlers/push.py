"""Queue the runs of an attempt that are written down and not queued yet."""

import itertools
import re
import shlex

from bot.comments import render
from bot.config import Train
from bot.core.experiment import Attempt, Experiment, Run
from bot.core.ledger import Ledger
from bot.handlers import judging, progress
from bot.ports import Launch, World
from bot.replies import Launched


def push(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Put every run that is still to be pushed into the queue, and answer who asked.

    A push that was cut off is done again: W&B's queue cannot be asked for it, and the second
    training process ends before it trains, because it may not resume a run.
    """
    attempt = experiment.latest
    assert attempt is not None
    group = progress.group(experiment, attempt)
    branch = re.sub(r"[^\w./-]", "-", experiment.branch)  # it becomes part of a shell command
    due = [run for run in attempt.runs if run.state == "pushing"]
    if due:
        job = world.tracker.prepare(attempt.commit, _program(world.config.train))
    for run in _given_up(experiment):
        world.tracker.stop(run.id)
    for run in due:
        launch = Launch(
            run_id=run.id,
            name=f"labhand/{branch}/seed-{run.seed}",
            group=group,
            tags=("labhand", attempt.purpose),
            command=command(world.config.train, attempt, run.seed),
        )
        world.tracker.push(job, launch, attempt.queue)
    runs = tuple(run.but(state="queued") if run in due else run for run in attempt.runs)
    queued = attempt.but(runs=runs, queued=True)
    reply = _answer(world, experiment, queued, group)
    world.forge.say(experiment.place, f"reply:{attempt.comment_id}", render(reply))
    return ledger.put(progress.show(world, experiment.with_attempt(queued), {}))


def _given_up(experiment: Experiment) -> list[Run]:
    """Runs of attempts that a newer commit made pointless."""
    pointless = (a for a in experiment.attempts if a.verdict == "SUPERSEDED")
    return [run for attempt in pointless for run in attempt.runs if run.state == "killed"]


def _answer(world: World, experiment: Experiment, attempt: Attempt, group: str) -> Launched:
    """What was queued for this attempt; runs of an attempt before it were not trained again."""
    earlier = {run.id for a in experiment.attempts if a.number < attempt.number for run in a.runs}
    new = [run.but(state="queued") for run in attempt.runs if run.id not in earlier]
    minutes = None
    if attempt.baseline:
        minutes = judging.minutes(judging.read(world, attempt.baseline), len(new))
    return Launched(
        attempt=attempt.number,
        purpose=attempt.purpose,
        commit=attempt.commit,
        overrides=attempt.overrides,
        queue=attempt.queue,
        runs=progress.rows(world, attempt.but(runs=tuple(new)), {}),
        kept=tuple(run.seed for run in attempt.runs if run.id in earlier),
        asked_by=attempt.asked_by,
        minutes=minutes,
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
            words += overrides
        else:
            words.append(word.replace("{seed}", str(seed)))
    return tuple(words)
