"""The Tracker: the real W&B SDK and real runs, against the sandbox's W&B."""

import contextlib
import json
import math
import platform
import queue
from dataclasses import replace
from pathlib import Path

import pytest
import wandb
from wandb.apis.public import Run
from wandb.sdk.launch.api import LaunchApi

from bot.clients.wandb import Wandb
from bot.core.metric import Metric
from bot.core.runs import MOST_POINTS, recorded, value_of
from bot.errors import UserError
from bot.ports import Launch, Outage
from bot.sandbox.faults import Fault, Faults
from tests.contract.bees import Bees
from tests.contract.hub import SandboxHub, head
from tests.sandbox.wandb_stage import pop

RECORD = {
    "schema": 1,
    "kind": "nan",
    "step": 1250,
    "message": "grad norm nan at step 1250",
    "suggest": [
        {"why": "a 4x loss rise", "set": {"train.lr": 1e-05, "train.clip": 1.0, "ema": True}}
    ],
}


def test_sets_up_once_and_rings(bees: Bees, tracker: Wandb, sandbox_hub: SandboxHub) -> None:
    with pytest.raises(UserError, match="NO_SUCH_SECRET"):
        tracker.setup([], bees.hook_url, "NO_SUCH_SECRET", None)
    made = tracker.setup(["a100", "local"], bees.hook_url, "LABHAND_GITHUB", None)
    name = f"labhand-{sandbox_hub.name.replace('/', '-')}"
    assert [word.split()[-1] for word in made] == ["a100", "local", name, name]
    assert tracker.setup(["a100", "local"], bees.hook_url, "LABHAND_GITHUB", None) == ()
    assert tracker.setup(["h100"], bees.hook_url, "LABHAND_GITHUB", None) == (
        "W&B Launch queue h100",
    )
    bees.train("lh-ring")
    payload = {"event_type": "labhand-ring", "client_payload": {}}
    assert bees.rings.get(timeout=20) == (payload, "Bearer ghp_1")


def test_a_canary_rings_at_its_first_number_and_at_its_end(bees: Bees, tracker: Wandb) -> None:
    made = tracker.setup(["local"], bees.hook_url, "LABHAND_GITHUB", "val/dice")
    assert made[-1].endswith(" canary val/dice")
    assert tracker.setup(["local"], bees.hook_url, "LABHAND_GITHUB", "val/dice") == ()
    assert _rings(bees, "lh-s1-canary") == _rings(bees, "lh-s2") + 1


def _rings(bees: Bees, run_id: str) -> int:
    """How often a run rings that logs its metric several times, and ends."""
    bees.train(run_id)
    count = 0
    with contextlib.suppress(queue.Empty):
        while bees.rings.get(timeout=2):
            count += 1
    return count


def test_a_pushed_run_waits_in_its_queue(tracker: Wandb, sandbox_hub: SandboxHub) -> None:
    tracker.setup(["fast"], "http://127.0.0.1:9/", "LABHAND_GITHUB", None)
    commit = head(sandbox_hub.forge)
    job = tracker.prepare(commit, ["python", "-m", "trainer"])
    assert job.startswith("acme/retina/labhand:v")
    assert tracker.prepare(commit, ["python", "-m", "trainer"]) == job
    command = ("python", "-m", "trainer", "train.lr=0.01", "seed=1")
    resources = {"kubernetes": {"resources": {"limits": {"nvidia.com/gpu": 2}}}}
    launch = Launch(
        "lh-1-s1", "EMA seed 1", "exp/7#1", ("a", "b"), command, resource_args=resources
    )
    later = tracker.push(job, launch, "fast")
    sooner = tracker.push(job, replace(launch, priority="high"), "fast")
    assert (queued := tracker.queued("fast", []))
    assert [item.id for item in queued.items] == [later, sooner]
    for item_id in (sooner, later):
        item = pop("fast")
        assert item
        assert item["runQueueItemId"] == item_id
    spec = item["runSpec"]
    assert spec["resource_args"] == resources
    assert (spec["run_id"], spec["name"], spec["job"]) == ("lh-1-s1", "EMA seed 1", job)
    assert (spec["entity"], spec["project"]) == ("acme", "retina")
    environment = ["env", "WANDB_RUN_GROUP=exp/7#1", "WANDB_TAGS=a,b"]
    assert spec["overrides"]["entry_point"] == [*environment, *command]
    assert pop("fast") is None
    with pytest.raises(UserError, match="queue `nope`"):
        tracker.push(job, Launch("lh-1-s2", "EMA", "g", (), command), "nope")


def test_a_job_of_an_image_tells_wandb_config_what_to_hold(tracker: Wandb, tmp_path: Path) -> None:
    tracker.setup(["cluster"], "http://127.0.0.1:9/", "LABHAND_GITHUB", None)
    image = "hub.example/acme/retina:3f9c1e2"
    job = tracker.prepare("3f9c1e2", ["python", "train.py"], image)
    assert job.startswith("acme/retina/labhand-image:v")
    assert tracker.prepare("3f9c1e2", ["python", "train.py"], image) == job
    assert tracker.prepare("3f9c1e2", ["python", "train.py"], f"{image}0") != job
    folder = wandb.Api().artifact(job, type="job").download(str(tmp_path))
    source = json.loads(Path(folder, "wandb-job.json").read_text())
    assert (source["source_type"], source["source"]["image"]) == ("image", image)
    command = ("python", "train.py", "seed=1")
    tracker.push(job, Launch("lh-i", "n", "g", (), command, settings={"a": {"b": 0.1}}), "cluster")
    item = pop("cluster")
    assert item
    spec = item["runSpec"]
    assert spec["job"] == job
    assert spec["overrides"]["run_config"] == {"a": {"b": 0.1}}
    assert spec["overrides"]["entry_point"][-3:] == list(command)


