"""Runs: begun, edited, stopped, ended, found."""

import json
import shutil
from typing import Any

from bot.sandbox.wandb import filters
from bot.sandbox.wandb.automations import on_run_state
from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Project, Run, timestamp
from bot.sandbox.wandb.store import Resolver, Store
from bot.sandbox.wandb.values import parse

TERMINAL = ("finished", "failed", "crashed", "killed", "preempted")
_EDITABLE = {
    "groupName": "group",
    "displayName": "name",
    "jobType": "job_type",
    "notes": "notes",
    "description": "description",
    "commit": "commit",
    "host": "host",
    "sweep": "sweep",
    "tags": "tags",
}


def upsert_bucket(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Begin a run, or edit one: training programs and `Run.update` send the same mutation."""
    if request.get("id"):
        run, inserted = store.find(request["id"], Run), False
    else:
        run, inserted = _named(store, request)
    for key, attribute in _EDITABLE.items():
        if request.get(key) is not None:
            setattr(run, attribute, request[key])
    if request.get("summaryMetrics") is not None:
        run.summary = parse(request["summaryMetrics"])
    if request.get("config") is not None:
        run.config = {key: item["value"] for key, item in parse(request["config"]).items()}
    if request.get("state") is not None:
        enter(store, run, request["state"])
    elif inserted or _begins(request, run):
        begin(store, run)
    return {"bucket": run, "inserted": inserted}


def _named(store: Store, request: dict[str, Any]) -> tuple[Run, bool]:
    project = store.ensure_project(request.get("modelName"), request.get("entityName"))
    run_id = request.get("name") or f"run{next(store.numbers)}"
    if run_id in project.deleted:
        raise Refusal(409, f"run {run_id} was previously created and deleted; try a new run name")
    if run_id in project.runs:
        return project.runs[run_id], False
    store.meter.run(project.name)
    run = Run(
        id=run_id,
        storage_id=store.new_id("Run"),
        project=project,
        name=f"run-{len(project.runs) + 1}",
        created_at=store.timestamp(),
        heartbeat=store.now(),
        folder=store.root / "runs" / project.name / run_id,
    )
    project.runs[run_id] = store.keep(run, run.storage_id)
    return run, True


def _begins(request: dict[str, Any], run: Run) -> bool:
    """Whether a training process takes up the run with this request, rather than edits it.

    Only such processes name their host. Edits by the process itself name it too, together with the
    storage id that its first answer told it; one that resumes knows that id before it begins, and
    is told apart by the run's having ended.
    """
    if request.get("host") is None:
        return False
    return request.get("id") is None or run.state != "running"


def begin(store: Store, run: Run) -> None:
    """A training process has taken up the run."""
    store.starts[(run.project.entity.name, run.project.name, run.id)] += 1
    run.exit_code, run.stopped, run.preempting = None, False, False
    run.heartbeat = store.now()
    enter(store, run, "running")


def end(store: Store, run: Run, exit_code: int) -> None:
    """The training process has said that it is done; of a run that is stuck nobody hears it."""
    if store.is_stuck(run):
        return
    run.exit_code = exit_code
    if run.stopped:
        enter(store, run, "killed")
    elif run.preempting and exit_code:
        enter(store, run, "preempted")
    else:
        enter(store, run, "failed" if exit_code else "finished")


def expire(store: Store) -> None:
    """Runs whose process has gone silent for too long have crashed."""
    oldest = store.now() - store.heartbeat_seconds
    for project in store.projects.values():
        for run in project.runs.values():
            if store.is_stuck(run):
                run.heartbeat = store.now()
            elif run.state == "running" and run.heartbeat < oldest:
                enter(store, run, "killed" if run.stopped else "crashed")


def enter(store: Store, run: Run, state: str) -> None:
    """Change the state, and let automations know."""
    run.state = state
    on_run_state(store, run)


def stop_run(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the run's process to stop; it hears of it with its next stream request."""
    run = store.find(request["id"], Run)
    run.stopped = run.stopped or run.state not in TERMINAL
    return {"success": True}


def update_run_state(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """The two changes of state that a person may make."""
    run, state = store.find(request["id"], Run), request["state"]
    allowed = {
        "pending": ("running", "failed", "crashed", "preempted"),
        "failed": ("pending", "running"),
    }
    if run.state not in allowed.get(state, ()):
        raise Refusal(400, f"invalid run state transition from {run.state} to {state}")
    enter(store, run, state)
    return {"success": True}


def delete_run(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Delete the run; its id stays taken for ever."""
    run = store.find(request["id"], Run)
    del run.project.runs[run.id]
    del store.objects[run.storage_id]
    run.project.deleted.add(run.id)
    shutil.rmtree(run.folder, ignore_errors=True)
    return {"success": True}


def found(project: Project, wanted: str | None, order: str | None = None) -> list[Run]:
    """The project's runs that satisfy a filter (JSON), oldest first unless `order` says else."""
    clauses = json.loads(wanted) if wanted else {}
    chosen = [run for run in project.runs.values() if filters.matches(run, clauses)]
    key = (order or "+created_at").lstrip("+-")
    if key not in ("created_at", "createdAt"):  # they were made in that order
        chosen.sort(
            key=lambda run: (filters.value_of(run, key) is None, filters.value_of(run, key))
        )
    return chosen[::-1] if order and order.startswith("-") else chosen


def _bucket(
    _store: Store,
    project: Project,
    name: str,
    missing_ok: bool = False,
) -> Run | None:
    run = project.runs.get(name)
    if run is None and not missing_ok:
        raise Refusal(404, f"run {name} not found")
    return run


def _config(_store: Store, run: Run) -> str:
    return json.dumps({key: {"value": value, "desc": None} for key, value in run.config.items()})


def _wandb_config(_store: Store, run: Run, keys: list[str] | None = None) -> str:
    own = run.config.get("_wandb", {})
    return json.dumps({key: own[key] for key in keys or own if key in own})


FIELDS: dict[str, Resolver] = {
    "Project.run": lambda _store, project, name: project.runs.get(name),
    "Project.bucket": _bucket,
    "Project.runs": lambda _store, project, filters=None, after=None, first=None, order=None: page(
        found(project, filters, order), first, after
    ),
    "Project.runCount": lambda _store, project, filters=None: len(found(project, filters)),
    "Run.id": lambda _store, run: run.storage_id,
    "Run.projectId": lambda _store, run: run.project.number,
    "Run.name": lambda _store, run: run.id,
    "Run.displayName": lambda _store, run: run.name,
    "Run.config": _config,
    "Run.wandbConfig": _wandb_config,
    "Run.summaryMetrics": lambda _store, run: json.dumps(run.summary),
    "Run.heartbeatAt": lambda _store, run: timestamp(run.heartbeat),
    "Run.sweepName": lambda _store, run: run.sweep,
    "Run.exitcode": lambda _store, run: run.exit_code,
    "Run.shouldStop": lambda _store, run: run.stopped,
    "Run.failed": lambda _store, run: run.state in ("failed", "crashed"),
    "Run.running": lambda _store, run: run.state == "running",
    "Run.readOnly": lambda _store, _run: False,
    "Run.user": lambda _store, _run: {"name": "Labhand", "username": "labhand"},
    "Mutation.upsertBucket": upsert_bucket,
    "Mutation.stopRun": stop_run,
    "Mutation.updateRunState": update_run_state,
    "Mutation.deleteRun": delete_run,
}
