"""`/stop`: end what is queued or running for an experiment, and remember who wanted it."""

from collections.abc import Collection

from bot.commands import Command
from bot.core.attempt import Stop
from bot.core.book import asked
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.numbers import count
from bot.core.watch import stopped
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.proposal import Proposal
from bot.ports import World


def stop(world: World, event: CommentWritten, command: Command) -> Proposal | None:
    """Propose that every run of the latest attempt ends; the ring behind it tells W&B.

    Raises:
        UserError: nothing is queued or running.
    """
    ledger = world.forge.read_ledger()
    experiment = ledger.at(event.place)
    if experiment and event.comment_id in experiment.answered:
        return None
    why = command.arguments.get("reason", "")
    proposal = experiment and stopping(world, event, ledger, experiment, None, why)
    if not proposal:
        raise UserError("Nothing of it is queued or running, so there is nothing to stop.")
    return proposal


def stopping(
    world: World,
    event: CommentWritten,
    ledger: Ledger,
    experiment: Experiment,
    run_ids: Collection[str] | None,
    why: str,
) -> Proposal | None:
    """Propose that runs of the latest attempt end, all of them or some.

    Returns:
        None if none of them is left to be ended: whoever stopped a run first is remembered.
    """
    attempt = experiment.latest
    if attempt is None:
        return None
    wish = Stop(by=event.author, why=why, at=world.clock.now())
    live = [run for run in attempt.runs if not run.ended and not run.stop]
    chosen = {run.seed for run in live if run_ids is None or run.id in run_ids}
    if not chosen:
        return None
    after = experiment.with_attempt(stopped(attempt, wish, chosen)).but(
        answered=(*experiment.answered, event.comment_id)
    )
    what = f"{count(len(chosen), 'run')} of attempt {attempt.number}"
    message = f"#{experiment.number}: {event.author} stops {what}"
    return Proposal(ledger, after, asked(message, event.author, event.comment_id))
