"""Who may say what, where, and how often."""

from bot import grammar
from bot.commands import COMMANDS, Command, Right
from bot.comments import render
from bot.errors import UserError
from bot.events import CommentWritten
from bot.ports import World
from bot.replies import Problem
from bot.sections import ROLES, Role

HOUR_SECONDS = 3600


def role_of(world: World, event: CommentWritten) -> Role:
    """The role of a comment's writer, asked of GitHub each time.

    An app has the role that the configuration gives it, or none.
    """
    if event.is_bot:
        return world.config.commands.bots.get(event.author, "none")
    return world.forge.role(event.author)


def may(world: World, role: Role, right: Right, command: str = "") -> bool:
    """Whether a role is high enough for a right, or for a single command."""
    return ROLES.index(role) >= ROLES.index(_needed(world, right, command))


def check(world: World, event: CommentWritten, command: Command, role: Role) -> None:
    """Check that somebody of this role may say this here.

    Raises:
        UserError: the role is too low, or it is written in the wrong place.
    """
    spec = COMMANDS[command.name]
    check_role(world, role, spec.right, command.name)
    for name in command.arguments:
        if right := spec.arguments[name].right:
            check_role(world, role, right, command.name, for_all=False)
    if spec.where == "pr" and not event.is_pull:
        raise UserError(f"`/{spec.name}` is written on a PR, this is an issue.")
    if spec.where == "issue" and event.is_pull:
        raise UserError(f"`/{spec.name}` is written in an issue, this is a PR.")


def check_role(
    world: World, role: Role, right: Right, command: str, *, for_all: bool = True
) -> None:
    """Check that a role is high enough.

    Args:
        world: the ports.
        role: of whoever asks.
        right: what is needed.
        command: what is asked.
        for_all: whether the configuration's own role for this command counts, if it has one.

    Raises:
        UserError: it is not; the needed role is named.
    """
    single = command if for_all else ""
    if not may(world, role, right, single):
        needed = _needed(world, right, single)
        what = "" if for_all else "with this argument, or on this PR, "
        raise UserError(f"`/{command}` {what}needs the role `{needed}` in this repository.")


def is_too_much(world: World, event: CommentWritten) -> bool:
    """Whether this person has written more commands within the hour than one may; says so once."""
    listening, now = world.config.commands, world.clock.now()
    recent = world.forge.comments_of(event.author, now - HOUR_SECONDS)
    if sum(grammar.addressed(body, listening.prefix) for body in recent) <= listening.per_hour:
        return False
    problem = Problem(
        f"These are more than {listening.per_hour} commands within an hour, so this one was not "
        "carried out. `commands.per_hour` in `.github/labhand.yml` sets the limit."
    )
    key = f"busy:{event.author}:{int(now // HOUR_SECONDS)}"
    world.forge.say(event.place, key, render(problem, world.prefix))
    return True


def _needed(world: World, right: Right, command: str) -> Role:
    return world.config.rights.needed(right, is_private=world.forge.is_private, command=command)
