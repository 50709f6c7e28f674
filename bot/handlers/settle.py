"""`bot settle`: vet what a model wrote, and commit it if it may be."""

import logging

from pydantic import ValidationError

from bot.comments import plain, render
from bot.core.budget import settle_model
from bot.core.experiment import Experiment
from bot.core.patch import refuse
from bot.core.secrets import redact
from bot.handlers.write import WORK, Task, Work, closed, read_task
from bot.ports import World
from bot.replies import NothingWritten

log = logging.getLogger(__name__)
MOST_SUMMARY = 2_000
"""Characters of a model's summary that the ledger keeps."""


def settle(world: World) -> int:
    """Take the model's change into a branch, or say why not; the ring behind it opens the PR.

    Returns:
        The number of the idea.
    """
    task = read_task(world.folder)
    ledger = world.forge.read_ledger()
    experiment = ledger.at(task.number)
    if experiment is None or experiment.phase != "writing":
        log.info("#%s is not being written", task.number)
        return task.number
    work = _left(world)
    if reason := work.reason or refuse(work.files, closed(world.config)):
        reply = NothingWritten(reason, world.environment.workflow_url)
        key = f"nothing-written:{world.environment.workflow_run}"
        world.forge.say(task.number, key, render(reply, world.prefix), alone=True)
        after = experiment.but(phase="stalled", intention=None)
    else:
        _commit(world, task, experiment, work)
        summary = redact(work.summary)[:MOST_SUMMARY]
        after = experiment.but(phase="picked", intention=None, written=summary)
    paid = settle_model(ledger.put(after), task.number, work.tokens)
    taken = "taken" if after.phase == "picked" else "not taken"
    message = f"#{task.number}: what the model wrote is {taken}"
    world.forge.write_ledger(ledger, paid, message)
    return task.number


def _left(world: World) -> Work:
    try:
        return Work.model_validate_json((world.folder / WORK).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return Work(reason="the job that wrote it was cut off")


def _commit(world: World, task: Task, experiment: Experiment, work: Work) -> None:
    head = world.forge.create_branch(experiment.branch, task.head)
    if all(world.forge.file(path, head) == text for path, text in work.files.items()):
        return  # an earlier try was cut off behind this very commit
    message = f"{plain(experiment.title)}\n\nWritten by a model for #{experiment.number}."
    world.forge.commit(experiment.branch, head, message, work.files)
