"""Protected branches: no way onto them leads past the rules, nor does git."""

from pathlib import Path

import pytest
from github import GithubException

from tests.sandbox.github_protection import (
    CI,
    EXPECTED,
    NEEDS_PULL,
    ONE_REVIEW,
    RULES,
    main_tip,
    protect,
    report,
)
from tests.sandbox.github_stage import Home, git

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_files_are_not_written_past_the_rules(home: Home) -> None:
    protect(home, required_pull_request_reviews=ONE_REVIEW)
    repo, before = home.seen_by("ada"), main_tip(home)
    old = repo.get_contents("README.md")
    with pytest.raises(GithubException, match="Could not create file: Changes must") as refused:
        repo.create_file("new.txt", "m", "x")
    assert refused.value.status == 409
    with pytest.raises(GithubException, match="Could not update file: Changes must"):
        repo.update_file("README.md", "m", "x", old.sha)
    with pytest.raises(GithubException, match="Could not delete file: Changes must"):
        repo.delete_file("README.md", "m", old.sha)
    assert main_tip(home) == before
    assert home.seen_by("boss").create_file("new.txt", "m", "x")["commit"].sha == main_tip(home)


def test_refs_are_not_moved_past_the_rules(home: Home) -> None:
    protect(home, required_pull_request_reviews=ONE_REVIEW, required_status_checks=CI)
    tip, before = home.branch("a", {"README.md": "one\n"}), main_tip(home)
    ref = home.seen_by("ada").get_git_ref("heads/main")
    with pytest.raises(GithubException) as refused:
        ref.edit(tip)
    assert refused.value.status == 422
    assert refused.value.data["message"] == f"{NEEDS_PULL} {EXPECTED}"
    assert main_tip(home) == before


def test_nobody_forces_or_deletes_a_protected_branch(home: Home) -> None:
    start = main_tip(home)
    home.branch("release", {"README.md": "one\n"})
    tip = home.branch("release", {"README.md": "two\n"})
    path = "/branches/release/protection"
    home.ask("PUT", path, "boss", RULES)
    ref = home.seen_by("boss").get_git_ref("heads/release")
    with pytest.raises(GithubException, match="Cannot force-push to this branch"):
        ref.edit(start, force=True)
    with pytest.raises(GithubException, match="Cannot delete this branch"):
        ref.delete()
    assert home.state.git.refs["refs/heads/release"] == tip
    home.ask("PUT", path, "boss", {**RULES, "allow_force_pushes": True, "allow_deletions": True})
    ref.edit(start, force=True)
    ref.delete()
    assert "refs/heads/release" not in home.state.git.refs


def test_graphql_does_not_commit_past_the_rules(home: Home) -> None:
    protect(home, required_pull_request_reviews=ONE_REVIEW)
    before, changes = main_tip(home), {"deletions": [{"path": "README.md"}]}
    for who in ("ada", home.job(contents="write")):
        reply = home.commit(who, "main", before, changes, "Mine")
        (error,) = reply.body["errors"]
        assert (error["type"], error["message"]) == ("BRANCH_PROTECTION_RULE_VIOLATION", NEEDS_PULL)
    assert main_tip(home) == before


def test_a_commit_whose_checks_passed_may_be_pushed(home: Home) -> None:
    protect(home, required_status_checks=CI)
    tip = home.branch("a", {"README.md": "one\n"})
    ref = home.seen_by("ada").get_git_ref("heads/main")
    with pytest.raises(GithubException, match="is expected"):
        ref.edit(tip)
    report(home, tip, "success")
    ref.edit(tip)
    assert main_tip(home) == tip


# Pushing by git


def _clone(home: Home, folder: Path, who: str, password: str = "") -> Path:
    secret = home.hub.tokens.get(who, password)
    plain = home.hub.github.url.removeprefix("http://")
    done = git(folder, "clone", "-q", f"http://{who}:{secret}@{plain}/{home.name}.git", "work")
    assert done.returncode == 0, done.stderr
    return folder / "work"


def _write(work: Path, name: str) -> str:
    (work / name).parent.mkdir(parents=True, exist_ok=True)
    (work / name).write_text("x\n")
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", f"Write {name}")
    return git(work, "rev-parse", "HEAD").stdout.strip()


def test_git_is_told_why_and_other_branches_move(home: Home, tmp_path: Path) -> None:
    protect(home, required_pull_request_reviews=ONE_REVIEW, required_status_checks=CI)
    work, before = _clone(home, tmp_path, "ada"), main_tip(home)
    tip = _write(work, "a.txt")
    pushed = git(work, "push", "origin", "HEAD:main", "HEAD:refs/heads/other")
    assert pushed.returncode != 0
    lines = [line.strip() for line in pushed.stderr.splitlines()]
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in lines
    assert f"remote: - {NEEDS_PULL}" in lines
    assert f"remote: - {EXPECTED}" in lines
    assert "! [remote rejected] HEAD -> main (protected branch hook declined)" in lines
    assert (main_tip(home), home.state.git.refs["refs/heads/other"]) == (before, tip)
    assert home.events() == [("push", None), ("create", None)]


def test_git_does_not_force_but_goes_on(home: Home, tmp_path: Path) -> None:
    home.branch("release", {"README.md": "one\n"})
    home.ask("PUT", "/branches/release/protection", "boss", RULES)
    work = _clone(home, tmp_path, "boss")
    git(work, "checkout", "-q", "release")
    tip = _write(work, "a.txt")
    assert git(work, "push", "-q", "origin", "release").returncode == 0
    git(work, "commit", "-q", "--amend", "-m", "Another")
    forced = git(work, "push", "--force", "origin", "release")
    assert "Cannot force-push to this branch" in forced.stderr
    deleted = git(work, "push", "origin", ":release")
    assert "Cannot delete this branch" in deleted.stderr
    assert home.state.git.refs["refs/heads/release"] == tip


def test_git_does_not_bring_workflows_with_a_jobs_token(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "x-access-token", home.job(contents="write"))
    _write(work, ".github/workflows/ci.yml")
    pushed = git(work, "push", "origin", "HEAD:by-job")
    assert "refusing to allow a GitHub App to create or update workflow" in pushed.stderr
    assert "refs/heads/by-job" not in home.state.git.refs
