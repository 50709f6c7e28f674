"""`/yes`: go ahead with what its writer was asked about."""

from bot.comments import text
from bot.core.desk import Question
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten
from bot.grammar import MOST_LETTERS
from bot.handlers.lock import moment
from bot.ports import World


def asked(world: World, event: CommentWritten) -> Question | None:
    """The question that this `/yes` answers; None if it was answered by this very comment.

    Raises:
        UserError: nobody was asked here, somebody else was, or the time is over.
    """
    desk = world.forge.read_ledger().desk
    if event.comment_id in desk.answered:
        return None
    questions = desk.question(event.place)
    own = next((q for q in questions if q.person == event.author), None)
    if own and 0 < event.comment_id < own.comment_id:  # ids rise; clocks may differ
        raise UserError(
            f"This `/yes` is older than {code(own.text, MOST_LETTERS)}, so it confirms nothing."
        )
    now = world.clock.now() if event.written_at is None else event.written_at
    if own is None:
        others = [q for q in questions if q.until > now]
        if others:
            raise UserError(
                f"{code(others[0].text, MOST_LETTERS)} waits for the `/yes` of "
                f"{text(others[0].person)}, who wrote it. Write it yourself if you want it."
            )
        raise UserError("Nothing here waits for a `/yes`.")
    if own.until <= now:
        raise UserError(
            f"{code(own.text, MOST_LETTERS)} waited until {moment(own.until)}. Nothing was done; "
            "write it again."
        )
    return own
