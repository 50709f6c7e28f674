"""Launch queues as the Tracker sees them: the real W&B SDK against the sandbox's W&B."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import wandb
from wandb.apis.public import Run
from wandb.sdk.launch.api import LaunchApi

from bot.clients.wandb import Wandb
from bot.core.queue import Agent, QueueItem
from bot.errors import UserError
from tests.contract.bees import Bees
from tests.sandbox.wandb_stage import pop, push


def _queue(name: str, run_ids: list[str]) -> list[str]:
    wandb.Api().create_run_queue(name, "local-process", "acme", prioritization_mode="V0")
    return push(name, *run_ids)


def _begin(queue: str, run_id: str) -> None:
    """An agent takes what is next, and begins it as this run."""
    taken = pop(queue)
    assert taken
    LaunchApi().ack_run_queue_item(taken["runQueueItemId"], run_id)


def test_a_queue_tells_what_waits_and_what_was_begun(bees: Bees, tracker: Wandb) -> None:
    first, second = _queue("told", ["lh-1", "lh-2"])
    _begin("told", "lh-1")
    before = bees.server.operations["GetRunQueueItems"]
    queued = tracker.queued("told", [first, second, "no-such-item"])
    assert queued
    assert queued.has_priorities
    assert queued.items == (
        QueueItem(first, "taken", "lh-1"),
        QueueItem(second, "waiting"),
    )
    assert [item.id for item in queued.waiting] == [second]
    assert bees.server.operations["GetRunQueueItems"] == before + 1


def test_an_item_behind_a_hundred_others_is_found_by_its_id(tracker: Wandb) -> None:
    *_, last = _queue("long", [f"lh-{number}" for number in range(103)])
    assert (queued := tracker.queued("long", []))
    assert (len(queued.items), queued.item(last)) == (100, None)
    assert (queued := tracker.queued("long", [last]))
    assert queued.item(last) == QueueItem(last, "waiting")


def test_a_queue_that_is_missing_is_none(tracker: Wandb) -> None:
    assert tracker.queued("nowhere", ["RunQueueItem:1"]) is None


def test_an_item_is_taken_back_while_it_waits(tracker: Wandb) -> None:
    first, second = _queue("back", ["lh-1", "lh-2"])
    _begin("back", "lh-1")
    tracker.take_back("back", first)
    tracker.take_back("back", second)
    assert (queued := tracker.queued("back", [first, second]))
    assert queued.items == (QueueItem(first, "taken", "lh-1"),)
    assert pop("back") is None


def test_a_real_agent_is_known_by_the_hidden_run_that_it_keeps(
    tracker: Wandb, tmp_path: Path
) -> None:
    _queue("polled", [])
    Run.create(wandb.Api(), "not-an-agent", "model-registry", "acme", "running")
    assert tracker.agents() == ()
    program = str(Path(sys.executable).with_name("wandb"))
    agent = subprocess.Popen(
        [program, "launch-agent", "--entity", "acme", "--queue", "polled"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found: tuple[Agent, ...] = ()
        for _ in range(300):
            if found := tracker.agents():
                break
            time.sleep(0.1)
    finally:
        agent.terminate()
        agent.wait()
    assert [each.lives(time.time()) for each in found] == [True]
    assert not found[0].lives(time.time() + 3600)


def test_tags_notes_and_group_are_written_once(bees: Bees, tracker: Wandb) -> None:
    for run_id in ("lh-a", "lh-b"):
        Run.create(wandb.Api(), run_id, "retina", "acme", "running")
    for _ in range(2):
        done = tracker.annotate(["lh-a", "lh-b", "lh-none"], ["odd", "ablation"], "a note", "mine")
        assert sorted(done) == ["lh-a", "lh-b"]
    tracker.annotate(["lh-a"], ["odd"], "another", "")
    seen = {run.id: run for run in bees.server.runs("retina")}
    assert (seen["lh-a"].tags, seen["lh-a"].notes, seen["lh-a"].group) == (
        ["odd", "ablation"],
        "a note\nanother",
        "mine",
    )
    assert seen["lh-b"].notes == "a note"


def test_a_wrong_key_names_the_secret(tracker: Wandb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "f" * 40)
    with pytest.raises(UserError, match="WANDB_API_KEY"):
        tracker.agents()
