"""One launch of an experiment: a commit, its settings, and a run for each seed."""

import itertools
import json
import operator
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from bot.core.cost import Amount, Reservation
from bot.core.fingerprint import fingerprint
from bot.core.queue import Priority
from bot.core.record import Record

Purpose = Literal["search", "confirm", "baseline"]
RunState = Literal[
    "waiting", "pushing", "queued", "running",
    "finished", "failed", "crashed", "killed", "missing", "skipped",
]  # fmt: skip
"""Waiting: for the canary. Skipped: never queued, because the canary failed, it was stopped, or
the queue took none."""

OURS = "labhand/"
CANARY = "-canary"
"""How the names of our runs begin, and how the name of one ends that goes alone."""
ENDED: frozenset[str] = frozenset({"finished", "failed", "crashed", "killed", "missing", "skipped"})


class Stop(Record):
    """Somebody wants a run to end."""

    by: str
    """A person's login; empty if the bot decided it."""
    why: str
    """A clause, such as `a newer commit is launched`; empty if nobody said."""
    at: float
    """Seconds since the epoch."""
    seed: int | None = None
    """The seed that is the reason."""


class Gain(Record):
    """A difference to the baseline as its report showed it, turned so that more is better."""

    difference: float
    lower: float
    upper: float
    alpha: float
    metric: str = ""
    """Of which metric; empty where it was written before anybody recorded that."""
    worth: float | None = None
    """The gain by that metric which is worth a merge, where that is known."""


