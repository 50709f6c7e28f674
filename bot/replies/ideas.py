"""From an idea to a draft PR."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.metric import Goal
from bot.core.price import Price


@dataclass(frozen=True)
class IdeaBody:
    """The body of the issue that a command opens, as the form would leave it."""

    change: str
    settings: Mapping[str, str]
    person: str


@dataclass(frozen=True)
class Opened:
    """An issue was opened for an idea."""

    issue: int


@dataclass(frozen=True)
class Thanks:
    """An outsider's idea: who starts it, and how."""


@dataclass(frozen=True)
class Sight:
    """What so many seeds can see, and what they cost."""

    seeds: int
    gain: float | None
    """The smallest that they find in four tries of five; None where they can find none at all."""
    price: Price


@dataclass(frozen=True)
class Alternative:
    """A further metric by which a change may win."""

    metric: str
    goal: Goal
    value: str
    min_effect: float
    gain: float | None
    """The smallest that the first look finds in four tries of five; None where it finds none."""


@dataclass(frozen=True)
class Judging:
    """How an experiment will be judged."""

    metric: str
    goal: Goal
    value: str
    min_effect: float
    guards: Mapping[str, str]
    """Metric to its limit, as configured."""
    baseline: str
    baseline_url: str
    baseline_seeds: int
    seeds: tuple[int, ...]
    first: Sight
    """At the first look."""
    last: Sight
    """At the last one that is planned."""
    hope: float | None
    """The gain that its author expects; None where no number says so."""
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Writing:
    """A model was asked to write the code of an idea."""

    branch: str
    model: str
    workflow_url: str


@dataclass(frozen=True)
class NothingWritten:
    """A model's change could not be taken."""

    reason: str
    workflow_url: str


@dataclass(frozen=True)
class Ready:
    """An idea has a branch and a draft PR now."""

    pull: int
    branch: str
    judging: Judging
    expected: str
    written: str
    """What the model says that it did; empty if no model was needed."""


@dataclass(frozen=True)
class PullBody:
    """The body of an experiment's PR."""

    idea: int
    author: str
    hypothesis: str
    change: str
    settings: Mapping[str, tuple[str, str]]
    """Setting to its value before and after."""
    written: str
    expected: str
    risks: str
    judging: Judging
