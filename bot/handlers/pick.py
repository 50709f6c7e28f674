"""An idea is picked up: by the label `experiment`, or by `/pick`."""

import logging

from bot.comments import render
from bot.core import idea as ideas
from bot.core.book import asked
from bot.core.cost import Amount
from bot.core.experiment import Experiment, Intention, branch_name
from bot.core.settings import with_settings
from bot.errors import UserError
from bot.handlers.pricing import reserve_model
from bot.handlers.proposal import Proposal
from bot.handlers.recall import recall
from bot.handlers.write import TASK, Task, closed
from bot.ports import World
from bot.replies import Writing

log = logging.getLogger(__name__)


def pick(world: World, place: int, person: str, comment_id: int | None = None) -> Proposal | None:
    """Propose that an idea is tried; if it needs code, `hand_over` reserves a model job for it.

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
        return None
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
        spent=known.spent if known else Amount(),
    )
    message = asked(f"#{place}: {person} picks this idea", person, comment_id)
    if idea.overrides:
        check_settings(world, ledger.baseline.commit, idea.overrides)
        return Proposal(ledger, experiment, message)
    experiment = reserve_model(world, ledger, experiment, person)
    intention = Intention(step="write", workflow_run=world.environment.workflow_run)
    experiment = experiment.but(phase="writing", intention=intention, task=ledger.baseline.commit)
    return Proposal(ledger, experiment, message)


def _again(world: World, known: Experiment, comment_id: int | None) -> None:
    """The idea is picked already: go on where an outage cut this very job off, or say so."""
    if _is_ours(world, known):
        log.info("#%s is picked by this very job", known.number)
    elif comment_id and comment_id not in known.answered:
        where = f"see #{known.pull}" if known.pull else "its PR follows"
        raise UserError(f"This idea is picked already: {where}.")
    else:
        log.info("#%s is picked already", known.number)


def being_written(world: World) -> bool:
    """Whether this workflow run has handed an idea over to its job with a model."""
    return any(_is_ours(world, e) for e in world.forge.read_ledger().experiments.values())


def _is_ours(world: World, experiment: Experiment) -> bool:
    held, own = experiment.intention, world.environment.workflow_run
    return experiment.phase == "writing" and held is not None and held.workflow_run == own


def check_settings(world: World, commit: str, overrides: dict[str, str]) -> None:
    """Check that a commit's configuration file has these settings.

    Raises:
        UserError: it lacks one, or there is no such file.
    """
    path = world.config.train.config
    if path is None:
        raise UserError(
            "This repository names no configuration file, so settings cannot be changed for you: "
            "set `train.config` in `.github/labhand.yml`, or describe the change of code instead."
        )
    if (text := world.forge.file(path, commit)) is None:
        raise UserError(f"`train.config` names `{path}`, which is not in the baseline's commit.")
    with_settings(text, overrides)


def hand_over(world: World, place: int) -> None:
    """Hand what this job has picked to the job that writes, which has a model and no rights."""
    experiment = world.forge.read_ledger().at(place)
    if experiment is None or not _is_ours(world, experiment):
        return
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
        usd=experiment.model_job.usd if experiment.model_job else None,
        prices=experiment.model_job.prices if experiment.model_job else None,
        closed=closed(world.config),
    )
    path = world.folder / TASK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(task.model_dump_json(), encoding="utf-8")
    world.set_output("write", "true")
    world.set_output("head", task.head)
    body = render(
        Writing(experiment.branch, world.config.claude.model, world.environment.workflow_url),
        world.prefix,
    )
    key = f"writing:{world.environment.workflow_run}"
    world.forge.say(experiment.number, key, body, alone=True)
