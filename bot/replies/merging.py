"""From a win to the next baseline."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.attempt import Gain
from bot.core.budget import Spending
from bot.core.cost import Amount
from bot.core.interval import Interval, Sample
from bot.core.metric import Goal
from bot.core.price import Price
from bot.core.results import MetricRow, RunRow


@dataclass(frozen=True)
class NotConfirmed:
    """A win did not come back on held-out seeds, or another metric that may win got worse."""

    metric: str
    """The one that did not come back, or that got worse."""
    interval: Interval
    runs: tuple[RunRow, ...]
    baseline: str
    won: str
    """The metric that won the search."""
    spending: Spending | None = None
    """How experiment and month stand; None where it is not told."""


@dataclass(frozen=True)
class Merged:
    """A winner was merged and released."""

    merge_commit: str
    release: str
    release_url: str
    metric: str
    confirmed: Interval
    same_tree: bool
    """Whether the merged files are those that were tested."""


@dataclass(frozen=True)
class MergeMessage:
    """The message of the merge commit: what git remembers when W&B is long gone."""

    title: str
    summary: str
    metric: str
    searched: Interval
    search_seeds: tuple[int, ...]
    confirmed: Interval
    confirm_seeds: tuple[int, ...]
    baseline: str
    release: str
    idea: int
    tested: str
    author: str


@dataclass(frozen=True)
class OpenPull:
    """An open experiment that was judged against the baseline before."""

    number: int
    title: str
    verdict: str
    gain: Gain | None
    """As its report showed it; None where that had no interval."""


@dataclass(frozen=True)
class ReleaseNotes:
    """The notes of a baseline's release."""

    tag: str
    metric: str
    goal: Goal
    rows: tuple[MetricRow, ...]
    """The primary metric first; without an earlier baseline their baseline is None."""
    previous: str | None
    title: str
    pull: int | None
    idea: int
    author: str
    merged_by: str
    search: Interval | None
    search_seeds: tuple[int, ...]
    confirmed: Interval | None
    runs: tuple[RunRow, ...]
    history: Mapping[str, float]
    """Mean of the primary metric of each baseline, oldest first, this one last."""
    open_pulls: tuple[OpenPull, ...]
    again: Price
    """Of training one of them anew, from this baseline's time."""
    again_seeds: int
    default_branch: str
    commit: str
    minutes: float
    group_url: str
    environment: Mapping[str, str]
    cost: Amount
    """What the whole experiment came to."""
    data: str
    """Digest of the data that it was measured on; empty if no run logged it."""
    message: str
    """Of the merge commit; empty for what was measured without a merge."""
    command: str
    """What trains its first seed again, as a shell reads it."""


@dataclass(frozen=True)
class Released:
    """A baseline was measured and released."""

    release: str
    release_url: str
    metric: str
    sample: Sample
    commit: str
    minutes: float
