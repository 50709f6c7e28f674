"""The Tracker: the real W&B SDK and real runs, against the sandbox's W&B."""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wandb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from wandb.apis.public import Run
from wandb.sdk.launch.api import LaunchApi

from bot.clients.wandb import Wandb
from bot.clients.wandb_connection import FOLDERS, load
from bot.errors import UserError
from bot.ports import Launch, Outage
from bot.sandbox import wandb as sandbox
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.serve import reserve, serve
from tests.contract.hub import SandboxHub, head
from tests.contract.sdk_operations import USED

TRAIN = """
import json, sys, wandb
with wandb.init(config={"train": {"lr": 0.1}, "ema": True, "_own": 1}, resume="never") as run:
    for step in range(6):
        value = float("nan") if step == 3 else step / 10
        run.log({"val/dice": value} if step % 2 else {"loss": 1 - value}, step=step)
    for number in range(30):
        print("line", number)
    if len(sys.argv) > 1:
        open("failure.json", "w").write(sys.argv[1])
        run.save("failure.json", policy="now")
        sys.exit(4)
"""
RECORD = {
    "schema": 1,
    "kind": "nan",
    "step": 1250,
    "message": "grad norm nan at step 1250",
    "suggest": [
        {"why": "a 4x loss rise", "set": {"train.lr": 1e-05, "train.clip": 1.0, "ema": True}}
    ],
}


class Echo:
    """An application whose pages of runs hold every run twice, while a test says so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.wanted = False
        self.doubled = 0

    @contextmanager
    def twice(self) -> Iterator[None]:
        """Until the block ends."""
        self.wanted = True
        yield
        self.wanted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.wanted or scope["path"] != "/graphql":
            await self.app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        answer = json.loads(b"".join(parts))
        if edges := ((answer["data"].get("project") or {}).get("runs") or {}).get("edges"):
            edges *= 2
            self.doubled += 1
        await JSONResponse(answer)(scope, receive, send)


@dataclass
class Bees:
    """The sandbox's W&B, a real training program, and who rings where."""

    server: sandbox.Wandb
    echo: Echo
    faults: Faults
    hook_url: str
    rings: "queue.Queue[tuple[Any, str]]"
    folder: Path

    def tracker(self, project: str, hub: SandboxHub) -> Wandb:
        """A client, as a new job makes one."""
        assert os.environ["WANDB_BASE_URL"] == self.server.url
        return Wandb("acme", project, hub.name, hub.server.url, hub.token)

    def train(self, run_id: str, *arguments: str) -> None:
        """Let the training program run to its end."""
        subprocess.run(
            [sys.executable, "-c", TRAIN, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "WANDB_RUN_ID": run_id,
                "WANDB_ENTITY": "acme",
                "WANDB_PROJECT": "retina",
                "WANDB_NAME": f"labhand/{run_id}",
                "WANDB_SILENT": "true",
            },
            check=not arguments,
        )


@pytest.fixture(scope="module")
def bees(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bees]:
    folder = tmp_path_factory.mktemp("wandb")
    rings: queue.Queue[tuple[Any, str]] = queue.Queue()
    bound, url = reserve()
    hook_bound, hook_url = reserve()

    async def ring(request: Request) -> Response:
        rings.put((await request.json(), request.headers["authorization"]))
        return Response(status_code=204)

    hook = Starlette(routes=[Route("/ring", ring, methods=["POST"])])
    server = sandbox.Wandb(url, folder / "server", secrets={"LABHAND_GITHUB": "ghp_1"})
    server.limit(sandbox.Limits(run_streams=20))  # for runs that last less than a second
    echo, faults = Echo(server.app), Faults()
    with pytest.MonkeyPatch.context() as environment, server:
        environment.setenv("WANDB_BASE_URL", url)
        environment.setenv("WANDB_API_KEY", server.api_key)
        for name in FOLDERS:
            environment.setenv(name, str(folder / "litter"))
        wandb.teardown()  # what an earlier module of this process set up
        load.cache_clear()
        with serve(faults.around("wandb", echo), bound), serve(hook, hook_bound):
            yield Bees(server, echo, faults, f"{hook_url}/ring", rings, folder)
            wandb.teardown()
        assert server.not_understood == {}
        assert sorted(server.operations.keys() - USED) == []


@pytest.fixture
def tracker(bees: Bees, sandbox_hub: SandboxHub) -> Wandb:
    return bees.tracker("retina", sandbox_hub)


