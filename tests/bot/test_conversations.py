"""Conversations: what people write and what the bot answers, one file for each command.

The files under `conversations/` are what a person has read and approved; `make snapshots` writes
them anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.commands import COMMANDS
from tests.approved import approved
from tests.bot.scene import Scene

FOLDER = Path(__file__).parent / "conversations"
FACES = {"rocket": "🚀", "confused": "😕"}


@dataclass
class Talk:
    """A scene, and the minutes of what is said in it."""

    scene: Scene
    lines: list[str] = field(default_factory=list)

    def says(self, person: str, place: int, body: str) -> None:
        """Somebody comments; everything that the bot says upon that is taken down."""
        quoted = "\n".join(f"> {line}".rstrip() for line in body.split("\n"))
        comment = self._heard(lambda: self.scene.writes(person, place, body))
        found = [
            FACES[content] for number, content in self.scene.forge.reactions if number == comment
        ]
        head = f"## {person}, on {self._where(place)} {''.join(found)}".rstrip()
        at = max(i for i, line in enumerate(self.lines) if line == "·")
        self.lines[at] = f"{head}\n\n{quoted}"

    def happens(self, what: str, act: Callable[[], object]) -> None:
        """Something happens that is no comment."""
        self._heard(act)
        at = max(i for i, line in enumerate(self.lines) if line == "·")
        self.lines[at] = f"## *{what}*"

    def _heard(self, act: Callable[[], object]) -> object:
        before = {c.id: (c.body, c.minimized) for c in self.scene.forge.comments}
        self.lines.append("·")
        result = act()
        for comment in self.scene.forge.comments:
            if before.get(comment.id) != (comment.body, comment.minimized):
                how = "edits its comment" if comment.id in before else "answers"
                how = "folds its comment away" if comment.minimized else how
                where = self._where(comment.place)
                self.lines.append(f"### labhand {how} on {where}\n\n{_open(comment.body)}")
        if len(self.lines) and self.lines[-1] == "·":
            self.lines.append("*labhand says nothing.*")
        return result

    def _where(self, place: int) -> str:
        return f"{'PR' if place in self.scene.forge.pulls else 'issue'} #{place}"


def _open(body: str) -> str:
    """What is seen before anybody unfolds anything; the whole of it has a snapshot of its own."""
    seen, folded, _ = body.partition("<details>")
    return seen.strip() + ("\n\n…" if folded else "")


def experiment(talk: Talk) -> None:
    place = talk.scene.forge.add_issue("Ideas")
    talk.says("grace", place, '/experiment "a larger learning rate" lr=0.02 dry-run')
    talk.says("grace", place, '/experiment "a larger learning rate" lr=0.02')
    talk.says("grace", place, '/experiment "one layer more"')
    talk.says("grace", place, '/experiment "a warm-up" warmup=3')
    talk.says("grace", place, "/experiment")
    talk.says("linus", place, '/experiment "mine"')


def pick(talk: Talk) -> None:
    place = talk.scene.idea("Larger learning rate", settings="lr=0.02")
    talk.happens("linus opens the issue by the form", lambda: talk.scene.labels("linus", place))
    talk.says("grace", place, "/pick dry-run")
    talk.says("grace", place, "/pick-issue")
    talk.says("ada", place, "/pick")


def launch(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/launch dry-run")
    talk.says("heidi", pull, "/launch")
    talk.says("grace", pull, "/lanch")
    talk.says("grace", pull, "/launch seeds=many")
    talk.says("grace", pull, "/launch\n\nfingers crossed!")
    talk.says("ada", pull, "/launch seeds=5")
    talk.happens("the runs finish", talk.scene.rings)


def quote(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/quote")
    talk.says("grace", pull, "/quote seeds=5")
    talk.says("grace", pull, "/quote queue=locla")


def status(talk: Talk) -> None:
    talk.says("grace", talk.scene.forge.add_issue("Talk"), "/status")
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", pull, "/status")


def diagnose(talk: Talk) -> None:
    pull = talk.scene.experiment("Much larger", "lr=9")
    talk.says("grace", pull, "/diagnose")
    talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", pull, "/diagnose")
    talk.scene.rings()
    talk.says("grace", pull, "/diagnose")


def fix(talk: Talk) -> None:
    pull = talk.scene.experiment("Much larger", "lr=9")
    talk.says("grace", pull, "/fix")
    talk.scene.writes("ada", pull, "/launch")
    talk.scene.rings()
    talk.says("grace", pull, "/fix dry-run")
    talk.says("grace", pull, "/fix")


def merge(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("ada", pull, "/merge")
    talk.scene.writes("ada", pull, "/launch")
    talk.scene.rings()
    talk.says("grace", pull, "/merge")
    talk.says("ada", pull, "/merge dry-run")
    talk.scene.configure(budget={"ask_above_seeds": 2})
    talk.says("ada", pull, "/merge")
    talk.says("ada", pull, "/yes")
    talk.happens("the held-out runs finish", talk.scene.rings)
    narrow = talk.scene.experiment("Narrow", "model.width=1")
    talk.scene.configure(budget={"ask_above_seeds": 10})
    talk.scene.writes("ada", narrow, "/launch")
    talk.scene.rings()
    talk.says("ada", narrow, "/merge")


def baseline(talk: Talk) -> None:
    place = talk.scene.forge.add_issue("Measure again")
    talk.says("grace", place, "/baseline")
    talk.says("ada", place, "/baseline seeds=6")
    talk.says("ada", place, "/baseline seeds=8 dry-run")
    talk.says("ada", place, "/baseline seeds=8")
    talk.happens("the runs finish", talk.scene.rings)


def yes(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.scene.configure(budget={"ask_above_seeds": 2})
    talk.says("grace", pull, "/yes")
    talk.says("grace", pull, "/launch")
    talk.says("ada", pull, "/yes")
    talk.says("grace", pull, "/yes")


def lock(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/lock what=queue dry-run")
    talk.says("grace", pull, '/lock what=queue hours=8 reason="the cluster is being moved"')
    talk.says("ada", pull, "/launch")
    talk.says("ada", pull, "/lock what=queue")
    talk.says("ada", talk.scene.forge.add_issue("Talk"), "/lock")


def unlock(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/unlock")
    talk.says("ada", pull, "/lock")
    talk.says("grace", pull, "/unlock")
    talk.says("ada", pull, "/unlock dry-run")
    talk.says("ada", pull, "/unlock")


def queue(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", pull, "/queue")
    talk.says("grace", pull, f"/queue priority=high pr=#{pull}")
    talk.says("grace", pull, "/queue cancel=#99")
    talk.says("grace", pull, f"/queue cancel=#{pull} dry-run")
    talk.says("grace", pull, f"/queue cancel=#{pull}")


def runs(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/runs")
    talk.scene.writes("ada", pull, "/launch")
    talk.scene.rings()
    talk.says("grace", pull, "/runs")
    talk.says("grace", pull, "/runs tag=odd dry-run")
    talk.says("grace", pull, '/runs tag=odd note="look at seed 2"')


def stop(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/stop")
    talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", pull, "/stop dry-run")
    talk.says("grace", pull, '/stop reason="wrong data"')


def budget(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", pull, "/budget")


def compare(talk: Talk) -> None:
    one = talk.scene.experiment("Larger learning rate", "lr=0.02")
    two = talk.scene.experiment("Narrow", "model.width=1")
    for pull in (one, two):
        talk.scene.writes("ada", pull, "/launch")
    talk.says("grace", one, f"/compare #{one} #{two}")
    talk.scene.rings()
    talk.says("grace", one, f"/compare #{one} baseline-v1")
    talk.says("grace", one, "/compare")


def results(talk: Talk) -> None:
    pull = talk.scene.experiment("Larger learning rate", "lr=0.02")
    talk.says("grace", pull, "/results")
    talk.scene.writes("ada", pull, "/launch")
    talk.scene.rings()
    talk.says("grace", pull, "/check-results")
    talk.says("grace", pull, "/results baseline-v9")
    talk.says("grace", pull, "/results baseline-v1")


def help_(talk: Talk) -> None:
    place = talk.scene.forge.add_issue("Help")
    talk.says("grace", place, "/help")
    talk.says("grace", place, "/help train")
    talk.says("grace", place, "/help lunch")


TALKS: dict[str, Callable[[Talk], None]] = {
    talk.__name__.rstrip("_"): talk
    for talk in (
        experiment, pick, launch, quote, status, diagnose, fix, merge, baseline, yes, lock, unlock,
        queue, runs, stop, budget, compare, results, help_,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", TALKS)
def test_a_conversation_goes_as_a_person_has_approved(name: str, tmp_path: Path) -> None:
    scene = Scene.measured(tmp_path)
    talk = Talk(scene)
    TALKS[name](talk)
    text = f"# `/{name}`\n\n" + "\n\n".join(talk.lines) + "\n"
    assert text == approved(FOLDER / f"{name}.md", text)


def test_every_command_has_a_conversation_and_every_file_a_command() -> None:
    assert TALKS.keys() == COMMANDS.keys()
    assert {path.stem for path in FOLDER.glob("*.md")} == COMMANDS.keys()
