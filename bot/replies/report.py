"""A verdict, how to go on from it, and what outdates it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.diagnostics import Vital, Warned
from bot.core.price import Price
from bot.core.results import Results
from bot.core.runs import Point


@dataclass(frozen=True)
class Option:
    """A way to go on with what is undecided, and how it would end."""

    command: str
    price: Price
    win: float
    """Probability of a WIN."""
    loss: float
    """Probability that it says: no gain worth having."""


@dataclass(frozen=True)
class Earlier:
    """An attempt before the one that is reported."""

    number: int
    commit: str
    seeds: int
    verdict: str | None
    url: str
    """Of its report; empty if it has none."""
    asked_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class Times:
    """When an attempt did what, in seconds since the epoch."""

    asked: float
    queued: float | None
    """When the last of its runs was queued: those behind a canary follow it."""
    ended: float | None
    """When the last of its runs was heard of; None where W&B does not tell."""


@dataclass(frozen=True)
class Rank:
    """Where an experiment is among the open ones, by the lower bound of the gain."""

    number: int
    among: int
    first: int
    """The PR of the one that leads."""
    board_url: str
    """The leaderboard's page; empty without one."""


@dataclass(frozen=True)
class Report(Results):
    """A verdict, as people read it."""

    baseline_url: str
    next_price: Price | None
    """Of the next command, or of training another change; None where nobody knows."""
    next_seeds: int
    """How many seeds the next command trains; 0 without one."""
    options: tuple[Option, ...]
    """How to go on with what is undecided; the first one is the next command."""
    curve: tuple[Point, ...]
    """Mean over the seeds."""
    baseline_low: tuple[Point, ...]
    baseline_high: tuple[Point, ...]
    files: Mapping[str, tuple[int, int]]
    """File to lines added and removed."""
    vitals: tuple[Vital, ...]
    warnings: tuple[Warned, ...]
    earlier: tuple[Earlier, ...]
    asked_by: str
    times: Times
    group_url: str
    workflow_url: str
    rank: Rank | None = None
    """Of what is undecided, where others are open to spend on instead; else None."""


@dataclass(frozen=True)
class Stale:
    """What stands above a report once the baseline that it measured against is old."""

    old: str
    new: str
    new_url: str
    default_branch: str
    price: Price | None
    """Of training it anew; None if nobody knows it."""
    report: str
    """The report's text as it was posted."""
