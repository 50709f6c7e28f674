"""The judge itself: what it must refuse, and what the sandbox offers beyond what was recorded."""

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from bot.sandbox import github as sandbox
from bot.sandbox.github.app import ROOMS
from tests.judged.judge import Judge

SCHEMA = Path(sandbox.__file__).with_name("schema.graphql")
UNDESCRIBED = {
    # PyGithub asks at addresses from before those that are described; they still answer.
    ("GET", "/repos/{owner}/{repo}/statuses/{ref:path}"),
    ("GET", "/repos/{owner}/{repo}/git/refs"),
    ("GET", "/repos/{owner}/{repo}/git/refs/{ref:path}"),
    # GitHub takes the root of a repository without the slash, too.
    ("GET", "/repos/{owner}/{repo}/contents"),
}
JSON = {"content-type": "application/json; charset=utf-8"}
LABEL = {
    "id": 3000001,
    "node_id": "LA_kwDO3000001",
    "url": "http://127.0.0.1:80/api/v3/repos/acme/retina/labels/bug",
    "name": "bug",
    "color": "d73a4a",
    "default": True,
    "description": None,
}


def exchange(**changes: Any) -> dict[str, Any]:
    """A label, looked up; with what is changed in it."""
    return {
        "method": "GET",
        "path": "/api/v3/repos/acme/retina/labels/bug",
        "query": "",
        "headers": {},
        "body": None,
        "status": 200,
        "answer_headers": JSON,
        "answer": LABEL,
        **changes,
    }


def created(**changes: Any) -> dict[str, Any]:
    """A label, made; with what is changed in it."""
    return exchange(
        **{
            "method": "POST",
            "path": "/api/v3/repos/acme/retina/labels",
            "body": {"name": "bug"},
            "status": 201,
            "answer_headers": {**JSON, "location": LABEL["url"]},
            **changes,
        }
    )


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in LABEL.items() if key != name}


ASKED = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": "I_1"}}


def asked(**changes: Any) -> dict[str, Any]:
    """A question in GraphQL, answered; with what is changed in it."""
    body = {**ASKED, **changes}
    return exchange(method="POST", path="/api/graphql", body=body, answer={"data": {"node": None}})


def pushed(**changes: Any) -> dict[str, Any]:
    return {"event": "star", "payload": {"action": "created", **changes}}


@pytest.mark.parametrize(
    "line",
    [
        exchange(),
        exchange(query="", status=404, answer={"message": "Not Found", "documentation_url": ""}),
        exchange(path="/api/v3/repos/acme/retina/labels", query="per_page=7", answer=[LABEL]),
        exchange(path="/api/v3/repos/acme/retina/not/there", status=404),
        exchange(path="/api/v3/repos/acme/retina/contents/conf/train.yaml", status=404, answer={}),
        created(),
        created(body={"name": 7}, status=422, answer={"message": "", "documentation_url": ""}),
        asked(),
        asked(variables={"id": 7}),
    ],
)
def test_what_github_describes_is_right(judge: Judge, line: dict[str, Any]) -> None:
    assert list(judge.findings(line)) == []


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        (exchange(answer=without("color")), "issues/get-label 200 / has no color"),
        (
            exchange(answer={**LABEL, "id": "3000001"}),
            "issues/get-label 200 /id is string, not integer",
        ),
        (
            exchange(answer={**LABEL, "name": None}),
            "issues/get-label 200 /name is null, not string",
        ),
        (
            exchange(answer={**LABEL, "url": "no address"}),
            "issues/get-label 200 /url is no uri",
        ),
        (
            exchange(answer={**LABEL, "shade": "dark"}),
            "issues/get-label 200 / has shade, which GitHub does not know",
        ),
        (
            exchange(path="/api/v3/repos/acme/retina/labels", answer=[LABEL, without("id")]),
            "issues/list-labels-for-repo 200 /* has no id",
        ),
        (
            exchange(path="/api/v3/repos/acme/retina/issues", query="state=lost", answer=[]),
            "issues/list-for-repo query state / is 'lost', none of what it can be",
        ),
        (
            exchange(query="shade=dark"),
            "issues/get-label query shade is none that GitHub knows",
        ),
        (exchange(status=418), "issues/get-label 418 is no status that GitHub names"),
        (
            exchange(path="/api/v3/repos/acme/retina/brands"),
            "GET /repos/acme/retina/brands is no operation of GitHub's",
        ),
        (created(body={}), "issues/create-label body / has no name"),
        (
            created(body={"name": "bug", "shade": "dark"}),
            "issues/create-label body / has shade, which GitHub does not know",
        ),
        (created(answer_headers=JSON), "issues/create-label 201 has no header Location"),
        (created(answer=None), "issues/create-label 201 / is null, not object"),
        (
            created(method="DELETE", path=exchange()["path"], body=None, status=204),
            "issues/delete-label 204 has a body where GitHub sends none",
        ),
        (
            asked(query="{ viewer { darkness } }"),
            "graphql Cannot query field 'darkness' on type 'User'.",
        ),
        (
            asked(variables={}),
            "graphql Variable '$id' has invalid value: "
            "Expected a value of non-null type 'ID!' to be provided.",
        ),
        (pushed(action="darkened"), "event star darkened is no event of GitHub's"),
        (pushed(), "event star created / has no sender"),
        (pushed(shade="dark"), "event star created / has no repository"),
    ],
)
def test_what_deviates_is_found(judge: Judge, line: dict[str, Any], finding: str) -> None:
    assert finding in [" ".join(found) for found in judge.findings(line)]


def test_every_address_of_the_sandbox_is_one_of_githubs(judge: Judge) -> None:
    offered = {(method, path) for room in ROOMS for method, path, _, _ in room.routes.found}
    unknown = {
        (method, path)
        for method, path in offered
        if not judge.operations.find(method, _example(path))
    }
    assert unknown == UNDESCRIBED


def test_the_sandboxs_graphql_is_a_part_of_githubs(judge: Judge) -> None:
    ours = build_schema(SCHEMA.read_text(encoding="utf-8"))
    assert list(judge.queries.schema(ours)) == []


@pytest.mark.parametrize(
    ("schema", "finding"),
    [
        ("type Shade { id: ID! }", "Shade is no such type of GitHub's"),
        ("enum IssueState { OPEN LOST }", "IssueState has LOST, which GitHub's has not"),
        ("type Label { shade: Int }", "Label has shade, which GitHub's has not"),
        ("type Label { name: Int! }", "Label.name is Int!, not String!"),
        ("type Label { name: String }", "Label.name is String, not String!"),
        (
            "input MinimizeCommentInput { subjectId: ID! }",
            "MinimizeCommentInput does not ask for classifier",
        ),
    ],
)
def test_a_graphql_schema_of_ones_own_is_found(judge: Judge, schema: str, finding: str) -> None:
    made = build_schema(f"{schema} type Query {{ viewer: String }}", assume_valid=True)
    assert finding in list(judge.queries.schema(made))


def _example(path: str) -> str:
    """A path of the sandbox's as somebody asks for it."""
    return re.sub(r"\{\w+(:path)?\}", "7", path.removeprefix("/uploads"))
