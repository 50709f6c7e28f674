"""W&B's queue can hold an item twice: the real trainer is started for each, and trains once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from tests.faults.chapters import CHAPTERS, play
from tests.faults.ending import state, unfinished
from tests.faults.stage import Stage, stage
from tests.zygote import Zygote

pytestmark = pytest.mark.timeout(600)
STARTED_BEFORE = 7
"""The trainer's exit code when another process has the run already."""


@pytest.fixture
def at(tmp_path: Path, zygote: Zygote) -> Iterator[Stage]:
    with stage(tmp_path, zygote) as at:
        yield at


def test_an_item_that_waits_twice_is_trained_once(at: Stage, tmp_path: Path) -> None:
    """The canary's; `lr` is no setting of the trainer's, so that it ends early."""
    launch = CHAPTERS["launch"]
    play(at, launch.before)
    with at.mood([Fault(on="mutation pushToRunQueueByName", cut="after")]):
        play(at, launch.beats)
    assert unfinished(state(at)), "the tests of plans rely on it that this is seen"
    queued = at.agent.take()
    (run,) = {spec["run_id"] for spec in queued}
    assert len(queued) > 1
    codes = [at.agent.start(spec, tmp_path) for spec in queued]
    assert codes[0] != STARTED_BEFORE
    assert set(codes[1:]) == {STARTED_BEFORE}
    assert at.wandb.starts[("acme", "digits", run)] == 1
