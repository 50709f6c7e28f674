"""The ways in which a run ends: each kind of failure, its exit code, and what to do about it."""

import signal
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True)
class Exit:
    """One way to end.

    Attributes:
        code: The process's exit code; under torchrun the container's is 1 whatever happened.
        status: What `run/status` says.
        meaning: A clause for people.
        advice: What to do next.
    """

    code: int
    status: str
    meaning: str
    advice: str


EXITS = (
    Exit(0, "finished", "trained and tested", "compare it with the baseline"),
    Exit(0, "stopped_early", "nothing got better any more", "compare it with the baseline"),
    Exit(1, "crash", "an error that nobody expected", "the traceback names the line to mend"),
    Exit(1, "dist", "another process is gone or silent", "look at its log, then start again"),
    Exit(2, "config", "a setting is wrong", "correct the setting that is named"),
    Exit(3, "data", "the data is missing or unfit", "mend it, or move the threshold that is named"),
    Exit(4, "nan", "a loss or gradient is no number", "train with the suggestion below"),
    Exit(5, "oom", "one image at a time is too much", "take a smaller model or a larger machine"),
    Exit(6, "hang", "no step for too long", "start again; if it recurs, read the record's stacks"),
    Exit(7, "", "another process has this run", "nothing: it is being trained"),
    Exit(130, "preempted", "stopped by SIGINT", "start the same run again: it goes on"),
    Exit(143, "preempted", "stopped by SIGTERM", "start the same run again: it goes on"),
)
"""Every exit code, in one place."""

_BY_STATUS = {way.status: way for way in EXITS}


class Failure(Exception):
    """A way to fail that has a kind of its own; whatever else is raised is a crash."""

    kind = "crash"

    @property
    def exit_code(self) -> int:
        """Of the process that fails like this."""
        return _BY_STATUS[self.kind].code


class ConfigError(Failure):
    """A setting that is unknown or has a value that it cannot have."""

    kind = "config"


class DataError(Failure):
    """The data cannot be had, or is not what it should be."""

    kind = "data"


class NonFiniteError(Failure):
    """The loss or its gradient is no longer a number."""

    kind = "nan"


class OutOfMemory(Failure):
    """Not even a single image at a time fits into memory."""

    kind = "oom"


class PeerLost(Failure):
    """Another of the processes that train together is gone, or says nothing any more."""

    kind = "dist"


class Hang(Failure):
    """Nothing has happened for too long.

    Attributes:
        stacks: Where each thread is, by its name: the last lines, innermost last.
    """

    kind = "hang"

    def __init__(self, message: str, stacks: dict[str, list[str]]) -> None:
        super().__init__(message)
        self.stacks = stacks


class Preempted(Failure):
    """Somebody asked the process to end; its exit code is 128 + the signal's number."""

    kind = "preempted"

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self._signum = signum

    @property
    def exit_code(self) -> int:
        """As a shell gives it for a process that a signal has ended."""
        return 128 + self._signum


class Stop:
    """Remembers SIGTERM and SIGINT until the loop, between two steps, can end in good order."""

    def __init__(self) -> None:
        self.signum = 0

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self.signum != 0

    def listen(self) -> None:
        """Takes the two signals over for the rest of the process."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._remember)

    def _remember(self, signum: int, _frame: FrameType | None) -> None:
        self.signum = signum


def kind_of(error: BaseException) -> str:
    """An error's kind: its own, `oom` wherever memory ran out, else `crash`."""
    if isinstance(error, Failure):
        return error.kind
    return OutOfMemory.kind if out_of_memory(error) else Failure.kind


def exit_code(error: BaseException) -> int:
    """The process's exit code: each kind has its own, a crash is 1."""
    return error.exit_code if isinstance(error, Failure) else _BY_STATUS[kind_of(error)].code


def advice(kind: str) -> str:
    """What to do about a failure, in a clause."""
    return _BY_STATUS[kind].advice


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of the GPU or of the machine, is used up."""
    # torch raises a plain RuntimeError when the CPU's allocator fails.
    words = "out of memory", "can't allocate memory"
    known = isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    return known or isinstance(error, MemoryError)
