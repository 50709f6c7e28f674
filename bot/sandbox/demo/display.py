"""What the terminal shows while the story goes on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.2


class Missed(Exception):
    """Something that the story promises did not happen."""


class Display:
    """One line per step: how far it is, then whether it happened, and when."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.missed: list[str] = []
        self.beat: Callable[[], str] = str
        """What is going on right now, for the end of the line."""
        self._live = sys.stdout.isatty()

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self.started

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """Head a few steps with a title; what is missed in it ends it, not the story."""
        print(f"\n{title}")
        try:
            yield
        except Missed as missed:
            self.missed.append(str(missed))
            self._line(f"  ✗ {missed}", end="\n")

    def expect(self, what: str, look: Callable[[], T | None], timeout_seconds: float = 120.0) -> T:
        """Wait until something is there, and return it.

        Raises:
            Missed: it is not there in time.
        """
        end = time.monotonic() + timeout_seconds
        while not (found := look()):
            if time.monotonic() > end:
                raise Missed(f"{what} (not within {timeout_seconds:.0f} s)")
            if self._live:
                self._line(f"  … {what}  {self.beat()}", end="\r")
            time.sleep(POLL_SECONDS)
        self._line(f"  ✓ {what}", end="\n")
        return found

    def check(self, what: str, holds: bool) -> None:
        """Note something that must hold now.

        Raises:
            Missed: it does not.
        """
        if not holds:
            raise Missed(what)
        self._line(f"  ✓ {what}", end="\n")

    def _line(self, text: str, end: str) -> None:
        clear = "\r\x1b[2K" if self._live else ""
        stamp = f"{self.seconds:5.0f} s"
        width = 110 if self._live else 1000
        print(f"{clear}{stamp}{text[:width]}", end=end, flush=True)
