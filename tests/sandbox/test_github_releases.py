"""Releases, their tags and assets."""

import json
import urllib.request
from pathlib import Path

import pytest
from github import GithubException, UnknownObjectException

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_a_release_makes_its_tag(home: Home) -> None:
    tip = home.branch("main", {"README.md": "one\n"})
    repo = home.seen_by("ada")
    release = repo.create_git_release("baseline-v1", "Baseline 1", "notes", target_commitish=tip)
    assert (release.tag_name, release.name, release.body) == ("baseline-v1", "Baseline 1", "notes")
    assert repo.get_git_ref("tags/baseline-v1").object.sha == tip
    assert home.events("create", "release") == [
        ("create", None),
        ("release", "created"),
        ("release", "published"),
        ("release", "released"),
    ]
    assert home.deliveries[-1].payload["release"]["tag_name"] == "baseline-v1"


def test_a_tag_is_released_once(home: Home) -> None:
    repo = home.seen_by("ada")
    repo.create_git_release("v1", "n", "m")
    with pytest.raises(GithubException) as refused:
        repo.create_git_release("v1", "n", "m")
    assert refused.value.status == 422
    assert refused.value.data["errors"] == [
        {"resource": "Release", "code": "already_exists", "field": "tag_name"}
    ]


def test_an_existing_tag_is_not_moved(home: Home) -> None:
    repo = home.seen_by("ada")
    first = repo.get_git_ref("heads/main").object.sha
    repo.create_git_ref("refs/tags/v1", first)
    home.branch("main", {"README.md": "one\n"})
    repo.create_git_release("v1", "n", "m", target_commitish="main")
    assert home.state.git.refs["refs/tags/v1"] == first
    with pytest.raises(GithubException, match="Validation Failed"):
        repo.create_git_release("v2", "n", "m", target_commitish="nope")


def test_the_latest_is_neither_draft_nor_prerelease(home: Home) -> None:
    repo = home.seen_by("ada")
    with pytest.raises(UnknownObjectException):
        repo.get_latest_release()
    repo.create_git_release("v1", "n", "m")
    repo.create_git_release("v2", "n", "m", prerelease=True)
    draft = repo.create_git_release("v3", "n", "m", draft=True)
    assert repo.get_latest_release().tag_name == "v1"
    assert [item.tag_name for item in repo.get_releases()] == ["v3", "v2", "v1"]
    assert [item.tag_name for item in home.seen_by("rita").get_releases()] == ["v2", "v1"]
    assert "refs/tags/v3" not in home.state.git.refs
    draft.update_release("n", "m", draft=False)
    assert repo.get_latest_release().tag_name == "v3"
    assert "refs/tags/v3" in home.state.git.refs


def test_releases_are_found_by_tag_and_changed(home: Home) -> None:
    repo = home.seen_by("ada")
    repo.create_git_release("baseline/v1", "n", "m")
    release = repo.get_release("baseline/v1")
    release.update_release("n", "better notes")
    assert repo.get_release(release.id).body == "better notes"
    assert home.events("release")[-1] == ("release", "edited")
    release.delete_release()
    with pytest.raises(UnknownObjectException):
        repo.get_release("baseline/v1")
    assert "refs/tags/baseline/v1" in home.state.git.refs


def test_assets_go_up_and_come_down(home: Home, tmp_path: Path) -> None:
    release = home.seen_by("ada").create_git_release("baseline/v1", "n", "m")
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps({"mean": 0.9}))
    asset = release.upload_asset(str(file), label="numbers", content_type="application/json")
    assert (asset.name, asset.size, asset.label) == ("baseline.json", 13, "numbers")
    assert [item.name for item in release.get_assets()] == ["baseline.json"]
    copy = tmp_path / "copy.json"
    asset.download_asset(str(copy))
    assert copy.read_text() == file.read_text()
    with urllib.request.urlopen(asset.browser_download_url) as response:
        assert json.load(response) == {"mean": 0.9}
    with pytest.raises(GithubException) as refused:
        release.upload_asset(str(file))
    assert refused.value.data["errors"][0]["code"] == "already_exists"
    assert home.state.releases[release.id].assets[0].download_count == 2
    asset.delete_asset()
    assert list(release.get_assets()) == []


def test_bytes_are_uploaded_from_memory(home: Home, tmp_path: Path) -> None:
    release = home.seen_by("ada").create_git_release("v1", "n", "m")
    file = tmp_path / "bytes"
    file.write_bytes(bytes(range(256)))
    with file.open("rb") as content:
        release.upload_asset_from_memory(content, 256, "bytes.bin")
    assert home.state.releases[release.id].assets[0].content == bytes(range(256))


def test_only_writers_release(home: Home) -> None:
    for who in ("tess", "rita", "stranger"):
        assert home.ask("POST", "/releases", who, {"tag_name": "v1"}).status == 404
    assert home.ask("POST", "/releases", home.job(issues="write"), {"tag_name": "v1"}).status == 403
    assert home.state.releases == {}
