"""Jobs that died before they wrote anything, and events that never came: a ring takes them up."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot import router
from bot.core.experiment import Experiment
from bot.errors import UserError
from bot.events import IdeaLabelled, Rang
from bot.handlers.catch_up import KEPT_SECONDS, MOST, PATIENCE_SECONDS
from bot.ports import Outage
from tests.bot.scene import Scene
from tests.faults.test_cut_off import state

LATER = PATIENCE_SECONDS + 1


def _later_ring(scene: Scene, *, has_writer: bool = True) -> None:
    scene.world.clock.sleep(LATER)
    scene.run(Rang("W&B", has_writer=has_writer))


def _launches(scene: Scene, pull: int) -> list[str]:
    return [e.asked_by for e in _experiment(scene, pull).attempts]


def _experiment(scene: Scene, place: int) -> Experiment:
    found = scene.forge.read_ledger().at(place)
    assert found
    return found


def _faces(scene: Scene, comment_id: int) -> list[str]:
    return [content for number, content in scene.forge.reactions if number == comment_id]


COMMANDS = (
    "/launch", "/launch dry-run", "/quote", "/status", "/results", "/queue", "/runs", "/budget",
    "/help", "/lock reason=mine", "/compare main", "/diagnose", "/stop", "/merge", "/fix",
    '/experiment "Wider" model.width=65', "/baseline", "/lunch",
)  # fmt: skip


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_command_whose_job_died_ends_as_if_it_had_not(typed: str, tmp_path: Path) -> None:
    def played(*, lost: bool) -> dict[str, object]:
        scene = Scene.measured(tmp_path)
        pull = scene.experiment("Learning rate", "lr=0.02")
        if lost:
            scene.murmurs("ada", pull, typed, 700)
        else:
            scene.writes("ada", pull, typed, 700)
        for _ in range(3):
            _later_ring(scene)
        return {**_seen(scene), "faces": _faces(scene, 700)}

    assert played(lost=True) == played(lost=False)


def _seen(scene: Scene) -> dict[str, object]:
    found = state(scene)
    found["comments"] = [(place, key) for place, key, *_ in found["comments"]]
    found["book"] = re.sub(r"'until': [\d.]+|\"until\": [\d.]+", "until", str(found["book"]))
    del found["runs"], found["queued"]
    return found


def test_it_is_done_once_however_often_it_is_heard(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    event = scene.murmurs("ada", pull, "/launch", 700)
    _later_ring(scene)
    comments = len(scene.forge.comments)
    for _ in range(5):
        scene.run(event)
        _later_ring(scene)
    assert _launches(scene, pull) == ["ada"]
    assert len(scene.tracker.pushed) == 6 + 3
    assert len(scene.forge.comments) == comments
    assert set(_faces(scene, 700)) == {"rocket"}


def test_two_rings_at_once(scene: Scene) -> None:
    """The second decides while the first is between its decision and its launch."""
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch", 700)
    scene.world.clock.sleep(LATER)
    first, second = scene.new_job(), scene.new_job()
    scene.forge.live.add(first.environment.workflow_run)
    for world in (second, first, second):
        router.handle(Rang("W&B", has_writer=True), world)
    assert _launches(scene, pull) == ["ada"]
    assert len(scene.tracker.pushed) == 6 + 3


def test_a_job_that_may_still_run_is_left_alone_and_rung_for(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch")
    scene.forge.schedule = False
    scene.run(Rang("schedule"))
    assert _launches(scene, pull) == []
    assert scene.forge.schedule


def test_a_head_that_moved_meanwhile_is_not_trained(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch", 700)
    scene.forge.overtaken[scene.forge.pull(pull).branch] = "5" * 40
    _later_ring(scene)
    assert _launches(scene, pull) == []
    assert "pointed at `5555555` when you wrote this" in scene.last(pull).body
    assert _faces(scene, 700) == ["confused"]


def test_an_edited_comment_is_nobodys_command(scene: Scene) -> None:
    """Whoever may write can edit what a maintainer wrote."""
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.forge.edited.add(scene.murmurs("ada", pull, "/launch").comment_id)
    _later_ring(scene)
    assert _launches(scene, pull) == []


@pytest.mark.parametrize("person", ["mallory", "linus"])
def test_rights_are_asked_anew(scene: Scene, person: str) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs(person, pull, "/launch")
    _later_ring(scene)
    assert _launches(scene, pull) == []


def test_a_bot_is_heard_as_little_as_ever(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    event = scene.murmurs("ada", pull, "/launch")
    scene.forge.heard[event.comment_id] = replace(event, is_bot=True)
    _later_ring(scene)
    assert _launches(scene, pull) == []


def test_what_a_stranger_wrote_is_taken_up_once(scene: Scene) -> None:
    """Or else it would cost requests, and keep the schedule going, for a day."""
    place = scene.forge.add_issue("Hello")
    scene.murmurs("mallory", place, "/launch")
    scene.idea("Mine", settings="lr=0.02")
    _later_ring(scene)
    commits = len(scene.forge.log)
    _later_ring(scene)
    assert len(scene.forge.log) == commits
    assert not scene.forge.schedule
    assert scene.forge.said_at(place) == []


def test_many_strangers_do_not_keep_a_member_from_being_heard(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    for _ in range(3 * MOST):
        scene.murmurs("mallory", pull, "/launch")
    scene.murmurs("ada", pull, "/launch")
    for _ in range(4):
        _later_ring(scene)
    assert _launches(scene, pull) == ["ada"]


def test_more_than_one_ring_can_do_rings_again(scene: Scene) -> None:
    place = scene.forge.add_issue("Questions")
    asked = [scene.murmurs("ada", place, "/help").comment_id for _ in range(MOST + 1)]
    _later_ring(scene)
    assert [number for number in asked if not _faces(scene, number)] == asked[MOST:]
    assert scene.forge.rings == 1
    assert scene.forge.schedule


def test_a_day_old_command_is_let_go(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch")
    scene.world.clock.sleep(KEPT_SECONDS)
    _later_ring(scene)
    assert _launches(scene, pull) == []


def test_a_sign_that_is_missing_is_set_and_nothing_else_happens(scene: Scene) -> None:
    """The job was killed behind its last decision; the ring must not answer it once more."""
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch", 700)
    scene.rings()
    scene.writes("ada", pull, "/merge", 701)
    scene.rings()
    assert scene.forge.pull(pull).merge_commit
    scene.rings()
    scene.forge.reactions.remove((701, "rocket"))
    scene.forge.keys.remove((pull, "reply:701"))
    comments = len(scene.forge.comments)
    _later_ring(scene)
    assert _faces(scene, 701) == ["rocket"]
    assert len(scene.forge.comments) == comments


def test_where_no_model_follows_the_other_workflow_is_rung(scene: Scene) -> None:
    place = scene.idea("Wider", "Two layers more.")
    scene.murmurs("ada", place, "/pick")
    _later_ring(scene, has_writer=False)
    assert (scene.forge.rings, scene.forge.schedule) == (1, True)
    assert scene.forge.read_ledger().at(place) is None
    _later_ring(scene)
    assert _experiment(scene, place).phase == "writing"


def test_where_nobody_can_be_rung_it_is_done_here(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch")
    scene.forge.can_ring = False
    _later_ring(scene, has_writer=False)
    assert _launches(scene, pull) == ["ada"]


def test_one_idea_that_needs_a_model_for_each_ring(scene: Scene) -> None:
    first, second = (scene.idea(title, "Two layers more.") for title in ("Wider", "Deeper"))
    for place in (first, second):
        scene.murmurs("ada", place, "/pick")
    _later_ring(scene)
    assert _experiment(scene, first).phase == "writing"
    assert scene.forge.read_ledger().at(second) is None
    assert scene.forge.rings == 1
    _later_ring(scene)
    assert _experiment(scene, second).phase == "writing"


def _labelled(scene: Scene, person: str) -> int:
    place = scene.idea("Learning rate", settings="lr=0.02")
    scene.forge.labellings[place] = IdeaLabelled(place, person, scene.world.clock.now())
    return place


def test_a_label_whose_job_died_is_picked(scene: Scene) -> None:
    place = _labelled(scene, "ada")
    _later_ring(scene)
    pull = _experiment(scene, place).pull
    assert pull
    pulls = len(scene.forge.pulls)
    _later_ring(scene)
    assert len(scene.forge.pulls) == pulls


def test_a_strangers_label_is_thanked_once(scene: Scene) -> None:
    place = _labelled(scene, "mallory")
    _later_ring(scene)
    commits = len(scene.forge.log)
    _later_ring(scene)
    assert [c.key for c in scene.forge.said_at(place)] == ["thanks"]
    assert len(scene.forge.log) == commits
    assert scene.forge.read_ledger().at(place) is None


def test_an_outage_leaves_it_for_the_next_ring(scene: Scene) -> None:
    pull = scene.experiment("Learning rate", "lr=0.02")
    scene.murmurs("ada", pull, "/launch")
    scene.forge.scissors.outages["write_ledger"] = 100
    with pytest.raises(Outage):
        _later_ring(scene)
    assert _launches(scene, pull) == []
    scene.forge.scissors.outages.clear()
    _later_ring(scene)
    assert _launches(scene, pull) == ["ada"]


def test_an_errand_waits_for_a_workflow_with_a_model(scene: Scene) -> None:
    place = scene.forge.add_issue("Hello")
    scene.forge.scissors.mend(after=1)
    scene.writes("ada", place, '/experiment "Two layers more"')
    scene.run(Rang("schedule"))
    assert (scene.forge.opened, scene.forge.rings) == ({}, 1)
    _later_ring(scene)
    (idea,) = scene.forge.opened.values()
    assert scene.forge.borne[idea] == ("experiment",)


def test_what_github_refuses_does_not_come_again(scene: Scene) -> None:
    """A comment on an issue that is gone by now."""
    scene.murmurs("ada", 99, "/help")
    with pytest.raises(UserError):
        scene.forge.issue(99)
    _later_ring(scene)
    commits = len(scene.forge.log)
    _later_ring(scene)
    assert len(scene.forge.log) == commits
