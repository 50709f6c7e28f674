"""How training went: what most programs log beside the metric that decides, and their warnings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.runs import is_finite

VITALS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("gradient norm", ""): ("train/grad_norm", "grad_norm"),
    ("learning rate at the end", ""): ("train/lr", "train/learning_rate", "lr"),
    ("speed", "samples/s"): ("perf/samples_per_second", "train/train_samples_per_second"),
    ("a step takes", "ms"): ("perf/step_ms_p50",),
    ("time spent waiting for data", "%"): ("perf/data_frac",),
    ("GPU memory, peak", "GB"): ("perf/gpu_mem_gb",),
    ("memory, peak", "GB"): ("perf/rss_gb",),
}
"""What it is and its unit, to the names under which programs log it at the end, ours first."""
WARNINGS = "health/flags"
MOST_WARNINGS = 20


@dataclass(frozen=True)
class Vital:
    """One measure of how training went, over the seeds that logged it."""

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Warned:
    """What the training program itself found wrong with runs."""

    kind: str
    seeds: tuple[int, ...]
    evidence: str
    """What it saw in the first of them."""


def vitals(summaries: Mapping[int, Mapping[str, object]]) -> tuple[Vital, ...]:
    """Collect how training went.

    Args:
        summaries: each seed's summary, as it was logged.
    """
    found = []
    for (name, unit), keys in VITALS.items():
        values = [v for logged in summaries.values() if (v := _first(logged, keys)) is not None]
        if values:
            share = 100 if unit == "%" else 1
            found.append(Vital(name, unit, tuple(value * share for value in values)))
    return tuple(found)


def warnings(summaries: Mapping[int, Mapping[str, object]]) -> tuple[Warned, ...]:
    """Collect what the training program warned of, each kind once, in the order of seeds."""
    found: dict[str, Warned] = {}
    for seed, logged in sorted(summaries.items()):
        for kind, evidence in _flags(logged.get(WARNINGS)):
            old = found.get(kind, Warned(kind, (), evidence))
            found[kind] = Warned(kind, (*old.seeds, seed), old.evidence)
    return tuple(found.values())[:MOST_WARNINGS]


def _flags(logged: object) -> Sequence[tuple[str, str]]:
    """Read a run's list of warnings; what is no such list holds none."""
    try:
        listed = json.loads(logged) if isinstance(logged, str) else None
    except ValueError:
        return ()
    flags = [flag for flag in listed if isinstance(flag, dict)] if isinstance(listed, list) else []
    return [(str(flag.get("kind", "warning")), str(flag.get("evidence", ""))) for flag in flags]


def _first(logged: Mapping[str, object], keys: Sequence[str]) -> float | None:
    return next((float(value) for key in keys if is_finite(value := logged.get(key))), None)
