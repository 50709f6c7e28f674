"""What W&B knows of runs, in one request for all of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.clients.wandb_connection import PAGE, Connection, answered, moment
from bot.core.attempt import RunState
from bot.core.runs import ObservedRun, is_finite
from bot.ports import Outage

STATES: Mapping[str, RunState] = {
    "pending": "queued",
    "running": "running",
    "preempting": "running",
    "preempted": "queued",
    "finished": "finished",
    "failed": "failed",
    "crashed": "crashed",
    "killed": "killed",
}
QUERY = """
query Runs($entity: String!, $project: String!, $filters: JSONString, $first: Int) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, first: $first) {
      edges { node { name state commit config summaryMetrics createdAt heartbeatAt } }
    }
  }
}
"""
"""The SDK's `Api` verifies its key and asks for the default team before it lists any run."""


class Runs(Connection):
    """The runs of one project."""

    def __init__(self, entity: str, project: str) -> None:
        super().__init__(entity, project)
        self._finished: dict[str, ObservedRun] = {}

    @answered
    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        """What W&B knows now; of a run that has finished, what it knew when it was first seen."""
        asked = [run_id for run_id in run_ids if run_id not in self._finished]
        pages = (asked[start : start + PAGE] for start in range(0, len(asked), PAGE))
        # A page can repeat a run.
        found = {run.id: run for page in pages for run in self._listed(page)}
        self._finished |= {i: run for i, run in found.items() if run.state == "finished"}
        known = found | self._finished
        return {run_id: known[run_id] for run_id in run_ids if run_id in known}

    def _listed(self, run_ids: Sequence[str]) -> Iterator[ObservedRun]:
        given = {
            "entity": self._entity,
            "project": self._project,
            "filters": json.dumps({"name": {"$in": run_ids}}),
            "first": 2 * len(run_ids),
        }
        project = self._service.execute_graphql(QUERY, given)["project"]
        if project is None:  # only runs that were queued are asked for, and those are in a project
            raise Outage(
                f"W&B shows no project `{self._path}`: is it there, and may the account of "
                "`WANDB_API_KEY` read it?"
            )
        return (_observed(edge["node"]) for edge in project["runs"]["edges"])


def _observed(node: Mapping[str, Any]) -> ObservedRun:
    logged: Mapping[str, Any] = json.loads(node["config"] or "{}")
    summary = json.loads(node["summaryMetrics"] or "{}")
    values = {name: _value(each) for name, each in logged.items()}
    config = dict(_flat({name: v for name, v in values.items() if not name.startswith("_")}))
    seconds, step = summary.get("_runtime"), summary.get("_step")
    created, heard = moment(node["createdAt"]), moment(node["heartbeatAt"])
    lasted = None if created is None or heard is None else heard - created
    return ObservedRun(
        id=node["name"],
        state=STATES.get(node["state"], "running"),
        commit=node["commit"],
        summary=summary,
        config=_machine(values.get("_wandb")) | config,
        seconds=float(seconds) if is_finite(seconds) else lasted,
        step=step if isinstance(step, int) else None,
        heard=heard,
    )


def _value(logged: object) -> object:
    """A setting of a run's configuration, which W&B wraps with its description."""
    return logged["value"] if isinstance(logged, Mapping) and "value" in logged else logged


def _machine(notes: object) -> dict[str, object]:
    """What W&B's SDK itself notes of the machine, by the names under which programs log it."""
    match notes:
        case {"e": {**processes}}:
            machines = [each for each in processes.values() if isinstance(each, Mapping)]
        case _:
            machines = []
    devices = {gpu for each in machines if isinstance(gpu := each.get("gpu"), str)}
    found = {
        "environment.device": ", ".join(sorted(devices)),
        "environment.python": notes.get("python_version") if isinstance(notes, Mapping) else None,
        "environment.wandb": notes.get("cli_version") if isinstance(notes, Mapping) else None,
    }
    return {name: value for name, value in found.items() if value}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
