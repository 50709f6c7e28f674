"""Files and folders, one at a time."""

import base64

import pytest
from github import GithubException, UnknownObjectException

from tests.sandbox.github_stage import FILES, Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_files_and_folders_are_read_at_any_ref(home: Home) -> None:
    home.branch("a", {"README.md": "on a branch\n"})
    repo = home.seen_by("rita")
    assert repo.get_contents("README.md").decoded_content == FILES["README.md"].encode()
    assert repo.get_contents("README.md", ref="a").decoded_content == b"on a branch\n"
    root = {item.path: item.type for item in repo.get_contents("")}
    assert root == {"README.md": "file", "conf": "dir", "src": "dir"}
    assert [item.path for item in repo.get_contents("src")] == ["src/model.py"]
    assert repo.get_readme().decoded_content == FILES["README.md"].encode()


def test_what_is_not_there_is_not_found(home: Home) -> None:
    repo = home.seen_by("rita")
    with pytest.raises(UnknownObjectException):
        repo.get_contents("nope.txt")
    with pytest.raises(GithubException, match="No commit found for the ref nope"):
        repo.get_contents("README.md", ref="nope")


def test_raw_means_bare_bytes(home: Home) -> None:
    reply = home.ask("GET", "/contents/README.md", "rita", accept="application/vnd.github.raw+json")
    assert reply.body == FILES["README.md"].encode()


def test_a_file_is_made_changed_and_deleted(home: Home) -> None:
    repo = home.seen_by("ada")
    made = repo.create_file("notes/a.txt", "Add a note", "one\n", branch="main")
    assert made["content"].path == "notes/a.txt"
    changed = repo.update_file("notes/a.txt", "Change it", "two\n", made["content"].sha)
    repo.delete_file("notes/a.txt", "Remove it", changed["content"].sha)
    messages = [commit.commit.message for commit in repo.get_commits()]
    assert messages == ["Remove it", "Change it", "Add a note", "Initial commit"]
    with pytest.raises(UnknownObjectException):
        repo.get_contents("notes")
    assert home.events() == [("push", None)] * 3


def test_writing_over_a_file_needs_its_sha(home: Home) -> None:
    repo = home.seen_by("ada")
    content = base64.b64encode(b"x").decode()
    reply = home.ask("PUT", "/contents/README.md", "ada", {"message": "m", "content": content})
    assert reply.status == 422
    assert '"sha" wasn\'t supplied' in reply.message
    with pytest.raises(GithubException, match=r"README\.md does not match") as refused:
        repo.update_file("README.md", "m", "x", "0" * 40)
    assert refused.value.status == 409
    with pytest.raises(GithubException, match="Branch nope not found"):
        repo.create_file("x.txt", "m", "x", branch="nope")
    assert home.events() == []


def test_only_writers_write(home: Home) -> None:
    body = {"message": "m", "content": "eA=="}
    for who in ("tess", "rita", "stranger"):
        assert home.ask("PUT", "/contents/x.txt", who, body).status == 404
    assert home.ask("PUT", "/contents/x.txt", home.job(contents="read"), body).status == 403
    assert home.ask("PUT", "/contents/x.txt", home.job(contents="write"), body).status == 201


def test_a_jobs_token_may_not_touch_workflows(home: Home) -> None:
    body = {"message": "m", "content": "eA=="}
    path = "/contents/.github/workflows/ci.yml"
    reply = home.ask("PUT", path, home.job(contents="write"), body)
    assert reply.status == 403
    assert "workflows" in reply.message
    assert home.ask("PUT", path, "ada", body).status == 201


def test_a_binary_file_survives(home: Home) -> None:
    data = bytes(range(256))
    repo = home.seen_by("ada")
    repo.create_file("blob.bin", "m", data)
    assert repo.get_contents("blob.bin").decoded_content == data
