"""An idea is picked up: by the label `experiment`, or by `/pick`."""

import logging

from bot.comments import render
from bot.core import idea as ideas
from bot.core.experiment import Experiment, Intention, branch_name
from bot.core.settings import with_settings
from bot.errors import UserError
from bot.handlers.recall import recall, record
from bot.handlers.write import TASK, Task, closed
from bot.ports import World
from bot.replies import Writing

log = logging.getLogger(__name__)


def pick(world: World, place: int, person: str, comment_id: int | None = None) -> None:
    """Write down that an idea is to be tried, and reserve a model job if it needs code.

    Args:
        world: the ports.
        place: the idea's issue.
        person: who picks it.
        comment_id: of the `/pick`; None for the label.

    Raises:
        UserError: the idea cannot be tried as it stands.
    """
    ledger = world.forge.read_ledger()
    known = recall(world, ledger, place)
    if known and known.phase != "stalled":
        _again(world, known, comment_id)
        return
    if ledger.baseline is None:
        raise UserError(
            "There is no baseline to measure against yet. Write `/baseline` in an issue; "
            "when it is released, write `/pick` here."
        )
    issue = world.forge.issue(place)
    idea = ideas.parse(issue.body)
    experiment = Experiment(
        number=place,
        kind="experiment",
        title=issue.title,
        author=issue.author,
        branch=branch_name(place, issue.title),
        phase="picked",
        idea=idea,
        answered=(comment_id,) if comment_id else (),
    )
    if idea.overrides:
        _check(world, ledger.baseline.commit, idea.overrides)
        record(world, ledger, ledger.put(experiment), f"#{place}: picked by {person}")
        return
    intention = Intention(step="write", workflow_run=world.environment.workflow_run)
    experiment = experiment.but(phase="writing", intention=intention, task=ledger.baseline.commit)
    record(world, ledger, ledger.put(experiment), f"#{place}: picked by {person}")
    _reserve(world, experiment)


def _again(world: World, known: Experiment, comment_id: int | None) -> None:
    """The idea is picked already: go on where an outage cut this very job off, or say so."""
    held = known.intention
    if known.phase == "writing" and held and held.workflow_run == world.environment.workflow_run:
        _reserve(world, known)
    elif comment_id and comment_id not in known.answered:
        where = f"see #{known.pull}" if known.pull else "its PR follows"
        raise UserError(f"This idea is picked already: {where}.")
    else:
        log.info("#%s is picked already", known.number)


def _check(world: World, commit: str, overrides: dict[str, str]) -> None:
    path = world.config.train.config
    if path is None:
        raise UserError(
            "This repository names no configuration file, so settings cannot be changed for you: "
            "set `train.config` in `.github/labhand.yml`, or describe the change of code instead."
        )
    if (text := world.forge.file(path, commit)) is None:
        raise UserError(f"`train.config` names `{path}`, which is not in the baseline's commit.")
    with_settings(text, overrides)


def _reserve(world: World, experiment: Experiment) -> None:
    """Hand the task to the job that writes, which has a model and no rights."""
    assert experiment.idea is not None
    assert experiment.task is not None
    task = Task(
        number=experiment.number,
        head=experiment.task,
        title=experiment.title,
        idea=experiment.idea,
        command=world.config.train.command,
        model=world.config.claude.model,
        max_turns=world.config.claude.max_turns,
        closed=closed(world.config),
    )
    path = world.folder / TASK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(task.model_dump_json(), encoding="utf-8")
    world.set_output("write", "true")
    world.set_output("head", task.head)
    body = render(
        Writing(experiment.branch, world.config.claude.model, world.environment.workflow_url)
    )
    world.forge.say(experiment.number, f"writing:{world.environment.workflow_run}", body)
