"""Labels of a repository, and on issues and pull requests."""

import re
from collections.abc import Iterable
from typing import Any

from bot.sandbox.github import labelling
from bot.sandbox.github.auth import may, scopes_of
from bot.sandbox.github.call import Answer, Call, Refused, Routes, invalid, not_found
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import threads
from bot.sandbox.github.state import Issue, Label, Role, now

routes = Routes()
LABELS = "/repos/{owner}/{repo}/labels"
LABEL = LABELS + "/{name:path}"
GIVEN = "/repos/{owner}/{repo}/issues/{number}/labels"
NO_LABELLING = "You do not have permission to label this issue."


def named(call: Call, given: Any) -> list[Label]:
    """The labels of these names; a writer makes those that are missing.

    Args:
        call: The request, whose repository offers the labels.
        given: A list of names, or of objects with a `name`.
    """
    if not isinstance(given, list):
        raise Refused(422, "Invalid request.\n\nFor 'properties/labels', it is not an array.")
    found = []
    for item in given:
        name = item["name"] if isinstance(item, dict) else item
        label = call.repository.labels.get(name.lower())
        if label is None:
            if not may(call.actor, call.repository, Role.WRITE, "issues", "pull-requests"):
                raise invalid("Label", "name", "invalid")
            label = _make(call, name, "ededed", None)
        found.append(label)
    return found


def add(call: Call, issue: Issue, given: Iterable[Label]) -> None:
    """Put labels on a thread, and say so for each that is new."""
    for label in given:
        if label not in issue.labels:
            issue.labels.append(label)
            _tell(call, issue, "labeled", label)


def remove(call: Call, issue: Issue, given: Iterable[Label]) -> None:
    """Take labels off a thread, and say so for each."""
    for label in given:
        issue.labels.remove(label)
        _tell(call, issue, "unlabeled", label)


def replace(call: Call, issue: Issue, given: list[Label]) -> None:
    """Leave exactly these labels on a thread."""
    remove(call, issue, [label for label in issue.labels if label not in given])
    add(call, issue, given)


def _tell(call: Call, issue: Issue, action: str, label: Label) -> None:
    issue.updated_at = now()
    labelling.note(call.site, call.actor, issue, action, label)


def _make(call: Call, name: str, color: str, description: str | None) -> Label:
    label = Label(id=call.site.next_id(), name=name, color=color, description=description)
    call.repository.labels[name.lower()] = call.site.keep(label)
    shown = threads.label(call.repository, label)
    emit(call.site, call.repository, call.actor, "label", action="created", label=shown)
    return label


def _known(call: Call) -> Label:
    label = call.repository.labels.get(call.path["name"].lower())
    if label is None:
        raise not_found()
    return label


def _color(call: Call, default: str) -> str:
    color = call.text("color", default).lstrip("#")
    if not re.fullmatch("[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color", "invalid")
    return color.lower()


@routes("GET", LABELS)
def list_all(call: Call) -> Answer:
    """The labels that the repository offers."""
    call.need(Role.READ, "issues", "pull-requests")
    return call.page(
        call.repository.labels.values(), lambda label: threads.label(call.repository, label)
    )


@routes("POST", LABELS, 201)
def create(call: Call) -> Any:
    """Offer a new label."""
    call.need(Role.WRITE, "issues", "pull-requests")
    name = call.text("name")
    if name.lower() in call.repository.labels:
        raise invalid("Label", "name", "already_exists")
    label = _make(call, name, _color(call, "ededed"), call.optional("description"))
    return threads.label(call.repository, label)


@routes("GET", LABEL)
def get(call: Call) -> Any:
    """One label."""
    call.need(Role.READ, "issues", "pull-requests")
    return threads.label(call.repository, _known(call))


@routes("PATCH", LABEL)
def update(call: Call) -> Any:
    """Rename, recolour or describe a label."""
    call.need(Role.WRITE, "issues", "pull-requests")
    label, offered = _known(call), call.repository.labels
    name = call.text("new_name", label.name)
    if name.lower() != label.name.lower() and name.lower() in offered:
        raise invalid("Label", "name", "already_exists")
    offered[name.lower()] = offered.pop(label.name.lower())
    label.name, label.color = name, _color(call, label.color)
    label.description = call.optional("description") or label.description
    return threads.label(call.repository, label)


@routes("DELETE", LABEL, 204)
def delete(call: Call) -> None:
    """Withdraw a label, from every thread too."""
    call.need(Role.WRITE, "issues", "pull-requests")
    label = _known(call)
    del call.repository.labels[label.name.lower()]
    for issue in call.repository.threads.values():
        if label in issue.labels:
            issue.labels.remove(label)


@routes("GET", GIVEN)
def list_given(call: Call) -> Answer:
    """The labels on a thread."""
    call.need(Role.READ, *scopes_of(call.issue))
    return _given(call)


def _given(call: Call) -> Answer:
    return call.page(call.issue.labels, lambda label: threads.label(call.repository, label))


@routes("POST", GIVEN)
def add_given(call: Call) -> Answer:
    """Put labels on a thread."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NO_LABELLING)
    add(call, call.issue, _sent(call))
    return _given(call)


@routes("PUT", GIVEN)
def set_given(call: Call) -> Answer:
    """Leave exactly these labels on a thread."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NO_LABELLING)
    replace(call, call.issue, _sent(call))
    return _given(call)


@routes("DELETE", GIVEN, 204)
def clear_given(call: Call) -> None:
    """Take all labels off a thread."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NO_LABELLING)
    replace(call, call.issue, [])


@routes("DELETE", GIVEN + "/{name:path}")
def remove_given(call: Call) -> Answer:
    """Take one label off a thread."""
    call.need(Role.TRIAGE, *scopes_of(call.issue), forbidden=NO_LABELLING)
    label = call.repository.labels.get(call.path["name"].lower())
    if label is None or label not in call.issue.labels:
        raise Refused(404, "Label does not exist")
    remove(call, call.issue, [label])
    return _given(call)


def _sent(call: Call) -> list[Label]:
    """The body's labels: a bare list is taken too, as some clients send one."""
    bare = call.parsed if isinstance(call.parsed, list) else None
    return named(call, call.fields.get("labels", []) if bare is None else bare)
