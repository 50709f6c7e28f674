"""What a command would do, known in full before anything of it is done."""

from dataclasses import dataclass

from bot.core.experiment import Attempt, Experiment
from bot.core.ledger import Ledger
from bot.handlers.recall import record
from bot.ports import World


@dataclass(frozen=True)
class Proposal:
    """One decision: the ledger that it was made on, and the experiment as it would be behind it.

    Whoever asks may be shown it, asked again, or refused; until it is carried out nothing changed.
    """

    before: Ledger
    experiment: Experiment
    message: str
    """Who asks for what: the lab book's commit message."""
    attempt: Attempt | None = None
    """What it would train; None if it trains nothing, or what is not known yet."""

    @property
    def after(self) -> Ledger:
        """The ledger once it is carried out."""
        return self.before.put(self.experiment)


def carry_out(world: World, proposal: Proposal) -> None:
    """Write the decision down; the ring behind it acts on it."""
    record(world, proposal.before, proposal.after, proposal.message)
