"""`/lock` and `/unlock`: hold a PR, the baseline or the queue for a while."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from bot.commands import Command
from bot.comments import render, text
from bot.core.desk import Desk, Lock, What, blocking
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten
from bot.ports import World
from bot.replies import Noted

NAMES: dict[What, str] = {"pr": "This PR", "baseline": "The baseline", "queue": "The queue"}
HOURS = "24"


def lock(world: World, event: CommentWritten, command: Command) -> Noted | None:
    """Lock something; the lab book's compare-and-set lets one of two at a time through.

    Raises:
        UserError: somebody else has locked it, or there is nothing to lock here.
    """
    ledger = world.forge.read_ledger()
    if event.comment_id in ledger.desk.answered:
        return None
    what = _what(event, command)
    now = world.clock.now()
    held = ledger.desk.lock(what, event.place, now)
    if held and held.owner != event.author:
        raise UserError(described(world, held))
    wanted = Lock(
        what=what,
        place=event.place,
        owner=event.author,
        reason=command.arguments.get("reason", ""),
        comment_id=event.comment_id,
        until=now + int(command.arguments.get("hours", HOURS)) * 3600,
    )
    desk = ledger.desk.locked(wanted)
    return _noted(world, event, command, ledger, ledger.with_desk(desk), described(world, wanted))


def unlock(
    world: World, event: CommentWritten, command: Command, *, any_lock: bool
) -> Noted | None:
    """Take a lock back.

    Args:
        world: the ports.
        event: who asks, where.
        command: what is asked.
        any_lock: whether this person may take back the locks of others.

    Raises:
        UserError: nothing is locked, or it is somebody else's lock.
    """
    ledger = world.forge.read_ledger()
    if event.comment_id in ledger.desk.answered:
        return None
    what = _what(event, command)
    held = ledger.desk.lock(what, event.place, world.clock.now())
    if held is None:
        raise UserError(f"{NAMES[what]} is not locked.")
    if held.owner != event.author and not any_lock:
        raise UserError(f"{described(world, held)} Whoever may decide can take that back too.")
    desk = ledger.desk.unlocked(held, event.comment_id)
    sentence = f"Unlocked. {text(held.owner)} had locked it until {moment(held.until)}."
    return _noted(world, event, command, ledger, ledger.with_desk(desk), sentence)


def _what(event: CommentWritten, command: Command) -> What:
    what = command.arguments.get("what", "pr")
    if what == "pr" and not event.is_pull:
        raise UserError(
            f"This is an issue: say `/{command.name} what=baseline` or `what=queue`, or write it "
            "on the PR that is meant."
        )
    return cast("What", what)


def _noted(
    world: World,
    event: CommentWritten,
    command: Command,
    before: Ledger,
    after: Ledger,
    sentence: str,
) -> Noted:
    if command.dry_run:
        return Noted(f"Dry run: nothing was done. It would say: {sentence}")
    world.forge.write_ledger(
        before, after, f"#{event.place}: {event.author} asks to {command.name}"
    )
    return Noted(sentence)


def check_locks(world: World, desk: Desk, whats: Iterable[What], place: int, person: str) -> None:
    """Check that nobody else has locked what a command would change.

    Args:
        world: the ports.
        desk: where the locks lie.
        whats: what it would change.
        place: the PR or issue of the experiment that it is about.
        person: who asks; one's own lock holds nobody up.

    Raises:
        UserError: somebody has; with who, why, until when and where that was said.
    """
    lock = blocking(desk, whats, place, person, world.clock.now())
    if lock is not None:
        raise UserError(
            f"{described(world, lock)} Nothing was done. {text(lock.owner)}, or whoever may "
            f"decide, takes it back with `/unlock what={lock.what}`."
        )


def described(world: World, lock: Lock) -> str:
    """A lock in a sentence, with a link to where it was asked for."""
    comment_id = lock.comment_id if lock.comment_id > 0 else None
    url = world.environment.issue_url(lock.place, comment_id)
    reason = f", because {code(lock.reason, 300)}" if lock.reason else ""
    return (
        f"{NAMES[lock.what]} is [locked]({url}) by {text(lock.owner)} until {moment(lock.until)}"
        f"{reason}."
    )


def holds_up(world: World, desk: Desk, place: int, person: str) -> bool:
    """Whether a lock keeps what was confirmed from becoming the baseline; says so once."""
    lock = blocking(desk, ("pr", "baseline"), place, person, world.clock.now())
    if lock is None:
        return False
    sentence = f"{described(world, lock)} This waits until then, or until `/unlock`."
    world.forge.say(place, f"locked:{lock.comment_id}", render(Noted(sentence), world.prefix))
    return True


def moment(seconds: float) -> str:
    """A time as people read it, such as `21 November 14:03 UTC`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %B %H:%M} UTC"
