"""What the ledger remembers: experiments, their attempts and their runs."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import Field

from bot.core.idea import Idea
from bot.core.record import Record

Kind = Literal["experiment", "baseline"]
Purpose = Literal["search", "confirm", "baseline"]
RunState = Literal[
    "pushing", "queued", "running", "finished", "failed", "crashed", "killed", "missing"
]
Phase = Literal["picked", "writing", "stalled", "open", "merging", "merged", "released"]

ENDED: frozenset[str] = frozenset({"finished", "failed", "crashed", "killed", "missing"})


class Run(Record):
    """One seed of an attempt."""

    seed: int
    id: str
    state: RunState = "pushing"
    retry: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will come from this run."""
        return self.state in ENDED


class Attempt(Record):
    """One launch of an experiment: a commit, the settings it changes, and its seeds."""

    number: int
    purpose: Purpose
    commit: str
    tree: str
    """The id of the commit's files: an empty commit is no new change."""
    overrides: dict[str, str] = Field(default_factory=dict)
    baseline: str | None = None
    queue: str
    runs: tuple[Run, ...]
    asked_by: str
    comment_id: int
    asked_at: float
    """Seconds since the epoch."""
    queued: bool = False
    """Whether its runs were pushed, and whoever asked for them was answered."""
    verdict: str | None = None
    report_id: int | None = None

    @property
    def ended(self) -> bool:
        """Whether all of its runs have ended."""
        return all(run.ended for run in self.runs)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds in the order in which they were asked for."""
        return tuple(run.seed for run in self.runs)

    @property
    def change(self) -> str:
        """What names the effective change: looks are counted per change, not per launch."""
        text = json.dumps([self.tree, sorted(self.overrides.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Intention(Record):
    """A step that a workflow run has said it will take, and has not reported back on."""

    step: str
    workflow_run: int


class Fix(Record):
    """A change of settings that `/fix` asked for, and that is to be committed and launched."""

    settings: dict[str, str]
    why: str
    asked_by: str
    comment_id: int


class Experiment(Record):
    """One idea being tried, or a baseline being measured."""

    number: int
    """The number of the issue (or of the PR that somebody wrote by hand) that it came from."""
    kind: Kind
    title: str
    author: str
    branch: str
    pull: int | None = None
    phase: Phase = "open"
    idea: Idea | None = None
    """What was to be tried when the idea was picked; None for a PR that was written by hand."""
    task: str | None = None
    """The commit whose files a model was asked to change."""
    written: str = ""
    """What a model says that it did."""
    attempts: tuple[Attempt, ...] = ()
    fix: Fix | None = None
    intention: Intention | None = None
    progress_id: int | None = None
    answered: tuple[int, ...] = ()
    """Comments whose command has taken effect."""
    stale: str | None = None
    """The newer baseline that its report was marked against."""
    merge_commit: str | None = None
    release: str | None = None
    """The baseline that it became."""

    @property
    def place(self) -> int:
        """The issue or PR where its comments stand."""
        return self.pull or self.number

    @property
    def searched(self) -> Attempt | None:
        """The last attempt that searched for a gain and has its report."""
        reported = (a for a in reversed(self.attempts) if a.purpose == "search" and a.verdict)
        return next(reported, None)

    @property
    def latest(self) -> Attempt | None:
        """The last attempt, if it was ever launched."""
        return self.attempts[-1] if self.attempts else None

    def with_attempt(self, attempt: Attempt) -> Self:
        """Return a copy in which the attempt of that number is replaced, or added at the end."""
        others = tuple(a for a in self.attempts if a.number != attempt.number)
        return self.but(attempts=(*others, attempt))

    def looks(self, attempt: Attempt) -> tuple[int, ...]:
        """Numbers of seeds at which this attempt's change was looked at before it."""
        return tuple(
            len(a.runs)
            for a in self.attempts
            if a.number < attempt.number
            and (a.purpose, a.change, a.baseline)
            == (attempt.purpose, attempt.change, attempt.baseline)
            and a.verdict in ("WIN", "LOSS", "UNDECIDED")
        )


def run_id(
    repository: str, commit: str, overrides: Mapping[str, str], seed: int, retry: int
) -> str:
    """Name a run by what it trains, so that asking twice is asking once.

    Returns:
        A W&B run id such as `lh-3f9c1e2ab04d-s3`, with `-r1` behind it for a first retry.
    """
    text = json.dumps([repository, commit, sorted(overrides.items())])
    name = f"lh-{hashlib.sha256(text.encode()).hexdigest()[:12]}-s{seed}"
    return f"{name}-r{retry}" if retry else name


def branch_name(number: int, title: str) -> str:
    """Name an experiment's branch, for example `exp/41-ema-weights`."""
    words: Iterable[str] = re.findall(r"[a-z0-9]+", title.lower())
    slug = "-".join(words)[:40].rstrip("-")
    return f"exp/{number}-{slug}" if slug else f"exp/{number}"
