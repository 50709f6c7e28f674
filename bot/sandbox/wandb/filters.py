"""The Mongo-like filters by which W&B finds runs."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Run

Filter = Mapping[str, Any]


def matches(run: Run, wanted: Filter) -> bool:
    """Whether the run satisfies every clause.

    Raises:
        Refusal: 400, for an operator that W&B does not know.
    """
    return all(_clause(run, key, value) for key, value in wanted.items())


def _clause(run: Run, key: str, wanted: Any) -> bool:
    match key:
        case "$and":
            return all(matches(run, clause) for clause in wanted)
        case "$or":
            return any(matches(run, clause) for clause in wanted)
        case "$nor":
            return not any(matches(run, clause) for clause in wanted)
        case "$not":
            return not matches(run, wanted)
    value = value_of(run, key)
    if isinstance(wanted, Mapping) and any(name.startswith("$") for name in wanted):
        return all(_compare(value, operator, operand) for operator, operand in wanted.items())
    return _equal(value, wanted)


def value_of(run: Run, key: str) -> Any:
    """What the run holds under a filter's key: `state`, `config.x`, or `config.x.value`."""
    head, _, rest = key.partition(".")
    match head:
        case "config":
            return _inside(run.config, rest.removesuffix(".value"))
        case "summary_metrics" | "summaryMetrics":
            return _inside(run.summary, rest)
    attributes = {
        "name": run.id,
        "display_name": run.name,
        "displayName": run.name,
        "jobType": run.job_type,
        "createdAt": run.created_at,
        "username": "labhand",
    }
    return attributes[key] if key in attributes else getattr(run, key, None)


def _inside(values: Any, path: str) -> Any:
    """The value under a dotted path; a key may itself hold dots."""
    if isinstance(values, Mapping):
        if path in values:
            return values[path]
        for key, value in values.items():
            if path.startswith(f"{key}."):
                return _inside(value, path.removeprefix(f"{key}."))
    return None


def _equal(value: Any, wanted: Any) -> bool:
    """Equal, or among them when the run holds a list (tags)."""
    return bool(value == wanted or (isinstance(value, list) and wanted in value))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: value is not None and compare(value, wanted)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda value, wanted: not _equal(value, wanted),
    "$in": lambda value, wanted: any(_equal(value, one) for one in wanted),
    "$nin": lambda value, wanted: not any(_equal(value, one) for one in wanted),
    "$gt": _ordered(lambda value, wanted: value > wanted),
    "$gte": _ordered(lambda value, wanted: value >= wanted),
    "$lt": _ordered(lambda value, wanted: value < wanted),
    "$lte": _ordered(lambda value, wanted: value <= wanted),
    "$exists": lambda value, wanted: (value is not None) == wanted,
    "$contains": _ordered(lambda value, wanted: wanted in value),
    "$regex": _ordered(lambda value, wanted: re.search(wanted, value) is not None),
}


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "$not":
        return not all(_compare(value, name, operand) for name, operand in wanted.items())
    if operator not in _COMPARISONS:
        raise Refusal(400, f"unknown filter operator {operator}")
    return _COMPARISONS[operator](value, wanted)
