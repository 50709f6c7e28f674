"""Forks: pull requests by people who may not write, and what becomes of them."""

from pathlib import Path

import pytest
from github import GithubException, UnknownObjectException
from github.Repository import Repository as Client

from tests.sandbox.github_stage import Home, git

pytest_plugins = ("tests.sandbox.github_fixtures",)


def _fork(home: Home, who: str = "rita") -> Client:
    return home.seen_by(who).create_fork()


def _change(fork: Client, text: str = "better\n", branch: str = "better") -> str:
    """Put a commit on a branch of a fork, as its owner would."""
    if branch not in [found.name for found in fork.get_branches()]:
        fork.create_git_ref(f"refs/heads/{branch}", fork.get_branch("main").commit.sha)
    old = fork.get_contents("README.md", ref=branch)
    assert not isinstance(old, list)
    return fork.update_file("README.md", "Change", text, old.sha, branch=branch)["commit"].sha


def test_a_fork_is_a_copy_that_knows_where_it_comes_from(home: Home) -> None:
    home.branch("other", {"README.md": "other\n"})
    fork = _fork(home)
    assert (fork.full_name, fork.fork, fork.private) == (f"rita/{home.state.name}", True, False)
    assert (fork.parent.full_name, fork.source.full_name) == (home.name, home.name)
    assert {branch.name for branch in fork.get_branches()} == {"main", "other"}
    assert fork.permissions.admin
    upstream = home.seen_by("ada")
    assert (upstream.fork, upstream.forks_count) == (False, 1)
    assert [found.full_name for found in upstream.get_forks()] == [fork.full_name]
    (forked,) = [item for item in home.deliveries if item.event == "fork"]
    assert forked.payload["forkee"]["full_name"] == fork.full_name


def test_who_has_a_fork_gets_that_one(home: Home) -> None:
    fork = _fork(home)
    _change(fork)
    again = _fork(home)
    assert (again.id, again.get_branch("better").name) == (fork.id, "better")
    assert home.seen_by("rita").forks_count == 1


def test_a_fork_may_have_a_name_and_one_branch(home: Home) -> None:
    home.branch("other", {"README.md": "other\n"})
    name = f"mine-{home.state.name}"
    fork = home.seen_by("rita").create_fork(name=name, default_branch_only=True)
    assert (fork.name, [branch.name for branch in fork.get_branches()]) == (name, ["main"])


def test_a_jobs_token_and_a_stranger_to_a_private_repository_fork_nothing(
    home: Home, private: Home
) -> None:
    assert home.ask("POST", "/forks", home.job(contents="write"), {}).status == 403
    assert private.ask("POST", "/forks", "stranger", {}).status == 404
    assert private.ask("GET", "/forks", "stranger").status == 404
    assert home.state.forks == private.state.forks == []


def test_a_private_fork_is_for_its_owner(private: Home) -> None:
    fork = _fork(private)
    assert fork.private
    assert private.hub.ask("GET", f"/repos/{fork.full_name}", "stranger").status == 404
    assert private.ask("GET", "/forks", "ada").body == []
    assert len(private.ask("GET", "/forks", "rita").body) == 1


def test_a_reader_opens_a_pull_from_a_fork(home: Home) -> None:
    tip = _change(_fork(home))
    owner = "rita:better"
    pull = home.seen_by("rita").create_pull(base="main", head=owner, title="Better", draft=True)
    assert (pull.head.label, pull.head.ref, pull.head.sha) == (owner, "better", tip)
    assert (pull.head.repo.full_name, pull.base.repo.full_name) == (
        f"rita/{home.state.name}",
        home.name,
    )
    assert (pull.head.user.login, pull.maintainer_can_modify) == ("rita", True)
    assert (pull.mergeable, pull.changed_files) == (True, 1)
    assert home.state.git.refs["refs/pull/1/head"] == tip
    assert "refs/heads/better" not in home.state.git.refs
    opened = home.deliveries[-1].payload["pull_request"]
    assert (opened["head"]["repo"]["fork"], opened["base"]["repo"]["fork"]) == (True, False)
    found = home.seen_by("ada").get_pulls(head=owner)
    assert [other.number for other in found] == [1]
    assert list(home.seen_by("ada").get_pulls(head="acme:better")) == []


