"""Merging pull requests: real merges, guards and conflicts."""

import pytest
from github import GithubException
from github.PullRequest import PullRequest

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def _pull(home: Home, files: dict[str, str | None], *, draft: bool = False) -> PullRequest:
    home.branch("a", files)
    return home.seen_by("ada").create_pull(
        base="main", head="a", title="Wider", body="b", draft=draft
    )


def _main(home: Home) -> str:
    return home.state.git.refs["refs/heads/main"]


def test_a_squash_is_one_commit_with_the_given_message(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    home.branch("a", {"src/new.py": "x = 1\n"})
    before = home.branch("main", {"other.txt": "x\n"})
    pull.update()
    result = pull.merge("Labhand-Verdict: WIN", "Wider (#1)", "squash", sha=pull.head.sha)
    assert (result.merged, result.sha) == (True, _main(home))
    commit = home.seen_by("ada").get_git_commit(result.sha)
    assert commit.message == "Wider (#1)\n\nLabhand-Verdict: WIN"
    assert [parent.sha for parent in commit.parents] == [before]
    assert commit.verification.verified
    found = {item.path for item in home.seen_by("ada").get_git_tree("main", recursive=True).tree}
    assert {"README.md", "src/new.py", "other.txt"} <= found
    pull.update()
    assert (pull.state, pull.merged, pull.merge_commit_sha) == ("closed", True, result.sha)
    assert pull.merged_by.login == "ada"
    assert pull.changed_files == 2
    assert home.events()[-2:] == [("push", None), ("pull_request", "closed")]
    assert home.deliveries[-1].payload["pull_request"]["merged"] is True


def test_a_merge_commit_has_both_parents(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    before = home.branch("main", {"other.txt": "x\n"})
    result = pull.merge(merge_method="merge")
    commit = home.seen_by("ada").get_git_commit(result.sha)
    assert [parent.sha for parent in commit.parents] == [before, pull.head.sha]
    assert commit.message == "Merge pull request #1 from acme/a\n\nWider"


def test_a_rebase_replays_every_commit(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    home.branch("a", {"src/new.py": "x = 1\n"})
    before = home.branch("main", {"other.txt": "x\n"})
    pull.update()
    result = pull.merge(merge_method="rebase", sha=pull.head.sha)
    commits = list(home.seen_by("ada").get_commits("main"))
    assert [commit.commit.message for commit in commits[:2]] == ["Change", "Change"]
    assert (commits[0].sha, commits[2].sha) == (result.sha, before)
    names = {item.path for item in home.seen_by("ada").get_git_tree("main", recursive=True).tree}
    assert {"src/new.py", "other.txt"} <= names


def test_a_moved_head_is_not_merged(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    home.branch("a", {"README.md": "two\n"})
    before = _main(home)
    with pytest.raises(GithubException, match="Head branch was modified") as refused:
        pull.merge(sha=pull.head.sha)
    assert (refused.value.status, _main(home)) == (409, before)


def test_a_conflict_is_not_merged(home: Home) -> None:
    pull = _pull(home, {"README.md": "ours\n"})
    home.branch("main", {"README.md": "theirs\n"})
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    for method in ("merge", "squash", "rebase"):
        with pytest.raises(GithubException, match="not mergeable") as refused:
            pull.merge(merge_method=method)
        assert refused.value.status == 405


def test_a_draft_is_not_merged(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"}, draft=True)
    with pytest.raises(GithubException, match="still a draft") as refused:
        pull.merge()
    assert refused.value.status == 405


def test_nothing_is_merged_twice(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    pull.merge(merge_method="squash")
    with pytest.raises(GithubException, match="not mergeable") as refused:
        pull.merge(merge_method="squash")
    assert refused.value.status == 405
    assert len(list(home.seen_by("ada").get_commits("main"))) == 2


def test_only_writers_merge(home: Home) -> None:
    _pull(home, {"README.md": "one\n"})
    for who in ("tess", "rita", "stranger"):
        assert home.ask("PUT", "/pulls/1/merge", who, {}).status == 403
    assert home.ask("PUT", "/pulls/1/merge", home.job(pull_requests="write"), {}).status == 403
    assert home.ask("PUT", "/pulls/1/merge", home.job(contents="write"), {}).status == 200


def test_default_messages_come_from_commits_and_title(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    home.branch("a", {"README.md": "two\n"})
    pull.merge(merge_method="squash")
    message = home.seen_by("ada").get_git_commit(_main(home)).message
    assert message == "Wider (#1)\n\n* Change\n\n* Change"


def test_pushing_the_head_to_the_base_counts_as_merging(home: Home) -> None:
    pull = _pull(home, {"README.md": "one\n"})
    home.seen_by("ada").get_git_ref("heads/main").edit(pull.head.sha)
    pull.update()
    assert (pull.merged, pull.state) == (True, "closed")


def test_other_pulls_see_the_merge(home: Home) -> None:
    first = _pull(home, {"README.md": "one\n"})
    home.branch("b", {"README.md": "other\n"})
    second = home.seen_by("ada").create_pull(base="main", head="b", title="second")
    assert second.mergeable
    first.merge(merge_method="squash")
    second.update()
    assert not second.mergeable
