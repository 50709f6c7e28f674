"""`verify-run`: whether a run of any program holds what the bot reads (docs/contract.md)."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from trainer import recorded
from trainer.recorded import Recorded

LABHAND = Path(".github/labhand.yml")
USAGE = """usage: python -m trainer verify-run RUN [--labhand FILE] [name=value ...]

Checks what a run told W&B against docs/contract.md. RUN is the folder of an offline run, such as
wandb/latest-run, or entity/project/run. Metric and guards stand in FILE, by default
.github/labhand.yml; name=value are the settings that the run was started with.
Exit code: 0 if all that is needed is there, 1 if not, 2 if there is no such run."""
Kind = Literal["config", "data", "nan", "oom", "hang", "crash", "preempted", "dist"]


class Suggestion(BaseModel):
    """A change of settings that may cure a failure, and why; with an empty set it is advice."""

    why: str
    set: dict[str, bool | int | str | Annotated[float, Field(allow_inf_nan=False)]]


class FailureRecord(BaseModel):
    """What `failure.json` holds at the least; whatever else stands there is not read."""

    kind: Kind
    message: str = Field(min_length=1, max_length=2000)
    step: int = Field(strict=True)
    suggest: list[Suggestion]


@dataclass(frozen=True)
class Asked:
    """What a run is checked against.

    Attributes:
        metrics: What may decide, and how each becomes one number: best, last or summary.
        settings: What the program was started with, by dotted name.
    """

    metrics: Mapping[str, str]
    guards: tuple[str, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Point:
    """One thing that a run should have told.

    Attributes:
        verdict: `missing` is not there, `wrong` is there and of no use.
        found: What is there.
        remedy: What to do, or what is lost.
        needed: Whether there is no verdict or no report without it.
    """

    name: str
    verdict: Literal["ok", "missing", "wrong"]
    found: str
    remedy: str
    needed: bool = True


def main(arguments: list[str]) -> int:
    """Prints a line for each point; 0 if nothing that is needed fails, else 1, 2 without a run."""
    words = iter(arguments)
    places, settings, labhand = [], {}, LABHAND
    for word in words:
        name, equals, text = word.partition("=")
        if word == "--labhand":
            labhand = Path(next(words, ""))
        elif equals:
            settings[name.removeprefix("--")] = text
        else:
            places.append(word)
    if len(places) != 1 or places[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        points = list(check(recorded.read(places[0]), _asked(labhand, settings)))
    except recorded.UnreadableError as error:
        print(f"verify-run: {error}", file=sys.stderr)
        return 2
    for point in points:
        print(f"{point.verdict:<8}{point.name:<30}{point.found}")
        if point.verdict != "ok":
            print(f"{'':<8}{'' if point.needed else 'advice: '}{point.remedy}")
    broken = [p.name for p in points if p.verdict != "ok" and p.needed]
    print(f"verdict: {'not ok: ' + ', '.join(broken) if broken else 'ok'}")
    return 1 if broken else 0


def check(run: Recorded, asked: Asked) -> Iterator[Point]:
    """Looks at everything, what decides first."""
    ended = run.state in ("finished", "failed")
    yield Point(
        "run state",
        "ok" if ended else "wrong",
        run.state,
        "the run never said that it ended: call run.finish(exit_code=...), or leave `with "
        "wandb.init()`, whatever happens; an exit code of 0 is finished, any other failed",
    )
    if run.state == "finished":
        yield from _numbers(run, asked)
    else:
        yield from _failure(run)
    yield from _settings(run, asked)
    yield from _identity(run)
    lines = len(run.files.get("output.log", "").splitlines())
    yield _there(
        "output.log",
        lines,
        f"{lines} lines",
        "keep W&B's console capture on: a failure report shows the last 20 lines",
        needed=False,
    )


def _numbers(run: Recorded, asked: Asked) -> Iterator[Point]:
    for name in (*asked.metrics, *asked.guards):
        value = run.summary.get(name)
        what = (
            "no verdict"
            if name in asked.metrics
            else "no guard, and no verdict where the baseline has it"
        )
        yield Point(
            f"summary {name}",
            "missing" if value is None else "ok" if _finite(value) else "wrong",
            "nothing" if value is None else str(value),
            f"log one finite number, or write it to run.summary: without it there is {what}",
        )
    for name, value in asked.metrics.items():
        points = [row for row in run.history if _finite(row.get(name))]
        yield _there(
            f"curve {name}",
            len(points),
            f"{len(points)} points",
            "log it each epoch: the report draws it, and the best value is looked for in it",
            needed=value == "best",  # else the summary does as well
        )


def _failure(run: Recorded) -> Iterator[Point]:
    text = run.files.get("failure.json")
    remedy = "write it into run.dir and run.save() it, before the run ends"
    if text is None:
        yield Point("failure.json", "missing", "nothing", f"{remedy}: else /fix has nothing")
    else:
        wrong = _wrong(text)
        yield Point("failure.json", "wrong" if wrong else "ok", wrong or "a record", remedy)
    for name in ("kind", "message", "step"):
        value = run.summary.get(f"failure/{name}")
        yield _there(
            f"summary failure/{name}",
            value is not None,
            "" if value is None else str(value),
            "it is read where the file did not get through",
            needed=False,
        )


def _wrong(text: str) -> str:
    """What is wrong with a failure record; empty if nothing is."""
    try:
        FailureRecord.model_validate(json.loads(text, parse_constant=_refuse))
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    except ValueError as error:
        return f"no JSON: {error}"
    return ""


def _settings(run: Recorded, asked: Asked) -> Iterator[Point]:
    config = recorded.flat(run.config)
    for name, text in asked.settings.items():
        if name not in config:
            yield Point(
                f"config {name}",
                "missing",
                "nothing",
                "log the whole configuration: what is not there cannot be compared",
                needed=False,
            )
        else:
            yield Point(
                f"config {name}",
                "ok" if _same(config[name], text) else "wrong",
                str(config[name]),
                f"{text} was asked for: the command line must win, or there is no verdict",
            )


def _identity(run: Recorded) -> Iterator[Point]:
    own = "give wandb.init no {}: the environment brings it ({})"
    yield _there(
        "run name",
        "labhand/" in run.name,
        run.name,
        own.format("name", "WANDB_NAME=labhand/BRANCH/seed-N") + ", and W&B rings for no other",
    )
    yield _there(
        "group", run.group, run.group, own.format("group", "WANDB_RUN_GROUP"), needed=False
    )
    yield _there(
        "tags",
        "labhand" in run.tags,
        ", ".join(run.tags),
        own.format("tags", "WANDB_TAGS=labhand,search"),
        needed=False,
    )
    yield _there(
        "commit",
        run.commit,
        run.commit,
        "run in a git clone, or set WANDB_GIT_COMMIT: it is compared with what was asked",
        needed=False,
    )
    yield _there(
        "summary run/status",
        "run/status" in run.summary,
        str(run.summary.get("run/status", "")),
        "write `running` at the start and how it ended at the end: a run that died and still says "
        "`running` was killed from outside",
        needed=False,
    )


def _asked(labhand: Path, settings: Mapping[str, str]) -> Asked:
    try:
        told = yaml.safe_load(labhand.read_text())
        others = (told.get("alternatives") or {}).items()
        metrics = {told["metric"]["name"]: told["metric"]["value"]}
        metrics |= {name: other["value"] for name, other in others}
        return Asked(metrics, tuple(told.get("guards") or ()), settings)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise recorded.UnreadableError(f"{labhand} names no metric: {error!r}") from None


def _there(name: str, present: Any, found: str, remedy: str, needed: bool = True) -> Point:
    verdict: Literal["ok", "missing"] = "ok" if present else "missing"
    return Point(name, verdict, found if present or found else "nothing", remedy, needed)


def _same(logged: object, asked: str) -> bool:
    try:
        return float(str(logged)) == float(asked)
    except ValueError:
        return str(logged) == asked or logged == yaml.safe_load(asked)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
