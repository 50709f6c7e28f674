"""All effects together, with the time, the configuration and the environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.config import Config
from bot.environment import Environment
from bot.ports.forge import Forge
from bot.ports.tracker import Tracker


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None: ...


MOST_SUMMARY = 1 << 20
"""Bytes; Actions drops the whole summary of a step that writes more."""


@dataclass(frozen=True)
class World:
    """Everything that a handler may touch."""

    forge: Forge
    tracker: Tracker
    clock: Clock
    config: Config
    environment: Environment

    @property
    def prefix(self) -> str:
        """What commands begin with here."""
        return self.config.commands.prefix

    @property
    def folder(self) -> Path:
        """Where jobs of one workflow run hand files to each other."""
        return Path(self.environment.folder)

    def summarise(self, markdown: str) -> None:
        """Put a text on the page of this workflow run, once, while there is room for it."""
        if path := self.environment.summary_path:
            with Path(path).open("a+", encoding="utf-8") as summary:
                summary.seek(0)
                before = summary.read()
                if markdown not in before and len((before + markdown).encode()) < MOST_SUMMARY:
                    summary.write(f"{markdown}\n")

    def set_output(self, name: str, value: str) -> None:
        """Set an output of this job, of one line, for the jobs that need it."""
        if path := self.environment.output_path:
            with Path(path).open("a", encoding="utf-8") as outputs:
                outputs.write(f"{name}={value}\n")
