"""What can happen: GitHub's payloads in our own words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LABEL = "experiment"
RING = "labhand-ring"


@dataclass(frozen=True)
class CommentWritten:
    """Somebody wrote a new comment on an issue or a PR."""

    place: int
    comment_id: int
    author: str
    body: str
    is_pull: bool
    is_bot: bool = False
    written_at: float | None = None
    """Seconds since the epoch; None for a command that no comment carries."""


@dataclass(frozen=True)
class FormSent:
    """Somebody sent a command through the form in the Actions tab, or from a terminal."""

    place: int
    person: str
    body: str
    is_bot: bool = False


@dataclass(frozen=True)
class IdeaLabelled:
    """Somebody put the label `experiment` on an issue, or the issue form did it for them."""

    place: int
    sender: str
    labelled_at: float | None = None
    """Seconds since the epoch; None where the event itself says so."""


@dataclass(frozen=True)
class PullMoved:
    """A PR was opened, or its branch points at another commit now."""

    place: int
    head: str


@dataclass(frozen=True)
class Rang:
    """A doorbell: something may have changed."""

    source: str
    has_writer: bool = False
    """Whether a job with a model follows the one that hears it."""


Event = CommentWritten | FormSent | IdeaLabelled | PullMoved | Rang


def parse(name: str, payload: Mapping[str, Any]) -> Event | str:
    """Turn a webhook's payload into one of our events.

    Args:
        name: the event's name, as in `GITHUB_EVENT_NAME`.
        payload: the event's JSON object.

    Returns:
        The event, or the reason why it is none of ours.
    """
    action = payload.get("action")
    match name, action:
        case "issue_comment", "created":
            issue = payload["issue"]
            return parse_comment(payload["comment"], issue["number"], "pull_request" in issue)
        case "issues", "labeled":
            if (payload.get("label") or {}).get("name") != LABEL:
                return f"the label is not `{LABEL}`"
            if payload["sender"]["type"] != "User":
                return "an app set the label"
            return IdeaLabelled(payload["issue"]["number"], payload["sender"]["login"])
        case "pull_request_target", ("opened" | "reopened" | "synchronize"):
            return PullMoved(payload["number"], payload["pull_request"]["head"]["sha"])
        case "repository_dispatch", _:
            return (
                Rang("W&B", has_writer=True) if action == RING else f"the dispatch is not `{RING}`"
            )
        case "workflow_dispatch", _ if inputs := payload.get("inputs"):
            number = str(inputs.get("number", "")).strip().lstrip("#")
            if not re.fullmatch(r"[0-9]{1,9}", number):
                return "the form names no issue and no PR"
            command, sender = str(inputs.get("command", "")), payload["sender"]
            return FormSent(int(number), sender["login"], command, sender["type"] != "User")
        case (("schedule" | "workflow_dispatch"), _):
            return Rang(name)
    return f"nothing listens to {name} {action or ''}".rstrip()


def parse_comment(comment: Mapping[str, Any], place: int, is_pull: bool) -> CommentWritten:
    """Turn a comment, as an event or a listing has it, into what somebody wrote.

    Args:
        comment: GitHub's JSON object.
        place: the number of the issue or PR.
        is_pull: whether it is a PR.
    """
    author = comment["user"] or {"login": "ghost", "type": "Bot"}  # the account was deleted
    return CommentWritten(
        place=place,
        comment_id=comment["id"],
        author=author["login"],
        body=comment["body"] or "",
        is_pull=is_pull,
        is_bot=author["type"] != "User",
        written_at=datetime.fromisoformat(comment["created_at"]).timestamp(),
    )
