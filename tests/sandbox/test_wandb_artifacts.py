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
    assert [file.name for file in best.files()] == ["weights.txt"]
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


def test_a_version_is_linked_into_a_registry(bench: Bench, tmp_path: Path) -> None:
    target = f"wandb-registry-model/{bench.project}"
    with bench.init("r1") as run:
        run.log_artifact(_artifact(tmp_path, "one"))
        second = run.log_artifact(_artifact(tmp_path, "two")).wait()
        linked = run.link_artifact(second, target, aliases=["production"])
    assert (linked.entity, linked.project, linked.version) == (
        "acme-org",
        "wandb-registry-model",
        "v0",
    )
    found = wandb.Api().artifact(f"acme-org/{target}:production")
    assert found.is_link
    assert (found.source_version, found.source_name) == ("v1", "model:v1")
    assert sorted(found.aliases) == ["latest", "production"]
    assert (Path(found.download(str(tmp_path / "a"))) / "weights.txt").read_text() == "two"

    first = wandb.Api().artifact(f"acme/{bench.project}/model:v0")
    assert first.link(target).version == "v1"
    assert wandb.Api().artifact(f"acme-org/{target}:latest").source_version == "v0"
    assert [each.version for each in first.linked_artifacts] == ["v1"]
    found.aliases = ["candidate"]
    found.save()
    assert wandb.Api().artifact(f"acme-org/{target}:candidate").version == "v0"
    with pytest.raises(CommError):
        wandb.Api().artifact(f"acme-org/{target}:production")

    found.unlink()
    with pytest.raises(CommError):
        wandb.Api().artifact(f"acme-org/{target}:candidate")
    assert wandb.Api().artifact(f"acme/{bench.project}/model:v1").aliases == ["latest"]


def test_a_registry_that_nobody_made_takes_nothing(bench: Bench, tmp_path: Path) -> None:
    with bench.init("r1") as run:
        logged = run.log_artifact(_artifact(tmp_path, "one")).wait()
    with pytest.raises(Exception, match="registry wandb-registry-none not found"):
        logged.link("wandb-registry-none/models")


def test_collections_are_listed(bench: Bench, tmp_path: Path) -> None:
    with bench.init("r1") as run:
        logged = run.log_artifact(_artifact(tmp_path, "one"), aliases=["best"]).wait()
        logged.link(f"acme/{bench.project}/chosen")
    api = wandb.Api()
    found = {each.name: each for each in api.artifact_collections(bench.project, "model")}
    assert found.keys() == {"model", "chosen"}
    assert sorted(found["model"].aliases) == ["best", "latest"]
    assert (found["model"].is_sequence(), found["chosen"].is_sequence()) == (True, False)
    assert [each.version for each in found["chosen"].artifacts()] == ["v0"]
    assert api.artifact_collection("model", f"{bench.project}/chosen").type == "model"
    assert [each.name for each in api.artifact_types(bench.project)] == ["model"]