def test_sets_up_once_and_rings(bees: Bees, tracker: Wandb, sandbox_hub: SandboxHub) -> None:
    with pytest.raises(UserError, match="NO_SUCH_SECRET"):
        tracker.setup([], bees.hook_url, "NO_SUCH_SECRET")
    made = tracker.setup(["a100", "local"], bees.hook_url, "LABHAND_GITHUB")
    name = f"labhand-{sandbox_hub.name.replace('/', '-')}"
    assert [word.split()[-1] for word in made] == ["a100", "local", name, name]
    assert tracker.setup(["a100", "local"], bees.hook_url, "LABHAND_GITHUB") == ()
    assert tracker.setup(["h100"], bees.hook_url, "LABHAND_GITHUB") == ("W&B Launch queue h100",)
    bees.train("lh-ring")
    payload = {"event_type": "labhand-ring", "client_payload": {}}
    assert bees.rings.get(timeout=20) == (payload, "Bearer ghp_1")


def test_a_pushed_run_waits_in_its_queue(tracker: Wandb, sandbox_hub: SandboxHub) -> None:
    tracker.setup(["fast"], "http://127.0.0.1:9/", "LABHAND_GITHUB")
    commit = head(sandbox_hub.forge)
    job = tracker.prepare(commit, ["python", "-m", "trainer"])
    assert job.startswith("acme/retina/labhand:v")
    assert tracker.prepare(commit, ["python", "-m", "trainer"]) == job
    command = ("python", "-m", "trainer", "train.lr=0.01", "seed=1")
    tracker.push(job, Launch("lh-1-s1", "EMA seed 1", "exp/7#1", ("a", "b"), command), "fast")
    item = LaunchApi().pop_from_run_queue("fast", "acme", "model-registry")
    assert item
    spec = item["runSpec"]
    assert (spec["run_id"], spec["name"], spec["job"]) == ("lh-1-s1", "EMA seed 1", job)
    assert (spec["entity"], spec["project"]) == ("acme", "retina")
    environment = ["env", "WANDB_RUN_GROUP=exp/7#1", "WANDB_TAGS=a,b"]
    assert spec["overrides"]["entry_point"] == [*environment, *command]
    assert LaunchApi().pop_from_run_queue("fast", "acme", "model-registry") is None
    with pytest.raises(UserError, match="queue `nope`"):
        tracker.push(job, Launch("lh-1-s2", "EMA", "g", (), command), "nope")


def test_a_commit_that_git_cannot_read_makes_no_job(tracker: Wandb) -> None:
    with pytest.raises(UserError, match="could not make a job"):
        tracker.prepare("f" * 40, ["python"])


def test_observes_what_runs_say(bees: Bees, tracker: Wandb) -> None:
    bees.train("lh-good")
    bees.train("lh-bad", json.dumps(RECORD))
    Run.create(wandb.Api(), "lh-waits", "retina", "acme", "pending")
    Run.create(wandb.Api(), "lh-runs", "retina", "acme", "running")
    found = tracker.observe(["lh-good", "lh-bad", "lh-waits", "lh-runs", "lh-none"])
    assert {run_id: run.state for run_id, run in found.items()} == {
        "lh-good": "finished",
        "lh-bad": "failed",
        "lh-waits": "queued",
        "lh-runs": "running",
    }
    good = found["lh-good"]
    assert good.config == {"train.lr": 0.1, "ema": True}
    assert good.summary["val/dice"] == 0.5
    assert good.summary["loss"] == 0.6
    assert good.step == 5
    assert good.seconds is not None
    assert good.seconds > 0
    assert tracker.observe([]) == {}


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("pending", "queued"),
        ("running", "running"),
        ("finished", "finished"),
        ("failed", "failed"),
        ("crashed", "crashed"),
        ("killed", "killed"),
        ("preempting", "running"),
        ("preempted", "queued"),
    ],
)
def test_every_state_of_wandb_means_something(tracker: Wandb, state: str, means: str) -> None:
    run_id = f"lh-{state}"
    Run.create(wandb.Api(), run_id, "retina", "acme", state)
    assert tracker.observe([run_id])[run_id].state == means
    assert tracker.failure(run_id).kind == ("killed" if state == "killed" else "crash")


def test_a_run_that_wandb_lists_twice_counts_once(bees: Bees, tracker: Wandb) -> None:
    Run.create(wandb.Api(), "lh-twice", "retina", "acme", "running")
    before = bees.server.operations["StopRun"]
    with bees.echo.twice():
        assert list(tracker.observe(["lh-twice"])) == ["lh-twice"]
        tracker.stop("lh-twice")
    assert bees.echo.doubled == 2
    assert bees.server.operations["StopRun"] == before + 1


def test_a_project_that_is_missing_has_no_runs(bees: Bees, sandbox_hub: SandboxHub) -> None:
    other = bees.tracker("nowhere", sandbox_hub)
    assert other.observe(["lh-1"]) == {}
    assert other.curve("lh-1", "val/dice") == ()


def test_a_run_is_looked_at_anew(bees: Bees, tracker: Wandb) -> None:
    assert tracker.observe(["lh-later"]) == {}
    bees.train("lh-later")
    assert tracker.observe(["lh-later"])["lh-later"].state == "finished"


