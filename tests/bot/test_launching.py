"""How runs come to be trained: the canary, settings that are typed, queues, images, and retries."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.attempt import Folded
from bot.ports import Launch
from tests.bot.scene import Scene, failing, outcome
from tests.fakes import FakeRun


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository with a baseline, in which one seed goes alone."""
    return configured(Scene.measured(tmp_path), seeds={"canary": 1})


def configured(scene: Scene, **sections: dict[str, Any]) -> Scene:
    """The same scene with some settings of the configuration changed."""
    config = scene.world.config
    new = {
        name: getattr(config, name).model_copy(update=changes) for name, changes in sections.items()
    }
    scene.world = replace(scene.world, config=config.model_copy(update=new))
    return scene


def queue(scene: Scene, **settings: Any) -> None:
    """Give the queue some settings."""
    local = scene.world.config.queues["local"].model_copy(update=settings)
    config = scene.world.config.model_copy(update={"queues": {"local": local}})
    scene.world = replace(scene.world, config=config)


def queued(scene: Scene) -> list[str]:
    """The seeds that wait in W&B's queue."""
    return [launch.command[-1].removeprefix("seed=") for _, launch in scene.tracker.queue]


def progress(scene: Scene, place: int) -> str:
    """The text of the progress comment."""
    return next(c.body for c in scene.forge.said_at(place) if c.key == "progress")


def launched(scene: Scene, settings: str = "lr=0.02", command: str = "/launch") -> int:
    """An experiment's PR that somebody launched."""
    pull = scene.experiment("An idea", settings)
    scene.writes("ada", pull, command)
    return pull


def look(scene: Scene) -> None:
    """The schedule rings; nothing has ended."""
    scene.writes("ada", 1, "/status")


def test_one_seed_goes_alone_until_it_has_logged_the_metric(scene: Scene) -> None:
    pull = launched(scene)
    assert queued(scene) == ["1"]
    assert scene.tracker.queue[0][1].name.endswith("/seed-1-canary")
    assert "Canary first: seeds 2 and 3 follow once `val/acc` was logged." in progress(scene, pull)
    scene.tracker.begin()
    look(scene)
    assert queued(scene) == []
    (name,) = [n for n in scene.tracker.runs if scene.tracker.runs[n].state == "running"]
    scene.tracker.runs[name] = replace(scene.tracker.runs[name], summary={"val/acc": 0.2})
    look(scene)
    assert queued(scene) == ["2", "3"]
    assert [launch.name[-7:] for _, launch in scene.tracker.queue] == ["/seed-2", "/seed-3"]
    assert "Canary" not in progress(scene, pull)
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    assert len([c for c in scene.forge.said_at(pull) if c.key.startswith("reply:")]) == 1


def test_a_canary_that_fails_costs_one_run(scene: Scene) -> None:
    pull = launched(scene, "lr=9")
    before = len(scene.tracker.pushed)
    scene.rings()
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED · seed 1 of 3 turned to NaN")
    assert report.count("never queued") == 2
    assert len(scene.tracker.pushed) == before
    scene.tracker.outcome = lambda _: FakeRun("finished", {"val/acc": 0.9, "train/minutes": 1})
    scene.writes("ada", pull, "/launch")
    assert [launch.run_id[-6:] for _, launch in scene.tracker.queue] == ["-s1-r1"]
    scene.rings()
    assert sorted(launch.run_id[-3:] for _, launch in scene.tracker.queue) == ["-s2", "-s3"]
    scene.rings()
    assert scene.last(pull).body.startswith("### 🟥 LOSS")


def test_a_canary_that_logs_no_metric_costs_one_run_too(scene: Scene) -> None:
    scene.tracker.outcome = lambda _: FakeRun("finished", {"train/minutes": 1.0})
    pull = launched(scene)
    before = len(scene.tracker.pushed)
    scene.rings()
    assert "logged nothing as `val/acc`" in scene.last(pull).body
    assert len(scene.tracker.pushed) == before
    scene.tracker.outcome = outcome
    assert "`/launch only=failed`" not in scene.last(pull).body


def test_more_seeds_of_what_has_finished_need_no_canary(scene: Scene) -> None:
    pull = launched(scene)
    scene.rings()
    scene.rings()
    scene.writes("ada", pull, "/launch seeds=+3")
    assert queued(scene) == ["4", "5", "6"]
    scene.rings()
    scene.writes("ada", pull, "/merge")
    assert queued(scene) == ["101", "102", "103"]


def test_a_baseline_has_its_canary(scene: Scene) -> None:
    scene.forge.push("main", {"model.py": "layers = 5\n"})
    scene.writes("ada", scene.forge.add_issue("Again"), "/baseline")
    assert queued(scene) == ["1"]
    scene.rings()
    assert queued(scene) == ["2", "3", "4", "5", "6"]
    scene.rings()
    assert "baseline-v2" in scene.forge.releases


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/launch lrr=0.02", "There is no setting `lrr`"),
        ("/launch lrr=0.02", "Did you mean `lr`?"),
        ("/launch only=failed", "Nothing failed here"),
        ("/launch only=good", "cannot be read"),
        ("/launch queue=locall", "Did you mean `local`?"),
        ("/launch commit=abcdef0", "The head of this PR is"),
    ],
)
def test_what_cannot_be_launched_is_refused_before_anything_is_queued(
    scene: Scene, command: str, said: str
) -> None:
    pull = launched(scene, "model.width=65", command)
    assert said in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_typed_setting_reaches_the_program_and_is_a_change_of_its_own(scene: Scene) -> None:
    pull = launched(scene, "model.width=65", "/launch lr=0.02")
    (_, launch) = scene.tracker.queue[0]
    assert launch.command == ("python", "-m", "trainer", "model.width=65", "lr=0.02", "seed=1")
    scene.rings()
    scene.rings()
    assert "WIN" in scene.last(pull).body.split("\n")[0]
    scene.writes("ada", pull, "/merge")
    assert "`lr=0.02` was typed" in scene.last(pull).body
    assert not scene.tracker.queue
    scene.writes("ada", pull, "/launch")
    assert queued(scene) == ["1"]


