"""What goes wrong with a W&B, as its SDK, its agents and its webhooks see it."""

import queue
import subprocess
import sys
import time
from pathlib import Path

import pytest
import wandb
from wandb.automations import OnRunState, RunEvent, SendWebhook
from wandb.automations._generated import CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL

from bot.sandbox.faults import Fault
from tests.sandbox.wandb_stage import Bench, Hook

pytest_plugins = ("tests.sandbox.wandb_fixtures",)
TRAIN = """
import time, wandb
with wandb.init(id="r1") as run:
    for step in range(600):
        run.log({"acc": step})
        time.sleep(0.1)
"""


def stream(run_id: str) -> str:
    return f"POST /files/*/{run_id}/file_stream"


@pytest.mark.parametrize("given", [{"status": 502}, {"status": 429}, {"cut": "before"}])
def test_the_sdk_asks_again(bench: Bench, given: dict[str, object]) -> None:
    bench.init("r1").finish()
    bench.faults.add(Fault(service="wandb", on="query *", **given))
    assert bench.api_run("r1").state == "finished"
    assert len(bench.faults.log) == 1


@pytest.mark.parametrize("cut", ["before", "after", "midway"])
def test_a_run_outlives_a_cut_stream(bench: Bench, cut: str) -> None:
    bench.faults.add(Fault(service="wandb", on=stream("r1"), cut=cut))
    with bench.init("r1") as run:
        for step in range(3):
            run.log({"acc": step})
    assert bench.seen("r1").state == "finished"
    assert [row["acc"] for row in bench.api_run("r1").scan_history(keys=["acc"])] == [0, 1, 2]
    assert [struck.fault.cut for struck in bench.faults.log] == [cut]


def test_a_run_is_running_for_ever(bench: Bench) -> None:
    bench.faults.add(Fault(service="wandb", on="lh-*", stuck=True))
    bench.init("lh-1").finish()
    bench.init("other").finish()
    bench.clock.ahead = 1000
    assert [bench.api_run(run).state for run in ("lh-1", "other")] == ["running", "finished"]
    bench.faults.clear()
    bench.clock.ahead = 2000
    assert bench.api_run("lh-1").state == "crashed"


def test_a_training_process_dies(bench: Bench) -> None:
    bench.faults.add(Fault(service="wandb", on=stream("r1"), cut="after", kill=True))
    assert bench.program(TRAIN).returncode == -9
    assert bench.seen("r1").state == "running"
    bench.clock.ahead = 1000
    assert bench.api_run("r1").state == "crashed"


def test_an_agent_dies(bench: Bench, tmp_path: Path) -> None:
    wandb.Api().create_run_queue("left", "local-process", "acme")
    bench.faults.add(Fault(service="wandb", on="mutation popFromRunQueue", cut="after", kill=True))
    program = str(Path(sys.executable).with_name("wandb"))
    agent = subprocess.run(
        [program, "launch-agent", "--entity", "acme", "--queue", "left"],
        cwd=tmp_path,
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert agent.returncode == -9, agent.stderr


@pytest.mark.parametrize(("given", "rung"), [({"copies": 5}, 6), ({"lose": True}, 1)])
def test_a_webhook_arrives_often_or_never(
    bench: Bench, hook: Hook, given: dict[str, object], rung: int
) -> None:
    _automation(bench, hook.url)
    bench.faults.add(Fault(service="wandb", on=hook.url, **given))
    for run_id in ("r1", "r2"):
        bench.init(run_id).finish()
    bodies = [hook.rings.get(timeout=60)[0] for _ in range(rung)]
    assert bodies == [{"event_type": "ring"}] * rung
    with pytest.raises(queue.Empty):
        hook.rings.get(timeout=0.2)


def test_a_webhook_comes_late(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    bench.faults.add(Fault(service="wandb", on=hook.url, late_seconds=3600))
    bench.init("r1").finish()
    while not bench.faults.log:
        time.sleep(0.01)
    assert hook.rings.empty()
    bench.faults.clear()
    assert hook.rings.get(timeout=60)[0] == {"event_type": "ring"}


def _automation(bench: Bench, url: str) -> None:
    """Every run that ends rings; the webhook is called like its address."""
    api = wandb.Api()
    api.create_project(bench.project, "acme")
    request = {"entityName": "acme", "name": url, "urlEndpoint": url}
    api._service_api.execute_graphql(CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL, {"input": request})
    made = next(each for each in wandb.Api().webhook_integrations("acme") if each.name == url)
    event = OnRunState(
        scope=api.project(bench.project, "acme"), filter=RunEvent.state.in_(["finished"])
    )
    action = SendWebhook.from_integration(made, payload={"event_type": "ring"})
    api.create_automation(event >> action, name=f"ended in {bench.project}")
