"""The record that a failed run leaves: what happened, where, and what may cure it."""

import json
import math
import os
import platform
import resource
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainer.health.failure import Hang, NonFiniteError, PeerLost, kind_of
from trainer.health.remedies import suggest

RECORD = "failure.json"
SCHEMA = 1
LAST_STEPS = 8
TRACEBACK_LINES = 20
LINE_CHARACTERS = 300
MESSAGE_CHARACTERS = 2000
PEERS_SECONDS = 3.0
"""How long a process waits for the others' records when they are likely to write one."""


@dataclass
class Evidence:
    """What is known of a run while it goes on, for the record that it leaves if it fails.

    Attributes:
        step: Steps begun, 0 before the first.
        epoch: Epochs begun.
        last: Metric key to its values at the last few steps.
        saved: Steps that the state on disk has taken, None while there is none.
        alive: When something last got done, on the monotonic clock; 0 before the first step's end.
        trace: Names the first tensor that is not finite in a step, and the images to blame.
    """

    started: float = field(default_factory=time.monotonic)
    settings: dict[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    step: int = 0
    epoch: int = 0
    last: dict[str, deque[float]] = field(default_factory=dict)
    saved: int | None = None
    alive: float = 0.0
    trace: Callable[[int], tuple[str | None, list[int]]] | None = None

    def see(self, values: Mapping[str, float]) -> None:
        """Notes a step's values, by metric key."""
        for key, value in values.items():
            if key not in self.last:
                self.last[key] = deque(maxlen=LAST_STEPS)
            self.last[key].append(value)

    def beat(self) -> None:
        """Notes that something got done."""
        self.alive = time.monotonic()

    def record(self, error: BaseException) -> dict[str, Any]:
        """What happened, as `failure.json` holds it: JSON without NaN, which becomes "nan"."""
        kind = kind_of(error)
        lines = "".join(traceback.format_exception(error)).splitlines()
        stacks = error.stacks if isinstance(error, Hang) else {}
        first, images = self._traced(kind)
        return {
            "schema": SCHEMA,
            "kind": kind,
            "step": self.step,
            "epoch": self.epoch,
            "message": str(error)[:MESSAGE_CHARACTERS],
            "type": type(error).__name__,
            "where": _where(error),
            "traceback": _capped(lines),
            "stacks": {name: _capped(stack) for name, stack in stacks.items()},
            "rank": rank(),
            "world": int(os.environ.get("WORLD_SIZE", 1)),
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "last": {key: [_finite(value) for value in kept] for key, kept in self.last.items()},
            "first_nonfinite": first,
            "bad_sample_ids": images,
            "memory": _memory(),
            "resumable": None if self.saved is None else {"step": self.saved},
            "suggest": suggest(kind, self.settings, self.saved, first),
            "config_hash": self.config_hash,
            "versions": versions(),
            "seconds": round(time.monotonic() - self.started, 1),
        }

    def _traced(self, kind: str) -> tuple[str | None, list[int]]:
        if kind != NonFiniteError.kind or self.trace is None:
            return None, []
        try:
            return self.trace(self.step - 1)
        except Exception as error:  # a record without a culprit is better than no record
            return f"unknown: {error}"[:LINE_CHARACTERS], []


def rank() -> int:
    """This process's place among those that train together, from 0."""
    return int(os.environ.get("RANK", 0))


def keep(record: Mapping[str, Any], folder: Path, name: str = RECORD) -> Path:
    """Writes a record into a folder, which is made if need be; the file is whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    draft, path = folder / f"{name}.{rank()}.tmp", folder / name
    draft.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n")
    return draft.replace(path)


def merge(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Keeps this process's record beside those of the others, and finds what came first.

    A lost peer is a consequence: it comes first only where nobody knows of anything else. Whoever
    ends last has seen all, so what stands in `failure.json` is right however they end.

    Args:
        record: Of this process.
        folder: That all processes share.

    Returns:
        The record of the first cause.
    """
    if record["world"] == 1:
        return record
    keep(record, folder, f"failure.rank{record['rank']}.json")
    together = record["kind"] in (NonFiniteError.kind, PeerLost.kind)
    deadline = time.monotonic() + (PEERS_SECONDS if together else 0)
    found = _records(folder)
    while len(found) < record["world"] and time.monotonic() < deadline:
        time.sleep(0.05)
        found = _records(folder)
    first = min(found, key=lambda one: (one["kind"] == PeerLost.kind, one["time"]))
    for other in found:  # all see the sum that is no number, one has the image that made it so
        if (other["kind"], other["step"]) == (first["kind"], first["step"]):
            first["first_nonfinite"] = first["first_nonfinite"] or other["first_nonfinite"]
            first["bad_sample_ids"] = first["bad_sample_ids"] or other["bad_sample_ids"]
    keep(first, folder)
    return first


def forget(folder: Path) -> None:
    """Removes what an earlier attempt at the run has left."""
    for path in folder.glob("failure*.json"):
        path.unlink()


def versions() -> dict[str, str]:
    """Of Python and of the libraries that the numbers depend on, as far as they are loaded."""
    loaded = {
        name: sys.modules[name].__version__
        for name in ("torch", "numpy", "wandb")
        if name in sys.modules
    }
    return {"python": platform.python_version(), **loaded}


def _records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("failure.rank*.json"))]


def _where(error: BaseException) -> str:
    """The innermost place in the trainer that an error came through, "" if there is none."""
    package = Path(__file__).parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(package):
            return f"{Path(frame.filename).relative_to(package.parent)}:{frame.lineno}"
    return ""


def _memory() -> dict[str, float]:
    """Peaks of this process, GB."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":
        kilobytes //= 1024  # bytes there
    torch = sys.modules.get("torch")
    gpu = torch.cuda.max_memory_allocated() if torch and torch.cuda.is_initialized() else 0
    return {"rss_gb": round(kilobytes / 1e6, 3), "gpu_peak_gb": round(gpu / 1e9, 3)}


def _capped(lines: list[str]) -> list[str]:
    return [line[:LINE_CHARACTERS] for line in lines[-TRACEBACK_LINES:]]


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