def test_a_curve_holds_the_finite_values(bees: Bees, tracker: Wandb) -> None:
    bees.train("lh-curve")
    assert tracker.curve("lh-curve", "val/dice") == ((1, 0.1), (5, 0.5))
    assert tracker.curve("lh-curve", "loss") == ((0, 1.0), (2, 0.8), (4, 0.6))
    assert tracker.curve("lh-curve", "never/logged") == ()
    assert tracker.curve("lh-none", "val/dice") == ()


def test_reads_the_failure_record(bees: Bees, tracker: Wandb) -> None:
    bees.train("lh-nan", json.dumps(RECORD))
    failure = tracker.failure("lh-nan")
    assert (failure.kind, failure.step) == ("nan", 1250)
    assert failure.message == "grad norm nan at step 1250"
    assert failure.suggestion == {"train.lr": "1.0e-05", "train.clip": "1.0", "ema": "true"}
    assert failure.why == "a 4x loss rise"
    lines = failure.last_lines.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (20, "line 13", "SystemExit: 4")


@pytest.mark.parametrize(
    "record",
    ["not json", "[1]", '{"kind": 5, "suggest": [{"set": {"a": [1]}}]}', '{"suggest": {"set": 1}}'],
)
def test_an_odd_failure_record_is_not_believed(bees: Bees, tracker: Wandb, record: str) -> None:
    run_id = f"lh-odd-{len(record)}"
    bees.train(run_id, record)
    failure = tracker.failure(run_id)
    assert (failure.kind, failure.suggestion, failure.step) == ("crash", {}, 5)
    assert (failure.message, failure.why) == ("", "")
    assert "line 29" in failure.last_lines


def test_a_run_that_left_nothing_failed_too(tracker: Wandb) -> None:
    Run.create(wandb.Api(), "lh-silent", "retina", "acme", "running")
    failure = tracker.failure("lh-silent")
    assert (failure.kind, failure.last_lines) == ("crash", "")
    assert tracker.failure("lh-none").kind == "missing"


def test_asks_a_run_to_stop(tracker: Wandb) -> None:
    Run.create(wandb.Api(), "lh-stop", "retina", "acme", "running")
    tracker.stop("lh-none")
    assert not LaunchApi().check_stop_requested("retina", "acme", "lh-stop")
    for _ in range(2):
        tracker.stop("lh-stop")
    assert LaunchApi().check_stop_requested("retina", "acme", "lh-stop")


def test_pages_are_named_without_asking(bees: Bees, tracker: Wandb) -> None:
    url = bees.server.url
    assert tracker.run_url("lh-1") == f"{url}/acme/retina/runs/lh-1"
    assert tracker.group_url("exp/7#1") == f"{url}/acme/retina/groups/exp%2F7%231/workspace"


def test_a_failure_of_the_server_is_retried(bees: Bees, tracker: Wandb) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(Fault(on="query *", status=502), Fault(on="query *", cut="after"))
    assert tracker.observe(["lh-none"]) == {}
    assert bees.faults.unused == []
    bees.faults.reset()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_that_asks_for_patience_gets_it(bees: Bees, tracker: Wandb, status: int) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(Fault(on="query *", status=status, headers={"retry-after": "0"}))
    assert tracker.observe(["lh-none"]) == {}
    assert bees.faults.unused == []
    bees.faults.reset()


def test_a_late_answer_counts(bees: Bees, tracker: Wandb) -> None:
    Run.create(wandb.Api(), "lh-late", "retina", "acme", "running")
    bees.faults.add(Fault(on="query *", delay_seconds=0.3))
    assert tracker.observe(["lh-late"])["lh-late"].state == "running"
    assert bees.faults.unused == []
    bees.faults.reset()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on="query *", status=502, headers={"retry-after": "0"}, times=None),
        Fault(on="query *", status=429, headers={"retry-after": "0"}, times=None),
        Fault(on="query *", status=200, body="<html>Down for maintenance</html>"),
        Fault(on="query *", status=200, body={"errors": [{"message": "timeout"}], "data": None}),
        Fault(on="query *", cut="midway"),
    ],
)
def test_a_lasting_failure_is_an_outage(bees: Bees, tracker: Wandb, fault: Fault) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(fault)
    with pytest.raises(Outage):
        tracker.observe(["lh-none"])
    bees.faults.reset()


def test_nobody_there_is_an_outage(tracker: Wandb, monkeypatch: pytest.MonkeyPatch) -> None:
    bound, url = reserve()
    bound.close()
    monkeypatch.setenv("WANDB_BASE_URL", url)
    with pytest.raises(Outage):
        tracker.observe(["lh-1"])


@pytest.mark.parametrize("key", ["f" * 40, ""])
def test_a_wrong_key_names_the_secret(
    tracker: Wandb, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", key)
    with pytest.raises(UserError, match="WANDB_API_KEY"):
        tracker.observe(["lh-1"])
