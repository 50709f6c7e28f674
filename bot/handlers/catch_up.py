"""A ring takes up what was said while nobody listened: a job was killed, or an event was lost."""

import logging
from collections.abc import Callable

from bot import grammar
from bot.comments import render
from bot.core.ledger import Ledger
from bot.events import CommentWritten, IdeaLabelled
from bot.handlers.pick import being_written
from bot.handlers.recall import recalled
from bot.ports import Outage, Stale, World
from bot.replies import Trouble

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 300
"""What is younger has a job of its own that may still run; both would change nothing twice."""
KEPT_SECONDS = 86_400
"""What nobody took up for so long is let go: whoever wrote it has gone on."""
MOST = 10
"""What one ring takes up; the next goes on."""
Late = CommentWritten | IdeaLabelled


def catch_up(
    world: World, ledger: Ledger, answer: Callable[[Late], bool], *, has_writer: bool
) -> bool:
    """Answer commands and labels that nobody has answered, the oldest first.

    Args:
        world: the ports.
        ledger: as it stands.
        answer: answers one, which may be done twice; returns whether a comment got an answer.
        has_writer: whether a job with a model follows this one, which some of them need. If none
            does, this rings the workflow where one does, and leaves it all to that.

    Returns:
        Whether anything was there to be answered, or soon will be: somebody has to ring again.
    """
    waiting, silent = _unanswered(world, ledger, world.clock.now() - KEPT_SECONDS)
    if not waiting:
        return False
    ripe = [each for each in waiting if _said_at(each) <= world.clock.now() - PATIENCE_SECONDS]
    if not ripe or (not has_writer and world.forge.ring()):
        return True
    errors: list[Exception] = []
    for taken, each in enumerate(ripe, 1):
        log.info("nobody has answered %s", each)
        if not _answered(world, ledger, each, answer, errors):
            silent.add(_key(each))
        if taken < len(ripe) and (taken == MOST or being_written(world)):
            world.forge.ring()  # a workflow run has one job with a model
            break
    _remember(world, silent)
    for error in errors:
        raise error
    return True


def _unanswered(world: World, ledger: Ledger, since: float) -> tuple[list[Late], set[int]]:
    """What waits for an answer, the oldest first, and what was taken up to no avail before."""
    prefix = world.config.commands.prefix
    comments = [
        comment
        for comment in world.forge.unanswered(since)
        if grammar.addressed(comment.body, prefix) and grammar.parse(comment.body, prefix)
    ]
    ideas = [place for place in world.forge.labelled(since) if ledger.at(place) is None]
    listed = {*(comment.comment_id for comment in comments), *(-place for place in ideas)}
    silent = listed & set(ledger.desk.heard)
    waiting: list[Late] = [each for each in comments if each.comment_id not in silent]
    for place in ideas:
        if -place in silent:
            continue
        found = world.forge.labelling(place)
        if found and _said_at(found) >= since:
            waiting.append(found)
        else:
            silent.add(-place)
    return sorted(waiting, key=_said_at), silent


def _answered(
    world: World,
    ledger: Ledger,
    late: Late,
    answer: Callable[[Late], bool],
    errors: list[Exception],
) -> bool:
    """Answer one; return whether that left a sign. A bug is told, and does not come again."""
    try:
        if isinstance(late, CommentWritten) and _took_effect(world, ledger, late):
            world.forge.react(late.comment_id, "rocket")
            return True
        return answer(late)
    except (Outage, Stale):
        raise
    except Exception as error:
        log.exception("%s", late)
        errors.append(error)
        key = f"trouble:{world.environment.workflow_run}"
        world.forge.say(
            late.place, key, render(Trouble(world.environment.workflow_url), world.prefix)
        )
        return False


def _took_effect(world: World, ledger: Ledger, event: CommentWritten) -> bool:
    """Whether the lab book tells of a command, and only its last sign is missing."""
    if event.comment_id in ledger.desk.answered:
        return True
    if event.is_pull and ledger.at(event.place) is None:
        branch = world.forge.pull(event.place).branch
        ledger = recalled(world, ledger, event.place, branch)
    return any(event.comment_id in e.answered for e in ledger.experiments.values())


def _remember(world: World, silent: set[int]) -> None:
    """Write down what no later ring needs to take up; what the lab book has needs no more."""
    ledger = world.forge.read_ledger()
    heard = {key for key in silent if ledger.at(-key) is None}
    if heard - set(ledger.desk.heard):
        after = ledger.with_desk(ledger.desk.but(heard=tuple(sorted(heard))))
        world.forge.write_ledger(ledger, after, "What nobody had answered was looked at")


def _said_at(late: Late) -> float:
    at = late.written_at if isinstance(late, CommentWritten) else late.labelled_at
    assert at is not None, "listings tell the time"
    return at


def _key(late: Late) -> int:
    return late.comment_id if isinstance(late, CommentWritten) else -late.place
