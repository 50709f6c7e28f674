"""May two arms be compared: the judge, the machine and the effort behind each, side by side."""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from bot.core.fingerprint import fingerprint
from bot.core.patch import matches
from bot.core.quoting import code
from bot.core.record import Record
from bot.core.rules import Rules
from bot.core.runs import ObservedRun, is_finite

Standing = Literal["same", "differs", "not comparable", "unknown"]

JUDGING_DATA = "data.digest"
"""What runs log of the data that judges, in configuration or summary; `data/digest` is the same."""
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "device": ("device", "gpu"),
    "torch": ("torch", "torch_version"),
    "python": ("python", "python_version"),
    "wandb": ("wandb", "wandb_version"),
    "precision": ("precision", "mixed_precision"),
    "processes": ("world_size",),
}
"""What the figures depend on, and the last part of the names under which programs log it."""
GLOBAL_BATCH = ("environment.global_batch", "global_batch", "train.batch")
"""Settings that hold the images of one step over all processes."""
LOCAL_BATCH = ("batch_size", "per_device_train_batch_size")
ACCUMULATION = ("accumulate_grad_batches", "gradient_accumulation_steps", "accumulation")
SAMPLES = "train/samples_seen"
STEPS = ("train/global_step", "trainer/global_step", "global_step")
"""Steps of the optimizer, as Hugging Face, Lightning and plain loops log them."""
MEMORY = "perf/gpu_mem_gb"
SEEDS = frozenset({"seed", "random_seed", "seed_everything", "manual_seed", "rng_seed"})


class Judge(Record):
    """What gave a figure its meaning: equal judges give figures that can be compared."""

    code: str | None = None
    """Hash of the evaluation code; None if no file is the judge's, or they were not listed."""
    paths: tuple[str, ...] = ()
    """What the evaluation code is."""
    measures: dict[str, str] = Field(default_factory=dict)
    """Metric to its goal and which value of a run it is."""
    data: str | None = None
    """Digest of the data that is evaluated on; None if no run logged it."""


class Effort(Record):
    """What one run took to train; None where nothing was logged."""

    seconds: float | None = None
    samples: float | None = None
    """Steps x global batch."""
    memory_gb: float | None = None
    """Peak of the GPU's memory."""


@dataclass(frozen=True)
class Parity:
    """One thing that both arms should share; a text is empty where nothing was recorded."""

    what: str
    baseline: str
    candidate: str
    standing: Standing


def code_hash(blobs: Mapping[str, str], paths: Sequence[str]) -> str | None:
    """Name the evaluation code of a commit.

    Args:
        blobs: every file of the commit to git's id of its content.
        paths: patterns of the judge's files.
    """
    judging = sorted((path, blob) for path, blob in blobs.items() if matches(path, paths))
    return fingerprint(json.dumps(judging)) if judging else None


def measures(rules: Rules) -> dict[str, str]:
    """How each metric becomes one number per run; limits are no part of that."""
    deciding = (each.metric for each in rules.deciding)
    return {m.name: f"{m.goal}, {m.value}" for m in (*deciding, *rules.guard_metrics)}


def digest(runs: Iterable[ObservedRun], name: str) -> str | None:
    """The digest that runs logged of their data; several if they do not agree."""
    found = (
        value
        for run in runs
        for logged in (run.summary, run.config)
        for key, value in logged.items()
        if key.replace("/", ".") == name and isinstance(value, str | int)
    )
    return _together(map(str, found))