def test_a_pull_from_a_fork_is_opened_once_and_holds_something(home: Home) -> None:
    fork = _fork(home)
    _change(fork)
    fork.create_git_ref("refs/heads/empty", fork.get_branch("main").commit.sha)
    repo = home.seen_by("rita")
    repo.create_pull(base="main", head="rita:better", title="one")
    for head, message in (
        ("rita:better", "A pull request already exists for rita:better."),
        ("rita:empty", "No commits between main and rita:empty"),
    ):
        with pytest.raises(GithubException) as refused:
            repo.create_pull(base="main", head=head, title="two")
        assert refused.value.status == 422
        assert refused.value.data["errors"][0]["message"] == message
    for head in ("rita:nope", "stranger:better", "better"):
        reply = home.ask("POST", "/pulls", "rita", {"title": "t", "head": head, "base": "main"})
        assert (reply.status, reply.body["errors"][0]["field"]) == (422, "head")


def test_the_same_branch_of_repository_and_fork_are_two(home: Home) -> None:
    _change(_fork(home))
    home.branch("better", {"README.md": "ours\n"})
    repo = home.seen_by("ada")
    assert repo.create_pull(base="main", head="rita:better", title="theirs").number == 1
    assert repo.create_pull(base="main", head="better", title="ours").number == 2
    home.branch("better", {"README.md": "ours again\n"})
    theirs, ours = repo.get_pull(1), repo.get_pull(2)
    assert (theirs.commits, ours.commits) == (1, 2)


def test_a_pull_follows_what_git_pushes_to_the_fork(home: Home, tmp_path: Path) -> None:
    fork = _fork(home)
    first = _change(fork)
    pull = home.seen_by("rita").create_pull(base="main", head="rita:better", title="Better")
    plain = home.hub.github.url.removeprefix("http://")
    address = f"http://rita:{home.hub.tokens['rita']}@{plain}/{fork.full_name}.git"
    git(tmp_path, "clone", "-q", "-b", "better", address, "work")
    work = tmp_path / "work"
    (work / "new.txt").write_text("x\n")
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", "More")
    pushed = git(work, "push", "-q", "origin", "better")
    assert pushed.returncode == 0, pushed.stderr
    tip = git(work, "rev-parse", "HEAD").stdout.strip()
    pull.update()
    assert (pull.head.sha, pull.commits) == (tip, 2)
    synchronized = home.deliveries[-1].payload
    assert (synchronized["action"], synchronized["before"]) == ("synchronize", first)
    fetched = git(work, "fetch", "-q", f"http://{plain}/{home.name}.git", "refs/pull/1/head")
    assert fetched.returncode == 0, fetched.stderr
    assert git(work, "rev-parse", "FETCH_HEAD").stdout.strip() == tip


def test_a_pull_from_a_fork_is_merged(home: Home) -> None:
    _change(_fork(home))
    home.seen_by("rita").create_pull(base="main", head="rita:better", title="Better")
    assert home.ask("PUT", "/pulls/1/merge", "rita", {}).status == 403
    pull = home.seen_by("ada").get_pull(1)
    merged = pull.merge()
    repo = home.seen_by("ada")
    assert repo.get_contents("README.md").decoded_content == b"better\n"
    message = repo.get_commit(merged.sha).commit.message
    assert message == "Merge pull request #1 from rita/better\n\nBetter"
    assert repo.get_pull(1).merged


