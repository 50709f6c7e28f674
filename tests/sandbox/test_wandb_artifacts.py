"""Artifacts, logged, named, used and downloaded by the real SDK."""

from pathlib import Path

import pytest
import wandb
from wandb.errors import CommError

from tests.sandbox.wandb_stage import Bench

pytest_plugins = ("tests.sandbox.wandb_fixtures",)


def _artifact(folder: Path, text: str, **options: str) -> wandb.Artifact:
    path = folder / "weights.txt"
    path.write_text(text)
    artifact = wandb.Artifact("model", "model", metadata={"text": text}, **options)
    artifact.add_file(str(path))
    return artifact


def test_versions_aliases_and_content(bench: Bench, tmp_path: Path) -> None:
    with bench.init("r1") as run:
        run.log_artifact(_artifact(tmp_path, "one"), aliases=["best"])
        run.log_artifact(_artifact(tmp_path, "two"))
    api = wandb.Api()
    path = f"acme/{bench.project}/model"
    best, latest = api.artifact(f"{path}:best"), api.artifact(f"{path}:latest")
    assert (best.version, latest.version) == ("v0", "v1")
    assert (best.metadata, best.aliases) == ({"text": "one"}, ["best"])
    assert (Path(best.download(str(tmp_path / "a"))) / "weights.txt").read_text() == "one"
    assert (Path(latest.download(str(tmp_path / "b"))) / "weights.txt").read_text() == "two"
    assert [a.version for a in bench.api_run("r1").logged_artifacts()] == ["v0", "v1"]
    assert [a.version for a in api.artifacts("model", path)] == ["v1", "v0"]
    assert best.logged_by().id == "r1"
    with pytest.raises(CommError, match="not found"):
        api.artifact(f"{path}:v2")


def test_the_same_content_again_is_the_same_version(bench: Bench, tmp_path: Path) -> None:
    for run_id, alias in (("r1", "first"), ("r2", "second")):
        with bench.init(run_id) as run:
            run.log_artifact(_artifact(tmp_path, "same"), aliases=[alias])
    found = wandb.Api().artifact(f"acme/{bench.project}/model:second")
    assert (found.version, sorted(found.aliases)) == ("v0", ["first", "latest", "second"])


def test_aliases_move_and_uses_are_known(bench: Bench, tmp_path: Path) -> None:
    with bench.init("r1") as run:
        for text in ("one", "two"):
            run.log_artifact(_artifact(tmp_path, text))
    path = f"acme/{bench.project}/model"
    first = wandb.Api().artifact(f"{path}:v0")
    first.aliases.append("baseline")
    first.description = "the first"
    first.save()
    with bench.init("r2") as run:
        assert run.use_artifact(f"{path}:baseline").version == "v0"
    again = wandb.Api().artifact(f"{path}:baseline")
    assert (again.description, again.metadata) == ("the first", {"text": "one"})
    assert [run.id for run in again.used_by()] == ["r2"]
    assert [a.version for a in bench.api_run("r2").used_artifacts()] == ["v0"]
    again.aliases.remove("baseline")
    again.save()
    with pytest.raises(CommError):
        wandb.Api().artifact(f"{path}:baseline")
