"""Locks: whom they hold, who takes them back, and what they never hold up."""

from pathlib import Path

import pytest

from bot.errors import UserError
from bot.ports import Stale
from tests.bot.scene import Scene


@pytest.mark.parametrize("what", ["pr", "queue"])
def test_a_lock_holds_everybody_but_its_owner(scene: Scene, pull: int, what: str) -> None:
    scene.writes("grace", pull, f'/lock what={what} reason="@all moving *today*"')
    assert "locked" in scene.last(pull).body
    scene.writes("ada", pull, "/launch")
    answer = scene.last(pull).body
    assert "[locked](https://hub/acme/digits/issues/" in answer
    assert "@all" not in answer
    assert f"`/unlock what={what}`" in answer
    assert not scene.tracker.queue
    scene.writes("grace", pull, "/launch")
    assert scene.tracker.queue


def test_a_lock_keeps_others_from_marking_runs(scene: Scene, pull: int) -> None:
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("grace", pull, "/lock")
    scene.writes("ada", pull, "/runs tag=odd")
    assert "[locked]" in scene.last(pull).body
    assert not scene.tracker.notes
    scene.writes("ada", pull, "/runs")
    assert "[locked]" not in scene.last(pull).body
    scene.writes("grace", pull, "/runs tag=odd")
    assert scene.tracker.notes


def test_a_lock_of_one_pr_leaves_the_others_alone(scene: Scene, pull: int) -> None:
    other = scene.experiment("Wider", "model.width=65")
    scene.writes("grace", pull, "/lock")
    scene.writes("ada", other, "/launch")
    assert scene.tracker.queue


def test_a_lock_is_taken_back_by_its_owner_or_whoever_may_decide(scene: Scene, pull: int) -> None:
    scene.forge.roles["mary"] = "write"
    scene.writes("grace", pull, "/lock")
    scene.writes("mary", pull, "/unlock")
    assert "is [locked]" in scene.last(pull).body
    scene.writes("mary", pull, "/launch")
    assert not scene.tracker.queue
    scene.writes("ada", pull, "/unlock")
    assert "Unlocked" in scene.last(pull).body
    scene.writes("mary", pull, "/launch")
    assert scene.tracker.queue


def test_a_lock_ends_by_itself(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, "/lock hours=1")
    scene.world.clock.sleep(3601)
    scene.writes("ada", pull, "/launch")
    assert scene.tracker.queue


def test_of_two_locks_at_the_same_moment_one_holds(scene: Scene, pull: int) -> None:
    """Both have read the lab book before either writes; the second finds it changed."""
    world = scene.world
    stale = world.forge.read_ledger()
    scene.writes("grace", pull, "/lock")
    with pytest.raises(Stale):
        world.forge.write_ledger(stale, stale.with_desk(stale.desk.knows(1)), "too late")
    scene.writes("ada", pull, "/lock")
    assert "locked](https://hub" in scene.last(pull).body
    assert [lock.owner for lock in scene.forge.read_ledger().desk.locks] == ["grace"]


def test_an_unlock_that_is_delivered_before_its_lock_comes_again_stays(
    scene: Scene, pull: int
) -> None:
    scene.writes("grace", pull, "/lock", 700)
    scene.writes("grace", pull, "/unlock", 701)
    scene.writes("grace", pull, "/lock", 700)
    assert not scene.forge.read_ledger().desk.locks


def test_a_lock_that_cannot_be_read_blocks(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, "/lock")
    scene.forge.book["ledger/desk.json"] = "{}"
    with pytest.raises(UserError, match=r"ledger/desk\.json"):
        scene.forge.read_ledger()
    scene.writes("ada", pull, "/launch")
    assert "ledger/desk.json" in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_lock_of_the_baseline_holds_a_merge_up_that_was_asked_for_before(
    scene: Scene, pull: int
) -> None:
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.writes("grace", pull, "/lock what=baseline hours=1")
    for _ in range(3):
        scene.rings()
    assert not scene.forge.pull(pull).merge_commit
    assert [c.key[:7] for c in scene.forge.said_at(pull)].count("locked:") == 1
    assert scene.forge.schedule
    scene.world.clock.sleep(3601)
    scene.rings()
    assert scene.forge.pull(pull).merge_commit
    assert "baseline-v2" in scene.forge.releases


def test_a_lock_does_not_hold_up_the_release_of_what_is_merged(tmp_path: Path) -> None:
    found = 0
    for cut in range(1, 12):
        scene = Scene.measured(tmp_path / str(cut))
        pull = scene.experiment("Larger learning rate", "lr=0.02")
        scene.writes("ada", pull, "/launch")
        scene.rings()
        scene.writes("ada", pull, "/merge")
        scene.forge.scissors.mend(after=cut)
        scene.rings()
        known = scene.forge.read_ledger().at(pull)
        if scene.forge.pull(pull).merge_commit and known and known.phase == "merging":
            found += 1  # this job was cut off right behind the merge
            scene.writes("grace", pull, "/lock what=baseline hours=1")
            scene.rings()
            assert "baseline-v2" in scene.forge.releases
    assert found
