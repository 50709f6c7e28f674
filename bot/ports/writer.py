"""A model that edits files, and the folder that it may edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.cost import Tokens


@dataclass(frozen=True)
class Written:
    """What a model did with a task."""

    summary: str
    turns: int


class Workspace(Protocol):
    """A folder of files that a model may look at and edit, and nothing else."""

    def read(self, path: str) -> str: ...
    def files(self) -> tuple[str, ...]: ...
    def write(self, path: str, text: str) -> None: ...
    def changes(self) -> Mapping[str, str | None]:
        """Files that differ from how they were found: path to text, None if deleted."""
        ...


class Writer(Protocol):
    """A model that edits files."""

    tokens: Tokens
    """What it read and wrote so far, also where `write` raised."""

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        """Carry out a task in a workspace.

        Raises:
            UserError: the model refused, or did not finish within its turns or its budget.
            Outage: the model's service failed.
        """
        ...
