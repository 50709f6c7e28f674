"""An idea that needs code: three jobs, of which the one with the model has no rights."""

import json

import pytest

from bot import router
from bot.errors import UserError
from bot.events import Rang
from bot.handlers.write import WORK
from bot.ports import Outage
from tests.bot.scene import Scene
from tests.fakes import FakeWriter


def test_code_idea_becomes_a_draft_pr(scene: Scene) -> None:
    place = scene.code_idea()
    assert "is being written" in scene.last(place).body
    assert not scene.forge.pulls
    scene.model_works(FakeWriter())
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
    scene: Scene, writer: FakeWriter, said: str
) -> None:
    place = scene.code_idea()
    scene.model_works(writer)
    router.handle_work(scene.world)
    assert said in scene.last(place).body
    assert not scene.forge.pulls
    scene.writes("ada", place, "/pick")
    scene.model_works(FakeWriter())
    router.handle_work(scene.world)
    assert scene.forge.pulls


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        "judge/eval.py",
        "../outside.py",
        "requirements.txt",
        "docker/Dockerfile.gpu",
        "setup.py",
        "tools/action.yaml",
        "conda/environment-gpu.yml",
    ],
)
def test_what_a_model_may_not_touch_is_refused_again_by_the_job_that_settles(
    scene: Scene, path: str
) -> None:
    place = scene.code_idea()
    work = scene.world.folder / WORK
    work.parent.mkdir(parents=True)
    work.write_text(json.dumps({"number": place, "files": {path: "x"}, "summary": "Done."}))
    router.handle_work(scene.world)
    assert f"`{path}`" in scene.last(place).body
    assert not scene.forge.pulls
    assert list(scene.forge.branches) == ["main", "labbook"]


def test_a_secret_is_refused_by_both_jobs_and_stands_nowhere(scene: Scene) -> None:
    secret = "ghp_" + "a1B2" * 9
    place = scene.code_idea()
    scene.model_works(FakeWriter(text=f'layers = 3\ntoken = "{secret}"\n'))
    left = scene.world.folder / WORK
    assert secret not in left.read_text()
    left.write_text(json.dumps({"files": {"model.py": f"x = 1\n\nkey = '{secret}'\n"}}))
    router.handle_work(scene.world)
    said = scene.last(place).body
    assert "`model.py` holds what looks like a secret (GitHub token) in line 3" in said
    assert secret not in said
    assert list(scene.forge.branches) == ["main", "labbook"]


def test_job_that_was_cut_off_is_told_by_the_next_ring(scene: Scene) -> None:
    place = scene.code_idea()
    run = scene.world.environment.workflow_run
    scene.forge.live.add(run)
    scene.run(Rang("schedule"))
    assert "is being written" in scene.last(place).body
    scene.forge.live.clear()
    scene.run(Rang("schedule"))
    assert "cut off" in scene.last(place).body
