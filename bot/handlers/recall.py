"""What the lab book knows of an issue, also when it is over; and a new decision for it."""

from bot.core.experiment import Experiment
from bot.core.ledger import BRANCH, CLOSED, Ledger, parse_experiment
from bot.ports import World


def recall(world: World, ledger: Ledger, number: int) -> Experiment | None:
    """The experiment of an issue; one that is closed is read from its own file."""
    if (known := ledger.at(number)) or ledger.head is None:
        return known
    path = f"{CLOSED}/{number}.json"
    text = world.forge.file(path, BRANCH)
    return parse_experiment(path, text) if text else None


def record(world: World, before: Ledger, after: Ledger, message: str) -> None:
    """Write down what somebody decided; the schedule carries it out if this job cannot."""
    world.forge.write_ledger(before, after, message)
    world.forge.set_schedule(enabled=True)
