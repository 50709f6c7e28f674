"""An idea that needs code: three jobs, of which the one with the model has no rights."""

import json
from pathlib import Path

import pytest

from bot import router
from bot.clients.workspace import FolderWorkspace
from bot.errors import UserError
from bot.events import Rang
from bot.handlers.write import WORK, read_task, write
from bot.ports import Outage
from tests.bot.scene import Scene
from tests.fakes import FakeWriter


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A measured repository, and an idea that asks for a layer more."""
    scene = Scene(tmp_path / "labhand")
    scene.baseline()
    return scene


def picked(scene: Scene) -> int:
    """The idea is labelled; the job that answers leaves a task."""
    place = scene.idea("One layer more", "Add a layer.")
    scene.labels("ada", place)
    return place


def written(scene: Scene, tmp_path: Path, writer: FakeWriter) -> None:
    """The job that writes: files of the target, a model, and nothing else."""
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    (target / "model.py").write_text("layers = 2\n")
    (target / "judge").mkdir(exist_ok=True)
    task = read_task(scene.world.folder)
    write(scene.world.folder, task, writer, FolderWorkspace(target, task.closed))


def test_code_idea_becomes_a_draft_pr(scene: Scene, tmp_path: Path) -> None:
    place = picked(scene)
    assert "is being written" in scene.last(place).body
    assert not scene.forge.pulls
    written(scene, tmp_path, FakeWriter())
    router.handle_work(scene.world)
    pull = scene.forge.pull(max(scene.forge.pulls))
    assert pull.is_draft
    assert scene.forge.file("model.py", pull.head) == "layers = 3\n"
    assert "One layer more" in scene.forge.bodies[pull.number]
    router.handle_work(scene.world)
    assert len(scene.forge.pulls) == 1


@pytest.mark.parametrize(
    ("writer", "said"),
    [
        (FakeWriter(error=UserError("The model declined.")), "the model declined"),
        (FakeWriter(error=Outage("529")), "did not answer"),
        (FakeWriter(text="layers = 2\n"), "changes no file"),
    ],
)
def test_what_was_not_written_is_said_and_can_be_picked_again(
    scene: Scene, tmp_path: Path, writer: FakeWriter, said: str
) -> None:
    place = picked(scene)
    written(scene, tmp_path, writer)
    router.handle_work(scene.world)
    assert said in scene.last(place).body
    assert not scene.forge.pulls
    scene.writes("ada", place, "/pick")
    written(scene, tmp_path, FakeWriter())
    router.handle_work(scene.world)
    assert scene.forge.pulls


@pytest.mark.parametrize(
    "path", [".github/workflows/ci.yml", "judge/eval.py", "../outside.py", "requirements.txt"]
)
def test_what_a_model_may_not_touch_is_refused_again_by_the_job_that_settles(
    scene: Scene, path: str
) -> None:
    place = picked(scene)
    work = scene.world.folder / WORK
    work.parent.mkdir(parents=True)
    work.write_text(json.dumps({"number": place, "files": {path: "x"}, "summary": "Done."}))
    router.handle_work(scene.world)
    assert f"`{path}`" in scene.last(place).body
    assert not scene.forge.pulls
    assert list(scene.forge.branches) == ["main", "labbook"]


def test_job_that_was_cut_off_is_told_by_the_next_ring(scene: Scene) -> None:
    place = picked(scene)
    run = scene.world.environment.workflow_run
    scene.forge.live.add(run)
    scene.run(Rang("schedule"))
    assert "is being written" in scene.last(place).body
    scene.forge.live.clear()
    scene.run(Rang("schedule"))
    assert "cut off" in scene.last(place).body
