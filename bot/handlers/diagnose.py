"""`/diagnose`: say again why the last attempt failed."""

from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.failure import failure
from bot.handlers.recall import recall
from bot.ports import World
from bot.replies import FailureReport


def diagnose(world: World, event: CommentWritten) -> FailureReport:
    """Read the failed runs' records once more; a new comment, because people look for it below.

    Raises:
        UserError: nothing failed here.
    """
    experiment = recall(world, world.forge.read_ledger(), event.place)
    attempt = experiment.latest if experiment else None
    if experiment is None or attempt is None:
        raise UserError("Nothing was trained here yet, so there is nothing to diagnose.")
    if attempt.verdict is None:
        raise UserError(
            f"Attempt {attempt.number} is still being trained; its report comes by itself."
        )
    failed = [run for run in attempt.trained if run.ended and run.state != "finished"]
    if not failed:
        raise UserError(f"No run of attempt {attempt.number} failed: its report says what it is.")
    return failure(world, experiment, world.tracker.observe([run.id for run in attempt.runs]))
