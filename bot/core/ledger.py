"""The bot's memory: everything that is open, and what is to be done next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial, reduce

from bot.core.attempt import Attempt
from bot.core.contents import Contents
from bot.core.cost import Accounts
from bot.core.desk import Desk
from bot.core.experiment import Experiment
from bot.core.record import Record


class Tries(Record):
    """How often a baseline was tried against: each change that is judged may win by luck."""

    changes: int = 0
    """Changes that were judged, however often each was launched."""
    wins: int = 0
    """Those that were called WIN at any look."""
    confirmed: int = 0
    """Wins that came back on held-out seeds."""
    not_confirmed: int = 0

    @property
    def all(self) -> int:
        """The changes that were judged, and the confirmations that failed."""
        return self.changes + self.not_confirmed


class BaselineRef(Record):
    """A baseline that was released: its tag and the commit that it stands for."""

    tag: str
    commit: str
    seconds: float | None = None
    """Mean time of one of its runs; None for one of long ago, whose release has it."""
    metric: str = ""
    mean: float | None = None
    """Of that metric over its seeds, as the leaderboard shows it."""
    tries: Tries = Tries()
    """Kept also when the experiments are closed."""


class Board(Record):
    """The issue that is the leaderboard."""

    issue: int | None = None
    said: str = ""
    """Names the text that stands there."""


@dataclass(frozen=True)
class Ledger:
    """Everything that is open, as read at one commit of the lab book."""

    head: str | None
    """The lab book's commit that this was read at; None if there is no lab book yet."""
    experiments: Mapping[int, Experiment] = field(default_factory=dict)
    baselines: tuple[BaselineRef, ...] = ()
    desk: Desk = field(default_factory=Desk)
    board: Board = field(default_factory=Board)
    budget: Accounts = field(default_factory=Accounts)
    """What was spent for good; what is set aside stands in the experiments."""
    contents: Contents = field(default_factory=Contents, compare=False)
    """The lab book's own list of what it held at that commit."""

    @property
    def baseline(self) -> BaselineRef | None:
        """The current baseline."""
        return self.baselines[-1] if self.baselines else None

    def at(self, place: int) -> Experiment | None:
        """The experiment of an issue, or of a PR."""
        found = (e for e in self.experiments.values() if place in (e.number, e.pull))
        return next(found, None)

    def on(self, branch: str) -> Experiment | None:
        """The experiment whose branch this is, also before its PR is known."""
        found = (e for e in self.experiments.values() if e.branch == branch)
        return next((e for e in found if e.kind == "experiment"), None)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags that are taken: released, or reserved for what is being merged."""
        reserved = (e.release for e in self.experiments.values() if e.release)
        return (*(b.tag for b in self.baselines), *reserved)

    def put(self, *experiments: Experiment) -> "Ledger":
        """Return a copy with these experiments added or replaced."""
        return replace(self, experiments={**self.experiments, **{e.number: e for e in experiments}})

    def with_budget(self, accounts: Accounts) -> "Ledger":
        """Return a copy in which so much is spent."""
        return replace(self, budget=accounts)

    def written(self, head: str) -> "Ledger":
        """Return what is open of it, now that it stands in the lab book at that commit."""
        left = {number: e for number, e in self.experiments.items() if not e.is_closed}
        return replace(self, head=head, experiments=left)

    def joined(self, before: "Ledger", now: "Ledger") -> "Ledger | None":
        """Return what this and `now` have each made of `before`; None if both changed the same."""
        changed = {
            number: experiment
            for number, experiment in self.experiments.items()
            if experiment != before.experiments.get(number)
        }
        if any(before.experiments.get(n) != now.experiments.get(n) for n in changed):
            return None
        for name in ("baselines", "desk", "board", "budget"):
            mine, old, theirs = (getattr(each, name) for each in (self, before, now))
            if mine != old and theirs != old:
                return None
            now = replace(now, **{name: theirs if mine == old else mine})
        return now.put(*changed.values())

    def with_board(self, board: Board) -> "Ledger":
        """Return a copy with this leaderboard."""
        return replace(self, board=board)

    def with_desk(self, desk: Desk) -> "Ledger":
        """Return a copy with this on the desk."""
        return replace(self, desk=desk)

    def released(self, baseline: BaselineRef) -> "Ledger":
        """Return a copy in which this is the current baseline; what was tried is kept."""
        others = tuple(b for b in self.baselines if b.tag != baseline.tag)
        return replace(self, baselines=(*others, baseline.but(tries=self.tries(baseline.tag))))

    def tries(self, tag: str) -> Tries:
        """How often a baseline was tried against; of one that is not known, never."""
        return next((b.tries for b in self.baselines if b.tag == tag), Tries())

    def counted(self, before: Experiment) -> "Ledger":
        """Return a copy in which verdicts that an experiment did not have before count as tries."""
        after = self.experiments[before.number]
        open_before = {a.number for a in before.attempts if a.verdict is None}
        new = [a for a in after.attempts if a.number in open_before and a.verdict]
        baselines = tuple(
            b.but(
                tries=reduce(
                    partial(_tried, after), (a for a in new if a.baseline == b.tag), b.tries
                )
            )
            for b in self.baselines
        )
        return replace(self, baselines=baselines)


def _tried(experiment: Experiment, tries: Tries, attempt: Attempt) -> Tries:
    """The tries with one attempt's verdict more."""
    match attempt.verdict:
        case "CONFIRMED":
            return tries.but(confirmed=tries.confirmed + 1)
        case "NOT_CONFIRMED":
            return tries.but(not_confirmed=tries.not_confirmed + 1)
        case "WIN" | "LOSS" | "UNDECIDED" as verdict:
            earlier = experiment.looked(attempt)
            first = not earlier
            win = verdict == "WIN" and all(a.verdict != "WIN" for a in earlier)
            return tries.but(changes=tries.changes + first, wins=tries.wins + win)
    return tries


class Step(StrEnum):
    """What the bot can do next for an experiment without being asked again."""

    ABANDON = "abandon"
    PROPOSE = "propose"
    FIX = "fix"
    PUSH = "push"
    REPORT = "report"
    MERGE = "merge"
    RELEASE = "release"
    MARK_STALE = "mark stale"
    CLOSE = "close"


def next_step(experiment: Experiment, baseline: str | None) -> Step | None:
    """Decide what is to be done for an experiment, from what the ledger says of it.

    Args:
        experiment: with the states of its runs as W&B has them now.
        baseline: the tag of the current baseline.
    """
    match experiment.phase:
        case "picked":
            return Step.PROPOSE
        case "writing":
            return Step.ABANDON  # held by the workflow run that writes, for as long as it lives
        case "merging":
            return Step.MERGE
        case "merged":
            return None if experiment.refused else Step.RELEASE
        case "closing":
            return Step.CLOSE if all(a.ended for a in experiment.attempts) else None
        case "stalled" | "released" | "closed":
            return None
    if experiment.fix:
        return Step.FIX
    attempt = experiment.latest
    if attempt is None:
        return None
    pushing = not attempt.queued or any(run.state == "pushing" for run in attempt.runs)
    if attempt.verdict is None and pushing:
        return None if attempt.waits_for else Step.PUSH
    if attempt.verdict is None and attempt.ended:
        good = all(run.state == "finished" for run in attempt.runs)
        return Step.RELEASE if attempt.purpose == "baseline" and good else Step.REPORT
    searched = experiment.searched
    if searched and searched.report_id and baseline not in (searched.baseline, experiment.stale):
        return Step.MARK_STALE
    return None
