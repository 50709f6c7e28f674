"""The bot's memory: what its files in the lab book say, and what is to be done next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import ValidationError

from bot.core.experiment import Experiment, Record
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
    experiments = {}
    baselines: tuple[BaselineRef, ...] = ()
    for path, text in files.items():
        if path != BASELINES and not path.startswith(f"{OPEN}/"):
            continue
        try:
            data = json.loads(text)
            if (schema := data.pop("schema")) != SCHEMA:
                raise ValueError(f"schema {schema}, expected {SCHEMA}")
            if path == BASELINES:
                baselines = tuple(BaselineRef.model_validate(b) for b in data["baselines"])
            else:
                experiment = Experiment.model_validate(data)
                experiments[experiment.number] = experiment
        except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
            raise UserError(
                f"`{path}` on the branch `{BRANCH}` is not as Labhand wrote it. "
                f"Take back the last edit by hand (`git log {BRANCH} -- {path}`)."
            ) from error
    return Ledger(head, experiments, baselines)


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
