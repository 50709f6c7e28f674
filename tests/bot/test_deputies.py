"""Confused deputies: nobody does through the bot what they may not do themselves."""

import logging
import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from bot import events
from bot.__main__ import JobLog
from bot.events import CommentWritten, FormSent, IdeaLabelled
from bot.ports import Outage
from bot.sections import Role
from tests.bot.hostile import refused
from tests.bot.scene import Scene


def test_an_edited_comment_is_no_command() -> None:
    payload = {
        "action": "edited",
        "issue": {"number": 3, "pull_request": {}},
        "comment": {"id": 9, "user": {"login": "ada", "type": "User"}, "body": "/merge"},
    }
    assert isinstance(events.parse("issue_comment", payload), str)


@pytest.mark.parametrize("author", ["labhand[bot]", "github-actions[bot]", "ada[bot]"])
def test_a_bot_is_nobody(scene: Scene, pull: int, author: str) -> None:
    scene.forge.roles[author] = "admin"
    event = CommentWritten(pull, 900, author, "/launch", is_pull=True, is_bot=True)
    assert not refused(scene, lambda: scene.run(event))


def test_a_label_by_a_stranger_gets_one_line_of_thanks(scene: Scene) -> None:
    place = scene.idea("Mine", settings="lr=0.02")
    (said,) = refused(scene, lambda: scene.run(IdeaLabelled(place, "linus")))
    assert said.startswith("Thank you")
    assert not refused(scene, lambda: scene.run(IdeaLabelled(place, "linus")))


def fork(scene: Scene) -> tuple[int, str]:
    head = scene.forge.push("theirs", {"conf.yaml": "lr: 0.02\nmodel:\n  width: 64\n"})
    return scene.forge.add_pull("theirs", "From outside", "linus", is_fork=True), head


@pytest.mark.parametrize("commit", ["", " commit={head:.12}", " commit={other}"])
def test_a_forks_code_is_not_launched_unless_its_commit_is_named(scene: Scene, commit: str) -> None:
    place, head = fork(scene)
    other = scene.forge.branches["main"]
    body = f"/launch{commit.format(head=head, other=other)}"
    assert refused(scene, lambda: scene.writes("ada", place, body))


def test_a_forks_commit_is_named_by_whoever_may_decide_alone(scene: Scene) -> None:
    place, head = fork(scene)
    (said,) = refused(scene, lambda: scene.writes("grace", place, f"/launch commit={head}"))
    assert "`maintain`" in said
    assert not refused(scene, lambda: scene.writes("linus", place, f"/launch commit={head}"))


def test_a_forks_branch_that_bears_an_experiments_name_is_not_that_experiment(
    scene: Scene, pull: int
) -> None:
    branch = scene.forge.pull(pull).branch
    theirs = scene.forge.add_pull(branch, "From outside", "linus", is_fork=True)
    refused(scene, lambda: scene.writes("ada", theirs, "/launch"))
    head = scene.forge.pull(theirs).head
    scene.writes("ada", theirs, f"/launch commit={head}")
    ledger = scene.forge.read_ledger()
    ours, adopted = ledger.at(pull), ledger.at(theirs)
    assert ours
    assert adopted
    assert ours.number != adopted.number
    assert not ours.attempts


def test_a_merge_after_a_force_push_is_refused(scene: Scene, pull: int) -> None:
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "evil\n"})
    refused(scene, lambda: scene.writes("ada", pull, "/merge"))


def test_a_merge_while_somebody_pushes_is_refused(scene: Scene, pull: int) -> None:
    scene.writes("ada", pull, "/launch")
    scene.rings()
    branch = scene.forge.pull(pull).branch
    scene.forge.overtaken[branch] = "0" * 40
    refused(scene, lambda: scene.writes("ada", pull, "/merge"))


@pytest.mark.parametrize("edit", ["{}", "", "[]", "null", '{"schema": 1, "locks": "no"}'])
def test_a_desk_that_somebody_edited_stops_everything(scene: Scene, pull: int, edit: str) -> None:
    scene.forge.book["ledger/desk.json"] = edit
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/launch"))
    assert "ledger/desk.json" in said


class Silent(dict[str, Role]):
    """Roles that GitHub does not tell."""

    def get(self, login: str, default: Any = None) -> Any:
        raise Outage(f"no answer about {login}, not even {default}")


def test_a_role_that_cannot_be_asked_is_no_role(scene: Scene, pull: int) -> None:
    scene.forge.roles = Silent()
    with pytest.raises(Outage):
        scene.writes("ada", pull, "/launch")
    assert not scene.tracker.queue


def test_a_command_that_is_replayed_for_somebody_else_is_theirs(scene: Scene, pull: int) -> None:
    event = CommentWritten(pull, 900, "linus", "/launch", is_pull=True, written_at=0.0)
    assert not refused(scene, lambda: scene.run(event))
    assert not refused(scene, lambda: scene.run(replace(event, author="nobody")))


def test_a_form_of_an_app_is_no_command_unless_it_is_listed(scene: Scene, pull: int) -> None:
    scene.forge.roles["app[bot]"] = "admin"
    event = FormSent(pull, "app[bot]", "/launch", is_bot=True)
    assert not refused(scene, lambda: scene.run(event))
    scene.configure(commands={"bots": {"app[bot]": "write"}})
    scene.run(event)
    assert scene.tracker.queue


@pytest.mark.parametrize(
    "words",
    ["::add-mask::x", "a\n  ::set-output name=write::true", "see ##[set-output name=head]x", ":::"],
)
def test_a_log_gives_actions_no_command(words: str) -> None:
    """https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs"""
    try:
        raise ValueError(words)
    except ValueError:
        record = logging.LogRecord("bot", 20, "", 1, "said %s", (words,), sys.exc_info())
    written = JobLog().format(record)
    assert "ValueError: " in written
    assert not re.search(r"^\s*::|##\[", written, re.MULTILINE)
