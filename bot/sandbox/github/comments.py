"""Comments on issues and pull requests."""

from typing import Any

from bot.sandbox.github.auth import Actor, grants, may, scopes_of
from bot.sandbox.github.call import NOT_YOURS, Answer, Call, Routes, invalid, not_found
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import threads
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Comment, Issue, Role, now

routes = Routes()
ON_ISSUE = "/repos/{owner}/{repo}/issues/{number}/comments"
IN_REPOSITORY = "/repos/{owner}/{repo}/issues/comments"
LIMIT = 262_144  # UTF-8 bytes, whatever the message says
TOO_LONG = "Body is too long (maximum is 65536 characters)"


def post(site: Site, actor: Actor, issue: Issue, body: str) -> Comment:
    """Add a comment and say so."""
    assert actor.user
    comment = Comment(id=site.next_id(), issue=issue, author=actor.user, body=_checked(body))
    issue.comments.append(comment)
    issue.updated_at = now()
    issue.repository.comments[comment.id] = site.keep(comment)
    _tell(site, actor, comment, "created")
    return comment


def of(call: Call) -> Comment:
    """The comment whose number stands in the address."""
    found = call.repository.comments.get(call.number("comment"))
    if found is None:
        raise not_found()
    return found


def may_change(actor: Actor, comment: Comment) -> bool:
    """Its author may, and whoever may write."""
    repository, scopes = comment.issue.repository, scopes_of(comment.issue)
    if comment.author is actor.user:
        return grants(actor, repository, "write", *scopes)
    return may(actor, repository, Role.WRITE, *scopes)


def _checked(body: str) -> str:
    if not body.strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    if len(body.encode()) > LIMIT:
        raise invalid("IssueComment", "data", "unprocessable", TOO_LONG)
    return body


def _tell(site: Site, actor: Actor, comment: Comment, action: str, **more: Any) -> None:
    content = {"issue": threads.issue(comment.issue), "comment": threads.comment(comment)}
    repository = comment.issue.repository
    emit(site, repository, actor, "issue_comment", action=action, **content, **more)


@routes("POST", ON_ISSUE, 201)
def create(call: Call) -> Any:
    """Anybody who sees a repository may comment."""
    issue = call.issue
    call.need_grant(*scopes_of(issue))
    return threads.comment(post(call.site, call.actor, issue, call.text("body")))


@routes("GET", ON_ISSUE)
def list_on_issue(call: Call) -> Answer:
    """The comments of a thread, oldest first."""
    call.need(Role.READ, *scopes_of(call.issue))
    since = call.query.get("since", "")
    found = [comment for comment in call.issue.comments if comment.updated_at >= since]
    return call.page(found, threads.comment)


@routes("GET", IN_REPOSITORY)
def list_all(call: Call) -> Answer:
    """The comments of a repository."""
    call.need(Role.READ, "issues", "pull-requests")
    since = call.query.get("since", "")
    found = [item for item in call.repository.comments.values() if item.updated_at >= since]
    if call.query.get("sort") == "updated":
        found.sort(key=lambda comment: comment.updated_at)
    if call.query.get("sort") and call.query.get("direction", "desc") == "desc":
        found.reverse()
    return call.page(found, threads.comment)


@routes("GET", IN_REPOSITORY + "/{comment}")
def get(call: Call) -> Any:
    """One comment."""
    call.need(Role.READ, *scopes_of(of(call).issue))
    return threads.comment(of(call))


@routes("PATCH", IN_REPOSITORY + "/{comment}")
def update(call: Call) -> Any:
    """Change a comment's text and say so."""
    comment = of(call)
    if call.user and not may_change(call.actor, comment):
        call.deny(NOT_YOURS)
    body = _checked(call.text("body"))
    changes = {"body": {"from": comment.body}}
    comment.body, comment.updated_at = body, now()
    _tell(call.site, call.actor, comment, "edited", changes=changes)
    return threads.comment(comment)


@routes("DELETE", IN_REPOSITORY + "/{comment}", 204)
def delete(call: Call) -> None:
    """Remove a comment and say so."""
    comment = of(call)
    if call.user and not may_change(call.actor, comment):
        call.deny(NOT_YOURS)
    comment.issue.comments.remove(comment)
    del call.repository.comments[comment.id]
    del call.site.nodes[comment.node_id]
    _tell(call.site, call.actor, comment, "deleted")
