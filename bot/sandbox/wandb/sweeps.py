"""Sweeps: a configuration, the agents that ask for its runs, and what each of them gets."""

import hashlib
import json
from typing import Any

import yaml

from bot.sandbox.wandb import runs, searches
from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Project, Run, Sweep, SweepAgent
from bot.sandbox.wandb.store import Resolver, Store

STATES = ("PENDING", "RUNNING", "PAUSED", "CANCELED", "FINISHED")


def upsert_sweep(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Make a sweep, or pause, resume, stop (`FINISHED`) or cancel one."""
    sweep = store.find(request["id"], Sweep) if request.get("id") else _made(store, request)
    if request.get("state") is not None:
        _change(sweep, request["state"])
    sweep.updated_at = store.timestamp()
    return {"sweep": sweep, "configValidationWarnings": []}


def _made(store: Store, request: dict[str, Any]) -> Sweep:
    settings = yaml.safe_load(request["config"])
    searches.check(settings)
    project = store.ensure_project(request.get("projectName"), request.get("entityName"))
    sweep = Sweep(
        id=store.new_id("Sweep"),
        name=_short_name(store),
        project=project,
        config=request["config"],
        settings=settings,
        created_at=store.timestamp(),
        updated_at=store.timestamp(),
        display_name=request.get("displayName"),
        description=request.get("description"),
        controller=request.get("controller"),
        scheduler=request.get("scheduler"),
    )
    if request.get("priorRunsFilters"):
        for run in runs.found(project, request["priorRunsFilters"]):
            run.sweep = sweep.name
    project.sweeps[sweep.name] = store.keep(sweep, sweep.id)
    return sweep


def _short_name(store: Store) -> str:
    """Eight characters, as W&B names sweeps and their runs; never the same again."""
    return hashlib.sha256(str(next(store.numbers)).encode()).hexdigest()[:8]


def _change(sweep: Sweep, state: str) -> None:
    """Only cancelling reaches runs that are under way: they are told to stop."""
    if state not in STATES:
        raise Refusal(400, f"invalid sweep state {state}")
    sweep.state = state
    if state == "CANCELED":
        for run in of(sweep):
            run.stopped = run.stopped or run.state == "running"


def of(sweep: Sweep) -> list[Run]:
    """The sweep's runs, oldest first."""
    return [run for run in sweep.project.runs.values() if run.sweep == sweep.name]


def create_agent(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Register an agent; the sweep runs once it has one."""
    project = store.demand_project(request["projectName"], request.get("entityName"))
    sweep = project.sweeps.get(request["sweep"])
    if sweep is None:
        raise Refusal(404, f"sweep {request['sweep']} not found")
    name = _short_name(store)
    agent = SweepAgent(
        store.new_id("Agent"), name, request["host"], sweep, store.timestamp(), store.timestamp()
    )
    sweep.agents[name] = store.keep(agent, agent.id)
    if sweep.state == "PENDING":
        sweep.state = "RUNNING"
    return {"agent": agent}


def heartbeat(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Tell an agent what to do next; one that is busy is left alone.

    Returns:
        The agent, and a JSON list of commands: `run` with an id and a value for each parameter,
        `stop` for one run, or `exit`.
    """
    agent = store.find(request["id"], SweepAgent)
    agent.heartbeat_at = store.timestamp()
    busy = [run for run, at_work in json.loads(request.get("runState") or "{}").items() if at_work]
    return {"agent": agent, "commands": json.dumps(_commands(store, agent, busy))}


def _commands(store: Store, agent: SweepAgent, busy: list[str]) -> list[dict[str, Any]]:
    sweep = agent.sweep
    if sweep.state == "CANCELED":
        return [{"type": "exit"}]
    if busy:
        begun = (sweep.project.runs.get(run_id) for run_id in busy)
        return [{"type": "stop", "run_id": run.id} for run in begun if run and run.stopped]
    if sweep.state == "PAUSED":
        return []
    chosen = searches.choice(sweep.settings, len(sweep.assigned), sweep.name)
    if sweep.state == "FINISHED" or chosen is None:
        sweep.state = "FINISHED"
        return [{"type": "exit"}]
    run_id = _short_name(store)
    sweep.assigned.append(run_id)
    agent.assigned.append(run_id)
    values = {name: {"value": value} for name, value in chosen.items()}
    program = {"program": sweep.settings["program"]} if "program" in sweep.settings else {}
    return [{"type": "run", "run_id": run_id, "args": values, **program}]


def _best(sweep: Sweep) -> float | None:
    """The best value so far of the sweep's metric; None before the first."""
    metric = sweep.settings.get("metric", {})
    found = [run.summary.get(metric.get("name")) for run in of(sweep)]
    values = [float(value) for value in found if isinstance(value, int | float)]
    if not values:
        return None
    return max(values) if metric.get("goal") == "maximize" else min(values)


def _agent_runs(
    _store: Store,
    agent: SweepAgent,
    after: str | None = None,
    first: int | None = None,
    **_how: Any,
) -> dict[str, Any]:
    begun = [run for run in of(agent.sweep) if run.id in agent.assigned]
    return page(begun, first, after)


def _sweeps(
    _store: Store,
    project: Project,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
) -> dict[str, Any]:
    if json.loads(filters or "{}"):
        raise Refusal(400, "sweeps are not filtered here")
    return page(list(project.sweeps.values()), first, after)


FIELDS: dict[str, Resolver] = {
    "Project.sweep": lambda _store, project, sweep_name: project.sweeps.get(sweep_name),
    "Project.sweeps": _sweeps,
    "Project.totalSweeps": lambda _store, project: len(project.sweeps),
    "Sweep.method": lambda _store, sweep: sweep.settings["method"],
    "Sweep.bestLoss": lambda _store, sweep: _best(sweep),
    "Sweep.runCount": lambda _store, sweep: len(of(sweep)),
    "Sweep.runCountExpected": lambda _store, sweep: searches.size(sweep.settings),
    "Sweep.heartbeatAt": lambda _store, sweep: max(
        (agent.heartbeat_at for agent in sweep.agents.values()), default=None
    ),
    "Sweep.earlyStopJobRunning": lambda _store, _sweep: False,
    "Sweep.runs": lambda _store, sweep: page(of(sweep)),
    "Sweep.agent": lambda _store, sweep, agent_name: sweep.agents.get(agent_name),
    "Sweep.agents": lambda _store, sweep: page(list(sweep.agents.values())),
    "Agent.totalRuns": lambda _store, agent: len(agent.assigned),
    "Agent.runs": _agent_runs,
    "Mutation.upsertSweep": upsert_sweep,
    "Mutation.createAgent": create_agent,
    "Mutation.agentHeartbeat": heartbeat,
}
