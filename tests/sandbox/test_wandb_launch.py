"""Launch: queues and their items, and a real agent that trains what waits in one."""

import functools
import http.server
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb.errors import CommError
from wandb.sdk.launch import launch_add
from wandb.sdk.launch.api import LaunchApi
from wandb.sdk.launch.create_job import create_job
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from tests.contract.sdk_operations import USED
from tests.sandbox.wandb_stage import Bench, pop, push

pytest_plugins = ("tests.sandbox.wandb_fixtures",)

TRAINER = """
import sys, wandb
with wandb.init(resume="never") as run:
    run.config.update({"arguments": sys.argv[1:]})
    run.log({"acc": 0.5})
    if "fail=1" in sys.argv:
        raise SystemExit(3)
"""


@pytest.mark.usefixtures("bench")
def test_a_queue_is_made_once_and_found() -> None:
    with pytest.raises(CommError):
        _ = wandb.Api().run_queue("acme", "made-once").id
    made = wandb.Api().create_run_queue("made-once", "local-process", "acme", config={"a": 1})
    found = wandb.Api().run_queue("acme", "made-once")
    assert (found.id, found.type, found.access) == (made.id, "local-process", "PROJECT")
    assert found.default_resource_config == {"resource_args": {"local-process": {"a": 1}}}
    assert found.items == []
    with pytest.raises(WandbApiFailedError, match="already exists"):
        wandb.Api().create_run_queue("made-once", "local-process", "acme")
    found.delete()
    with pytest.raises(CommError):
        _ = wandb.Api().run_queue("acme", "made-once").id


@pytest.mark.usefixtures("bench")
def test_items_are_leased_claimed_and_listed_by_id_alone() -> None:
    wandb.Api().create_run_queue("plain", "local-process", "acme")
    first, second = push("plain", "r1", "r1")
    assert first != second
    assert [item.id for item in wandb.Api().run_queue("acme", "plain").items] == [first, second]
    taken = pop("plain")
    assert taken
    assert taken["runQueueItemId"] == first
    assert taken["runSpec"]["run_id"] == "r1"
    assert taken["runSpec"]["resource"] == "local-process"
    queued = wandb.Api().queued_run("acme", "p", "plain", first, "model-registry")
    assert queued.state == "leased"
    assert LaunchApi().ack_run_queue_item(first, "r1")
    assert queued.state == "claimed"
    with pytest.raises(CommError, match="already been acknowledged"):
        LaunchApi().ack_run_queue_item(first, "r1")
    waiting = wandb.Api().queued_run("acme", "p", "plain", second, "model-registry")
    assert waiting.state == "pending"
    waiting.delete()
    assert pop("plain") is None


def test_a_lease_that_nobody_acknowledges_runs_out(bench: Bench) -> None:
    wandb.Api().create_run_queue("lease", "local-process", "acme")
    (item,) = push("lease", "r1")
    assert pop("lease")
    assert pop("lease") is None
    bench.clock.ahead = 61
    again = pop("lease")
    assert again
    assert again["runQueueItemId"] == item
    LaunchApi().fail_run_queue_item(item, "no such commit", "agent")
    failed = wandb.Api().queued_run("acme", "p", "lease", item, "model-registry")
    assert failed.state == "failed"


@pytest.mark.usefixtures("bench")
def test_urgent_items_go_first_where_the_queue_has_priorities() -> None:
    order = ["low", "medium", "critical"]
    for name, mode in (("fair", None), ("urgent", "V0")):
        wandb.Api().create_run_queue(name, "local-process", "acme", mode)
        push(name, "low", priority=3)
        push(name, "medium")
        push(name, "critical", priority=0)
        taken = [pop(name) for _ in order]
        found = [item["runSpec"]["run_id"] for item in taken if item]
        assert found == (order[::-1] if mode else order)


@pytest.mark.usefixtures("bench")
def test_nothing_is_pushed_to_a_queue_that_is_not_there() -> None:
    pushed = LaunchApi().push_to_run_queue_by_name("acme", "model-registry", "no", "{}", None)
    assert pushed is None


