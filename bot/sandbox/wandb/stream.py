"""The file stream: how a running process sends rows, summary, console lines and its end."""

from typing import Any

from bot.sandbox.wandb import runs
from bot.sandbox.wandb.automations import on_run_metric
from bot.sandbox.wandb.history import log_line
from bot.sandbox.wandb.state import Run
from bot.sandbox.wandb.store import Store
from bot.sandbox.wandb.values import parse


def receive(store: Store, run: Run, sent: dict[str, Any]) -> dict[str, Any]:
    """Take one stream request; an empty one is a heartbeat.

    Returns:
        The answer, by which the process hears that somebody asked it to stop.
    """
    run.heartbeat = store.now()
    if run.state == "crashed":
        runs.enter(store, run, "running")
    for name, chunk in sent.get("files", {}).items():
        lines = dict(enumerate(chunk["content"], chunk["offset"]))
        _take(run, name, lines)
        if name == "wandb-history.jsonl":
            on_run_metric(store, run, (run.history_rows[number] for number in lines))
    run.preempting = run.preempting or sent.get("preempting", False)
    if sent.get("complete"):
        runs.end(store, run, sent.get("exitcode", 0))
    return {"exitcode": run.exit_code, "limits": {}, "stopped": run.stopped}


def _take(run: Run, name: str, lines: dict[int, str]) -> None:
    # new dictionaries, so that a copy of the run stays what it was
    match name:
        case "wandb-history.jsonl":
            run.history_rows = run.history_rows | {n: parse(line) for n, line in lines.items()}
        case "wandb-events.jsonl":
            run.event_rows = run.event_rows | {n: parse(line) for n, line in lines.items()}
        case "wandb-summary.json":
            run.summary = parse(lines[max(lines)])
        case "output.log":
            run.log = run.log | {n: log_line(n, line) for n, line in lines.items()}
