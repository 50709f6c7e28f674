"""Hostile comments, names and payloads: all of them end in nothing worse than a polite refusal."""

import re
from typing import Any

import pytest

from bot import events
from bot.errors import UserError
from bot.events import CommentWritten, Event, FormSent
from tests.bot.hostile import BODIES, NAMES, refused
from tests.bot.scene import Scene


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("person", ["grace", "linus"])
def test_a_hostile_comment_changes_nothing(scene: Scene, pull: int, body: str, person: str) -> None:
    said = refused(scene, lambda: scene.writes(person, pull, body))
    assert person == "grace" or not said


FORMS = [body for body in BODIES if body.strip() != "/launch"]
"""In the form there is nobody else to quote, and a space before a command means nothing."""


@pytest.mark.parametrize("body", FORMS, ids=range(len(FORMS)))
def test_a_hostile_form_changes_nothing(scene: Scene, pull: int, body: str) -> None:
    refused(scene, lambda: scene.run(FormSent(pull, "grace", body)))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_title_is_only_a_title(scene: Scene, name: str) -> None:
    scene.experiment(name, "lr=0.02")
    said = len(scene.forge.comments)
    scene.writes("ada", max(scene.forge.pulls), "/status")
    (answer,) = scene.forge.comments[said:]
    assert not re.search(r"@\w|<script|<!--|\]\(javascript|^### ✅", answer.body, re.MULTILINE)
    assert all(
        line.count("|") - line.count("\\|") == 5
        for line in answer.body.split("\n")
        if line[:3] == "| #"
    )


@pytest.mark.parametrize("reason", NAMES, ids=range(len(NAMES)))
def test_a_hostile_reason_of_a_lock_is_only_a_reason(scene: Scene, pull: int, reason: str) -> None:
    quoted = reason.replace("\\", "").replace('"', "").replace("\n", " ")[:250]
    scene.writes("grace", pull, f'/lock reason="{quoted}"')
    (answer,) = refused(scene, lambda: scene.writes("ada", pull, "/launch"))
    assert not re.search(r"^###", answer, re.MULTILINE)
    seen = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "code", answer)
    assert not re.search(r"fixes|javascript|evil|reboot|raw|xxx|WIN", seen)


@pytest.mark.parametrize("idea", NAMES, ids=range(len(NAMES)))
def test_a_hostile_idea_is_only_an_idea(scene: Scene, idea: str) -> None:
    place = scene.forge.add_issue("Ideas")
    quoted = "it: " + idea.replace("\\", "").replace('"', "").replace("\n", " ")[:1900]
    scene.writes("grace", place, f'/experiment "{quoted}" lr=0.02')
    made = scene.forge.issues[max(scene.forge.issues)]
    assert made.number != place
    for text in (made.title, made.body):
        assert not re.search(r"@\w|<script|<!--", text)
        assert not re.search(r"(?i)\b(fixes|closes) #", text)
    assert len(made.title) <= 80
    experiment = scene.forge.read_ledger().at(made.number)
    assert experiment
    assert experiment.idea
    assert experiment.idea.overrides == {"lr": "0.02"}


@pytest.mark.parametrize(
    "change",
    [
        {"issue": {"number": "3; reboot"}},
        {"inputs": {"command": "/launch", "number": "3; reboot"}},
        {"inputs": {"command": "/launch", "number": "$(id)"}},
        {"inputs": {"number": "3"}},
        {"inputs": {}},
        {"inputs": None},
    ],
)
def test_a_hostile_form_payload_is_no_command(change: dict[str, Any]) -> None:
    sender = {"login": "ada", "type": "User"}
    found = events.parse("workflow_dispatch", {"sender": sender, **change})
    assert not isinstance(found, CommentWritten)
    assert not isinstance(found, FormSent) or found.body == ""


def test_an_empty_form_is_no_command(scene: Scene, pull: int) -> None:
    for body in ("", " ", "/", "//", "launch all", "yes please"):
        refused(scene, lambda body=body: scene.run(FormSent(pull, "ada", body)))


def test_a_form_about_nothing_says_so(scene: Scene) -> None:
    event: Event = FormSent(404, "ada", "/launch")
    with pytest.raises(UserError, match="no issue #404"):
        scene.run(event)


def test_these_are_at_least_sixty() -> None:
    assert len(set(BODIES)) + len(NAMES) >= 60
