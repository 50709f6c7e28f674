"""Sweeps, made by the real SDK and worked off by its own agent."""

from typing import Any

import pytest
import wandb
from wandb.apis.public.sweeps import _agent_heartbeat, _register_agent, _set_sweep_state
from wandb.errors import CommError
from wandb.sdk.sweeps import SweepNotFoundError

from bot.sandbox.wandb.searches import choice, size
from tests.sandbox.wandb_stage import Bench

pytest_plugins = ("tests.sandbox.wandb_fixtures",)
GRID = {
    "method": "grid",
    "metric": {"name": "acc", "goal": "maximize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "width": {"value": 8}},
}
AGENT = """
import sys, wandb
from wandb.agents.pyagent import Agent

Agent.HEARTBEAT_SLEEP_SECONDS = 0.05

def train():
    with wandb.init() as run:
        run.log({"acc": run.config.lr * 10})

wandb.agent(sys.argv[1], train, count=2)
"""


@pytest.fixture(autouse=True)
def _own_project(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_PROJECT", bench.project)  # which `wandb.sweep` changes


def _sweep(bench: Bench, **changes: Any) -> str:
    return wandb.sweep(GRID | changes, entity="acme", project=bench.project)


def _seen(bench: Bench, name: str) -> Any:
    return wandb.Api().sweep(f"acme/{bench.project}/{name}")


def _agent(bench: Bench, name: str) -> str:
    agent = _register_agent(
        wandb.Api(), "here", sweep_id=name, project=bench.project, entity="acme"
    )
    return str(agent["id"])


def _told(agent: str, *busy: str) -> list[dict[str, Any]]:
    return _agent_heartbeat(wandb.Api(), agent, {}, dict.fromkeys(busy, True))


def test_an_agent_trains_every_combination(bench: Bench) -> None:
    name = _sweep(bench)
    before = _seen(bench, name)
    assert (before.state, before.expected_run_count, len(before.runs)) == ("PENDING", 2, 0)
    bench.program(AGENT, name)
    seen = _seen(bench, name)
    assert [run.config for run in seen.runs] == [{"lr": 0.1, "width": 8}, {"lr": 0.2, "width": 8}]
    assert {run.state for run in seen.runs} == {"finished"}
    assert seen.best_run().config["lr"] == 0.2
    (agent,) = seen.agents()
    assert {run.id for run in agent.runs()} == {run.id for run in seen.runs}
    assert seen.runs[0].sweep.id == name


def test_what_an_agent_is_told(bench: Bench) -> None:
    name = _sweep(bench)
    agent, other = _agent(bench, name), _agent(bench, name)
    (first,) = _told(agent)
    assert (first["type"], first["args"]) == ("run", {"lr": {"value": 0.1}, "width": {"value": 8}})
    assert _told(agent, first["run_id"]) == []
    _set_sweep_state(wandb.Api(), name, "PAUSED", project=bench.project, entity="acme")
    assert _told(other) == []
    _set_sweep_state(wandb.Api(), name, "RUNNING", project=bench.project, entity="acme")
    (second,) = _told(other)
    assert second["args"]["lr"] == {"value": 0.2}
    assert second["run_id"] != first["run_id"]
    assert _told(other) == [{"type": "exit"}]
    assert _seen(bench, name).state == "FINISHED"


def test_only_cancelling_stops_a_run(bench: Bench) -> None:
    name = _sweep(bench)
    agent = _agent(bench, name)
    run_id = _told(agent)[0]["run_id"]
    run = bench.init(run_id, sweep=name)
    _set_sweep_state(wandb.Api(), name, "CANCELED", project=bench.project, entity="acme")
    assert _told(agent, run_id) == [{"type": "exit"}]
    run.finish(exit_code=255)
    assert [run.state for run in _seen(bench, name).runs] == ["killed"]


def test_a_stopped_run_leaves_its_sweep_running(bench: Bench) -> None:
    name = _sweep(bench)
    agent = _agent(bench, name)
    run_id = _told(agent)[0]["run_id"]
    run = bench.init(run_id, sweep=name)
    bench.api_run(run_id).stop()
    assert _told(agent, run_id) == [{"type": "stop", "run_id": run_id}]
    run.finish(exit_code=255)
    assert [run.state for run in _seen(bench, name).runs] == ["killed"]
    assert _told(agent)[0]["type"] == "run"


def test_runs_of_before_can_join(bench: Bench) -> None:
    with bench.init("r1"):
        pass
    name = wandb.sweep(GRID, "acme", bench.project, prior_runs=["r1"])
    assert [run.id for run in _seen(bench, name).runs] == ["r1"]
    assert [each.id for each in wandb.Api().project(bench.project, "acme").sweeps()] == [name]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "bayes"},
        {"parameters": {}},
        {"parameters": {"lr": {"min": 0.1, "max": 0.2}}},
        {"early_terminate": {"type": "hyperband"}},
    ],
)
def test_what_is_not_served_is_refused(bench: Bench, changes: dict[str, Any]) -> None:
    with pytest.raises((CommError, wandb.Error)):
        _sweep(bench, **changes)


def test_an_agent_of_no_sweep_hears_so() -> None:
    with pytest.raises(SweepNotFoundError):
        _told("none")


def test_a_random_search_draws_the_same_again_and_ends_at_its_cap() -> None:
    settings = {
        "method": "random",
        "run_cap": 40,
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
            "drop": {"distribution": "uniform", "min": 0.1, "max": 0.2},
            "depth": {"distribution": "int_uniform", "min": 2, "max": 4},
            "net": {"parameters": {"act": {"values": ["relu", "gelu"]}}},
            "noise": {"distribution": "normal", "mu": 5.0, "sigma": 0.1},
        },
    }
    drawn = [choice(settings, number, "seed") for number in range(41)]
    assert drawn.pop() is None
    assert drawn == [choice(settings, number, "seed") for number in range(40)]
    assert drawn != [choice(settings, number, "other") for number in range(40)]
    values = [each for each in drawn if each]
    assert all(1e-4 <= each["lr"] <= 1e-1 and 0.1 <= each["drop"] <= 0.2 for each in values)
    assert {each["depth"] for each in values} == {2, 3, 4}
    assert {each["net"]["act"] for each in values} == {"relu", "gelu"}
    assert all(4 < each["noise"] < 6 for each in values)
    assert (size(settings), size(GRID), size({**settings, "method": "grid"} | GRID)) == (40, 2, 2)
