"""What came out of an attempt, as data: one JSON object for a report, one line of CSV for a run."""

import csv
import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.core.attempt import Purpose, RunState
from bot.core.budget import Spending
from bot.core.comparability import Parity
from bot.core.examples import ByExample
from bot.core.interval import Interval, Method, Sample
from bot.core.metric import Goal
from bot.core.spending import ALPHA
from bot.core.verdict import Outcome

SCHEMA = 1
TIME = "training time, min"
"""How long a run trained, as a metric's name: the same in every report's JSON."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would work out instead of showing it."""


@dataclass(frozen=True)
class MetricRow:
    """One line of a report's table."""

    name: str
    goal: Goal
    baseline: Sample | None
    candidate: Sample | None
    interval: Interval | None
    """Candidate minus baseline, in the metric's unit."""
    limit: str | None
    """A guard's limit as configured, such as `0.15` or `15%`; None where nothing is asked of it."""
    holds: bool | None
    """Whether a guard holds; None where the seeds cannot tell, and where there is no limit."""
    alone: Outcome | None = None
    """What it would come to alone, where several metrics may win."""


@dataclass(frozen=True)
class RunRow:
    """One run in a list."""

    seed: int
    state: RunState
    url: str
    step: int | None
    value: float | None = None
    """Of the primary metric."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Of every metric that it gave."""
    note: str = ""
    """Who stopped it and why, or what was found; a clause."""


@dataclass(frozen=True)
class Results:
    """What came out of an attempt, and what it rests on."""

    outcome: Outcome
    why: str
    """One sentence that says what decided; empty for a plain verdict on the primary metric."""
    number: int
    """The experiment: the number of its issue, or of the PR that somebody wrote by hand."""
    pull: int | None
    attempt: int
    title: str
    commit: str
    baseline: str
    rows: tuple[MetricRow, ...]
    """The metric that decided first, then others that may win, guards, what is always compared."""
    min_effect: float
    method: Method
    look: int
    looks: int
    spent: float
    """False-win probability spent so far, of 0.05."""
    by_example: ByExample | None
    """None where not every run logged its examples, and where the arms cannot be compared."""
    cautions: tuple[str, ...]
    """What may make a WIN less sure than it says; sentences."""
    runs: tuple[RunRow, ...]
    baseline_runs: tuple[RunRow, ...]
    settings: Mapping[str, tuple[str, str]]
    """Setting to its value before and after."""
    parity: tuple[Parity, ...]
    """What both arms should share, and whether they do."""
    seconds: float
    """Training time of all its runs together."""
    spending: Spending | None = field(default=None, kw_only=True)
    """What the experiment came to so far, with this attempt; None where nobody counted."""
    next_command: str


@dataclass(frozen=True)
class RunRecord:
    """One run of any attempt, for a table of all of them."""

    experiment: int
    pull: int | None
    attempt: int
    purpose: Purpose
    seed: int
    state: RunState
    commit: str
    baseline: str | None
    verdict: str | None
    seconds: float | None
    url: str
    settings: Mapping[str, str]
    values: Mapping[str, float]


def as_json(results: Results) -> str:
    """Write a report as one JSON object, as docs/results.md describes it.

    A number that is not finite becomes null.
    """
    primary = results.rows[0]
    data = {
        "schema": SCHEMA,
        "verdict": results.outcome,
        "why": results.why,
        "experiment": results.number,
        "pull": results.pull,
        "attempt": results.attempt,
        "title": results.title,
        "commit": results.commit,
        "baseline": results.baseline,
        "metrics": [
            {"decides": row is primary or bool(row.alone), **_metric(row)} for row in results.rows
        ],
        "min_effect": results.min_effect,
        "method": results.method,
        "looks": {"taken": results.look, "planned": results.looks},
        "false_win_probability": {"spent": _rounded(results.spent), "of": ALPHA},
        "by_example": results.by_example and asdict(results.by_example),
        "cautions": list(results.cautions),
        "runs": [_run(run) for run in results.runs],
        "settings": {k: {"from": old, "to": new} for k, (old, new) in results.settings.items()},
        "parity": [asdict(row) for row in results.parity],
        "train_seconds": results.seconds,
        "cost": results.spending.amount.model_dump() if results.spending else None,
        "next": results.next_command or None,
    }
    return _laid_out(_finite(data))