def test_settings_reach_a_program_through_wandb_alone(scene: Scene) -> None:
    configured(scene, train={"overrides": "wandb", "command": "python train.py seed={seed}"})
    pull = launched(scene, "model.width=65", "/launch lr=0.02")
    (_, launch) = scene.tracker.queue[0]
    assert launch.command == ("python", "train.py", "seed=1")
    assert launch.settings == {"model": {"width": 65}, "lr": 0.02}
    assert pull


def test_only_what_failed_is_trained_again_and_in_another_queue(scene: Scene) -> None:
    scene.tracker.outcome = failing("seed=2")
    pull = launched(scene)
    scene.rings()
    scene.rings()
    assert "seed 2 of 3" in scene.last(pull).body.split("\n")[0]
    scene.tracker.outcome = outcome
    scene.writes("ada", pull, "/launch only=failed queue=local")
    assert [launch.run_id[-6:] for _, launch in scene.tracker.queue] == ["-s2-r1"]
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    scene.writes("ada", pull, "/launch only=failed")
    assert "Nothing failed here" in scene.last(pull).body


def test_what_failed_is_not_repeated_at_another_head(scene: Scene) -> None:
    scene.tracker.outcome = failing("seed=1")
    pull = launched(scene)
    scene.rings()
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    scene.writes("ada", pull, "/launch only=failed")
    assert "`/launch` trains the new head" in scene.last(pull).body


def test_a_repository_that_is_renamed_trains_nothing_again(scene: Scene) -> None:
    pull = launched(scene)
    scene.rings()
    scene.rings()
    environment = scene.world.environment.model_copy(update={"repository": "acme/numbers"})
    scene.world = replace(scene.world, environment=environment)
    scene.writes("ada", pull, "/launch seeds=+1")
    assert queued(scene) == ["4"]


def test_a_repository_that_is_renamed_knows_what_is_folded(scene: Scene) -> None:
    pull = launched(scene)
    scene.rings()
    scene.rings()
    ledger = scene.forge.read_ledger()
    known = ledger.at(pull)
    assert known
    folded = known.but(folded=tuple(Folded.of(a) for a in known.attempts), attempts=())
    scene.forge.write_ledger(ledger, ledger.put(folded), "as it is after many attempts")
    environment = scene.world.environment.model_copy(update={"repository": "acme/numbers"})
    scene.world = replace(scene.world, environment=environment)
    scene.writes("ada", pull, "/launch seeds=4")
    assert queued(scene) == ["4"]


def test_an_image_is_waited_for(scene: Scene) -> None:
    queue(scene, image="hub/digits:{commit}", wait_for="build")
    pull = launched(scene)
    head = scene.forge.pull(pull).head
    assert not scene.tracker.queue
    assert "before the check `build` on this commit has passed" in progress(scene, pull)
    scene.forge.others_checks[head, "build"] = "in_progress"
    look(scene)
    edits = [c.edits for c in scene.forge.comments]
    look(scene)
    assert not scene.tracker.queue
    assert [c.edits for c in scene.forge.comments][: len(edits)] == edits
    scene.forge.others_checks[head, "build"] = "success"
    look(scene)
    ((job, _),) = scene.tracker.queue
    assert job == f"job:hub/digits:{head}"
    assert "the check" not in progress(scene, pull)


def test_an_image_that_is_not_built_trains_nothing(scene: Scene) -> None:
    queue(scene, image="hub/digits:{commit}", wait_for="build")
    pull = launched(scene)
    scene.forge.others_checks[scene.forge.pull(pull).head, "build"] = "failure"
    look(scene)
    assert "The check `build` on" in scene.last(pull).body
    assert "ended as failure" in scene.last(pull).body
    assert not scene.tracker.queue
    scene.forge.others_checks[scene.forge.pull(pull).head, "build"] = "success"
    scene.writes("ada", pull, "/launch")
    assert queued(scene) == ["1"]


def test_outcomes_name_what_was_launched(scene: Scene) -> None:
    seen: list[Launch] = []
    scene.tracker.outcome = lambda launch: (seen.append(launch), outcome(launch))[1]
    launched(scene)
    scene.rings()
    assert [launch.tags for launch in seen] == [("labhand", "search")]


def test_a_queue_that_takes_only_some_of_the_runs_gets_none(scene: Scene) -> None:
    configured(scene, seeds={"canary": 0})
    scene.tracker.room = 2
    pull = launched(scene)
    assert queued(scene) == []
    assert "W&B takes nothing into the queue" in scene.last(pull).body
    scene.tracker.room = None
    scene.writes("ada", pull, "/launch")
    assert queued(scene) == ["1", "2", "3"]
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
