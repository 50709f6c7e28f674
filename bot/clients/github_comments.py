"""GitHub comments: each said once, found again by its author and its marker."""

import logging
from typing import TYPE_CHECKING

from bot.clients.github_connection import Connection, Expecting, answered

if TYPE_CHECKING:
    from github.IssueComment import IssueComment

MARK = "<!-- labhand:"
logger = logging.getLogger(__name__)


class Comments(Connection):
    """What the bot says on issues and PRs; a comment that a person deleted stays deleted."""

    @answered
    def say(self, place: int, key: str, body: str) -> int:
        mark = f"{MARK}{key} -->"
        if found := self._own(place, mark):
            return min(found)
        posted = self._repository.get_issue(place).create_comment(_marked(body, mark))
        # Another workflow run may have found nothing either: the lowest id wins.
        first = min([posted.id, *self._own(place, mark)])
        if first != posted.id:
            with Expecting(404):
                posted.delete()
        return first

    @answered
    def edit(self, comment_id: int, body: str) -> None:
        with Expecting(404):
            comment = self._comment(comment_id)
            text = _marked(body, _mark_of(comment.body))
            if comment.body != text:
                comment.edit(text)
            return
        logger.info("comment %s is gone: nothing to edit", comment_id)

    @answered
    def said(self, comment_id: int) -> str:
        with Expecting(404):
            text = self._comment(comment_id).body
            return text.removesuffix(_mark_of(text)).rstrip()
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
            self._comment(comment_id).create_reaction(content)
            return
        logger.info("comment %s is gone: nothing to react to", comment_id)

    def _comment(self, comment_id: int) -> "IssueComment":
        from github.IssueComment import IssueComment

        repository = self._repository
        return IssueComment(
            repository.requester, url=f"{repository.url}/issues/comments/{comment_id}"
        )

    def _own(self, place: int, mark: str) -> list[int]:
        comments = self._repository.get_issue(place).get_comments()
        return [c.id for c in comments if _mark_of(c.body) == mark and c.user.id == self._bot_id]


def _marked(body: str, mark: str) -> str:
    """Put the marker on the last line, and take its power from any that the text itself holds."""
    return f"{body.replace(MARK, MARK.replace('<', '&lt;'))}\n\n{mark}".rstrip()


def _mark_of(text: str | None) -> str:
    last = (text or "").rstrip().rpartition("\n")[2].strip()
    return last if last.startswith(MARK) else ""
