"""Pull requests: opened, following their branches, closed."""

import pytest
from github import GithubException, InputGitTreeElement

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_a_draft_is_opened_between_branches(home: Home) -> None:
    tip = home.branch("exp/1-ema", {"conf/train.yaml": "lr: 0.2\nepochs: 10\n"})
    pull = home.seen_by("ada").create_pull(
        base="main", head="exp/1-ema", title="EMA", body="Why", draft=True
    )
    assert (pull.number, pull.draft, pull.state) == (1, True, "open")
    assert (pull.head.sha, pull.head.ref, pull.base.ref) == (tip, "exp/1-ema", "main")
    assert (pull.mergeable, pull.commits, pull.changed_files) == (True, 1, 1)
    assert (pull.additions, pull.deletions) == (1, 1)
    assert home.state.git.refs["refs/pull/1/head"] == tip
    assert home.events("pull_request") == [("pull_request", "opened")]


@pytest.mark.parametrize(
    ("head", "base", "error"),
    [
        ("nope", "main", {"resource": "PullRequest", "code": "invalid", "field": "head"}),
        ("other:a", "main", {"resource": "PullRequest", "code": "invalid", "field": "head"}),
        ("a", "nope", {"resource": "PullRequest", "code": "invalid", "field": "base"}),
        (
            "empty",
            "main",
            {
                "resource": "PullRequest",
                "code": "custom",
                "message": "No commits between main and empty",
            },
        ),
    ],
)
def test_impossible_pulls_are_refused(
    home: Home, head: str, base: str, error: dict[str, str]
) -> None:
    home.branch("a", {"README.md": "new\n"})
    sha = home.state.git.refs["refs/heads/main"]
    home.ask("POST", "/git/refs", "ada", {"ref": "refs/heads/empty", "sha": sha})
    reply = home.ask("POST", "/pulls", "ada", {"title": "t", "head": head, "base": base})
    assert (reply.status, reply.body["errors"]) == (422, [error])
    assert home.state.pulls == {}


def test_a_branch_with_a_history_of_its_own_is_refused(home: Home) -> None:
    repo = home.seen_by("ada")
    tree = repo.create_git_tree([InputGitTreeElement("a.txt", "100644", "blob", "a")])
    commit = repo.create_git_commit("Begin", tree, [])
    repo.create_git_ref("refs/heads/labbook", commit.sha)
    with pytest.raises(GithubException) as refused:
        repo.create_pull(base="main", head="labbook", title="t")
    message = "The labbook branch has no history in common with main"
    assert refused.value.data["errors"][0]["message"] == message


def test_a_second_pull_of_the_same_branch_is_refused(home: Home) -> None:
    home.branch("a", {"README.md": "new\n"})
    repo = home.seen_by("ada")
    first = repo.create_pull(base="main", head="acme:a", title="one")
    with pytest.raises(GithubException) as refused:
        repo.create_pull(base="main", head="a", title="two")
    assert refused.value.status == 422
    message = "A pull request already exists for acme:a."
    assert refused.value.data["errors"][0]["message"] == message
    first.edit(state="closed")
    assert repo.create_pull(base="main", head="a", title="three").number == 2


def test_a_body_over_65536_characters_is_refused(home: Home) -> None:
    home.branch("a", {"README.md": "new\n"})
    body = {"title": "t", "head": "a", "base": "main", "body": "é" * 65_537}
    assert home.ask("POST", "/pulls", "ada", body).status == 422
    body["body"] = "é" * 65_536
    assert home.ask("POST", "/pulls", "ada", body).status == 201
    assert home.ask("PATCH", "/pulls/1", "ada", {"body": "é" * 65_537}).status == 422


def test_a_pull_follows_every_way_of_pushing(home: Home) -> None:
    start = home.branch("a", {"README.md": "one\n"})
    repo = home.seen_by("ada")
    pull = repo.create_pull(base="main", head="a", title="t")
    second = home.branch("a", {"README.md": "two\n"})
    repo.update_file("conf/train.yaml", "m", "x: 1\n", _sha(home, "conf/train.yaml"), branch="a")
    third = home.state.git.refs["refs/heads/a"]
    repo.get_git_ref("heads/a").edit(start, force=True)
    moves = [
        (item.payload["before"], item.payload["after"], item.payload["pull_request"]["head"]["sha"])
        for item in home.deliveries
        if item.payload.get("action") == "synchronize"
    ]
    assert moves == [(start, second, second), (second, third, third), (third, start, start)]
    pull.update()
    assert pull.head.sha == start
    assert home.state.git.refs["refs/pull/1/head"] == start


def _sha(home: Home, path: str) -> str:
    contents = home.seen_by("ada").get_contents(path)
    assert not isinstance(contents, list)
    return contents.sha


def test_deleting_the_branch_closes_the_pull_and_it_stays_closed(home: Home) -> None:
    home.branch("a", {"README.md": "one\n"})
    repo = home.seen_by("ada")
    pull = repo.create_pull(base="main", head="a", title="t")
    repo.get_git_ref("heads/a").delete()
    pull.update()
    assert (pull.state, pull.merged) == ("closed", False)
    assert home.events("pull_request")[-1] == ("pull_request", "closed")
    with pytest.raises(GithubException, match="force-pushed or deleted"):
        pull.edit(state="open")


