"""GitHub comments: each said once, found again by its author and its marker."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from bot.clients.github_connection import Connection, Expecting, answered

if TYPE_CHECKING:
    from github.IssueComment import IssueComment

MARK = "<!-- labhand:"
PAGE = 100
SEEN = "eyes"
"""What `action.yml` puts on a command before Python is there."""
MOST_ISSUES = 100
"""An errand is finished within minutes: its issue is among the latest."""
logger = logging.getLogger(__name__)


class Comments(Connection):
    """What the bot says on issues and PRs; a comment that a person deleted stays deleted."""

    _workflow_run: int

    @answered
    def say(self, place: int, key: str, body: str, *, alone: bool = False) -> int:
        mark = _mark(key)
        if found := self._own(place, mark):
            return min(found)
        posted = self._repository.get_issue(place).create_comment(_marked(body, mark))
        if alone and self._workflow_run:  # outside Actions nobody can tell who works
            return posted.id
        # Another workflow run may have found nothing either: the lowest id wins.
        first = min([posted.id, *self._own(place, mark)])
        if first != posted.id:
            with Expecting(404):
                posted.delete()
        return first

    @answered
    def edit(self, comment_id: int, key: str, body: str) -> None:
        with Expecting(404):
            self._comment(comment_id).edit(_marked(body, _mark(key)))
            return
        logger.info("comment %s is gone: nothing to edit", comment_id)

    @answered
    def said(self, comment_id: int) -> str:
        with Expecting(404):
            text = self._comment(comment_id).body
            return text.removesuffix(mark_of(text)).rstrip()
        return ""

    @answered
    def minimize(self, comment_id: int) -> None:
        with Expecting(404):
            self._comment(comment_id).minimize("OUTDATED")
            return
        logger.info("comment %s is gone: nothing to fold away", comment_id)

    @answered
    def react(self, comment_id: int, content: str) -> None:
        with Expecting(404):
            comment = self._comment(comment_id)
            comment.create_reaction(content)
            for given in comment.get_reactions():
                if given.content == SEEN and given.user.id == self._bot_id:
                    comment.delete_reaction(given.id)
            return
        logger.info("comment %s is gone: nothing to react to", comment_id)

    @answered
    def open_issue(self, key: str, title: str, body: str, labels: tuple[str, ...] = ()) -> int:
        mark = _mark(key)
        mine = self._repository.get_issues(state="all", sort="created", direction="desc")
        for found in islice(mine, MOST_ISSUES):
            if mark_of(found.body) == mark and found.user.id == self._bot_id:
                return found.number
        made = self._repository.create_issue(title, _marked(body, mark), labels=list(labels))
        return made.number

    @answered
    def write_issue(self, number: int, key: str, body: str) -> None:
        with Expecting(404, 410):
            self._repository.get_issue(number).edit(body=_marked(body, _mark(key)))
            return
        logger.info("issue %s is gone: nothing to write", number)

    @answered
    def pin(self, number: int) -> None:
        node = self._repository.get_issue(number).node_id
        with Expecting(400, 403) as answer:  # PyGithub takes any error of GraphQL for a 400
            self._mutate("pinIssue", {"issueId": node}, "issue { isPinned }")
            return
        logger.warning("issue %s is not pinned: %s", number, answer.reason)

    @answered
    def comments_of(self, login: str, since: float) -> tuple[str, ...]:
        start = datetime.fromtimestamp(since, UTC)
        query = {"since": moment(since), "sort": "created", "direction": "desc"}
        recent = takewhile(
            lambda comment: datetime.fromisoformat(comment["created_at"]) >= start,
            self._pages("issues/comments", query),
        )
        return tuple(
            comment["body"] or ""
            for comment in recent
            if (comment["user"] or {}).get("login") == login
        )

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """A listing's items; PyGithub would ask for each of them once more."""
        repository, number, has_more = self._repository, 0, True
        while has_more:
            number += 1
            headers, found = repository.requester.requestJsonAndCheck(
                "GET",
                f"{repository.url}/{path}",
                {**query, "per_page": PAGE, "page": number},
            )
            yield from found
            has_more = 'rel="next"' in headers.get("link", "")

    def _comment(self, comment_id: int) -> "IssueComment":
        from github.IssueComment import IssueComment

        repository = self._repository
        return IssueComment(
            repository.requester, url=f"{repository.url}/issues/comments/{comment_id}"
        )

    def _own(self, place: int, mark: str) -> list[int]:
        comments = self._repository.get_issue(place).get_comments()
        return [c.id for c in comments if mark_of(c.body) == mark and c.user.id == self._bot_id]


def _mark(key: str) -> str:
    return f"{MARK}{key} -->"


def _marked(body: str, mark: str) -> str:
    """Put the marker on the last line, and take its power from any that the text itself holds."""
    return f"{body.replace(MARK, MARK.replace('<', '&lt;'))}\n\n{mark}".rstrip()


def mark_of(text: str | None) -> str:
    """The marker on a comment's last line; empty if there is none."""
    last = (text or "").rstrip().rpartition("\n")[2].strip()
    return last if last.startswith(MARK) else ""


def moment(seconds: float) -> str:
    """A time as GitHub's queries take it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
