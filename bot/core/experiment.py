"""What the ledger remembers: one idea being tried, or a baseline being measured."""

import re
from collections.abc import Iterable
from typing import Literal, Self

from bot.core.attempt import Attempt, Folded
from bot.core.cost import Amount, ModelJob
from bot.core.idea import Idea
from bot.core.record import Record
from bot.core.rules import Rules

Kind = Literal["experiment", "baseline"]
Phase = Literal[
    "picked", "writing", "stalled", "open", "merging", "merged", "released", "closing", "closed"
]
"""Closing: the PR is closed, and its runs are being stopped."""

KEPT = 8
"""Attempts that are kept whole; of older ones only what later attempts need to know."""


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
    folded: tuple[Folded, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    frozen: Rules | None = None
    """What it is judged by, as it stood in the configuration at its first launch."""
    spent: Amount = Amount()
    """What all of it came to so far: every settled attempt, and the model's work."""
    model_job: ModelJob | None = None
    """What is set aside for the model that is writing."""
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
    refused: str = ""
    """Why its last step is impossible; it is tried again once somebody asks."""

    @property
    def place(self) -> int:
        """The issue or PR where its comments stand."""
        return self.pull or self.number

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it, unless somebody begins again."""
        return self.phase in ("released", "closed")

    @property
    def is_closed(self) -> bool:
        """Whether it is over, and nobody works on it or trains for it any more."""
        return self.is_over and self.intention is None and not self.given_up

    @property
    def searched(self) -> Attempt | None:
        """The last attempt that searched for a gain and has its report."""
        reported = (a for a in reversed(self.attempts) if a.purpose == "search" and a.verdict)
        return next(reported, None)

    @property
    def latest(self) -> Attempt | None:
        """The last attempt, if it was ever launched."""
        return self.attempts[-1] if self.attempts else None

    @property
    def given_up(self) -> tuple[Attempt, ...]:
        """The attempts that a newer one or an error has ended, and whose runs have not ended."""
        return tuple(a for a in self.attempts if a.verdict and not a.ended)

    def with_attempt(self, attempt: Attempt) -> Self:
        """Return a copy in which the attempt of that number is replaced, or added.

        Attempts of long ago that are over and paid are folded.
        """
        others = (a for a in self.attempts if a.number != attempt.number)
        attempts = sorted((*others, attempt), key=lambda a: a.number)
        kept = {a.number for a in attempts[-KEPT:]} | {s.number for s in [self.searched] if s}
        old = [
            a
            for a in attempts
            if a.number not in kept and a.is_over and (a.spent or not a.reserved)
        ]
        return self.but(
            attempts=tuple(a for a in attempts if a not in old),
            folded=(*self.folded, *map(Folded.of, old)),
        )

    @property
    def everything(self) -> tuple[Folded | Attempt, ...]:
        """All attempts, those of long ago as far as they are remembered."""
        return (*self.folded, *self.attempts)

    def looks(self, attempt: Attempt) -> tuple[int, ...]:
        """Numbers of seeds at which this attempt's change was looked at before it."""
        return tuple(a.seed_count for a in self.looked(attempt))

    def looked(self, attempt: Attempt) -> tuple[Folded, ...]:
        """The attempts before this one that looked at the same change and baseline."""
        before = [Folded.of(a) for a in self.attempts if a.number < attempt.number]
        return tuple(
            a
            for a in (*self.folded, *before)
            if (a.purpose, a.change, a.baseline)
            == (attempt.purpose, attempt.change, attempt.baseline)
            and a.verdict in ("WIN", "LOSS", "UNDECIDED")
        )

    @property
    def next_number(self) -> int:
        """The number of the attempt that comes next."""
        return max((a.number for a in self.everything), default=0) + 1


def branch_name(number: int, title: str) -> str:
    """Name an experiment's branch, for example `exp/41-ema-weights`."""
    words: Iterable[str] = re.findall(r"[a-z0-9]+", title.lower())
    slug = "-".join(words)[:40].rstrip("-")
    return f"exp/{number}-{slug}" if slug else f"exp/{number}"
