"""Figures without a verdict: comparisons, results, the leaderboard."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.board import Ranked
from bot.core.comparability import Parity
from bot.core.contest import Pair
from bot.core.interval import Sample
from bot.core.metric import Goal
from bot.core.results import MetricRow, RunRow


@dataclass(frozen=True)
class ArmRow:
    """One arm of a comparison: a PR, a branch, a baseline or a run."""

    name: str
    """As it was typed."""
    title: str
    commit: str
    """Empty if nobody knows it."""
    untrained: int
    """Seeds of the same attempt without figures."""
    runs: tuple[RunRow, ...]


@dataclass(frozen=True)
class Contest:
    """One metric over all arms."""

    metric: str
    goal: Goal
    samples: Mapping[str, Sample]
    """By arm; those that logged it in every run."""
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Unlike:
    """What two arms do not share: their figures may differ for that reason alone."""

    one: str
    other: str
    parity: Parity
    """With the first arm's as the baseline's."""


@dataclass(frozen=True)
class Comparison:
    """Several arms head to head, without a verdict."""

    primary: Contest
    guards: tuple[Contest, ...]
    arms: tuple[ArmRow, ...]
    unlike: tuple[Unlike, ...]
    alternatives: tuple[Contest, ...] = ()
    """Of the other metrics by which a change may win."""


@dataclass(frozen=True)
class Figures:
    """What the runs of something have given so far."""

    name: str
    title: str
    commit: str
    """Empty if nobody knows it."""
    attempt: int | None
    """None for a baseline, and for a run that was not launched here."""
    verdict: str | None
    report_url: str
    baseline: str
    """What it stands beside; empty if there is none."""
    baseline_url: str
    rows: tuple[MetricRow, ...]
    """The primary metric first; with intervals only if a report has shown them."""
    runs: tuple[RunRow, ...]
    untrained: int
    """Seeds that gave no figures, or not yet."""


@dataclass(frozen=True)
class Leaderboard:
    """The text of the leaderboard's issue."""

    metric: str
    goal: Goal
    baseline: str
    """Empty if there is none yet."""
    baseline_url: str
    rows: tuple[Ranked, ...]
    history: Mapping[str, float]
    """Mean of each baseline, oldest first."""
    tries: int
    """Changes judged against the baseline, and confirmations that failed."""
    wins: int
    false_wins: float
    """How many of the tries would win by luck, if none were any good."""
    confirmation: float
    """The one-sided error probability of the next confirmation."""
