"""Rate limits as the bot's own client meets them: it waits a little, and never for hours."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.ports import Limited
from bot.sandbox import github as sandbox
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.serve import reserve, serve
from tests.contract.hub import SandboxHub, head

WAIT = r"GitHub asks us to wait until \d\d:\d\d UTC"


@dataclass
class Clock:
    """The real time, and how far the sandbox is ahead of it, in seconds."""

    ahead: float = 0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[sandbox.GitHub]:
    bound, url = reserve()
    made = sandbox.GitHub(url, tmp_path_factory.mktemp("github"), now=clock)
    with serve(made.app, bound):
        yield made
    made.close()


@pytest.fixture
def limited(server: sandbox.GitHub, tmp_path: Path, clock: Clock) -> SandboxHub:
    """A repository on a GitHub whose limits a test may tighten, after a quiet hour."""
    clock.ahead += 3600
    server.limit(sandbox.Limits())
    return SandboxHub(server, tmp_path)


def _answers(hub: SandboxHub, method: str) -> list[int]:
    """How the bot's requests of this kind were answered."""
    bot = "github-actions[bot]"
    mine = [each for each in hub.server.requests if each.login == bot and hub.name in each.path]
    return [each.status for each in mine if each.method == method]


def test_a_read_waits_as_long_as_it_is_asked_to(limited: SandboxHub, clock: Clock) -> None:
    assert head(limited.forge)
    limited.server.limit(sandbox.Limits(rest_points=1))
    clock.ahead += 59.5
    assert head(limited.forge)
    assert _answers(limited, "GET") == [200, 403, 200]


def test_a_write_that_came_too_early_is_sent_again(limited: SandboxHub, clock: Clock) -> None:
    place = limited.open_issue("Averaging")
    limited.forge.say(place, "one", "1")
    limited.server.limit(sandbox.Limits(contents_per_minute=1))
    clock.ahead += 59.5
    limited.forge.say(place, "two", "2")
    assert _answers(limited, "POST") == [201, 403, 201]
    assert [seen.body[0] for seen in limited.comments(place)] == ["1", "2"]


def test_room_that_others_took_is_waited_for_again(sandbox_hub: SandboxHub, faults: Faults) -> None:
    place = sandbox_hub.open_issue("Averaging")
    told = {"message": "You have exceeded a secondary rate limit."}
    soon = {"retry-after": "0"}
    faults.add(Fault(on="POST */comments", status=403, headers=soon, body=told, times=5))
    sandbox_hub.forge.say(place, "one", "1")
    assert faults.planned[0].struck == 5
    assert len(sandbox_hub.comments(place)) == 1


def test_a_write_that_must_wait_for_an_hour_is_an_outage(limited: SandboxHub, clock: Clock) -> None:
    place = limited.open_issue("Averaging")
    limited.forge.say(place, "one", "1")
    limited.server.limit(sandbox.Limits(contents_per_hour=1))
    with pytest.raises(Limited, match=f"{WAIT}: You have exceeded a secondary rate limit"):
        limited.forge.say(place, "two", "2")
    assert _answers(limited, "POST") == [201, 403]
    clock.ahead += 3600
    limited.forge.say(place, "two", "2")
    assert len(limited.comments(place)) == 2


def test_a_spent_hour_is_an_outage(limited: SandboxHub) -> None:
    limited.server.limit(sandbox.Limits(job=0))
    with pytest.raises(Limited, match=f"{WAIT}: API rate limit exceeded for installation"):
        limited.forge.head("main")
    assert _answers(limited, "GET") == [403]


def test_a_limit_is_no_verdict_on_a_person(limited: SandboxHub) -> None:
    limited.server.limit(sandbox.Limits(job=0))
    with pytest.raises(Limited, match=WAIT):
        limited.forge.role("ada")


def test_an_hour_that_is_nearly_over_is_waited_for(sandbox_hub: SandboxHub, faults: Faults) -> None:
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()))}
    told = {"message": "API rate limit exceeded for installation ID 7."}
    faults.add(Fault(on="GET */git/ref/*", status=403, headers=spent, body=told))
    assert head(sandbox_hub.forge)


def test_a_spent_hour_of_graphql_is_an_outage(limited: SandboxHub) -> None:
    limited.server.limit(sandbox.Limits(job=0))
    with pytest.raises(Limited, match=f"{WAIT}: API rate limit already exceeded"):
        limited.forge.read_ledger()


def test_the_older_word_of_graphql_is_known_too(sandbox_hub: SandboxHub, faults: Faults) -> None:
    error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 7."}
    faults.add(Fault(on="query *", status=200, body={"errors": [error]}))
    with pytest.raises(Limited, match="GitHub asks us to wait: API rate limit exceeded"):
        sandbox_hub.forge.read_ledger()


def test_an_ordinary_refusal_is_not_asked_again(limited: SandboxHub) -> None:
    token = limited.server.job_token(limited.name, {"contents": "read"})
    limited.client(token=token).set_schedule(False)
    assert limited.schedule_is_on()
    assert _answers(limited, "PUT") == [403]
