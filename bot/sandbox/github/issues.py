"""Issues: opened, edited, closed, listed, assigned."""

from collections.abc import Iterable
from typing import Any

from bot.sandbox.github import labelling, labels
from bot.sandbox.github.auth import Actor, may, scopes_of
from bot.sandbox.github.call import NOT_YOURS, Answer, Call, Routes, invalid
from bot.sandbox.github.payloads import tell_thread
from bot.sandbox.github.shapes import people, threads
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Issue, Label, Pull, Repository, Role, User, now

routes = Routes()
ISSUES = "/repos/{owner}/{repo}/issues"
BODY_LIMIT = 65_536  # code points
ASSIGNEE_LIMIT = 10


def open_issue(
    site: Site,
    actor: Actor,
    repository: Repository,
    title: str,
    body: str | None,
    given: Iterable[Label] = (),
    assignees: Iterable[User] = (),
) -> Issue:
    """Open an issue and say so: once, and once more for each label and assignee."""
    assert actor.user
    issue = Issue(
        id=site.next_id(),
        repository=repository,
        number=next(repository.numbers),
        author=actor.user,
        title=title,
        body=body,
        labels=list(dict.fromkeys(given)),
    )
    repository.threads[issue.number] = site.keep(issue)
    tell_thread(site, actor, issue, "opened")
    for label in issue.labels:
        labelling.note(site, actor, issue, "labeled", label)
    assign(site, actor, issue, assignees)
    return issue


def assign(site: Site, actor: Actor, issue: Issue, users: Iterable[User]) -> None:
    """Assign those who may be: people of the repository and of the conversation."""
    known = {issue.author, actor.user, *(comment.author for comment in issue.comments)}
    for user in users:
        welcome = user in known or people.association(issue.repository, user) != "NONE"
        if user not in issue.assignees and welcome and len(issue.assignees) < ASSIGNEE_LIMIT:
            issue.assignees.append(user)
            tell_thread(site, actor, issue, "assigned", assignee=people.user(user))


def set_state(site: Site, actor: Actor, issue: Issue, state: str, reason: str | None) -> None:
    """Close or reopen an issue or a pull request and say so."""
    if state not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if state == issue.state:
        return
    if isinstance(issue, Pull):
        _check_reopening(issue)
    issue.state, issue.updated_at = state, now()
    issue.closed_at = now() if state == "closed" else None
    issue.closed_by = actor.user if state == "closed" else None
    if not isinstance(issue, Pull):
        issue.state_reason = (reason or "completed") if state == "closed" else "reopened"
    tell_thread(site, actor, issue, "closed" if state == "closed" else "reopened")


def _check_reopening(pull: Pull) -> None:
    if pull.state == "closed" and (pull.merged_at or pull.head_tip != pull.head_sha):
        message = (
            f"state cannot be changed. The {pull.head_ref} branch was force-pushed or deleted."
        )
        raise invalid("PullRequest", "state", "invalid", message)


def edit(call: Call, issue: Issue) -> None:
    """Change title and body and say so; an over-long body is dropped without a word."""
    changes: dict[str, Any] = {}
    if (title := call.optional("title")) is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
        issue.title = title
    body = call.optional("body")
    if body is not None and body != issue.body and len(body) <= BODY_LIMIT:
        changes["body"] = {"from": issue.body or ""}
        issue.body = body
    if changes:
        issue.updated_at = now()
        tell_thread(call.site, call.actor, issue, "edited", changes=changes)


def need_author(call: Call, issue: Issue, role: Role) -> None:
    """Refuse those who neither wrote the thread nor have the role."""
    if issue.author is call.user:
        call.need_grant(*scopes_of(issue))
    else:
        call.need(role, *scopes_of(issue), forbidden=NOT_YOURS)


def _users(call: Call, logins: Any) -> list[User]:
    found = [call.site.user(login) for login in logins or []]
    return [user for user in found if user]