def test_maintainers_push_to_the_fork_where_its_author_lets_them(
    home: Home, tmp_path: Path
) -> None:
    fork = _fork(home)
    _change(fork)
    _change(fork, branch="private")
    pull = home.seen_by("rita").create_pull(base="main", head="rita:better", title="Better")
    plain = home.hub.github.url.removeprefix("http://")
    address = f"http://ada:{home.hub.tokens['ada']}@{plain}/{fork.full_name}.git"
    git(tmp_path, "clone", "-q", "-b", "better", address, "work")
    work = tmp_path / "work"
    git(work, "commit", "-q", "--allow-empty", "-m", "Help")
    pushed = git(work, "push", "origin", "HEAD:better", "HEAD:private")
    assert "HEAD -> private (permission denied)" in pushed.stderr
    tip = git(work, "rev-parse", "HEAD").stdout.strip()
    pull.update()
    assert pull.head.sha == tip
    allowed = {"maintainer_can_modify": True}
    assert home.ask("PATCH", f"/pulls/{pull.number}", "ada", allowed).status == 422
    pull.edit(maintainer_can_modify=False)
    git(work, "commit", "-q", "--allow-empty", "-m", "More help")
    assert "403" in git(work, "push", "origin", "better").stderr
    assert home.ask("PUT", f"/pulls/{pull.number}/update-branch", "ada", {}).status == 403


def test_the_branch_in_the_fork_is_brought_up_to_date(home: Home) -> None:
    fork = _fork(home)
    tip = _change(fork)
    home.seen_by("rita").create_pull(base="main", head="rita:better", title="Better")
    main = home.branch("main", {"other.txt": "x\n"})
    pull = home.seen_by("ada").get_pull(1)
    job = home.job(contents="write", pull_requests="write")
    assert home.ask("PUT", "/pulls/1/update-branch", job, {}).status == 403
    assert pull.update_branch(tip)
    pull.update()
    parents = fork.get_git_commit(pull.head.sha).parents
    assert [parent.sha for parent in parents] == [tip, main]
    assert fork.get_branch("better").commit.sha == pull.head.sha


def test_a_fork_is_compared_with_its_source(home: Home) -> None:
    _change(_fork(home))
    compared = home.seen_by("ada").compare("main", "rita:better")
    assert (compared.status, compared.ahead_by) == ("ahead", 1)
    assert [item.filename for item in compared.files] == ["README.md"]
    assert home.ask("GET", "/compare/main...stranger:better", "ada").status == 404


def test_deleting_the_fork_closes_its_pulls(home: Home) -> None:
    fork = _fork(home)
    tip = _change(fork)
    pull = home.seen_by("rita").create_pull(base="main", head="rita:better", title="Better")
    assert home.hub.ask("DELETE", f"/repos/{fork.full_name}", "ada").status == 403
    fork.delete()
    pull.update()
    assert (pull.state, pull.merged, pull.head.repo) == ("closed", False, None)
    assert (pull.head.label, pull.head.sha) == ("rita:better", tip)
    assert home.events("pull_request")[-1] == ("pull_request", "closed")
    assert home.state.git.refs["refs/pull/1/head"] == tip
    assert [item.filename for item in pull.get_files()] == ["README.md"]
    with pytest.raises(GithubException, match="force-pushed or deleted"):
        pull.edit(state="open")
    with pytest.raises(UnknownObjectException):
        home.hub.client("rita").get_repo(fork.full_name)
    assert [branch.name for branch in _fork(home).get_branches()] == ["main"]


def test_deleting_the_source_leaves_the_forks(home: Home) -> None:
    fork = _fork(home)
    assert home.ask("DELETE", "", home.job(contents="write")).status == 403
    home.seen_by("boss").delete()
    assert home.ask("GET", "", "boss").status == 404
    alone = home.hub.client("rita").get_repo(fork.full_name)
    assert (alone.fork, alone.get_branch("main").name) == (False, "main")


def test_workflows_rest_in_a_fork(home: Home) -> None:
    path = ".github/workflows/ci.yml"
    home.branch("main", {path: "on: issue_comment\njobs: {}\n"})
    fork = _fork(home)
    assert home.hub.github.workflow_enabled(home.name, path)
    assert not home.hub.github.workflow_enabled(fork.full_name, path)
