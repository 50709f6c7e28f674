"""How often W&B may be asked: its limits, its 429, and what the real SDK makes of it."""

import email.message
import json
import urllib.error
import urllib.request

import pytest

from bot.sandbox.wandb import Limits
from tests.sandbox.wandb_stage import Bench

pytest_plugins = ("tests.sandbox.wandb_fixtures",)
BEGIN = "mutation Begin($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }"


def _refused(bench: Bench, path: str, body: object) -> tuple[str, email.message.Message]:
    """What a request is refused with: the words, and the headers."""
    request = urllib.request.Request(
        bench.server.url + path, json.dumps(body).encode(), bench.headers()
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as error:
        assert error.code == 429
        return json.load(error)["errors"][0]["message"], error.headers


def _begin(bench: Bench, run_id: str) -> dict[str, object]:
    wanted = {"name": run_id, "modelName": bench.project, "entityName": "acme"}
    return {"query": BEGIN, "variables": {"input": wanted}}


def test_a_run_streams_twice_a_second(bench: Bench) -> None:
    bench.server.limit(Limits())
    bench.freeze()
    bench.post("/graphql", _begin(bench, "r1"))
    bench.post("/graphql", _begin(bench, "r2"))
    path = f"/files/acme/{bench.project}/r1/file_stream"
    assert [bench.post(path, {})[0] for _ in range(2)] == [200, 200]
    words, headers = _refused(bench, path, {})
    assert words == "rate limit exceeded"
    told = [headers[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")]
    assert told == ["1000", "0", "1"]
    assert bench.post(path.replace("r1", "r2"), {})[0] == 200
    bench.clock.ahead += 1
    assert bench.post(path, {})[0] == 200


def test_a_project_streams_so_many_bytes_and_begins_so_many_runs(bench: Bench) -> None:
    bench.server.limit(Limits(project_stream_bytes=100, project_runs=2))
    bench.freeze()
    for run_id in ("r1", "r2"):
        assert bench.post("/graphql", _begin(bench, run_id))[0] == 200
    assert _refused(bench, "/graphql", _begin(bench, "r3"))[1]["RateLimit-Remaining"] == "0"
    assert bench.post("/graphql", _begin(bench, "r2"))[0] == 200
    assert [run.id for run in bench.server.runs(bench.project)] == ["r1", "r2"]
    path = f"/files/acme/{bench.project}/r1/file_stream"
    assert bench.post(path, {"uploaded": ["x" * 20]})[0] == 200
    _, headers = _refused(bench, path, {"uploaded": ["x" * 80]})
    assert 0 < int(headers["RateLimit-Remaining"]) < 1000


def test_a_user_asks_so_often(bench: Bench) -> None:
    bench.server.limit(Limits(user_queries=1))
    bench.freeze()
    query = {"query": "{ viewer { username } }"}
    assert bench.post("/graphql", query)[0] == 200
    assert _refused(bench, "/graphql", query)[0] == "rate limit exceeded"


def test_the_sdk_waits_and_loses_nothing(bench: Bench) -> None:
    bench.server.limit(Limits(run_streams=1))
    with bench.init("r1") as run:
        for number in range(3):
            run.log({"acc": number})
    seen = bench.api_run("r1")
    assert (seen.state, seen.summary["acc"]) == ("finished", 2)
    assert [row["acc"] for row in seen.scan_history(keys=["acc"])] == [0, 1, 2]
