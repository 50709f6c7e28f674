"""How a run can fail: kinds, exit codes, signals, and the record that says what happened."""

import math
import platform
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

SCHEMA = 1
LAST_STEPS = 8
TRACEBACK_LINES = 20
MESSAGE_CHARACTERS = 2000
HIGHEST_LR = 0.01
"""A step of AdamW moves each weight by up to the learning rate, and weights here are near 0.1."""
CLIP = 1.0
"""The gradient norm to which a run is clipped that diverged, unless it was clipped shorter."""


class Failure(Exception):
    """A way to fail that has a kind of its own; whatever else is raised is a crash."""

    kind = "crash"
    exit_code = 1


class ConfigError(Failure):
    """A setting that is unknown or has a value that it cannot have."""

    kind = "config"
    exit_code = 2


class DataError(Failure):
    """The data cannot be had, or is not what it should be."""

    kind = "data"
    exit_code = 3


class NonFiniteError(Failure):
    """The loss or its gradient is no longer a number."""

    kind = "nan"
    exit_code = 4


class Preempted(Failure):
    """Somebody asked the process to end; its exit code is 128 + the signal's number."""

    kind = "preempted"

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.exit_code = 128 + signum


class Stop:
    """Remembers SIGTERM and SIGINT until the loop, between two steps, can end in good order."""

    def __init__(self) -> None:
        self.signum = 0

    def listen(self) -> None:
        """Takes the two signals over for the rest of the process."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._remember)

    def check(self) -> None:
        """Raises Preempted if a signal has come."""
        if self.signum:
            raise Preempted(self.signum)

    def _remember(self, signum: int, _frame: FrameType | None) -> None:
        self.signum = signum


@dataclass
class Evidence:
    """What is known of a run while it goes on, for the record that it leaves if it fails.

    Attributes:
        step: Steps begun, 0 before the first.
        epoch: Epochs begun.
        last: Metric key to its values at the last few steps.
    """

    started: float = field(default_factory=time.monotonic)
    settings: dict[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    step: int = 0
    epoch: int = 0
    last: dict[str, deque[float]] = field(default_factory=dict)

    def see(self, values: Mapping[str, float]) -> None:
        """Notes a step's values, by metric key."""
        for key, value in values.items():
            self.last.setdefault(key, deque(maxlen=LAST_STEPS)).append(value)

    def record(self, error: BaseException) -> dict[str, Any]:
        """What happened, as `failure.json` holds it: JSON without NaN, which becomes "nan"."""
        kind = error.kind if isinstance(error, Failure) else Failure.kind
        lines = "".join(traceback.format_exception(error)).splitlines()
        return {
            "schema": SCHEMA,
            "kind": kind,
            "step": self.step,
            "epoch": self.epoch,
            "message": str(error)[:MESSAGE_CHARACTERS],
            "type": type(error).__name__,
            "traceback": lines[-TRACEBACK_LINES:],
            "last": {key: [_finite(value) for value in kept] for key, kept in self.last.items()},
            "suggest": suggest(kind, self.settings),
            "config_hash": self.config_hash,
            "versions": versions(),
            "seconds": round(time.monotonic() - self.started, 1),
        }


def suggest(kind: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Configuration patches that may cure a failure, the best first: `[{"why", "set"}]`.

    `why` is a clause without a full stop, as a commit's subject and a sentence can take it.

    Args:
        kind: Of the failure.
        settings: The failed run's, by dotted name.
    """
    if kind != NonFiniteError.kind:
        return []
    lr, clip = settings["train.lr"], settings["train.clip"]
    cure = {
        "train.lr": min(float(f"{lr * 0.3:.3g}"), HIGHEST_LR),
        "train.clip": min(clip or CLIP, CLIP),
    }
    why = "a smaller learning rate and gradient clipping keep it finite"
    return [{"why": f"training diverged at train.lr={lr:g}; {why}", "set": cure}]


def exit_code(error: BaseException) -> int:
    """The process's exit code: each kind has its own, a crash is 1."""
    return error.exit_code if isinstance(error, Failure) else Failure.exit_code


def versions() -> dict[str, str]:
    """Of Python and of the libraries that the numbers depend on, as far as they are loaded."""
    loaded = {
        name: sys.modules[name].__version__
        for name in ("torch", "numpy", "wandb")
        if name in sys.modules
    }
    return {"python": platform.python_version(), **loaded}


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
