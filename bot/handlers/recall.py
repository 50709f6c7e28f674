"""What the lab book knows of an issue, also when it is over; and a new decision for it."""

import re

from bot.core.book import BRANCH, CLOSED, parse_experiment
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.ports import World


def recall(world: World, ledger: Ledger, number: int) -> Experiment | None:
    """The experiment of an issue; one that is closed is read from its own file."""
    return recalled(world, ledger, number).at(number)


def recalled(world: World, ledger: Ledger, place: int, branch: str = "") -> Ledger:
    """The ledger with the experiment of an issue or a PR, also if it is closed.

    Args:
        world: the ports.
        ledger: everything that is open.
        place: the issue or PR.
        branch: the PR's, whose name tells the issue that it came from.
    """
    if ledger.at(place) or ledger.on(branch) or ledger.head is None:
        return ledger
    issue = re.match(r"exp/(\d+)\b", branch)
    for number in {place, *([int(issue[1])] if issue else [])}:
        path = f"{CLOSED}/{number}.json"
        if text := world.forge.file(path, BRANCH):
            found = parse_experiment(path, text)
            if place in (found.number, found.pull):
                return ledger.put(found)
    return ledger


def record(world: World, before: Ledger, after: Ledger, message: str) -> None:
    """Write down what somebody decided; the schedule carries it out if this job cannot."""
    world.forge.write_ledger(before, after, message)
    world.forge.set_schedule(enabled=True)
