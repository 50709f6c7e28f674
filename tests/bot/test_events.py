from typing import Any

import pytest

from bot.events import CommentWritten, IdeaLabelled, Rang, parse


def comment(**changes: Any) -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": 47, "pull_request": {"url": "…"}},
        "comment": {"id": 9, "user": {"login": "octocat", "type": "User"}, "body": "/launch"},
        **changes,
    }


def test_a_comment_on_a_pr() -> None:
    event = parse("issue_comment", comment())
    assert event == CommentWritten(47, 9, "octocat", "/launch", is_pull=True)


def test_a_comment_on_an_issue_without_text() -> None:
    said = {"id": 9, "user": {"login": "octocat", "type": "User"}, "body": None}
    event = parse("issue_comment", comment(issue={"number": 41}, comment=said))
    assert event == CommentWritten(41, 9, "octocat", "", is_pull=False)


def test_a_labelled_idea() -> None:
    payload = {
        "action": "labeled",
        "issue": {"number": 41},
        "label": {"name": "experiment"},
        "sender": {"login": "hubot"},
    }
    assert parse("issues", payload) == IdeaLabelled(41, "hubot")


@pytest.mark.parametrize(
    ("name", "payload", "source"),
    [
        ("repository_dispatch", {"action": "labhand-ring"}, "W&B"),
        ("schedule", {"schedule": "*/15 * * * *"}, "schedule"),
        ("workflow_dispatch", {"inputs": None}, "workflow_dispatch"),
    ],
)
def test_a_ring(name: str, payload: dict[str, Any], source: str) -> None:
    assert parse(name, payload) == Rang(source)


BOT = {"id": 9, "user": {"login": "labhand[bot]", "type": "Bot"}, "body": "/launch"}


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("issue_comment", comment(comment=BOT), "a bot wrote this comment"),
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
