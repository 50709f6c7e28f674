"""Every effect that the bot has on the world, as Protocols, in one World."""

from bot.ports.forge import Change, CheckState, FileChange, Forge, Issue, Pull
from bot.ports.outage import Limited, Outage, Stale
from bot.ports.tracker import Failure, Launch, Tracker
from bot.ports.world import MOST_SUMMARY, Clock, World
from bot.ports.writer import Workspace, Writer, Written

__all__ = [
    "MOST_SUMMARY",
    "Change",
    "CheckState",
    "Clock",
    "Failure",
    "FileChange",
    "Forge",
    "Issue",
    "Launch",
    "Limited",
    "Outage",
    "Pull",
    "Stale",
    "Tracker",
    "Workspace",
    "World",
    "Writer",
    "Written",
]
