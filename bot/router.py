"""Who answers what: permission first, then parse, then one handler, then a ring."""

import logging
import random
from collections.abc import Callable
from typing import assert_never
from zlib import crc32

from bot import commands
from bot.commands import COMMANDS, Command
from bot.comments import render
from bot.config import ROLES, Role
from bot.errors import UserError
from bot.events import CommentWritten, Event, IdeaLabelled, Rang
from bot.handlers.baseline import baseline
from bot.handlers.fix import fix
from bot.handlers.launch import launch
from bot.handlers.merge import confirm
from bot.handlers.pick import pick
from bot.handlers.proposal import Proposal, carry_out
from bot.handlers.reconcile import reconcile
from bot.handlers.settle import settle
from bot.handlers.status import status
from bot.ports import Limited, Outage, Stale, World
from bot.replies import Help, Problem, Reply, Thanks

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


def _again(world: World, act: Callable[[], None]) -> None:
    for tried in range(1, MOST_TRIES + 1):
        try:
            return act()
        except (Outage, Stale) as trouble:
            if tried == MOST_TRIES or isinstance(trouble, Limited):
                raise
            log.warning("%s, try %s: %s", type(trouble).__name__, tried, trouble)
            world.clock.sleep(min(0.2 * 2**tried, 10) * random.uniform(0.5, 1))  # noqa: S311 - jitter
    return None


def _handle(event: Event, world: World) -> None:
    match event:
        case Rang():
            reconcile(world)
        case IdeaLabelled():
            _label(event, world)
        case CommentWritten():
            _comment(event, world)
        case _:
            assert_never(event)


def _label(event: IdeaLabelled, world: World) -> None:
    """The issue form labels for anyone, so it is the person who counts."""
    if not _may(world, world.forge.role(event.sender), "act"):
        world.forge.say(event.place, "thanks", render(Thanks()))
        return
    try:
        pick(world, event.place, event.sender)
        reconcile(world, event.place)
    except UserError as error:
        text = str(error)
        world.forge.say(event.place, f"label:{crc32(text.encode())}", render(Problem(text)))


def _comment(event: CommentWritten, world: World) -> None:
    """Permission before parsing: a stranger's typo gets no answer."""
    if not commands.addressed(event.body):
        log.info("the comment is no command of ours")
        return
    role = world.forge.role(event.author)
    if not _may(world, role, "look"):
        log.info("%s may not use the bot", event.author)
        return
    command = commands.parse(event.body)
    if command is None:
        log.info("the command is none of ours")
        return
    reply: Reply | None
    try:
        if isinstance(command, UserError):
            raise command
        answer = _command(event, command, role, world)
        if isinstance(answer, Proposal):
            carry_out(world, answer)
            answer = None
        if answer is None:
            reconcile(world, event.place)
        reply = answer
    except UserError as error:
        reply = Problem(str(error))
    if reply is not None:
        world.forge.say(event.place, f"reply:{event.comment_id}", render(reply))
    failed = isinstance(reply, Problem)
    world.forge.react(event.comment_id, "confused" if failed else "rocket")


def _command(
    event: CommentWritten, command: Command, role: Role, world: World
) -> Reply | Proposal | None:
    spec = COMMANDS[command.name]
    if not _may(world, role, spec.right):
        needed = getattr(world.config.rights, spec.right)
        raise UserError(f"`/{spec.name}` needs the role `{needed}` in this repository.")
    if spec.where == "pr" and not event.is_pull:
        raise UserError(f"`/{spec.name}` is written on a PR, this is an issue.")
    if spec.where == "issue" and event.is_pull:
        raise UserError(f"`/{spec.name}` is written in an issue, this is a PR.")
    match command.name:
        case "pick":
            pick(world, event.place, event.author, event.comment_id)
        case "launch":
            return launch(world, event, command)
        case "baseline":
            return baseline(world, event, command)
        case "fix":
            return fix(world, event)
        case "merge":
            return confirm(world, event)
        case "status":
            return status(world)
        case "help":
            return Help(commands.table())
        case unknown:
            raise AssertionError(f"/{unknown} stands in the table and has no handler")
    return None


def _may(world: World, role: Role, right: commands.Right) -> bool:
    needed = getattr(world.config.rights, right)
    if needed is None:
        needed = "read" if world.forge.is_private else "triage"
    return ROLES.index(role) >= ROLES.index(needed)
