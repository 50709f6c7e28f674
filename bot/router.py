"""Who answers what: permission first, then parse, then one handler, then a ring."""

import logging
import random
from collections.abc import Callable
from typing import assert_never
from zlib import crc32

from bot import grammar
from bot.commands import Command
from bot.comments import render
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten, Event, FormSent, IdeaLabelled, PullMoved, Rang
from bot.handlers import check as checks
from bot.handlers.admit import admit
from bot.handlers.baseline import baseline
from bot.handlers.budget import budget
from bot.handlers.catch_up import Late, catch_up
from bot.handlers.compare import compare
from bot.handlers.diagnose import diagnose
from bot.handlers.experiment import experiment, finish
from bot.handlers.fix import fix
from bot.handlers.help import explain
from bot.handlers.launch import launch
from bot.handlers.lock import lock, unlock
from bot.handlers.merge import confirm
from bot.handlers.pick import hand_over, pick
from bot.handlers.proposal import Proposal, carry_out
from bot.handlers.queue import queue
from bot.handlers.quote import quote
from bot.handlers.reconcile import reconcile
from bot.handlers.results import results
from bot.handlers.rights import check, check_role, is_too_much, may, role_of
from bot.handlers.runs import runs
from bot.handlers.settle import settle
from bot.handlers.status import status
from bot.handlers.stop import stop
from bot.handlers.yes import asked
from bot.ports import Limited, Outage, Stale, World
from bot.replies import Noted, Problem, Reply, Thanks
from bot.sections import Role

log = logging.getLogger(__name__)
MOST_TRIES = 8


def handle(event: Event, world: World) -> None:
    """Answer an event.

    It is handled again from its beginning when the lab book moved under it or a service failed:
    everything that it does can be done twice. It is not when a service asks to be left alone.

    Raises:
        Outage, Stale: it did not go through; the next ring takes it up.
    """
    _again(world, lambda: _handle(event, world))


def handle_work(world: World) -> None:
    """Settle what a model left, then open the PR."""
    _again(world, lambda: reconcile(world, settle(world)))


def _again(world: World, act: Callable[[], object]) -> None:
    for tried in range(1, MOST_TRIES + 1):
        try:
            act()
            return
        except (Outage, Stale) as trouble:
            if tried == MOST_TRIES or isinstance(trouble, Limited):
                raise
            log.warning("%s, try %s: %s", type(trouble).__name__, tried, trouble)
            world.clock.sleep(min(0.2 * 2**tried, 10) * random.uniform(0.5, 1))  # noqa: S311 - jitter


def _handle(event: Event, world: World) -> None:
    match event:
        case Rang(has_writer=has_writer):
            _ring(world, has_writer=has_writer)
        case PullMoved():
            checks.moved(world, event)
        case IdeaLabelled():
            _label(event, world)
        case CommentWritten():
            _comment(event, world)
        case FormSent():
            _form(event, world)
        case _:
            assert_never(event)


def _ring(world: World, *, has_writer: bool) -> None:
    """Look at everything, also for what people said and nobody answered."""

    def answer(late: Late) -> bool:
        if isinstance(late, CommentWritten):
            return _comment(late, world)
        _label(late, world)
        return False

    def besides(ledger: Ledger) -> bool:
        return catch_up(world, ledger, answer, has_writer=has_writer)

    finish(world, reconcile(world, catch_up=besides), has_writer=has_writer)


def _label(event: IdeaLabelled, world: World) -> None:
    """The issue form labels for anyone, so it is the person who counts."""
    if not may(world, world.forge.role(event.sender), "act", "pick"):
        if world.forge.read_ledger().at(event.place) is None:
            world.forge.say(event.place, "thanks", render(Thanks(), world.prefix))
        return
    try:
        if proposal := pick(world, event.place, event.sender):
            carry_out(world, proposal)
        else:  # it was picked before, perhaps by this very job
            world.forge.set_schedule(enabled=True)
        hand_over(world, event.place)
        reconcile(world, event.place)
    except UserError as error:
        text = str(error)
        world.forge.say(
            event.place, f"label:{crc32(text.encode())}", render(Problem(text), world.prefix)
        )


