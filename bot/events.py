"""What can happen: GitHub's payloads in our own words."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class IdeaLabelled:
    """Somebody put the label `experiment` on an issue, or the issue form did it for them."""

    place: int
    sender: str


@dataclass(frozen=True)
class Rang:
    """A doorbell: something may have changed."""

    source: str


Event = CommentWritten | IdeaLabelled | Rang


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
            comment, issue = payload["comment"], payload["issue"]
            if comment["user"]["type"] == "Bot":
                return "a bot wrote this comment"
            return CommentWritten(
                place=issue["number"],
                comment_id=comment["id"],
                author=comment["user"]["login"],
                body=comment["body"] or "",
                is_pull="pull_request" in issue,
            )
        case "issues", "labeled":
            if (payload.get("label") or {}).get("name") != LABEL:
                return f"the label is not `{LABEL}`"
            return IdeaLabelled(payload["issue"]["number"], payload["sender"]["login"])
        case "repository_dispatch", _:
            return Rang("W&B") if action == RING else f"the dispatch is not `{RING}`"
        case (("schedule" | "workflow_dispatch"), _):
            return Rang(name)
    return f"nothing listens to {name} {action or ''}".rstrip()
