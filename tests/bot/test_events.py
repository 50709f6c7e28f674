from typing import Any

import pytest

from bot.events import CommentWritten, FormSent, IdeaLabelled, PullMoved, Rang, parse

AT = "2026-11-21T20:00:00Z"
SECONDS = 1795291200.0


def comment(**changes: Any) -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": 47, "pull_request": {"url": "…"}},
        "comment": {
            "id": 9,
            "user": {"login": "octocat", "type": "User"},
            "body": "/launch",
            "created_at": AT,
        },
        **changes,
    }


def test_a_comment_on_a_pr() -> None:
    event = parse("issue_comment", comment())
    assert event == CommentWritten(47, 9, "octocat", "/launch", is_pull=True, written_at=SECONDS)


def test_a_comment_on_an_issue_without_text() -> None:
    said = {"id": 9, "user": {"login": "octocat", "type": "User"}, "body": None, "created_at": AT}
    event = parse("issue_comment", comment(issue={"number": 41}, comment=said))
    assert event == CommentWritten(41, 9, "octocat", "", is_pull=False, written_at=SECONDS)


def test_a_labelled_idea() -> None:
    payload = {
        "action": "labeled",
        "issue": {"number": 41},
        "label": {"name": "experiment"},
        "sender": {"login": "hubot", "type": "User"},
    }
    assert parse("issues", payload) == IdeaLabelled(41, "hubot")


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize"])
def test_a_pull_that_moved(action: str) -> None:
    payload = {"action": action, "number": 47, "pull_request": {"head": {"sha": "c" * 40}}}
    assert parse("pull_request_target", payload) == PullMoved(47, "c" * 40)


@pytest.mark.parametrize(
    ("name", "payload", "source"),
    [
        ("repository_dispatch", {"action": "labhand-ring"}, "W&B"),
        ("schedule", {"schedule": "*/15 * * * *"}, "schedule"),
        ("workflow_dispatch", {"inputs": None}, "workflow_dispatch"),
    ],
)
def test_a_ring(name: str, payload: dict[str, Any], source: str) -> None:
    assert parse(name, payload) == Rang(source, has_writer=source == "W&B")


BOT = {
    "id": 9,
    "user": {"login": "labhand[bot]", "type": "Bot"},
    "body": "/launch",
    "created_at": AT,
}


def test_a_comment_of_an_app_is_known_for_one() -> None:
    event = parse("issue_comment", comment(comment=BOT))
    assert isinstance(event, CommentWritten)
    assert event.is_bot


APP = {"login": "renovate[bot]", "type": "Bot"}


def test_a_form_of_an_app_is_known_for_one() -> None:
    payload = {"inputs": {"command": "/launch", "number": "12"}, "sender": APP}
    event = parse("workflow_dispatch", payload)
    assert isinstance(event, FormSent)
    assert event.is_bot


def test_a_label_of_an_app_is_nothing() -> None:
    payload = {"label": {"name": "experiment"}, "issue": {"number": 41}, "sender": APP}
    assert parse("issues", {"action": "labeled", **payload}) == "an app set the label"


@pytest.mark.parametrize("number", ["12", " #12 ", 12])
def test_the_form_says_who_wants_what_where(number: object) -> None:
    inputs = {"command": "/launch seeds=5", "number": number}
    payload = {"inputs": inputs, "sender": {"login": "octocat", "type": "User"}}
    assert parse("workflow_dispatch", payload) == FormSent(12, "octocat", "/launch seeds=5")


@pytest.mark.parametrize("number", ["", "twelve", "../12", "１２", "-1", "1e3", None, "9" * 5000])
def test_a_form_without_a_number_is_nothing(number: object) -> None:
    payload = {"inputs": {"command": "/launch", "number": number}, "sender": {"login": "octocat"}}
    assert parse("workflow_dispatch", payload) == "the form names no issue and no PR"


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("issue_comment", comment(action="edited"), "nothing listens to issue_comment edited"),
        ("issues", {"action": "labeled", "label": {"name": "bug"}}, "not `experiment`"),
        ("issues", {"action": "labeled", "label": None}, "not `experiment`"),
        ("issues", {"action": "opened"}, "nothing listens to issues opened"),
        ("repository_dispatch", {"action": "deploy"}, "not `labhand-ring`"),
        ("push", {"ref": "refs/heads/main"}, "nothing listens to push"),
    ],
)
def test_what_is_none_of_ours_has_a_reason(name: str, payload: dict[str, Any], reason: str) -> None:
    found = parse(name, payload)
    assert isinstance(found, str)
    assert reason in found
