"""The bot's memory: what its files in the lab book say, and what is to be done next."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from bot.core.experiment import Experiment
from bot.core.record import Record
from bot.errors import UserError

BRANCH = "labbook"
SCHEMA = 1
BASELINES = "ledger/baselines.json"
OPEN = "ledger/open"
CLOSED = "ledger/closed"
README = """# The lab book

Labhand writes this branch: one file per experiment under `ledger/`, and one commit per decision,
so `git log` tells who asked for what and what happened. Please do not edit it by hand.
"""


class BaselineRef(Record):
    """A baseline that was released: its tag and the commit that it stands for."""

    tag: str
    commit: str


@dataclass(frozen=True)
class Ledger:
    """Everything that is open, as read at one commit of the lab book."""

    head: str | None
    """The lab book's commit that this was read at; None if there is no lab book yet."""
    experiments: Mapping[int, Experiment] = field(default_factory=dict)
    baselines: tuple[BaselineRef, ...] = ()

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

    def released(self, baseline: BaselineRef) -> "Ledger":
        """Return a copy in which this is the current baseline."""
        others = tuple(b for b in self.baselines if b.tag != baseline.tag)
        return replace(self, baselines=(*others, baseline))


def parse(head: str | None, files: Mapping[str, str]) -> Ledger:
    """Read the lab book's open files.

    Args:
        head: the commit that they were read at.
        files: path to text.

    Raises:
        UserError: a file is not what Labhand wrote; it is named, and never repaired in silence.
    """
    baselines: tuple[BaselineRef, ...] = ()
    if BASELINES in files:
        with _written_by_us(BASELINES):
            listed = _data(files[BASELINES])["baselines"]
            baselines = tuple(BaselineRef.model_validate(b) for b in listed)
    opened = (
        parse_experiment(path, text) for path, text in files.items() if path.startswith(f"{OPEN}/")
    )
    return Ledger(head, {experiment.number: experiment for experiment in opened}, baselines)


def parse_experiment(path: str, text: str) -> Experiment:
    """Read one experiment's file.

    Raises:
        UserError: it is not what Labhand wrote.
    """
    with _written_by_us(path):
        return Experiment.model_validate(_data(text))


@contextmanager
def _written_by_us(path: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
        raise UserError(
            f"`{path}` on the branch `{BRANCH}` is not as Labhand wrote it. "
            f"Take back the last edit by hand (`git log {BRANCH} -- {path}`)."
        ) from error


def _data(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    if (schema := data.pop("schema")) != SCHEMA:
        raise ValueError(f"schema {schema}, expected {SCHEMA}")
    return data


def difference(before: Ledger, after: Ledger) -> dict[str, str | None]:
    """The files to write so that the lab book says `after`: path to text, None to delete."""
    files: dict[str, str | None] = {}
    if before.head is None:
        files["README.md"] = README
    if after.baselines != before.baselines:
        files[BASELINES] = _text({"baselines": [b.model_dump() for b in after.baselines]})
    for number, experiment in after.experiments.items():
        if experiment == before.experiments.get(number):
            continue
        closed = experiment.phase == "released" and experiment.intention is None
        folder = CLOSED if closed else OPEN
        files[f"{folder}/{number}.json"] = _text(experiment.model_dump())
        if closed and number in before.experiments:
            files[f"{OPEN}/{number}.json"] = None
    return files


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
            return Step.RELEASE
        case "stalled" | "released":
            return None
    if experiment.fix:
        return Step.FIX
    attempt = experiment.latest
    if attempt is None:
        return None
    if attempt.verdict is None and not attempt.queued:
        return Step.PUSH
    if attempt.verdict is None and attempt.ended:
        good = all(run.state == "finished" for run in attempt.runs)
        return Step.RELEASE if attempt.purpose == "baseline" and good else Step.REPORT
    searched = experiment.searched
    if searched and searched.report_id and baseline not in (searched.baseline, experiment.stale):
        return Step.MARK_STALE
    return None


def _text(data: Mapping[str, object]) -> str:
    return json.dumps({"schema": SCHEMA, **data}, indent=1, ensure_ascii=False) + "\n"
