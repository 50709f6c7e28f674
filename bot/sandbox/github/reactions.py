"""Reactions to issues, pull requests and comments."""

from typing import Any

from bot.sandbox.github import comments
from bot.sandbox.github.auth import scopes_of
from bot.sandbox.github.call import Answer, Call, Routes, invalid, not_found
from bot.sandbox.github.shapes import threads
from bot.sandbox.github.state import Comment, Issue, Reaction, Role

routes = Routes()
ISSUE = "/repos/{owner}/{repo}/issues/{number}/reactions"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment}/reactions"


def _subject(call: Call) -> Issue | Comment:
    subject = comments.of(call) if "comment" in call.path else call.issue
    issue = subject.issue if isinstance(subject, Comment) else subject
    if call.method == "GET":
        call.need(Role.READ, *scopes_of(issue))
    else:
        call.need_grant(*scopes_of(issue))
    return subject


@routes("GET", COMMENT)
@routes("GET", ISSUE)
def list_all(call: Call) -> Answer:
    """Who reacted, and how."""
    wanted = call.query.get("content")
    found = [given for given in _subject(call).reactions if wanted in (None, given.content)]
    return call.page(found, threads.reaction)


@routes("POST", COMMENT)
@routes("POST", ISSUE)
def create(call: Call) -> Any:
    """React; doing it twice gives the first reaction again, with 200 instead of 201."""
    subject, content = _subject(call), call.text("content")
    if content not in threads.CONTENTS:
        raise invalid("Reaction", "content", "invalid")
    for given in subject.reactions:
        if given.user is call.user and given.content == content:
            return threads.reaction(given)
    reaction = Reaction(id=call.site.next_id(), user=call.user, content=content)
    subject.reactions.append(reaction)
    return Answer(201, threads.reaction(reaction))


@routes("DELETE", COMMENT + "/{reaction}", 204)
@routes("DELETE", ISSUE + "/{reaction}", 204)
def delete(call: Call) -> None:
    """Take one's own reaction back."""
    subject = _subject(call)
    for given in subject.reactions:
        if given.id == call.number("reaction") and given.user is call.user:
            subject.reactions.remove(given)
            return
    raise not_found()
