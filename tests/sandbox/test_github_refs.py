"""Branches, tags and what they pointed at when."""

import pytest
from github import GithubException, InputGitAuthor, InputGitTreeElement, UnknownObjectException

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_of_two_who_make_a_ref_the_second_is_told(home: Home) -> None:
    repo = home.seen_by("ada")
    sha = repo.get_git_ref("heads/main").object.sha
    made = repo.create_git_ref("refs/heads/exp/1-x", sha)
    assert (made.ref, made.object.sha, made.object.type) == ("refs/heads/exp/1-x", sha, "commit")
    with pytest.raises(GithubException, match="Reference already exists") as refused:
        repo.create_git_ref("refs/heads/exp/1-x", sha)
    assert refused.value.status == 422
    assert home.state.git.refs["refs/heads/exp/1-x"] == sha


@pytest.mark.parametrize(
    ("ref", "sha", "message"),
    [
        ("refs/heads/a", "0" * 40, "Object does not exist"),
        ("heads/a", None, "must start with 'refs/'"),
        ("refs/heads/a b", None, "not a valid ref name"),
    ],
)
def test_impossible_refs_are_refused(home: Home, ref: str, sha: str | None, message: str) -> None:
    sha = sha or home.state.git.refs["refs/heads/main"]
    reply = home.ask("POST", "/git/refs", "ada", {"ref": ref, "sha": sha})
    assert reply.status == 422
    assert message in reply.message


def test_only_writers_make_refs(home: Home) -> None:
    body = {"ref": "refs/heads/a", "sha": home.state.git.refs["refs/heads/main"]}
    for who in ("tess", "rita", "stranger"):
        assert home.ask("POST", "/git/refs", who, body).status == 404
    assert home.ask("POST", "/git/refs", body=body).status == 401
    assert "refs/heads/a" not in home.state.git.refs


def test_a_ref_moves_forward_and_by_force_anywhere(home: Home) -> None:
    start = home.state.git.refs["refs/heads/main"]
    tip = home.branch("a", {"README.md": "new\n"})
    ref = home.seen_by("ada").get_git_ref("heads/a")
    with pytest.raises(GithubException, match="not a fast forward") as refused:
        ref.edit(start)
    assert refused.value.status == 422
    ref.edit(start, force=True)
    assert home.state.git.refs["refs/heads/a"] == start
    ref.edit(tip)
    assert home.state.git.refs["refs/heads/a"] == tip


def test_deleting_and_missing(home: Home) -> None:
    home.branch("a", {"README.md": "new\n"})
    repo = home.seen_by("ada")
    repo.get_git_ref("heads/a").delete()
    with pytest.raises(UnknownObjectException):
        repo.get_git_ref("heads/a")
    assert home.ask("DELETE", "/git/refs/heads/a", "ada").status == 422
    assert home.ask("DELETE", "/git/refs/heads/main", "ada").status == 422
    assert home.events("delete") == [("delete", None)]


def test_matching_refs_and_branches(home: Home) -> None:
    for name in ("exp/1-a", "exp/2-b", "other"):
        home.branch(name, {"README.md": f"{name}\n"})
    repo = home.seen_by("ada")
    found = [ref.ref for ref in repo.get_git_matching_refs("heads/exp/")]
    assert found == ["refs/heads/exp/1-a", "refs/heads/exp/2-b"]
    assert [branch.name for branch in repo.get_branches()] == [
        "exp/1-a",
        "exp/2-b",
        "main",
        "other",
    ]
    assert repo.get_branch("exp/1-a").commit.commit.message == "Change"
    assert home.ask("GET", "/branches/nope", "ada").message == "Branch not found"


def test_a_page_holds_thirty_and_at_most_a_hundred(home: Home) -> None:
    sha = home.state.git.refs["refs/heads/main"]
    made = "".join(f"create refs/heads/exp/{number} {sha}\n" for number in range(120))
    home.state.git.run("update-ref", "--stdin", stdin=made.encode())
    home.state.git.refresh()
    for asked, got in (("", 30), ("?per_page=100", 100), ("?per_page=500", 100)):
        assert len(home.ask("GET", f"/branches{asked}", "ada").body) == got
    assert len(home.ask("GET", "/branches?per_page=100&page=2", "ada").body) == 21


def test_branches_are_not_protected(home: Home) -> None:
    with pytest.raises(UnknownObjectException):
        home.seen_by("boss").get_branch("nope").get_protection()
    reply = home.ask("GET", "/branches/main/protection", "boss")
    assert (reply.status, reply.message) == (404, "Branch not protected")


