"""`/status`: look at W&B now, and say how things stand."""

from collections import Counter

from bot.core.experiment import Experiment
from bot.handlers.reconcile import reconcile
from bot.ports import World
from bot.replies import Status, StatusRow


def status(world: World) -> Status:
    """Ring, then list what is open."""
    ledger = reconcile(world, asked=True)
    tag = ledger.baseline.tag if ledger.baseline else None
    rows = [_row(e) for e in ledger.experiments.values() if e.phase != "released"]
    return Status(tag, world.environment.release_url(tag) if tag else "", tuple(rows))


def _row(experiment: Experiment) -> StatusRow:
    attempt = experiment.latest
    return StatusRow(
        number=experiment.place,
        title=experiment.title,
        attempt=attempt.number if attempt else 0,
        verdict=attempt.outcome if attempt else None,
        states=Counter(run.state for run in attempt.runs) if attempt else {},
    )
