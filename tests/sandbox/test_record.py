"""What the sandbox writes down when it is asked to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.github import GitHub
from bot.sandbox.serve import reserve, serve
from tests.sandbox.github_stage import Hub


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    bound, url = reserve()
    site = GitHub(url, folder / "git")
    with serve(site.app, bound):
        yield Hub(site, folder / "source", {"ada": site.add_user("ada")})
    site.close()


def recorded(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.open()]


def test_exchanges_and_events_are_written_down_as_they_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = tmp_path / "records"
    monkeypatch.setenv("SANDBOX_RECORD", str(records))
    labels = "/repos/ada/retina/labels"
    with hub(tmp_path) as served:
        state = served.github.add_repository("ada/retina", source=None)
        served.ask("POST", f"{labels}?a=%2F", "ada", {"name": "x y"})
        served.ask("GET", f"{labels}/x%20y")
        served.ask("GET", f"{state.html_url}.git/info/refs?service=git-upload-pack")
        assert served.ask("POST", labels, "ada", b"no JSON").status == 400
        assert served.tokens["ada"] not in str(recorded(records))
    event, made, read, refused = recorded(records)
    assert (event["event"], event["payload"]["label"]["name"]) == ("label", "x y")
    assert (made["method"], made["path"], made["query"]) == ("POST", f"/api/v3{labels}", "a=%2F")
    assert (made["body"], made["status"]) == ({"name": "x y"}, 201)
    assert made["answer"]["name"] == "x y"
    assert made["headers"]["content-type"] == "application/json"
    assert made["answer_headers"]["content-type"] == "application/json; charset=utf-8"
    assert (read["path"], read["body"], read["status"]) == (f"/api/v3{labels}/x%20y", None, 200)
    assert (refused["body"], refused["status"]) == (None, 400)


def test_nothing_is_written_down_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_RECORD", raising=False)
    with hub(tmp_path) as served:
        served.ask("GET", "/rate_limit", "ada")
        assert [request.path for request in served.github.requests] == ["/api/v3/rate_limit"]
    assert list(tmp_path.glob("**/*.jsonl")) == []