class Run(Record):
    """One seed of an attempt."""

    seed: int
    id: str
    state: RunState = "pushing"
    retry: int = 0
    stop: Stop | None = None
    """Asked for, and in effect once the run has ended."""
    why: str = ""
    """What was found where W&B's state does not tell; a clause."""
    item: str = ""
    """Its item in W&B's queue, which W&B does not match with a run before an agent takes it."""
    lost: bool = False
    """Whether the queue may hold an item of it that we do not know: an answer to a push was lost.
    Once W&B has the run that is no matter, for it begins no run twice."""
    unseen: bool = False
    """Whether it ended before W&B had seen it."""

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
    typed: tuple[str, ...] = ()
    """Those of the overrides that somebody typed: no commit holds them, so no merge would."""
    baseline: str | None = None
    judge: str | None = None
    """Hash of the evaluation code at its commit; None if no file is the judge's."""
    queue: str
    priority: Priority | None = None
    """What somebody asked for; None leaves it to the configuration."""
    runs: tuple[Run, ...]
    asked_by: str
    comment_id: int
    asked_at: float
    """Seconds since the epoch."""
    queued: bool = False
    """Whether its runs were pushed, and whoever asked for them was answered."""
    pushed_at: float | None = None
    """When runs were last pushed, in seconds since the epoch."""
    waits_for: str = ""
    """The check on the commit without which nothing is pushed."""
    level: float | None = None
    """One-sided error probability that a confirmation may use; None for what is no confirmation."""
    limit_seconds: float | None = None
    """How long a run may train."""
    futile: bool = False
    """Whether a WIN is next to impossible by now, whatever the other seeds give."""
    stuck: str = ""
    """On whom its queue waits, once that lasts."""
    verdict: str | None = None
    report_id: int | None = None
    gain: Gain | None = None
    """Of the metric that decided; None where there is no report, or none with an interval."""
    reserved: Reservation | None = None
    """What was set aside for it; None where it was launched before anybody counted."""
    spent: Amount | None = None
    """What it came to; None until that is settled."""

    @property
    def ended(self) -> bool:
        """Whether all of its runs have ended."""
        return all(run.ended for run in self.runs)

    @property
    def is_over(self) -> bool:
        """Whether it has its verdict, and nothing of it trains on."""
        return self.verdict is not None and self.ended

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds in the order in which they were asked for."""
        return tuple(run.seed for run in self.runs)

    @property
    def trained(self) -> tuple[Run, ...]:
        """The runs without those that wait for the canary, or were never queued."""
        return tuple(run for run in self.runs if run.state not in ("waiting", "skipped"))

    @property
    def failed(self) -> tuple[Run, ...]:
        """Of the runs without a result those that failed, not those stopped because of one."""
        left = tuple(run for run in self.runs if run.state != "finished")
        trained = tuple(run for run in left if run.state != "skipped") or left
        return tuple(r for r in trained if r.stop is None or r.stop.seed == r.seed) or trained

    @property
    def outcome(self) -> str | None:
        """Its verdict in the word of its report: without all runs it FAILED or was STOPPED."""
        if self.verdict != "INVALID" or all(run.state == "finished" for run in self.runs):
            return self.verdict
        first = self.failed[0]
        by_hand = first.state == "killed" and (first.stop is None or first.stop.by)
        return "STOPPED" if by_hand else "FAILED"

    @property
    def change(self) -> str:
        """What names the effective change: looks are counted per change, not per launch."""
        return change_of(self.tree, self.overrides)


class Folded(Record, validate_by_name=True, serialize_by_alias=True):
    """What is kept of an attempt of long ago: its look, and which names of runs are taken."""

    number: int
    purpose: Purpose
    commit: str
    change: str
    baseline: str | None
    verdict: str | None
    seed_count: int = Field(alias="seeds")
    """The ledger's files call it `seeds`."""
    prefix: str = ""
    """What the names of its runs have in common."""
    finished: tuple[str, ...] = ()
    """The rest of the names of those that need not be trained again."""
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, attempt: Attempt) -> "Folded":
        """Fold an attempt."""
        first = attempt.runs[0].id.rpartition("-s")[0]
        prefix = first if all(run.id.startswith(first) for run in attempt.runs) else ""
        good = [run.state == "finished" for run in attempt.runs]
        rest = [run.id.removeprefix(prefix) for run in attempt.runs]
        return cls(
            number=attempt.number,
            purpose=attempt.purpose,
            commit=attempt.commit,
            change=attempt.change,
            baseline=attempt.baseline,
            verdict=attempt.verdict,
            seed_count=len(attempt.runs),
            prefix=prefix,
            finished=tuple(itertools.compress(rest, good)),
            others=tuple(itertools.compress(rest, map(operator.not_, good))),
        )

    @property
    def runs(self) -> Iterator[Run]:
        """Its runs, as far as they are remembered."""
        for state, rest in (("finished", self.finished), ("missing", self.others)):
            for name in (self.prefix + end for end in rest):
                found = re.search(r"-s(\d+)(?:-r(\d+))?$", name)
                seed, retry = (int(part or 0) for part in found.groups()) if found else (0, 0)
                yield Run.model_validate({"seed": seed, "id": name, "state": state, "retry": retry})


def change_of(tree: str, overrides: Mapping[str, str]) -> str:
    """Name a change by its files and by the settings that differ from the baseline's."""
    text = json.dumps([tree, sorted(overrides.items())])
    return fingerprint(text)


def run_id(
    repository: str, commit: str, overrides: Mapping[str, str], seed: int, retry: int
) -> str:
    """Name a run by what it trains, so that asking twice is asking once.

    Returns:
        A W&B run id such as `lh-3f9c1e2ab04d-s3`, with `-r1` behind it for a first retry.
    """
    text = json.dumps([repository, commit, sorted(overrides.items())])
    name = f"lh-{fingerprint(text)}-s{seed}"
    return f"{name}-r{retry}" if retry else name


def run_name(branch: str, seed: int, *, canary: bool) -> str:
    """How W&B shows a run, for example `labhand/exp/41-ema-weights/seed-1-canary`.

    It becomes part of a shell command, and W&B's automations know our runs by it.
    """
    plain = re.sub(r"[^\w./-]", "-", branch)
    return f"{OURS}{plain}/seed-{seed}{CANARY if canary else ''}"