@routes("POST", ISSUES, 201)
def create(call: Call) -> Any:
    """Anybody who sees a repository may open an issue; labels need the right to label."""
    call.need_grant("issues")
    title, body = call.text("title"), call.optional("body")
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(body or "") > BODY_LIMIT:
        raise invalid("Issue", "body", "custom", "body is too long (maximum is 65536 characters)")
    trusted = may(call.actor, call.repository, Role.TRIAGE, "issues")
    logins = [call.fields.get("assignee"), *(call.fields.get("assignees") or [])]
    given = labels.named(call, call.fields.get("labels") or []) if trusted else []
    assignees = _users(call, filter(None, logins)) if trusted else []
    issue = open_issue(call.site, call.actor, call.repository, title, body, given, assignees)
    return threads.full_issue(issue)


@routes("GET", ISSUES)
def list_all(call: Call) -> Answer:
    """Issues and pull requests, newest first, filtered."""
    call.need(Role.READ, "issues")
    query = call.query
    wanted = {name.strip().lower() for name in query.get("labels", "").split(",") if name.strip()}
    state, since = query.get("state", "open"), query.get("since", "")
    creator, assignee = (query.get(name, "*").lower() for name in ("creator", "assignee"))

    def fits(issue: Issue) -> bool:
        return (
            state in ("all", issue.state)
            and (not wanted or wanted <= {label.name.lower() for label in issue.labels})
            and creator in ("*", issue.author.login.lower())
            and (assignee == "*" or assignee in {each.login.lower() for each in issue.assignees})
            and issue.updated_at >= since
        )

    found = [issue for issue in call.repository.threads.values() if fits(issue)]
    if query.get("sort") == "updated":
        found.sort(key=lambda issue: issue.updated_at)
    elif query.get("sort") == "comments":
        found.sort(key=lambda issue: len(issue.comments))
    if query.get("direction", "desc") == "desc":
        found.reverse()
    return call.page(found, threads.full_issue)


@routes("GET", ISSUES + "/{number}")
def get(call: Call) -> Any:
    """One issue or pull request."""
    call.need(Role.READ, "issues", "pull-requests")
    return threads.full_issue(call.issue)


@routes("PATCH", ISSUES + "/{number}")
def update(call: Call) -> Any:
    """Change an issue; its author may change the text and close it."""
    issue = call.issue
    need_author(call, issue, Role.TRIAGE)
    if "title" in call.fields or "body" in call.fields:
        need_author(call, issue, Role.WRITE)
    edit(call, issue)
    if may(call.actor, call.repository, Role.TRIAGE, *scopes_of(issue)):
        if call.fields.get("labels") is not None:
            labels.replace(call, issue, labels.named(call, call.fields["labels"]))
        if call.fields.get("assignees") is not None:
            wanted = _users(call, call.fields["assignees"])
            _unassign(call, issue, [user for user in issue.assignees if user not in wanted])
            assign(call.site, call.actor, issue, wanted)
    if call.fields.get("state"):
        reason = call.optional("state_reason")
        set_state(call.site, call.actor, issue, call.text("state"), reason)
    return threads.full_issue(issue)


@routes("POST", ISSUES + "/{number}/assignees", 201)
def add_assignees(call: Call) -> Any:
    """Assign users; who may not be assigned is left out without a word."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NOT_YOURS)
    assign(call.site, call.actor, call.issue, _users(call, call.fields.get("assignees")))
    return threads.full_issue(call.issue)


@routes("DELETE", ISSUES + "/{number}/assignees")
def remove_assignees(call: Call) -> Any:
    """Take the assignment from users."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NOT_YOURS)
    _unassign(call, call.issue, _users(call, call.fields.get("assignees")))
    return threads.full_issue(call.issue)


def _unassign(call: Call, issue: Issue, users: Iterable[User]) -> None:
    for user in users:
        if user in issue.assignees:
            issue.assignees.remove(user)
            gone = people.user(user)
            tell_thread(call.site, call.actor, issue, "unassigned", assignee=gone)