def test_an_item_waits_for_ever_where_no_agent_listens(bench: Bench) -> None:
    wandb.Api().create_run_queue("deserted", "local-process", "acme")
    (item,) = push("deserted", "r1")
    bench.clock.ahead = 30 * 86_400
    waiting = wandb.Api().queued_run("acme", bench.project, "deserted", item, "model-registry")
    assert waiting.state == "pending"
    assert bench.server.runs(bench.project) == []


def test_an_agent_trains_what_waits(bench: Bench, tmp_path: Path) -> None:
    before = bench.server.operations
    wandb.Api().create_run_queue("gpu", "local-process", "acme")
    with _repository(tmp_path) as (remote, commit, environment):
        job = _job(remote, commit, environment, bench.project)
        assert bench.server.runs(bench.project) == []  # each making began, ended and deleted a run
        assert [path[1] for path in bench.server.starts].count(bench.project) == 2
        for run_id, arguments in (("good", ["seed=1", "name=a b"]), ("bad", ["fail=1"])):
            launch_add(
                job=job,
                config={"overrides": {"args": arguments}},
                project=bench.project,
                entity="acme",
                queue_name="gpu",
                run_id=run_id,
                name=f"exp/{run_id}",
            )
        with _agent(bench, environment, tmp_path):
            ended = _ended(bench, {"good", "bad"})
    good, bad = ended["good"], ended["bad"]
    assert (good.state, bad.state) == ("finished", "failed")
    assert (good.name, good.commit) == ("exp/good", commit)
    assert good.config["arguments"] == ["seed=1", "name=a b"]
    assert bench.server.starts[("acme", bench.project, "good")] == 1
    states = [item.state for item in wandb.Api().run_queue("acme", "gpu").items]
    assert states == ["claimed", "claimed"]
    assert sorted((bench.server.operations - before).keys() - USED) == []


def _job(remote: str, commit: str, environment: dict[str, str], project: str) -> str:
    with pytest.MonkeyPatch.context() as variables:
        for name, value in environment.items():
            variables.setenv(name, value)
        options = {"git_hash": commit, "runtime": "3.11", "entrypoint": "python -m trainer"}
        names = [
            made.name
            for _ in range(2)
            if (made := create_job(remote, "git", "acme", project, "job", **options))
        ]
    assert names == ["job:v0", "job:v0"]
    return f"acme/{project}/job:v0"


@contextmanager
def _repository(folder: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """A repository with a trainer, served: its https address, its commit, git's environment."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments]
        return subprocess.run(
            command, cwd=source, check=True, capture_output=True, text=True
        ).stdout.strip()

    source = folder / "source"
    (source / "trainer").mkdir(parents=True)
    (source / "trainer" / "__main__.py").write_text(TRAINER)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "A trainer")
    git("clone", "-q", "--bare", ".", str(folder / "served" / "repo.git"))
    git("--git-dir", str(folder / "served" / "repo.git"), "update-server-info")
    handler = functools.partial(_Quiet, directory=str(folder / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        netloc = f"127.0.0.1:{server.server_address[1]}"
        environment = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.http://{netloc}/.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://{netloc}/",
        }
        yield f"https://{netloc}/repo.git", git("rev-parse", "HEAD"), environment
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def _agent(bench: Bench, environment: dict[str, str], folder: Path) -> Iterator[None]:
    command = ["wandb", "launch-agent", "--entity", "acme", "--queue", "gpu", "--max-jobs", "2"]
    with (folder / "agent.log").open("w") as log:
        agent = subprocess.Popen(
            command,
            cwd=folder,
            env=bench.environment | environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        agent.kill()
        agent.wait()


def _ended(bench: Bench, run_ids: set[str]) -> dict[str, Any]:
    for _ in range(1200):
        found = {run.id: run for run in bench.server.runs(bench.project)}
        if run_ids <= found.keys() and all(run.state != "running" for run in found.values()):
            return found
        time.sleep(0.1)
    raise AssertionError(f"no end after two minutes: {found}")
