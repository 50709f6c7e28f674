"""The watchdog: ends a process that does nothing any more, after it has said where it stands."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType

from trainer.health.failure import Hang
from trainer.health.record import Evidence

TELL_SECONDS = 10.0
"""How long a hanging process may take to write its record and to upload it."""


class Watchdog:
    """Looks after a run while it is entered; what it looks at is `evidence.alive`.

    It is armed by the first step: starting may take long. A process that waits for others is not
    what hangs: their watchdogs, and the patience of `ranks.Ranks`, look after that.

    Args:
        seconds: Of silence that are too many; 0 means any silence is fine.
        evidence: Of the run.
        tell: Writes the record and uploads it.
    """

    def __init__(self, seconds: float, evidence: Evidence, tell: Callable[[Hang], None]) -> None:
        self._seconds, self._evidence, self._tell = seconds, evidence, tell
        self._done = threading.Event()

    def __enter__(self) -> None:
        if self._seconds:
            main = threading.get_ident()
            threading.Thread(target=self._look, args=(main,), name="watchdog", daemon=True).start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._done.set()

    def _look(self, main: int) -> None:
        while not self._done.wait(min(self._seconds / 4, 10)):
            alive = self._evidence.alive
            silent = time.monotonic() - alive
            if alive and silent > self._seconds and not _waits(_frames()[main]):
                self._end(silent)

    def _end(self, silent: float) -> None:
        message = f"no step for {silent:.0f} s (health.hang_seconds={self._seconds:g})"
        error = Hang(message, _stacks())
        # Telling may hang too, on a lock that a hanging thread holds.
        teller = threading.Thread(target=self._tell, args=(error,), name="teller", daemon=True)
        teller.start()
        teller.join(TELL_SECONDS)
        os._exit(error.exit_code)


def _waits(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == "trainer.ranks":
            return True
        frame = frame.f_back
    return False


def _frames() -> dict[int, FrameType]:
    return sys._current_frames()  # noqa: SLF001 documented, in spite of its name


def _stacks() -> dict[str, list[str]]:
    frames = _frames()
    return {
        thread.name: "".join(traceback.format_stack(frames[thread.ident])).splitlines()
        for thread in threading.enumerate()
        if thread.ident in frames
    }