def as_csv(runs: Sequence[RunRecord]) -> str:
    """Write runs as a table: one line each, one column for each metric that any of them gave."""
    metrics = sorted({name for run in runs for name in run.values})
    fixed = [name for name in RunRecord.__dataclass_fields__ if name != "values"]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*fixed, *map(_harmless, metrics)])
    for run in runs:
        settings = json.dumps(dict(run.settings), ensure_ascii=False) if run.settings else ""
        facts = [settings if name == "settings" else getattr(run, name) for name in fixed]
        lines.writerow(
            [_harmless(fact) for fact in facts] + [run.values.get(name) for name in metrics]
        )
    return text.getvalue()


def fitting(row: MetricRow) -> MetricRow:
    """A row as people read it: training time in seconds, minutes or hours, as suits its mean."""
    sample = row.candidate or row.baseline
    if row.name != TIME or row.limit or not sample or not sample.n or 1.5 <= sample.mean < 90:
        return row
    unit, factor = ("s", 60.0) if sample.mean < 1.5 else ("h", 1 / 60)
    return replace(
        row,
        name=TIME.replace("min", unit),
        baseline=row.baseline and row.baseline.times(factor),
        candidate=row.candidate and row.candidate.times(factor),
        interval=row.interval and row.interval.times(factor),
    )


def beside(
    baseline: Sequence[RunRow], candidate: Sequence[RunRow]
) -> list[tuple[int, RunRow | None, RunRow | None]]:
    """Put the runs of both arms side by side: each seed once, with what it was in either."""
    old, new = ({run.seed: run for run in arm} for arm in (baseline, candidate))
    return [(seed, old.get(seed), new.get(seed)) for seed in sorted({*old, *new})]


def correlation(candidate: Sequence[RunRow], baseline: Sequence[RunRow]) -> float | None:
    """Pearson's correlation over the seeds that both arms have.

    Returns:
        None for fewer than three of them, and where an arm does not vary.
    """
    both = [
        (one.value, other.value)
        for _, one, other in beside(candidate, baseline)
        if one and other and one.value is not None and other.value is not None
    ]
    if len(both) < 3 or not all(math.isfinite(value) for pair in both for value in pair):
        return None
    try:
        return statistics.correlation(*zip(*both, strict=True))
    except statistics.StatisticsError:
        return None


def _metric(row: MetricRow) -> dict[str, object]:
    interval = row.interval and {
        "difference": row.interval.difference,
        "lower": row.interval.lower,
        "upper": row.interval.upper,
        "alpha": _rounded(row.interval.alpha),
    }
    return {
        "name": row.name,
        "goal": row.goal,
        "baseline": _sample(row.baseline),
        "candidate": _sample(row.candidate),
        "interval": interval,
        "limit": row.limit,
        "holds": row.holds,
        **({"verdict": row.alone} if row.alone else {}),
    }


def _sample(sample: Sample | None) -> dict[str, object] | None:
    if sample is None or not sample.n:
        return None
    sd = sample.sd if sample.n > 1 and sample.finite else None
    return {"n": sample.n, "mean": sample.mean, "sd": sd}


def _run(run: RunRow) -> dict[str, object]:
    return {"seed": run.seed, "state": run.state, "url": run.url, "values": dict(run.values)}


def _laid_out(data: Mapping[str, object]) -> str:
    """One line for each key, and for each item of a list: short, and a person can read it."""
    lines = []
    for key, value in data.items():
        text = _line(value)
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join(f"  {_line(item)}" for item in value) + "\n ]"
        lines.append(f" {_line(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _rounded(probability: float) -> float:
    return round(probability, 6)


def _finite(value: Any) -> Any:
    """JSON's numbers: to twelve digits, behind which sums have only rounded; no -0, no infinity."""
    match value:
        case float():
            return float(f"{value:.12g}") + 0.0 if math.isfinite(value) else None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list():
            return [_finite(item) for item in value]
    return value


def _harmless(value: object) -> object:
    """Text that a spreadsheet shows as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
