"""An idea is picked up: by the label `experiment`, or by `/pick`."""

import logging

from bot.comments import render
from bot.core import idea as ideas
from bot.core.experiment import Experiment, Intention, branch_name
from bot.core.ledger import Ledger
from bot.core.patch import CLOSED
from bot.core.settings import with_settings
from bot.errors import UserError
from bot.handlers.write import TASK, Task
from bot.ports import World
from bot.replies import Writing

log = logging.getLogger(__name__)


def pick(world: World, place: int, person: str) -> None:
    """Write down that an idea is to be tried, and reserve a model job if it needs code.

    Raises:
        UserError: the idea cannot be tried as it stands.
    """
    ledger = world.forge.read_ledger()
    known = ledger.at(place)
    if known and known.phase != "stalled":
        log.info("#%s is picked already", place)
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
        overrides=idea.overrides or {},
    )
    if idea.overrides:
        _check(world, ledger.baseline.commit, idea.overrides)
    else:
        intention = Intention(step="write", workflow_run=world.environment.workflow_run)
        experiment = experiment.but(phase="writing", intention=intention)
    world.forge.write_ledger(ledger, ledger.put(experiment), f"#{place}: picked by {person}")
    if not idea.overrides:
        _reserve(world, ledger, experiment, idea)


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


def _reserve(world: World, ledger: Ledger, experiment: Experiment, idea: ideas.Idea) -> None:
    """Hand the task to the job that writes, which has a model and no rights."""
    assert ledger.baseline is not None
    task = Task(
        number=experiment.number,
        head=ledger.baseline.commit,
        title=experiment.title,
        change=idea.change,
        hypothesis=idea.hypothesis,
        risks=idea.risks,
        closed=(*CLOSED, *world.config.judge.paths),
    )
    path = world.folder / TASK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(task.model_dump_json(), encoding="utf-8")
    world.set_output("write", "true")
    world.set_output("head", ledger.baseline.commit)
    body = render(
        Writing(experiment.branch, world.config.claude.model, world.environment.workflow_url)
    )
    world.forge.say(experiment.number, f"writing:{world.environment.workflow_run}", body)
