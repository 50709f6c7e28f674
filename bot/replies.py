"""What the bot can say: one frozen dataclass per template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.attempt import RunState
from bot.core.board import Ranked
from bot.core.budget import Spending
from bot.core.comparability import Parity
from bot.core.contest import Pair
from bot.core.cost import Amount
from bot.core.diagnostics import Vital, Warned
from bot.core.interval import Interval, Sample
from bot.core.metric import Goal
from bot.core.price import Price
from bot.core.queue import Holdup, Priority
from bot.core.results import MetricRow, Results, RunRow
from bot.core.runs import Point


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
class Manual:
    """All about one command."""

    usage: str
    does: str
    aliases: tuple[str, ...]
    arguments: Mapping[str, str]
    """Argument to what is allowed."""
    role: str
    where: str
    costs: str
    example: str
    settings: bool
    dry: bool


@dataclass(frozen=True)
class Noted:
    """Done, in a sentence of ours; a reaction says as much to whoever wants it quiet."""

    text: str


@dataclass(frozen=True)
class Plan:
    """What a command would do."""

    command: str
    does: str
    commit: str | None
    branch: str
    queue: str | None
    seeds: tuple[int, ...]
    """Those that would be trained."""
    kept: tuple[int, ...]
    """Those that were trained before."""
    overrides: Mapping[str, str]
    baseline: str | None
    price: Price | None


@dataclass(frozen=True)
class DryRun:
    """What a command would do; nothing of it was done."""

    plan: Plan
    asks: bool
    """Whether it would wait for a `/yes` first."""


@dataclass(frozen=True)
class Asked:
    """A dear command waits for the `/yes` of whoever wrote it."""

    plan: Plan
    person: str
    minutes: int


@dataclass(frozen=True)
class Quote:
    """What a launch would cost."""

    plan: Plan


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
    gain: float
    """The smallest that they find in four tries of five."""
    price: Price


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
    left_seeds: tuple[int, ...]
    """Every seed without a result: those that failed, were stopped, or were never queued."""
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
    spending: Spending | None = None
    """How experiment and month stand; None where it is not told."""


@dataclass(frozen=True)
class Closed:
    """A PR was closed while it trained."""

    attempt: int
    stopped: tuple[int, ...]
    kept: tuple[int, ...]


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


@dataclass(frozen=True)
class Budget:
    """What was spent, what is set aside, and what may be."""

    month: str
    """Such as `2026-11`, in UTC."""
    everybody: Amount
    """Spent and set aside."""
    aside: Amount
    """Of it, what is set aside for what is not over."""
    limit: float | None
    people: Mapping[str, Amount]
    person_limit: float | None
    experiment: Amount | None
    """Of the experiment here; None where there is none."""
    experiment_limit: float | None
    priced: tuple[str, ...]
    """What has a price: the queues, and `tokens`."""
    role: str
    """Who may raise limits."""


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


@dataclass(frozen=True)
class NothingWritten:
    """A model's change could not be taken."""

    reason: str
    workflow_url: str


Reply = (
    Problem
    | Trouble
    | Help
    | Manual
    | Noted
    | DryRun
    | Asked
    | Quote
    | IdeaBody
    | Opened
    | Thanks
    | Writing
    | Ready
    | PullBody
    | Launched
    | AlreadyLaunched
    | Progress
    | Report
    | FailureReport
    | Closed
    | Fixed
    | NotConfirmed
    | Merged
    | MergeMessage
    | ReleaseNotes
    | Released
    | Stale
    | Status
    | Queues
    | Comparison
    | Figures
    | Leaderboard
    | Runs
    | Budget
    | NothingWritten
)
