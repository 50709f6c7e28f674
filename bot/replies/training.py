"""While an attempt trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.budget import Spending
from bot.core.price import Price
from bot.core.results import RunRow


@dataclass(frozen=True)
class Launched:
    """Runs were queued."""

    attempt: int
    purpose: Literal["search", "confirm", "baseline"]
    commit: str
    overrides: Mapping[str, str]
    queue: str
    runs: tuple[RunRow, ...]
    """Runs that were queued now."""
    kept: tuple[int, ...]
    """Seeds that have been trained for this change before."""
    asked_by: str
    price: Price | None
    """Of the runs that were queued now; None where nobody knows."""
    group_url: str
    waiting: tuple[int, ...] = ()
    """Seeds that follow when the others of these runs have validated once."""
    metric: str = ""


@dataclass(frozen=True)
class AlreadyLaunched:
    """The same commit with the same seeds is there already: nothing was queued."""

    commit: str
    attempt: int
    state: Literal["running", "reported"]
    seeds: tuple[int, ...]
    verdict: str | None


@dataclass(frozen=True)
class Progress:
    """How the runs of an attempt go on; edited in place."""

    attempt: int
    purpose: Literal["search", "confirm", "baseline"]
    commit: str
    runs: tuple[RunRow, ...]
    metric: str
    group_url: str
    verdict: str | None
    queue: str = ""
    waiting: tuple[int, ...] = ()
    """Seeds that follow when the others have validated once."""
    waits_for: str = ""
    """The check on the commit without which nothing is queued; empty without one."""
    stuck: str = ""
    """On whom the queue waits, if that lasts."""
    futile: bool = False
    """Whether a WIN is next to impossible by now."""
    stopping: tuple[int, ...] = ()
    """Seeds that were asked to stop, which W&B has not confirmed."""


@dataclass(frozen=True)
class Closed:
    """A PR was closed while it trained."""

    attempt: int
    stopped: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class FailureReport:
    """At least one seed failed: no verdict."""

    title: str
    commit: str
    attempt: int
    runs: tuple[RunRow, ...]
    failed_seeds: tuple[int, ...]
    left_seeds: tuple[int, ...]
    """Every seed without a result: those that failed, were stopped, or were never queued."""
    kind: str
    message: str
    step: int | None
    why: str
    suggestion: Mapping[str, tuple[str, str]]
    """Setting to its value now and as suggested; empty if nothing is suggested."""
    price_of_left: Price | None
    """Of training again what has no result; None where nobody knows."""
    price_of_all: Price | None
    """Of training all of its seeds again."""
    again: str
    """The command that trains the failed seeds once more, at the same commit."""
    last_lines: str
    log_url: str
    group_url: str
    workflow_url: str
    spending: Spending | None = None
    """How experiment and month stand; None where it is not told."""


@dataclass(frozen=True)
class Fixed:
    """A failure's suggestion was committed; the launch follows."""

    commit: str
    settings: Mapping[str, tuple[str, str]]
    why: str