def test_a_commit_that_git_cannot_read_makes_no_job(tracker: Wandb) -> None:
    with pytest.raises(UserError, match="could not make a job"):
        tracker.prepare("f" * 40, ["python"])


def test_git_that_is_asked_to_wait_is_no_wrong_commit(
    tracker: Wandb, sandbox_hub: SandboxHub, faults: Faults
) -> None:
    commit = head(sandbox_hub.forge)
    faults.add(Fault(on="* /acme/*.git/*", status=429, times=2))
    for _ in range(2):
        with pytest.raises(Outage, match="git had no answer"):
            tracker.prepare(commit, ["python"])
    assert tracker.prepare(commit, ["python"])
    faults.reset()


def test_a_job_that_w_and_b_did_not_answer_is_no_wrong_commit(
    tracker: Wandb, sandbox_hub: SandboxHub, bees: Bees
) -> None:
    commit = head(sandbox_hub.forge)
    bees.faults.add(Fault(on="mutation upsertBucket", cut="midway"))
    with pytest.raises(Outage, match="W&B made no job"):
        tracker.prepare(commit, ["python"])
    assert bees.faults.unused == []
    bees.faults.reset()
    assert tracker.prepare(commit, ["python"])


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
    machine = {
        "environment.python": platform.python_version(),
        "environment.wandb": wandb.__version__,
    }
    assert good.config == {"train.lr": 0.1, "ema": True} | machine
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


def test_a_project_that_is_missing_is_told(bees: Bees, sandbox_hub: SandboxHub) -> None:
    other = bees.tracker("nowhere", sandbox_hub)
    with pytest.raises(Outage, match="no project `acme/nowhere`"):
        other.observe(["lh-1"])
    assert other.curves("lh-1", ["val/dice"]) == {}


def test_a_run_is_looked_at_anew(bees: Bees, tracker: Wandb) -> None:
    assert tracker.observe(["lh-later"]) == {}
    bees.train("lh-later")
    assert tracker.observe(["lh-later"])["lh-later"].state == "finished"


def test_a_curve_holds_the_finite_values(bees: Bees, tracker: Wandb) -> None:
    bees.train("lh-curve")
    before = bees.server.operations.total()
    assert tracker.curves("lh-curve", ["val/dice", "loss", "never/logged"], ["val/dice"]) == {
        "val/dice": ((1, 0.1), (5, 0.5)),
        "loss": ((0, 1.0), (2, 0.8), (4, 0.6)),
    }
    assert bees.server.operations.total() == before + 1
    assert tracker.curves("lh-none", ["val/dice"]) == {}


def test_a_long_curve_keeps_its_extremes(bees: Bees, tracker: Wandb) -> None:
    """W&B gives a sample of it; only who needs its best value reads the rest."""
    run_id, steps = "lh-long", 45_000
    Run.create(wandb.Api(), run_id, "retina", "acme", "finished")
    run = next(run for run in bees.server.runs("retina") if run.id == run_id)
    values = [math.sin(step / 7000) for step in range(steps)]
    values[12_345], values[31_001], values[-1] = 9.0, -9.0, float("nan")
    run.history_rows.update(
        (step, {"_step": step, "m|µ 🐝": value if math.isfinite(value) else "NaN", "other": 1})
        for step, value in enumerate(values)
    )
    before = bees.server.operations.total()
    drawn = tracker.curves(run_id, ["m|µ 🐝"])["m|µ 🐝"]
    assert bees.server.operations.total() == before + 1
    assert len(drawn) == MOST_POINTS
    assert max(drawn, key=lambda point: point[1])[1] < 9
    whole = tracker.curves(run_id, ["m|µ 🐝", "other"], ["m|µ 🐝"])["m|µ 🐝"]
    assert bees.server.operations.total() == before + 3
    assert len(whole) == MOST_POINTS
    assert {(12_345, 9.0), (31_001, -9.0), (steps - 2, values[-2])} < set(whole)
    assert list(whole) == sorted(whole)


def test_a_summary_that_keeps_the_best_by_itself_is_read(bees: Bees, tracker: Wandb) -> None:
    code = """
import wandb
with wandb.init() as run:
    run.define_metric("val/dice", summary="max,last")
    for value in (0.1, 0.9, 0.4):
        run.log({"val/dice": value})
"""
    bees.train("lh-kept", code=code)
    run = tracker.observe(["lh-kept"])["lh-kept"]
    best = Metric("val/dice", "maximize", "best")
    assert recorded(best, run) == 0.9
    assert value_of(best, run, ()) == 0.9
    assert value_of(Metric("val/dice", "maximize", "last"), run, ()) == 0.4


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
