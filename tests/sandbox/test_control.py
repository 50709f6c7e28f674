"""Faults scripted over HTTP, as a person does it with curl."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anthropic
import pytest

from bot.sandbox.claude import Claude, Scenario, Turn
from bot.sandbox.control import Control
from bot.sandbox.faults import Faults
from bot.sandbox.serve import reserve, serve


@dataclass
class Desk:
    """A Claude, and the control beside it."""

    claude: Claude
    url: str
    resets: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, None if body is None else data, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def say(self) -> str:
        """What Claude answers to the SDK, which tries once."""
        client = anthropic.Anthropic(
            api_key=self.claude.api_key, base_url=self.claude.url, max_retries=0
        )
        message = client.messages.create(
            model="claude-sonnet-5-5",
            max_tokens=100,
            messages=[{"role": "user", "content": "Hello"}],
        )
        return message.content[0].text


@pytest.fixture
def desk() -> Iterator[Desk]:
    faults = Faults()
    (bound, url), (control_bound, control_url) = reserve(), reserve()
    claude = Claude(url, script=[Scenario("Hello", [Turn("Good morning.")])])
    made = Desk(claude, control_url)
    app = Control(faults, lambda: made.resets.append("reset")).app
    with serve(faults.around("claude", claude.app), bound), serve(app, control_bound):
        yield made


def test_a_person_scripts_a_fault_and_reads_what_struck(desk: Desk) -> None:
    overloaded = {"service": "claude", "on": "POST /v1/messages", "status": 529}
    assert desk.ask("POST", "/faults", [overloaded]) == (201, [overloaded])
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error") as caught:
        desk.say()
    assert caught.value.status_code == 529
    assert desk.say() == "Good morning."
    assert desk.ask("GET", "/faults") == (200, [{**overloaded, "occasions": 2, "struck": 1}])
    struck = {
        "service": "claude",
        "what": "POST /v1/messages",
        "occasion": 1,
        "fault": overloaded,
    }
    assert desk.ask("GET", "/log") == (200, [struck])


@pytest.mark.parametrize(
    ("act", "seen"),
    [
        ("bad_event", json.JSONDecodeError),
        ("early_end", json.JSONDecodeError),
        ("error_event", json.JSONDecodeError),
    ],
)
def test_an_answer_in_one_piece_is_spoilt_too(desk: Desk, act: str, seen: type[Exception]) -> None:
    desk.ask("POST", "/faults", [{"service": "claude", "act": act}])
    with pytest.raises(seen):
        desk.say()


def test_all_is_well_again(desk: Desk) -> None:
    desk.ask("POST", "/faults", [{"service": "claude", "cut": "before", "times": None}])
    with pytest.raises(anthropic.APIConnectionError):
        desk.say()
    assert desk.ask("DELETE", "/faults") == (204, None)
    assert desk.say() == "Good morning."
    assert desk.ask("GET", "/faults") == (200, [])
    assert len(desk.ask("GET", "/log")[1]) == 1


def test_the_beginning_again(desk: Desk) -> None:
    chance = {"service": "claude", "status": 529, "times": None, "chance": 0.5}

    def struck(seed: int) -> list[int]:
        assert desk.ask("POST", "/reset", {"seed": seed}) == (204, None)
        assert desk.ask("GET", "/faults") == (200, [])
        desk.ask("POST", "/faults", [chance])
        for _ in range(12):
            try:
                desk.say()
            except anthropic.APIStatusError:
                continue
        return [each["occasion"] for each in desk.ask("GET", "/log")[1]]

    first = struck(1)
    assert struck(1) == first
    assert struck(2) != first
    assert desk.resets == ["reset"] * 3


@pytest.mark.parametrize(
    ("method", "path", "body", "where", "what"),
    [
        ("POST", "/faults", b"[{", "body", "Invalid JSON"),
        ("POST", "/faults", {}, "body", "array"),
        ("POST", "/faults", [{"status": 502}, {"status": "502!"}], "1.status", "integer"),
        ("POST", "/faults", [{"sttus": 502}], "0.sttus", "Extra inputs"),
        ("POST", "/faults", [{}], "0", "say what happens"),
        ("POST", "/reset", {"seed": "x"}, "seed", "integer"),
    ],
)
def test_what_cannot_be_done_is_explained(
    desk: Desk, method: str, path: str, body: Any, where: str, what: str
) -> None:
    status, answer = desk.ask(method, path, body)
    assert status == 422
    (error,) = answer["errors"]
    assert error["where"] == where
    assert what in error["what"]
    assert {"status", "cut", "copies", "chance"} <= answer["allowed"].keys()
    assert desk.ask("GET", "/faults") == (200, [])
    assert desk.resets == []
