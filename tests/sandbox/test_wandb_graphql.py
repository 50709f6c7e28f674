"""What the server understands of the installed SDK, and what it refuses."""

import urllib.error
import urllib.request

import pytest

from tests.sandbox.wandb_stage import Bench

pytest_plugins = ("tests.sandbox.wandb_fixtures",)


def test_a_wrong_key_is_refused(bench: Bench) -> None:
    viewer = {"query": "{ viewer { username } }"}
    assert bench.post("/graphql", viewer) == (200, {"data": {"viewer": {"username": "labhand"}}})
    status, answer = bench.post("/graphql", viewer, key="f" * 40)
    assert (status, answer["errors"][0]["message"]) == (401, "user is not logged in")
    assert bench.post("/files/acme/p/r/file_stream", {}, key="f" * 40)[0] == 401


def test_the_sdk_says_so_when_its_key_is_wrong(bench: Bench) -> None:
    code = "import wandb; wandb.init()"
    done = bench.program(code, WANDB_API_KEY="f" * 40, WANDB_SILENT="false")
    assert done.returncode != 0
    assert "user is not logged in" in done.stderr
    assert bench.server.runs(bench.project) == []


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("{ viewer { shoeSize } }", "shoeSize"),
        ("{ viewer { username }", "Syntax Error"),
        ("mutation { stopRun(input: {}) { success } }", "id"),
    ],
)
def test_an_invalid_query_is_refused(bench: Bench, query: str, word: str) -> None:
    status, answer = bench.post("/graphql", {"query": query})
    assert status == 400
    assert word in answer["errors"][0]["message"]


def test_an_invalid_variable_is_refused(bench: Bench) -> None:
    query = "mutation M($input: StopRunInput!) { stopRun(input: $input) { success } }"
    body = {"query": query, "variables": {"input": {"id": "x", "hard": True}}}
    assert bench.post("/graphql", body)[0] == 400


def test_what_is_not_there_is_null_or_not_found(bench: Bench) -> None:
    query = '{ project(name: "none", entityName: "acme") { id } entity(name: "else") { id } }'
    assert bench.post("/graphql", {"query": query})[1]["data"] == {"project": None, "entity": None}
    stop = 'mutation { stopRun(input: {id: "none"}) { success } }'
    assert bench.post("/graphql", {"query": stop})[0] == 404
    assert bench.post(f"/files/acme/{bench.project}/none/file_stream", {})[0] == 404


@pytest.mark.parametrize("path", ["/storage/none", "/storage/%2e%2e/%2e%2e/etc/hostname"])
def test_storage_holds_only_what_was_put(bench: Bench, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(bench.server.url + path)
    with refused.value as error:
        assert error.code in (403, 404)