def test_activity_says_who_moved_what_when(home: Home) -> None:
    start = home.state.git.refs["refs/heads/main"]
    tip = home.branch("a", {"README.md": "new\n"})
    home.seen_by("ada").get_git_ref("heads/a").edit(start, force=True)
    lines = home.ask("GET", "/activity?ref=refs/heads/a", "ada").body
    assert [(line["activity_type"], line["before"], line["after"]) for line in lines] == [
        ("force_push", tip, start),
        ("push", start, tip),
        ("branch_creation", "0" * 40, start),
    ]
    assert lines[0]["actor"]["login"] == "ada"


def test_a_push_event_tells_commits_and_files(home: Home) -> None:
    tip = home.branch("a", {"new.txt": "x\n", "README.md": "y\n", "src/model.py": None})
    push = home.deliveries[-1].payload
    assert (push["ref"], push["after"], push["created"]) == ("refs/heads/a", tip, False)
    commit = push["commits"][0]
    assert commit["id"] == push["head_commit"]["id"] == tip
    assert [commit[kind] for kind in ("added", "modified", "removed")] == [
        ["new.txt"],
        ["README.md"],
        ["src/model.py"],
    ]
    assert push["sender"]["login"] == "ada"


def test_a_branch_without_parents_is_made_of_tree_commit_and_ref(home: Home) -> None:
    repo = home.seen_by("ada")
    tree = repo.create_git_tree([InputGitTreeElement("ledger/1.json", "100644", "blob", "{}")])
    commit = repo.create_git_commit("Begin", tree, [])
    repo.create_git_ref("refs/heads/labbook", commit.sha)
    assert repo.get_git_commit(commit.sha).parents == []
    found = repo.get_git_tree("labbook", recursive=True).tree
    assert [(item.path, item.type) for item in found] == [
        ("ledger", "tree"),
        ("ledger/1.json", "blob"),
    ]
    assert repo.get_contents("ledger/1.json", ref="labbook").decoded_content == b"{}"


def test_trees_build_on_trees_and_none_removes(home: Home) -> None:
    repo = home.seen_by("ada")
    base = repo.get_git_tree("main")
    changed = [
        InputGitTreeElement("conf/train.yaml", "100644", "blob", sha=None),
        InputGitTreeElement("run.sh", "100755", "blob", "#!/bin/sh\n"),
    ]
    tree = repo.create_git_tree(changed, base)
    paths = {item.path: item.mode for item in repo.get_git_tree(tree.sha, recursive=True).tree}
    assert "conf" not in paths
    assert paths["run.sh"] == "100755"
    assert paths["src/model.py"] == "100644"


def test_blobs_and_annotated_tags(home: Home) -> None:
    repo = home.seen_by("ada")
    blob = repo.create_git_blob("aGk=", "base64")
    assert repo.get_git_blob(blob.sha).raw_data["content"] == "aGk=\n"
    main = repo.get_git_ref("heads/main").object.sha
    tagger = InputGitAuthor("Ada", "ada@acme.example", "2026-01-02T03:04:05Z")
    tag = repo.create_git_tag("v1", "first", main, "commit", tagger)
    repo.create_git_ref("refs/tags/v1", tag.sha)
    found = repo.get_git_tag(tag.sha)
    assert (found.message, found.object.sha, found.tagger.name) == ("first", main, "Ada")
    assert repo.get_git_ref("tags/v1").object.type == "tag"
    assert repo.get_commit("v1").sha == main


def test_commits_are_listed_by_path_and_compared(home: Home) -> None:
    first = home.branch("a", {"conf/train.yaml": "lr: 0.2\nepochs: 10\n"})
    home.branch("a", {"README.md": "new\n"})
    main = home.branch("main", {"other.txt": "x\n"})
    repo = home.seen_by("ada")
    found = [item.sha for item in repo.get_commits("a", path="conf/train.yaml")]
    assert (len(found), found[0]) == (2, first)
    compared = repo.compare("main", "a")
    assert (compared.status, compared.ahead_by, compared.behind_by) == ("diverged", 2, 1)
    assert compared.base_commit.sha == main
    files = {
        item.filename: (item.status, item.additions, item.deletions) for item in compared.files
    }
    assert files == {"README.md": ("modified", 1, 1), "conf/train.yaml": ("modified", 1, 1)}
    assert home.ask("GET", "/compare/main...nope", "ada").status == 404
    assert (
        repo.get_commit(first).files[0].patch == "@@ -1,2 +1,2 @@\n-lr: 0.1\n+lr: 0.2\n epochs: 10"
    )
