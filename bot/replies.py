"""What the bot can say: one frozen dataclass per template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.experiment import RunState
from bot.core.runs import Goal, Point
from bot.core.verdict import Interval, Outcome, Sample


@dataclass(frozen=True)
class Problem:
    """Something was asked for that cannot be done: what is wrong, and what to do."""

    text: str


@dataclass(frozen=True)
class Trouble:
    """The bot itself failed; no exception text, only where to look."""

    workflow_url: str


@dataclass(frozen=True)
class Help:
    """The command table."""

    table: str


@dataclass(frozen=True)
class Thanks:
    """An outsider's idea: who starts it, and how."""


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
    detectable: float
    """The gain that these seeds find in four tries of five."""
    minutes: float
    """Training time of all seeds together, from the baseline's runs."""


@dataclass(frozen=True)
class Writing:
    """A model was asked to write the code of an idea."""

    branch: str
    model: str
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


@dataclass(frozen=True)
class RunRow:
    """One run in a list."""

    seed: int
    state: RunState
    url: str
    step: int | None
    value: float | None = None


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
    minutes: float | None
    group_url: str


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


@dataclass(frozen=True)
class MetricRow:
    """One line of a report's table."""

    name: str
    goal: Goal
    baseline: Sample | None
    candidate: Sample | None
    interval: Interval | None
    """Candidate minus baseline, in the metric's unit."""
    limit: str | None
    """A guard's limit as configured, such as `0.15` or `15%`; None for the primary metric."""
    holds: bool | None
    """Whether a guard holds; None where the seeds cannot tell, and for the primary metric."""


@dataclass(frozen=True)
class Report:
    """A verdict."""

    outcome: Outcome
    title: str
    commit: str
    baseline: str
    baseline_url: str
    rows: tuple[MetricRow, ...]
    """The primary metric first, then the guards."""
    min_effect: float
    next_command: str
    next_seeds: int
    """How many seeds it trains; 0 without a command."""
    next_minutes: float | None
    why: str
    """One sentence that says what decided; empty for a plain verdict on the primary metric."""
    runs: tuple[RunRow, ...]
    baseline_runs: tuple[RunRow, ...]
    curve: tuple[Point, ...]
    """Mean over the seeds."""
    baseline_low: tuple[Point, ...]
    baseline_high: tuple[Point, ...]
    settings: Mapping[str, tuple[str, str]]
    files: Mapping[str, tuple[int, int]]
    """File to lines added and removed."""
    look: int
    looks: int
    spent: float
    """False-win probability spent so far, of 0.05."""
    seconds: float
    """Training time of all its runs together."""
    asked_by: str
    attempt: int
    group_url: str
    workflow_url: str


@dataclass(frozen=True)
class FailureReport:
    """At least one seed failed: no verdict."""

    title: str
    commit: str
    attempt: int
    runs: tuple[RunRow, ...]
    failed_seeds: tuple[int, ...]
    kind: str
    message: str
    step: int | None
    why: str
    suggestion: Mapping[str, tuple[str, str]]
    """Setting to its value now and as suggested; empty if nothing is suggested."""
    fix_minutes: float | None
    """Training time of all its seeds together, from the baseline's runs; None without one."""
    again: str
    """The command that trains the failed seeds once more, at the same commit."""
    last_lines: str
    log_url: str
    group_url: str
    workflow_url: str


@dataclass(frozen=True)
class Fixed:
    """A failure's suggestion was committed; the launch follows."""

    commit: str
    settings: Mapping[str, tuple[str, str]]
    why: str


@dataclass(frozen=True)
class NotConfirmed:
    """A win did not come back on held-out seeds."""

    metric: str
    interval: Interval
    runs: tuple[RunRow, ...]
    baseline: str


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
    open_pulls: Mapping[int, tuple[str, str]]
    """Other open experiments: title, and verdict against the previous baseline."""
    default_branch: str
    commit: str
    minutes: float
    group_url: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Released:
    """A baseline was measured and released."""

    release: str
    release_url: str
    metric: str
    sample: Sample
    commit: str
    minutes: float


@dataclass(frozen=True)
class Stale:
    """What stands above a report once the baseline that it measured against is old."""

    old: str
    new: str
    new_url: str
    default_branch: str
    report: str
    """The report's text as it was posted."""


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
class NothingWritten:
    """A model's change could not be taken."""

    reason: str
    workflow_url: str


Reply = (
    Problem
    | Trouble
    | Help
    | Thanks
    | Writing
    | Ready
    | PullBody
    | Launched
    | AlreadyLaunched
    | Progress
    | Report
    | FailureReport
    | Fixed
    | NotConfirmed
    | Merged
    | MergeMessage
    | ReleaseNotes
    | Released
    | Stale
    | Status
    | NothingWritten
)
