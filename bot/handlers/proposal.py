"""What a command would do, known in full before anything of it is done."""

from dataclasses import dataclass

from bot.commands import Right
from bot.core.attempt import Attempt
from bot.core.desk import Desk
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.price import Price
from bot.handlers.recall import record
from bot.ports import World
from bot.replies import Noted


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
    estimate: Price | None = None
    """What it would cost where the attempt is not known yet."""
    head: str | None = None
    """The head of the PR that it was decided on; None if it is bound to none."""
    does: str = ""
    """What it does, where its command does more than one thing; begins with a verb."""
    right: Right | None = None
    """A right that it needs beyond its command's; None if it needs no more."""
    reply: Noted | None = None
    """What is answered once it is carried out; None where the ring behind it says so."""

    @property
    def price(self) -> Price | None:
        """What it would cost; None if it trains nothing, or nobody knows."""
        aside = self.attempt.reserved if self.attempt else None
        return aside.price if aside else self.estimate

    @property
    def after(self) -> Ledger:
        """The ledger once it is carried out."""
        return self.before.put(self.experiment)


def carry_out(world: World, proposal: Proposal, desk: Desk | None = None) -> None:
    """Write the decision down, with what changes on the desk; the ring behind it acts on it."""
    after = proposal.after.with_desk(desk) if desk else proposal.after
    record(world, proposal.before, after, proposal.message)
