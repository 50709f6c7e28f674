"""How things stand: experiments, queues and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.attempt import RunState
from bot.core.queue import Holdup, Priority


@dataclass(frozen=True)
class StatusRow:
    """One open experiment."""

    number: int
    title: str
    attempt: int
    verdict: str | None
    states: Mapping[str, int]
    """Run state to how many runs are in it."""


@dataclass(frozen=True)
class Status:
    """How things stand."""

    baseline: str | None
    baseline_url: str
    rows: tuple[StatusRow, ...]


@dataclass(frozen=True)
class QueuedRow:
    """A run of ours that waits in a queue."""

    place: int
    title: str
    seed: int
    item: str
    """W&B's id of what waits; empty if its answer was lost."""
    waits_seconds: float
    priority: Priority
    is_stopping: bool


@dataclass(frozen=True)
class QueueReport:
    """One queue: what waits in it, and on whom."""

    name: str
    holdup: Holdup
    rows: tuple[QueuedRow, ...]
    others: int
    """What waits there and is not in the lab book."""
    training: int
    """Runs of ours that were begun."""
    agents: int
    """Launch agents of the team that live; W&B does not tell whose queue is whose."""
    parallel: int | None
    """Runs that its agents train at a time, as configured."""
    has_priorities: bool


@dataclass(frozen=True)
class Queues:
    """What waits in the queues."""

    queues: tuple[QueueReport, ...]
    entity: str


@dataclass(frozen=True)
class ListedRun:
    """One run, with how long it took."""

    seed: int
    state: RunState
    url: str
    value: float | None
    seconds: float | None


@dataclass(frozen=True)
class AttemptRuns:
    """The runs of one attempt."""

    number: int
    purpose: Literal["search", "confirm", "baseline"]
    commit: str
    verdict: str | None
    runs: tuple[ListedRun, ...]


@dataclass(frozen=True)
class Runs:
    """The runs of an experiment."""

    metric: str
    attempts: tuple[AttemptRuns, ...]
    """The latest first."""
    folded: int
    """Attempts before them, of which only the outcome is remembered."""
    marked: int
    """Runs of the latest attempt that were tagged, annotated or grouped now."""
    tags: tuple[str, ...]
    note: str
    group: str
    group_url: str
