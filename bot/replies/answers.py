"""What any command may be answered, and what tells of commands."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something was asked for that cannot be done: what is wrong, and what to do."""

    text: str


@dataclass(frozen=True)
class Trouble:
    """The bot itself failed; no exception text, only where to look."""

    workflow_url: str


@dataclass(frozen=True)
class Noted:
    """Done, in a sentence of ours; a reaction says as much to whoever wants it quiet."""

    text: str


@dataclass(frozen=True)
class Help:
    """The command table."""

    table: str


@dataclass(frozen=True)
class Manual:
    """All about one command."""

    usage: str
    does: str
    aliases: tuple[str, ...]
    arguments: Mapping[str, str]
    """Argument to what is allowed."""
    role: str
    where: str
    costs: str
    example: str
    settings: bool
    dry: bool