def test_pulls_are_listed_by_head_state_and_base(home: Home) -> None:
    repo = home.seen_by("ada")
    for name in ("a", "b"):
        home.branch(name, {"README.md": f"{name}\n"})
        repo.create_pull(base="main", head=name, title=name)
    repo.get_pull(1).edit(state="closed")
    assert [pull.number for pull in repo.get_pulls()] == [2]
    assert [pull.number for pull in repo.get_pulls(state="all")] == [2, 1]
    assert [pull.number for pull in repo.get_pulls(state="all", head="acme:a")] == [1]
    assert list(repo.get_pulls(head="someone:b")) == []
    assert list(repo.get_pulls(base="other")) == []


def test_a_pull_is_an_issue_too(home: Home) -> None:
    home.branch("a", {"README.md": "one\n"})
    repo = home.seen_by("ada")
    pull = repo.create_pull(base="main", head="a", title="t")
    pull.create_issue_comment("on the pull")
    pull.add_to_labels("bug")
    pull.add_to_assignees("ada")
    issue = repo.get_issue(pull.number)
    assert issue.pull_request is not None
    assert (issue.comments, [label.name for label in issue.labels]) == (1, ["bug"])
    assert issue.id != pull.id
    told = home.deliveries[-3:]
    assert [(item.event, item.payload["action"]) for item in told] == [
        ("issue_comment", "created"),
        ("pull_request", "labeled"),
        ("pull_request", "assigned"),
    ]
    assert told[0].payload["issue"]["pull_request"]["url"] == pull.url


def test_drafts_become_ready_and_drafts_again(home: Home) -> None:
    home.branch("a", {"README.md": "one\n"})
    pull = home.seen_by("ada").create_pull(base="main", head="a", title="t", draft=True)
    pull.mark_ready_for_review()
    assert not pull.draft
    pull.convert_to_draft()
    assert pull.draft
    assert home.state.pulls[1].draft
    assert home.events("pull_request")[1:] == [
        ("pull_request", "ready_for_review"),
        ("pull_request", "converted_to_draft"),
    ]


def test_only_author_and_writers_say_that_it_is_ready(home: Home) -> None:
    home.branch("a", {"README.md": "one\n"})
    pull = home.seen_by("rita").create_pull(base="main", head="a", title="t", draft=True)
    for who in ("tess", "stranger", home.job(contents="write")):
        with pytest.raises(GithubException):
            home.seen_by(who).get_pull(1).mark_ready_for_review()
    pull.mark_ready_for_review()
    home.seen_by(home.job(pull_requests="write")).get_pull(1).convert_to_draft()
    assert home.state.pulls[1].draft


def test_files_and_commits_are_those_since_the_branch_parted(home: Home) -> None:
    home.branch("a", {"src/new.py": "x = 1\n"})
    home.branch("a", {"README.md": None})
    home.branch("main", {"other.txt": "x\n"})
    pull = home.seen_by("ada").create_pull(base="main", head="a", title="t")
    files = {
        item.filename: (item.status, item.additions, item.deletions) for item in pull.get_files()
    }
    assert files == {"README.md": ("removed", 0, 1), "src/new.py": ("added", 1, 0)}
    assert [item.commit.message for item in pull.get_commits()] == ["Change", "Change"]
    owners = home.seen_by("ada").get_commit(pull.head.sha).get_pulls()
    assert [owner.number for owner in owners] == [1]


def test_reviews(home: Home) -> None:
    home.branch("a", {"README.md": "one\n"})
    pull = home.seen_by("ada").create_pull(base="main", head="a", title="t")
    with pytest.raises(GithubException, match="Unprocessable"):
        pull.create_review(body="mine", event="APPROVE")
    home.seen_by("mona").get_pull(1).create_review(body="good", event="APPROVE")
    found = [(review.user.login, review.state) for review in pull.get_reviews()]
    assert found == [("mona", "APPROVED")]
    assert home.events("pull_request_review") == [("pull_request_review", "submitted")]


def test_the_branch_is_brought_up_to_date(home: Home) -> None:
    tip = home.branch("a", {"src/new.py": "x = 1\n"})
    pull = home.seen_by("ada").create_pull(base="main", head="a", title="t")
    main = home.branch("main", {"other.txt": "x\n"})
    assert (
        home.ask("PUT", "/pulls/1/update-branch", "ada", {"expected_head_sha": "x"}).status == 422
    )
    assert pull.update_branch(tip)
    pull.update()
    parents = home.seen_by("ada").get_git_commit(pull.head.sha).parents
    assert [parent.sha for parent in parents] == [tip, main]


def test_a_changed_base_shows_other_changes(home: Home) -> None:
    home.branch("release", {"other.txt": "x\n"})
    home.branch("a", {"README.md": "one\n"}, start="release")
    pull = home.seen_by("ada").create_pull(base="main", head="a", title="t")
    assert pull.changed_files == 2
    pull.edit(base="release")
    assert pull.changed_files == 1
