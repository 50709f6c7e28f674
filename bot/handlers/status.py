"""`/status`: look at W&B now, and say how things stand."""

from collections import Counter

from bot.core.experiment import Experiment
from bot.handlers.judging import release_url
from bot.handlers.reconcile import reconcile
from bot.ports import World
from bot.replies import Status, StatusRow


def status(world: World) -> Status:
    """Ring, then list what is open."""
    reconcile(world, asked=True)
    ledger = world.forge.read_ledger()
    tag = ledger.baseline.tag if ledger.baseline else None
    rows = [_row(e) for e in ledger.experiments.values() if e.phase != "released"]
    return Status(tag, release_url(world, tag) if tag else "", tuple(rows))


def _row(experiment: Experiment) -> StatusRow:
    attempt = experiment.latest
    return StatusRow(
        number=experiment.place,
        title=experiment.title,
        attempt=attempt.number if attempt else 0,
        verdict=attempt.verdict if attempt else None,
        states=Counter(run.state for run in attempt.runs) if attempt else {},
    )