def _form(event: FormSent, world: World) -> None:
    """A command that no comment carries: this workflow run stands for the comment."""
    prefix = world.config.commands.prefix
    issue = world.forge.issue(event.place)
    body = event.body.strip()
    written = CommentWritten(
        place=event.place,
        comment_id=-world.environment.workflow_run,
        author=event.person,
        body=body if body.startswith(prefix) else f"{prefix}{body}",
        is_pull=issue.is_pull,
        is_bot=event.is_bot,
    )
    _comment(written, world)


def _comment(event: CommentWritten, world: World) -> bool:
    """Permission before parsing: a stranger's typo gets no answer. Return whether it got one."""
    listening = world.config.commands
    if not grammar.addressed(event.body, listening.prefix):
        log.info("the comment is no command of ours")
        return False
    role = role_of(world, event)
    if not may(world, role, "look"):
        log.info("%s may not use the bot", event.author)
        return False
    command = grammar.parse(event.body, listening.prefix)
    if command is None:
        log.info("the command is none of ours")
        return False
    if is_too_much(world, event):
        _react(event, world, "confused")
        return True
    try:
        reply = _answer(event, command, role, world)
    except UserError as error:
        reply = Problem(str(error))
    if reply is not None and not (listening.quiet and isinstance(reply, Noted)):
        world.forge.say(event.place, f"reply:{event.comment_id}", render(reply, world.prefix))
    _react(event, world, "confused" if isinstance(reply, Problem) else "rocket")
    return True


def _react(event: CommentWritten, world: World, content: str) -> None:
    if event.comment_id > 0:  # a command from the form has no comment
        world.forge.react(event.comment_id, content)


def _answer(
    event: CommentWritten, command: Command | UserError, role: Role, world: World
) -> Reply | None:
    """Carry a command out, or say why not; None where what comes of it is the answer."""
    question = None
    if isinstance(command, UserError):
        raise command
    check(world, event, command, role)
    if command.name == "yes" and (question := asked(world, event)):
        confirmed = grammar.parse(question.text, world.config.commands.prefix)
        if not isinstance(confirmed, Command):
            raise confirmed or UserError(f"{code(question.text)} is no command any more.")
        command = confirmed
        check(world, event, command, role)
    answer = _act(event, command, role, world)
    if answer is None:  # it took effect before; whatever cut it off may have come right behind that
        world.forge.set_schedule(enabled=True)
    place, carried_out = event.place, None
    if isinstance(answer, Proposal):
        place, carried_out = answer.experiment.number, answer.reply
        if answer.right:
            check_role(world, role, answer.right, command.name, for_all=False)
        answer = admit(world, event, command, answer, question)
    if answer in (None, carried_out):
        if command.name == "pick":
            hand_over(world, place)
        reconcile(world, place)
    return answer


def _act(
    event: CommentWritten, command: Command, role: Role, world: World
) -> Reply | Proposal | None:
    """Let the command's handler decide; what changes an experiment is only proposed."""
    match command.name:
        case "yes":
            return None  # it was answered by this very comment before
        case "experiment":
            return experiment(world, event, command)
        case "pick":
            return pick(world, event.place, event.author, event.comment_id)
        case "launch":
            return launch(world, event, command)
        case "quote":
            return quote(world, event, command)
        case "baseline":
            return baseline(world, event, command)
        case "fix":
            return fix(world, event)
        case "merge":
            return confirm(world, event)
        case "diagnose":
            return diagnose(world, event)
        case "status":
            return status(world)
        case "budget":
            return budget(world, event.place)
        case "compare":
            return compare(world, command)
        case "results":
            return results(world, event, command)
        case "queue":
            return queue(world, event, command)
        case "runs":
            return runs(world, event, command)
        case "stop":
            return stop(world, event, command)
        case "lock":
            return lock(world, event, command)
        case "unlock":
            return unlock(world, event, command, any_lock=may(world, role, "decide"))
        case "help":
            return explain(world, command)
        case unknown:
            raise AssertionError(f"/{unknown} stands in the table and has no handler")
