"""What goes wrong with a GitHub's requests and events, as PyGithub and listeners see it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import github
import pytest
from pydantic import ValidationError
from requests import RequestException

from bot.sandbox.faults import Fault, Faults
from bot.sandbox.github import GitHub
from bot.sandbox.serve import reserve, serve
from tests.sandbox.github_stage import ROLES, Home, Hub
from tests.sandbox.processes import lives
from tests.sandbox.wandb_stage import Hook

pytest_plugins = ("tests.sandbox.wandb_fixtures",)
COMMENTS = "POST /repos/*/issues/*/comments"
REPOSITORY = "GET /repos/*/*"


@dataclass
class Moody:
    """A repository with an issue, and what goes wrong with it."""

    faults: Faults
    home: Home
    issue: int

    def comment(self, text: str) -> None:
        self.home.seen_by("ada").get_issue(self.issue).create_comment(text)

    @property
    def comments(self) -> list[str]:
        return [comment.body for comment in self.home.state.threads[self.issue].comments]

    def ask(self, times: int) -> list[int]:
        return [self.home.ask("GET", "", "ada").status for _ in range(times)]

    def heard(self) -> list[str]:
        return [each.payload["comment"]["body"] for each in self.home.deliveries]


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("moody")
    bound, url = reserve()
    site = GitHub(url, folder / "git")
    made = Hub(site, folder / "source", {login: site.add_user(login) for login in ROLES})
    site.listeners.append(made.hear)
    faults.govern(github=site)
    with serve(faults.around("github", site.app), bound):
        yield made
    site.close()


@pytest.fixture
def moody(hub: Hub, faults: Faults) -> Iterator[Moody]:
    home = hub.home()
    issue = home.seen_by("ada").create_issue("Idea").number
    home.deliveries.clear()
    faults.reset(seed=0)
    yield Moody(faults, home, issue)
    faults.reset()


# Requests


@pytest.mark.parametrize(
    ("given", "seen", "written"),
    [
        ({"status": 502}, github.GithubException, []),
        ({"status": 502, "effect": True}, github.GithubException, ["first"]),
        ({"cut": "before"}, RequestException, []),
        ({"cut": "after"}, RequestException, ["first"]),
        ({"cut": "midway"}, RequestException, ["first"]),
    ],
)
def test_a_request_goes_wrong_before_or_after_its_effect(
    moody: Moody, given: dict[str, Any], seen: type[Exception], written: list[str]
) -> None:
    moody.faults.add(Fault(service="github", on=COMMENTS, **given))
    with pytest.raises(seen):
        moody.comment("first")
    assert moody.comments == written
    (struck,) = moody.faults.log
    assert struck.what == f"POST /repos/{moody.home.name}/issues/{moody.issue}/comments"
    moody.comment("second")
    assert moody.comments == [*written, "second"]


def test_a_status_has_a_body_and_headers(moody: Moody) -> None:
    body = {"message": "You have exceeded a secondary rate limit."}
    moody.faults.add(Fault(on=COMMENTS, status=403, body=body, headers={"retry-after": "7"}))
    with pytest.raises(github.RateLimitExceededException) as caught:
        moody.comment("first")
    moody.faults.add(Fault(on=REPOSITORY, status=503))
    assert caught.value.headers
    assert caught.value.headers["retry-after"] == "7"
    assert moody.home.ask("GET", "", "ada").message == "Service Unavailable"


def test_an_operation_of_graphql_goes_by_its_name(moody: Moody) -> None:
    moody.faults.add(Fault(on="mutation addReaction", status=502, effect=True))
    moody.faults.add(Fault(on="query Who", status=502))
    viewer = "{ viewer { login } }"
    assert moody.home.hub.graphql("ada", viewer).status == 200
    assert moody.home.hub.graphql("ada", f"query Other {viewer}").status == 200
    assert moody.home.hub.graphql("ada", f"query Who {viewer}").status == 502
    subject = moody.home.state.threads[moody.issue].node_id
    query = """mutation ($id: ID!) {
      addReaction(input: {subjectId: $id, content: EYES}) { reaction { content } } }"""
    assert moody.home.hub.graphql("ada", query, id=subject).status == 502
    assert [struck.what for struck in moody.faults.log] == [
        "query viewer",
        "mutation addReaction",
    ]


def test_reads_and_writes_can_be_told_apart(moody: Moody) -> None:
    moody.faults.add(Fault(on="write", status=502, times=None))
    assert moody.ask(2) == [200, 200]
    assert moody.home.hub.graphql("ada", "{ viewer { login } }").status == 200
    with pytest.raises(github.GithubException):
        moody.comment("first")


def test_some_occasions_go_well(moody: Moody) -> None:
    moody.faults.add(Fault(on=REPOSITORY, status=502, skip=1, times=2))
    assert moody.ask(4) == [200, 502, 502, 200]


def test_of_several_the_first_that_is_due_strikes(moody: Moody) -> None:
    moody.faults.add(Fault(on=REPOSITORY, status=500), Fault(on="read", status=503))
    assert moody.ask(3) == [500, 503, 200]


def test_the_seed_decides(moody: Moody) -> None:
    def struck(seed: int) -> list[int]:
        moody.faults.reset(seed)
        moody.faults.add(Fault(on=REPOSITORY, status=502, times=None, chance=0.5))
        moody.ask(12)
        return [each.occasion for each in moody.faults.log]

    first = struck(1)
    assert 0 < len(first) < 12
    assert struck(1) == first
    assert struck(2) != first


def test_luck_does_not_depend_on_who_else_asks(moody: Moody) -> None:
    def struck(threads: int) -> list[tuple[int, int]]:
        moody.faults.reset(seed=3)
        moody.faults.add(
            Fault(on=REPOSITORY, status=502, times=None, chance=0.5),
            Fault(on=REPOSITORY, status=500, times=None, chance=0.3),
        )
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(moody.ask, [1] * 24))
        return sorted((each.place, each.occasion) for each in moody.faults.log)

    assert struck(8) == struck(1)


def test_a_delayed_write_comes_behind_a_later_one(moody: Moody) -> None:
    moody.faults.add(Fault(on=COMMENTS, delay_seconds=0.5))
    slow = threading.Thread(target=moody.comment, args=["first"])
    slow.start()
    while not moody.faults.log:
        time.sleep(0.01)
    moody.comment("second")
    slow.join()
    assert moody.comments == ["second", "first"]


def test_an_answer_comes_piece_by_piece(moody: Moody) -> None:
    moody.faults.add(Fault(on=REPOSITORY, pace_seconds=0.01))
    assert moody.home.ask("GET", "", "ada").body["full_name"] == moody.home.name
    assert moody.faults.unused == []


WRITER = """
import subprocess, sys, urllib.request
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
url, token = sys.argv[1:]
headers = {"authorization": f"Bearer {token}"}
urllib.request.urlopen(urllib.request.Request(url, b'{"body": "last words"}', headers))
"""


def test_whoever_writes_is_killed_with_its_children(moody: Moody) -> None:
    moody.faults.add(Fault(on=COMMENTS, cut="after", kill=True))
    url = f"{moody.home.hub.github.api_url}/repos/{moody.home.name}/issues/{moody.issue}/comments"
    command = [sys.executable, "-c", WRITER, url, moody.home.hub.tokens["ada"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == -9, done.stderr
    assert moody.comments == ["last words"]
    while lives(int(done.stdout)):
        time.sleep(0.01)


# Mail


@pytest.mark.parametrize(("given", "heard"), [({"copies": 5}, 5), ({"lose": True}, 0)])
def test_an_event_arrives_often_or_never(
    moody: Moody, hook: Hook, given: dict[str, Any], heard: int
) -> None:
    config = {"url": hook.url, "content_type": "json"}
    moody.home.seen_by("boss").create_hook("web", config, events=["issue_comment", "issues"])
    assert "zen" in hook.rings.get(timeout=60)[0]
    moody.home.deliveries.clear()
    moody.faults.add(Fault(service="github", on="issue_comment", **given))
    moody.comment("first")
    moody.home.seen_by("ada").create_issue("Behind it")
    events = [each.event for each in moody.home.deliveries]
    assert events == [*["issue_comment"] * heard, "issues"]
    rung = [hook.rings.get(timeout=60)[0] for _ in range(heard + 1)]
    assert [("comment" in each) for each in rung] == [*[True] * heard, False]
    assert moody.comments == ["first"]


def test_an_event_comes_late(moody: Moody) -> None:
    moody.faults.add(Fault(service="github", on="issue_comment", late_seconds=0.3))
    moody.comment("first")
    moody.comment("second")
    assert moody.heard() == ["second"]
    while len(moody.home.deliveries) < 2:
        time.sleep(0.01)
    assert moody.heard() == ["second", "first"]


def test_what_is_held_back_comes_when_all_is_well_again(moody: Moody) -> None:
    moody.faults.add(Fault(service="github", on="issue_comment", late_seconds=3600))
    moody.comment("first")
    assert moody.heard() == []
    moody.faults.clear()
    assert moody.heard() == ["first"]
    assert (moody.faults.planned, len(moody.faults.log)) == ([], 1)


def test_events_come_out_of_order(moody: Moody) -> None:
    said = ["one", "two", "three", "four"]

    def order(seed: int) -> list[str]:
        moody.home.deliveries.clear()
        moody.faults.reset(seed)
        moody.faults.add(Fault(service="github", on="issue_comment", shuffle=4, times=None))
        for text in said[:3]:
            moody.comment(text)
        assert moody.heard() == []
        moody.comment(said[3])
        return moody.heard()

    first = order(1)
    assert first != said
    assert sorted(first) == sorted(said)
    assert order(1) == first
    assert any(order(seed) != first for seed in range(2, 6))


# What can be said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "say what happens"),
        ({"status": 502, "lose": True}, "say what happens"),
        ({"status": 99}, "greater than"),
        ({"status": 502, "cut": "before"}, "exclude"),
        ({"cut": "before", "effect": True}, "go with `status`"),
        ({"status": 502, "kill": True}, "goes with `cut`"),
        ({"act": "refusal"}, "claude"),
        ({"act": "shrug", "service": "claude"}, "refusal"),
        ({"stuck": True}, "wandb"),
        ({"stuck": True, "service": "wandb", "skip": 1}, "for ever"),
        ({"copies": 5, "service": "claude"}, "no mail"),
        ({"sttus": 502}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Fault(**given)


def test_a_fault_can_be_written_as_json() -> None:
    fault = Fault(service="github", on=COMMENTS, status=502, effect=True, times=3, chance=0.25)
    assert Fault.model_validate_json(fault.model_dump_json(exclude_defaults=True)) == fault
