"""A PR was closed while it trained: its runs have ended, so say it and close the experiment."""

from bot.comments import render
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.handlers import progress
from bot.ports import World
from bot.replies import Closed


def close(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Say what was stopped and what is kept; whoever reopens the PR can launch it again."""
    attempt = experiment.latest
    assert attempt is not None
    kept = tuple(run.seed for run in attempt.runs if run.state == "finished")
    left = tuple(run.seed for run in attempt.runs if run.state != "finished")
    reply = Closed(attempt=attempt.number, stopped=left, kept=kept)
    world.forge.say(
        experiment.place, f"closed:{attempt.number}", render(reply, world.prefix), alone=True
    )
    ended = experiment.with_attempt(attempt.but(verdict="CLOSED", stuck="", waits_for=""))
    return ledger.put(progress.show(world, ended.but(phase="closed"), {}))
