"""What a run logged over time: rows of metrics, rows of system metrics, lines of its console."""

import json
from bisect import bisect_left, bisect_right
from typing import Any

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.state import LogLine, Run
from bot.sandbox.wandb.store import Resolver, Store

Row = dict[str, Any]


def sampled(rows: list[Row], samples: int | None) -> list[Row]:
    """At most `samples` of the rows, evenly spaced, the last among them."""
    if samples is None or len(rows) <= samples:
        return rows
    stride = (len(rows) - 1) / max(samples - 1, 1)
    return [rows[round(number * stride)] for number in range(samples)]


def history(
    _store: Store,
    run: Run,
    min_step: int = 0,
    max_step: int | None = None,
    samples: int | None = None,
) -> list[str]:
    """Rows with `min_step` <= step < `max_step`, whole, each as JSON."""
    rows = [
        row for row in run.history if min_step <= step_of(row) and _below(step_of(row), max_step)
    ]
    return [json.dumps(row) for row in sampled(rows, samples)]


def sampled_history(_store: Store, run: Run, specs: list[str]) -> list[list[Row]]:
    """For each spec the rows that hold all of its keys, cut down to them.

    Unlike in `history`, `maxStep` is the last step wanted.
    """
    history = run.history
    return [_sampled_history(history, json.loads(spec)) for spec in specs]


def _sampled_history(history: list[Row], spec: Row) -> list[Row]:
    keys, last = spec.get("keys"), spec.get("maxStep")
    if not keys:  # `wandb sweep --pause` and its like ask for nothing
        return []
    # Steps only rise, and curves of a million of them are read in windows.
    first = bisect_left(history, spec.get("minStep", 0), key=step_of)
    end = len(history) if last is None else bisect_right(history, last, key=step_of)
    rows = [
        {key: row[key] for key in keys}
        for row in history[first:end]
        if all(key in row for key in keys)
    ]
    return sampled(rows, spec.get("samples"))


def step_of(row: Row) -> int:
    """The step at which a row was logged."""
    return int(row.get("_step", 0))


def _below(step: int, limit: int | None) -> bool:
    return limit is None or step < limit


def history_keys(_store: Store, run: Run) -> Row | None:
    """The keys that were logged, how often, and the last step; None before the first row."""
    rows = run.history
    if not rows:
        return None
    keys: dict[str, Row] = {}
    for row in rows:
        for key, value in row.items():
            kind = "number" if isinstance(value, int | float) else "string"
            entry = keys.setdefault(key, {"typeCounts": [{"type": kind, "count": 0}]})
            entry["typeCounts"][0]["count"] += 1
            entry["previousValue"] = value
    return {"sets": [], "keys": keys, "lastStep": max(map(step_of, rows))}


def log_lines(
    _store: Store,
    run: Run,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    **_how: bool,
) -> dict[str, Any]:
    """A page of the console, or its last lines."""
    lines = [run.log[number] for number in sorted(run.log)]
    return page(lines[-last:]) if last is not None else page(lines, first, after)


def log_line(number: int, text: str) -> LogLine:
    """A console line as the SDK streams it: `ERROR `, if it is one, its time, the text."""
    level = "error" if text.startswith("ERROR ") else ""
    timestamp, _, line = text.removeprefix("ERROR ").partition(" ")
    return LogLine(number, timestamp, level, line)


def _exported(_store: Store, run: Run, **_keys: list[str]) -> Row:
    """Nothing is ever exported to files here: all history is "live", from its first step on."""
    return {"parquetUrls": [], "liveData": [{"_step": step_of(row)} for row in run.history[:1]]}


def _tail(rows: dict[int, Row]) -> str:
    """The last row, as a JSON list of JSON rows: what a resumed run begins from."""
    return json.dumps([json.dumps(rows[max(rows)])] if rows else [])


FIELDS: dict[str, Resolver] = {
    "Run.history": history,
    "Run.sampledHistory": sampled_history,
    "Run.historyKeys": history_keys,
    "Run.historyLineCount": lambda _store, run: len(run.history_rows),
    "Run.historyTail": lambda _store, run: _tail(run.history_rows),
    "Run.events": lambda _store, run, samples=None: [
        json.dumps(row) for row in sampled(list(run.event_rows.values()), samples)
    ],
    "Run.eventsLineCount": lambda _store, run: len(run.event_rows),
    "Run.eventsTail": lambda _store, run: _tail(run.event_rows),
    "Run.systemMetrics": lambda _store, run: json.dumps(
        run.event_rows[max(run.event_rows)] if run.event_rows else {}
    ),
    "Run.parquetHistory": _exported,
    "Run.logLines": log_lines,
    "Run.logLineCount": lambda _store, run: len(run.log),
}
