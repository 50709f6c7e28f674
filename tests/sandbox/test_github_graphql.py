"""GraphQL: guarded commits, minimised comments, and reading a tree at once."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.sandbox.github_stage import FILES, Home, Hub, Reply

pytest_plugins = ("tests.sandbox.github_fixtures",)


def _add(path: str, text: str) -> dict[str, Any]:
    return {"additions": [{"path": path, "contents": base64.b64encode(text.encode()).decode()}]}


def _head(home: Home) -> str:
    return home.state.git.refs["refs/heads/main"]


def test_several_files_are_one_verified_commit(home: Home) -> None:
    before = _head(home)
    changes = {**_add("ledger/1.json", "{}"), "deletions": [{"path": "src/model.py"}]}
    reply = home.commit("ada", "main", before, changes, "Write down")
    oid = reply.body["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert oid == _head(home)
    commit = home.seen_by("ada").get_git_commit(oid)
    assert commit.verification.verified
    assert ([parent.sha for parent in commit.parents], commit.message) == ([before], "Write down")
    paths = {item.path for item in home.seen_by("ada").get_git_tree(oid, recursive=True).tree}
    assert "ledger/1.json" in paths
    assert "src" not in paths
    assert home.events() == [("push", None)]


def test_a_stale_head_is_told_as_github_tells_it(home: Home) -> None:
    before = _head(home)
    home.branch("main", {"README.md": "meanwhile\n"})
    tip = _head(home)
    reply = home.commit("ada", "main", before, _add("a.txt", "x"), "Late")
    assert reply.status == 200
    assert reply.body["data"] == {"createCommitOnBranch": None}
    error = reply.body["errors"][0]
    assert (error["type"], error["path"]) == ("STALE_DATA", ["createCommitOnBranch"])
    assert error["message"] == (
        f'Expected branch to point to "{before}" but it did not.  Pull and try again.'
    )
    assert _head(home) == tip


def test_of_many_writers_at_once_one_wins(home: Home) -> None:
    before = _head(home)

    def write(number: int) -> Reply:
        return home.commit("ada", "main", before, _add(f"{number}.txt", "x"), f"By {number}")

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(write, range(8)))
    stale = [reply for reply in replies if "errors" in reply.body]
    assert len(stale) == 7
    assert {reply.body["errors"][0]["type"] for reply in stale} == {"STALE_DATA"}
    assert len(list(home.seen_by("ada").get_commits())) == 2


def test_commits_need_the_right_to_write(home: Home) -> None:
    before = _head(home)
    for who in ("tess", "stranger", home.job(contents="read")):
        reply = home.commit(who, "main", before, _add("a.txt", "x"), "No")
        assert reply.body["errors"][0]["type"] == "FORBIDDEN"
    reply = home.commit("ada", "nope", before, _add("a.txt", "x"), "No")
    assert reply.body["errors"][0]["type"] == "NOT_FOUND"
    assert _head(home) == before
    job = home.job(contents="write")
    assert "errors" not in home.commit(job, "main", before, _add("a.txt", "x"), "Yes").body
    commit = home.seen_by("ada").get_commit("main")
    assert (commit.author.login, commit.committer.login) == ("github-actions[bot]", "web-flow")


def test_impossible_changes_are_refused(home: Home) -> None:
    before = _head(home)
    for changes in (
        {"deletions": [{"path": "nope.txt"}]},
        _add("../outside", "x"),
        _add(".git/config", "x"),
        {"additions": [{"path": "a", "contents": "not base64!"}]},
    ):
        reply = home.commit("ada", "main", before, changes, "No")
        assert reply.body["errors"][0]["type"] == "UNPROCESSABLE"
    assert _head(home) == before


def test_a_comment_is_minimised_and_shown_again(home: Home) -> None:
    comment = home.seen_by("ada").create_issue("Idea").create_comment("old report")
    query = """query ($id: ID!) { node(id: $id) { __typename
      ... on IssueComment { databaseId isMinimized minimizedReason body author { login } } } }"""
    assert comment.minimize("OUTDATED")
    shown = home.hub.graphql("ada", query, id=comment.node_id).body["data"]["node"]
    assert shown == {
        "__typename": "IssueComment",
        "databaseId": comment.id,
        "isMinimized": True,
        "minimizedReason": "outdated",
        "body": "old report",
        "author": {"login": "ada"},
    }
    assert comment.unminimize()
    assert not home.hub.graphql("ada", query, id=comment.node_id).body["data"]["node"][
        "isMinimized"
    ]


def test_minimising_needs_the_right_to_write(home: Home) -> None:
    comment = home.seen_by("rita").create_issue("Idea").create_comment("mine")
    query = """mutation ($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: SPAM})
      { minimizedComment { isMinimized } } }"""
    for who in ("tess", "stranger", home.job(issues="read")):
        reply = home.hub.graphql(who, query, id=comment.node_id)
        assert reply.body["errors"][0]["type"] == "FORBIDDEN"
    assert (
        "errors" not in home.hub.graphql(home.job(issues="write"), query, id=comment.node_id).body
    )


def test_a_folder_is_read_in_one_query(home: Home) -> None:
    home.branch("labbook", {"ledger/1.json": "{}", "ledger/2.json": '{"a": 1}'})
    query = """query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
      ref(qualifiedName: "refs/heads/labbook") { name target { oid } }
      folder: object(expression: "labbook:ledger") { ... on Tree {
        entries { name type object { ... on Blob { text byteSize isBinary } } } } }
      file: object(expression: "main:README.md") { ... on Blob { text } }
      missing: object(expression: "main:nope") { oid } } }"""
    owner, _, name = home.name.partition("/")
    found = home.hub.graphql("rita", query, owner=owner, name=name).body["data"]["repository"]
    tip = home.state.git.refs["refs/heads/labbook"]
    assert found["ref"] == {"name": "labbook", "target": {"oid": tip}}
    texts = {item["name"]: item["object"]["text"] for item in found["folder"]["entries"]}
    assert texts == {"1.json": "{}", "2.json": '{"a": 1}'}
    assert found["file"]["text"] == FILES["README.md"]
    assert found["missing"] is None


def test_pulls_and_issues_in_pages(home: Home) -> None:
    repo = home.seen_by("ada")
    repo.create_issue("Idea").create_comment("one")
    for name in ("a", "b", "c"):
        home.branch(name, {"README.md": f"{name}\n"})
        repo.create_pull(base="main", head=name, title=name, draft=name == "b")
    repo.get_pull(2).merge(merge_method="squash")
    query = """query ($owner: String!, $name: String!, $after: String) {
      repository(owner: $owner, name: $name) {
        issue(number: 1) { title state comments(first: 5) { totalCount nodes { body } } }
        pullRequest(number: 3) { isDraft state mergeable headRefName headRefOid author { login } }
        b: pullRequests(first: 5, headRefName: "b") { nodes { number } }
        merged: pullRequests(first: 5, states: MERGED) { nodes { number state } }
        pullRequests(first: 2, after: $after) {
          totalCount nodes { number } pageInfo { hasNextPage endCursor } } } }"""
    owner, _, name = home.name.partition("/")
    found = home.hub.graphql("ada", query, owner=owner, name=name).body["data"]["repository"]
    comments = {"totalCount": 1, "nodes": [{"body": "one"}]}
    assert found["issue"] == {"title": "Idea", "state": "OPEN", "comments": comments}
    assert found["pullRequest"] == {
        "isDraft": True,
        "state": "OPEN",
        "mergeable": "CONFLICTING",
        "headRefName": "b",
        "headRefOid": home.state.git.refs["refs/heads/b"],
        "author": {"login": "ada"},
    }
    assert found["b"]["nodes"] == [{"number": 3}]
    assert found["merged"]["nodes"] == [{"number": 2, "state": "MERGED"}]
    page = found["pullRequests"]
    assert (page["totalCount"], [item["number"] for item in page["nodes"]]) == (3, [2, 3])
    after = page["pageInfo"]["endCursor"]
    rest = home.hub.graphql("ada", query, owner=owner, name=name, after=after).body["data"]
    assert [item["number"] for item in rest["repository"]["pullRequests"]["nodes"]] == [4]


def test_what_is_not_in_the_schema_or_not_there_is_an_error(hub: Hub, private: Home) -> None:
    reply = hub.graphql("ada", "{ viewer { nonsense } }")
    assert "Cannot query field 'nonsense'" in reply.body["errors"][0]["message"]
    assert "Syntax Error" in hub.graphql("ada", "{").body["errors"][0]["message"]
    owner, _, name = private.name.partition("/")
    query = f'{{ repository(owner: "{owner}", name: "{name}") {{ id }} }}'
    hidden = hub.graphql("stranger", query).body
    assert hidden["data"] == {"repository": None}
    assert hidden["errors"][0]["type"] == "NOT_FOUND"
    assert hub.graphql("", query).status == 401
    unbounded = f'{{ repository(owner: "{owner}", name: "{name}") {{ issues {{ totalCount }} }} }}'
    error = hub.graphql("ada", unbounded).body["errors"][0]
    assert error["type"] == "MISSING_PAGINATION_BOUNDARIES"
