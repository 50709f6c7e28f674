"""What people said on GitHub and nobody answered; and GitHub's own doorbell."""

import logging
from datetime import datetime
from typing import Any

from bot.clients.github_comments import MARK, Comments, mark_of, moment
from bot.clients.github_connection import Expecting, answered
from bot.events import LABEL, RING, CommentWritten, IdeaLabelled, parse_comment

RESULTS = ("rocket", "confused")
logger = logging.getLogger(__name__)


class Hearing(Comments):
    """Commands and labels whose own job left no trace."""

    def __init__(self, token: str, repository: str, api_url: str) -> None:
        super().__init__(token, repository, api_url)
        self._answered_at: dict[int, str] = {}
        """When we answered last on each issue and PR, as far as comments were listed."""

    @answered
    def unanswered(self, since: float) -> tuple[CommentWritten, ...]:
        query = {"since": moment(since), "sort": "created", "direction": "asc"}
        listed = list(self._pages("issues/comments", query))
        self._answered_at = {_place(c): c["created_at"] for c in listed if self._is_answer(c)}
        replies = {mark_of(c["body"]): c["user"] for c in listed if MARK in (c["body"] or "")}
        found = []
        for comment in listed:
            written = parse_comment(
                comment,
                place=_place(comment),
                is_pull="/pull/" in comment["html_url"],
            )
            assert written.written_at is not None
            # Who gave a reaction is not asked: it would take a request for each answered command.
            has_result = any(comment.get("reactions", {}).get(each) for each in RESULTS)
            is_edited = comment["updated_at"] != comment["created_at"]
            if has_result or is_edited or written.written_at < since:
                continue
            reply = replies.get(f"{MARK}reply:{written.comment_id} -->")
            if reply is None or reply["id"] != self._bot_id:
                found.append(written)
        return tuple(found)

    @answered
    def labelled(self, since: float) -> tuple[int, ...]:
        if (listed := self._came_along.pop("issues", None)) is not None:
            found = [(idea["number"], idea["updatedAt"]) for idea in listed]
        else:
            query = {"labels": LABEL, "state": "open", "since": moment(since)}
            issues = [each for each in self._pages("issues", query) if "pull_request" not in each]
            found = [(issue["number"], issue["updated_at"]) for issue in issues]
        # If our answer is the last thing that happened there, it is behind the label.
        last = {
            number: max(moment(since), self._answered_at.get(number, "")) for number, _ in found
        }
        return tuple(number for number, updated_at in found if updated_at > last[number])

    @answered
    def labelling(self, place: int) -> IdeaLabelled | None:
        with Expecting(404, 410):
            given = [
                event
                for event in self._pages(f"issues/{place}/events", {})
                if event["event"] == "labeled" and event["label"]["name"] == LABEL
            ]
            if not given or (person := given[-1]["actor"]) is None or person["type"] != "User":
                return None
            labelled_at = given[-1]["created_at"]
            after = self._pages(f"issues/{place}/comments", {"since": labelled_at})
            if any(self._is_answer(comment) for comment in after):
                return None
            seconds = datetime.fromisoformat(labelled_at).timestamp()
            return IdeaLabelled(place, person["login"], seconds)
        return None

    @answered
    def ring(self) -> bool:
        repository = self._repository
        with Expecting(403, 404, 422) as answer:
            repository.requester.requestJsonAndCheck(
                "POST", f"{repository.url}/dispatches", input={"event_type": RING}
            )
            return True
        logger.warning("nobody can be rung: %s", answer.reason)
        return False

    def _is_answer(self, comment: dict[str, Any]) -> bool:
        """Whether we have answered with this; that GitHub or W&B was down is no answer."""
        mark = mark_of(comment["body"])
        told = mark and not mark.startswith(f"{MARK}trouble:")
        return bool(told) and comment["user"] is not None and comment["user"]["id"] == self._bot_id


def _place(comment: dict[str, Any]) -> int:
    return int(comment["issue_url"].rpartition("/")[2])
