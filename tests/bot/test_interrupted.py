"""A job that is cut off, an answer that is lost, a service that does not answer: it goes on."""

import json
from collections import Counter

import pytest

from bot.events import Rang
from bot.ports import Launch, Limited, Outage
from tests.bot.scene import Scene
from tests.fakes import FakeRun


@pytest.mark.parametrize("write", ["write_ledger", "say", "push", "commit", "open_pull"])
def test_answer_that_is_lost_behind_its_effect_is_looked_for(scene: Scene, write: str) -> None:
    scene.forge.scissors.lost = {write: 1}
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert len(scene.forge.pulls) == 1
    assert len({launch for launch in scene.tracker.runs if "-s1" in launch}) == 2
    reports = [c for c in scene.forge.said_at(pull) if c.key.startswith("report:")]
    assert len(reports) == 1


def test_code_idea_survives_a_lost_answer(scene: Scene) -> None:
    scene.forge.scissors.lost = {"write_ledger": 1}
    place = scene.code_idea()
    task = json.loads((scene.world.folder / "task/task.json").read_text())
    assert task["number"] == place
    assert "is being written" in scene.last(place).body


def test_push_under_a_fix_is_told_and_ends(scene: Scene) -> None:
    pull = scene.experiment("Much larger", "lr=9")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.forge.scissors.mend(after=1)
    scene.writes("ada", pull, "/fix")
    scene.forge.push(scene.forge.pull(pull).branch, {"conf.yaml": "lr: 8\nmodel:\n  width: 64\n"})
    scene.rings()
    assert "Somebody pushed" in scene.last(pull).body
    before = len(scene.forge.comments)
    scene.rings()
    assert len(scene.forge.comments) == before


def test_outage_that_lasts_is_raised_and_the_next_ring_goes_on(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.forge.scissors.outages = {"push": 100}
    with pytest.raises(Outage):
        scene.writes("ada", pull, "/launch")
    scene.forge.scissors.outages = {}
    scene.rings()
    scene.rings()
    assert "WIN" in scene.last(pull).body.split("\n")[0]


def test_a_service_that_asks_to_be_left_alone_is_not_asked_again(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.forge.scissors.outages = {"push": 100}
    scene.forge.scissors.outage = Limited
    with pytest.raises(Limited):
        scene.writes("ada", pull, "/launch")
    assert scene.forge.scissors.outages == {"push": 99}


@pytest.mark.parametrize("cut_off", [False, True])
def test_that_a_writer_was_cut_off_is_said_once(scene: Scene, *, cut_off: bool) -> None:
    place = scene.code_idea()
    if cut_off:
        scene.forge.scissors.mend(after=1)
    else:
        scene.forge.scissors.lost = {"say": 1}
    scene.run(Rang("schedule"))
    scene.run(Rang("schedule"))
    known = scene.forge.read_ledger().at(place)
    assert known
    assert (known.phase, known.intention) == ("stalled", None)
    assert [c.key.partition(":")[0] for c in scene.forge.said_at(place)] == ["writing", "abandoned"]


def test_a_lab_book_put_back_by_force_trains_nothing_again_and_says_nothing_twice(
    scene: Scene,
) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    forge, trained = scene.forge, Counter[str]()
    past = dict(forge.book), list(forge.decided), forge.branches["labbook"]
    outcome = scene.tracker.outcome

    def counted(launch: Launch) -> FakeRun:
        trained[launch.run_id] += 1
        return outcome(launch)

    scene.tracker.outcome = counted
    scene.rings()
    said = [(c.key, c.body) for c in forge.said_at(pull)]
    forge.book, forge.decided, forge.branches["labbook"] = past
    scene.rings()
    scene.rings()
    assert set(trained.values()) == {1}
    assert [(c.key, c.body) for c in forge.said_at(pull)] == said
