"""Automations, made by the public Api, and the webhooks that runs set off."""

import queue
import time
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb.automations import Automation, OnRunState, RunEvent, SendWebhook
from wandb.automations._generated import CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL
from wandb.errors import CommError
from wandb.sdk.launch.create_job import create_job
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from bot.sandbox.wandb import Delivery
from tests.sandbox.wandb_stage import Bench, Hook

pytest_plugins = ("tests.sandbox.wandb_fixtures",)
PATIENCE_SECONDS = 60
OF_OURS = RunEvent.state.in_(["finished", "failed"]) & RunEvent.name.contains("exp/")


def _integration(url: str, secret: str) -> Any:
    request = {"entityName": "acme", "name": url, "urlEndpoint": url, "accessTokenRef": secret}
    service = wandb.Api()._service_api
    service.execute_graphql(CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL, {"input": request})
    return next(made for made in wandb.Api().webhook_integrations("acme") if made.name == url)


def _automation(bench: Bench, url: str, wanted: Any = OF_OURS) -> Automation:
    api = wandb.Api()
    api.create_project(bench.project, "acme")
    event = OnRunState(
        scope=api.project(bench.project, "acme"),
        filter=wanted,
    )
    payload = {"event_type": "ring", "client_payload": {"of": "${entity_name}/${project_name}"}}
    action = SendWebhook.from_integration(_integration(url, "HOOK_TOKEN"), payload=payload)
    return api.create_automation(event >> action, name=f"ended in {bench.project}")


def _end(bench: Bench, run_id: str, name: str = "exp/1", exit_code: int = 0) -> None:
    bench.init(run_id, name=name).finish(exit_code=exit_code)


def _noted(bench: Bench, count: int) -> list[Delivery]:
    """The deliveries, once there are so many of them."""
    for _ in range(PATIENCE_SECONDS * 20):
        if len(bench.server.deliveries) >= count:
            break
        time.sleep(0.05)
    return bench.server.deliveries


def test_a_run_that_ends_rings_with_the_payload_and_the_secret(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    before = len(bench.server.deliveries)
    _end(bench, "r1")
    payload = {"event_type": "ring", "client_payload": {"of": f"acme/{bench.project}"}}
    assert hook.rings.get(timeout=PATIENCE_SECONDS) == (payload, "Bearer ghs_secret")
    _end(bench, "r2", exit_code=1)
    assert hook.rings.get(timeout=PATIENCE_SECONDS)[0] == payload
    made = _noted(bench, before + 2)[before:]
    assert [(delivery.url, delivery.status) for delivery in made] == [(hook.url, 204)] * 2


def test_what_is_not_meant_rings_nothing(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    _end(bench, "r1", name="mine")
    run = bench.init("r2", name="exp/1")
    bench.api_run("r2").stop()
    run.finish(exit_code=255)
    assert bench.seen("r2").state == "killed"
    _end(bench, "r3")
    assert hook.rings.get(timeout=PATIENCE_SECONDS)[0]["event_type"] == "ring"
    with pytest.raises(queue.Empty):
        hook.rings.get(timeout=0.3)


def test_one_run_rings_once_in_a_day(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    _end(bench, "r1")
    hook.rings.get(timeout=PATIENCE_SECONDS)
    _end(bench, "r1")
    with pytest.raises(queue.Empty):
        hook.rings.get(timeout=0.3)
    bench.clock.ahead = 25 * 3600
    _end(bench, "r1", exit_code=1)
    hook.rings.get(timeout=PATIENCE_SECONDS)


def test_an_automation_that_rests_rings_for_no_other_run(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    bench.server.rest_automations(60)
    _end(bench, "r1")
    _end(bench, "r2")
    bench.clock.ahead = 61
    _end(bench, "r3")
    for _ in ("r1", "r3"):
        hook.rings.get(timeout=PATIENCE_SECONDS)
    with pytest.raises(queue.Empty):
        hook.rings.get(timeout=0.3)


def test_the_hidden_run_that_makes_a_job_rings_too(
    bench: Bench, hook: Hook, tmp_path: Path
) -> None:
    _automation(bench, hook.url, RunEvent.state == "finished")
    (tmp_path / "train.py").write_text("")
    (tmp_path / "requirements.txt").write_text("")
    job = create_job(
        str(tmp_path), "code", "acme", bench.project, "job", entrypoint="python train.py"
    )
    assert job is not None
    assert bench.server.runs(bench.project) == []  # it ended and was deleted
    hook.rings.get(timeout=PATIENCE_SECONDS)


def test_a_lost_heartbeat_rings_as_a_failure(bench: Bench, hook: Hook) -> None:
    _automation(bench, hook.url)
    run = bench.init("r1", name="exp/1")
    bench.clock.ahead = 1000
    assert bench.api_run("r1").state == "crashed"
    hook.rings.get(timeout=PATIENCE_SECONDS)
    run.finish()


def test_an_address_that_does_not_answer_is_noted(bench: Bench) -> None:
    _automation(bench, "http://127.0.0.1:9/ring")
    before = len(bench.server.deliveries)
    _end(bench, "r1")
    assert [delivery.status for delivery in _noted(bench, before + 1)[before:]] == [None]


def test_automations_are_listed_and_their_names_are_unique(bench: Bench, hook: Hook) -> None:
    made = _automation(bench, hook.url)
    (found,) = wandb.Api().automations("acme", name=made.name)
    assert (found.id, found.scope.name, found.enabled) == (made.id, bench.project, True)
    with pytest.raises(CommError, match="exists"):
        _automation(bench, f"{hook.url}?again")
    assert wandb.Api().delete_automation(made)
    assert list(wandb.Api().automations("acme", name=made.name)) == []


def test_a_secret_that_nobody_made_is_refused(bench: Bench, hook: Hook) -> None:
    assert bench.server.secrets.keys() == {"HOOK_TOKEN"}
    with pytest.raises(WandbApiFailedError, match="NO_SUCH"):
        _integration(f"{hook.url}?unknown", "NO_SUCH")
