"""`/quote`: what `/launch` would train and cost, without a promise and without a trace."""

from dataclasses import replace

from bot.commands import Command
from bot.events import CommentWritten
from bot.handlers.admit import planned
from bot.handlers.launch import launch
from bot.handlers.proposal import Proposal
from bot.ports import World
from bot.replies import AlreadyLaunched, Quote


def quote(world: World, event: CommentWritten, command: Command) -> Quote | AlreadyLaunched | None:
    """Plan what `/launch` would do with these arguments, and say so.

    Raises:
        UserError: `/launch` would be refused; for the same reason.
    """
    wanted = replace(command, name="launch")
    found = launch(world, event, wanted)
    return Quote(planned(world, wanted, found)) if isinstance(found, Proposal) else found