def environment(runs: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """What the figures of some runs depend on that is no setting of the experiment.

    Args:
        runs: the configuration that each of them logged, by dotted name.

    Returns:
        What it is to its value; to all of its values where runs do not agree.
    """
    names = {what: _together(_logged(c, last) for c in runs) for what, last in ENVIRONMENT.items()}
    names["global batch"] = _together(_shown(global_batch(config)) for config in runs)
    return {what: value for what, value in names.items() if value}


def global_batch(config: Mapping[str, object]) -> float | None:
    """Samples in one step over all processes; None if the configuration does not say."""
    for name in GLOBAL_BATCH:
        if (known := _number(config.get(name))) is not None:
            return known
    batch, *times = (
        _number(_named(config, last)) for last in (LOCAL_BATCH, ACCUMULATION, ("world_size",))
    )
    return None if batch is None else batch * math.prod(t or 1 for t in times)


def effort(run: ObservedRun) -> Effort:
    """What a run took to train."""
    samples = _number(run.summary.get(SAMPLES))
    steps = next((s for key in STEPS if (s := _number(run.summary.get(key))) is not None), None)
    batch = global_batch(run.config)
    if samples is None and steps is not None and batch is not None:
        samples = steps * batch
    memory = _number(run.summary.get(MEMORY))
    return Effort(seconds=run.seconds, samples=samples, memory_gb=memory)


def parity(
    before: tuple[Judge | None, Mapping[str, str]],
    after: tuple[Judge, Mapping[str, str]],
    touched: Sequence[str],
) -> tuple[Parity, ...]:
    """Hold a change's judge and environment against its baseline's.

    Args:
        before: the baseline's; None as judge if its release is older than this record.
        after: the change's.
        touched: files of the judge that the change touches.
    """
    old, new = before[0] or Judge(), after[0]
    rows = [
        _code(old, new, touched),
        *_measured(old, new),
        _row("evaluation data", old.data, new.data, "not comparable"),
    ]
    return (
        *rows,
        *(
            _row(what, before[1].get(what), after[1].get(what), "differs")
            for what in (*ENVIRONMENT, "global batch")
        ),
    )


def refusal(rows: Sequence[Parity]) -> str:
    """Say why two arms cannot be compared; empty if they can."""
    for row in rows:
        if row.standing == "not comparable":
            return (
                f"The {row.what} is not the baseline's ({code(row.baseline)}), but "
                f"{code(row.candidate)}. `/baseline` measures with what holds now."
            )
    return ""


def only_seed(files: Collection[str], settings: Collection[str], path: str | None) -> str:
    """Say that a change is none but another draw of the same; empty if it is one.

    Args:
        files: that differ from the baseline's.
        settings: that differ from the baseline's, by dotted name.
        path: the file of the settings.
    """
    if not files and not settings:
        return "It changes nothing: its files are the baseline's."
    if set(files) <= {path} and settings and all(is_seed(name) for name in settings):
        return f"It changes nothing but the seed ({code(', '.join(sorted(settings)))})."
    return ""


def is_seed(name: str) -> bool:
    """Whether a setting's dotted name says that it is the seed."""
    return name.rpartition(".")[2].lower() in SEEDS


def _code(old: Judge, new: Judge, touched: Sequence[str]) -> Parity:
    """Hashes of different paths say nothing; a change contains the baseline, and touched none."""
    what = "evaluation code"
    if touched:
        more = f" and {len(touched) - 1} more" if len(touched) > 1 else ""
        return Parity(what, "as it was", f"edits {touched[0]}{more}", "not comparable")
    if old.code and new.code and old.paths == new.paths:
        return _row(what, old.code, new.code, "not comparable")
    return Parity(what, old.code or "", new.code or "", "same" if new.paths else "unknown")


def _measured(old: Judge, new: Judge) -> list[Parity]:
    if not old.measures:
        return [Parity("metric definition", "", "; ".join(new.measures.values()), "unknown")]
    both = [name for name in new.measures if name in old.measures]
    return [
        _row(
            f"definition of {code(name)}", old.measures[name], new.measures[name], "not comparable"
        )
        for name in both
        if old.measures[name] != new.measures[name]
    ] or [Parity("metric definition", "as it was", "as it was", "same")]


def _row(what: str, before: str | None, after: str | None, otherwise: Standing) -> Parity:
    known = before is not None and after is not None
    standing: Standing = "unknown" if not known else "same" if before == after else otherwise
    return Parity(what, before or "", after or "", standing)


def _named(config: Mapping[str, object], last: Sequence[str]) -> object:
    """The setting whose name ends so; one of the environment first, then the shortest name."""
    found = [name for name in config if name.rpartition(".")[2] in last]
    order = sorted(found, key=lambda n: (not n.startswith("environment."), n.count("."), n))
    return config[order[0]] if order else None


def _logged(config: Mapping[str, object], last: Sequence[str]) -> str | None:
    value = _named(config, last)
    return None if value in (None, "", "None") else str(value)


def _together(values: Iterable[str | None]) -> str | None:
    return ", ".join(sorted({value for value in values if value})) or None


def _shown(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def _number(value: object) -> float | None:
    if isinstance(value, str):  # as a baseline's asset holds it
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if is_finite(value) else None
