"""Concurrency groups: one runs, one waits, and a third takes the second's place."""

import threading
from pathlib import Path

from bot.sandbox.actions import JobResult
from tests.sandbox.actions_stage import PATIENCE_SECONDS, Play

WORKFLOW = """
on: repository_dispatch
jobs:
  a:
    concurrency: ring-${{ github.event.client_payload.group }}
    runs-on: x
    steps:
      - run: 'while [ ! -e "$GATE" ]; do sleep 0.02; done; echo "ring $NAME"'
        env: {GATE: "${{ vars.GATE }}", NAME: "${{ github.event.client_payload.name }}"}
"""


def test_a_third_evicts_the_one_that_waits(play: Play, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    evicted = threading.Event()

    def watch(result: JobResult) -> None:
        if result.conclusion == "cancelled":
            evicted.set()

    stage = play(WORKFLOW, variables={"GATE": str(gate)}, on_job=watch)
    for name in ("first", "second", "third"):
        payload = {"action": "ring", "client_payload": {"group": "x", "name": name}}
        stage.send("repository_dispatch", payload)
    assert evicted.wait(PATIENCE_SECONDS)
    gate.touch()
    stage.actions.wait_idle(PATIENCE_SECONDS)
    cancelled, first, third = stage.actions.jobs
    assert (cancelled.conclusion, cancelled.log) == ("cancelled", "")
    assert "ring first" in first.log
    assert "ring third" in third.log
    runs = stage.workflow_runs
    assert [runs[number]["conclusion"] for number in sorted(runs)] == [
        "success",
        "cancelled",
        "success",
    ]


def test_another_group_runs_beside_it(play: Play, tmp_path: Path) -> None:
    """The first job can only end because the second one opens the gate."""
    gate = tmp_path / "gate"
    stage = play(
        WORKFLOW.replace("run: '", 'run: \'if [ $NAME = opener ]; then touch "$GATE"; fi; '),
        variables={"GATE": str(gate)},
    )
    for name in ("waiter", "opener"):
        payload = {"action": "ring", "client_payload": {"group": name, "name": name}}
        stage.send("repository_dispatch", payload)
    stage.actions.wait_idle(PATIENCE_SECONDS)
    assert [job.conclusion for job in stage.actions.jobs] == ["success", "success"]
