"""A scene for conversations: people write, the bot answers, agents train."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from bot import router
from bot.clients.workspace import FolderWorkspace
from bot.events import CommentWritten, Event, IdeaLabelled, Rang
from bot.handlers.write import Task, read_task, write
from bot.ports import Launch, World
from tests.fakes import Comment, Cut, FakeForge, FakeRun, FakeTracker, FakeWriter, world

BODY = (
    "### What should change?\n\n{change}\n\n### Configuration, if that is all it takes\n\n{set}\n"
)
NOISE = (0.0, 0.001, -0.001, 0.0015, -0.0015, 0.0005)


def outcome(launch: Launch) -> FakeRun:
    """A bigger learning rate helps, width 1 hurts, and a learning rate of 9 fails."""
    words = dict(word.split("=", 1) for word in launch.command if "=" in word)
    seed = int(words["seed"])
    accuracy = 0.90 + NOISE[seed % len(NOISE)]
    if words.get("lr") == "9":
        return FakeRun("failed")
    if words.get("lr") == "0.02":
        accuracy += 0.02
    if words.get("model.width") == "1":
        accuracy -= 0.05
    return FakeRun("finished", {"val/acc": accuracy, "train/minutes": 1 + seed / 100})


def failing(argument: str) -> Callable[[Launch], FakeRun]:
    """An outcome in which the seeds whose command holds this fail."""
    return lambda launch: FakeRun("failed") if argument in launch.command else outcome(launch)


class Scene:
    """A world of fakes, and the people in it."""

    def __init__(self, folder: Path) -> None:
        self.world: World = world(outcome, str(folder))
        self.comment_ids = count(1)

    @classmethod
    def measured(cls, folder: Path) -> Self:
        """A scene whose first baseline is released."""
        scene = cls(folder)
        scene.baseline()
        return scene

    @property
    def forge(self) -> FakeForge:
        """GitHub."""
        assert isinstance(self.world.forge, FakeForge)
        return self.world.forge

    @property
    def tracker(self) -> FakeTracker:
        """W&B."""
        assert isinstance(self.world.tracker, FakeTracker)
        return self.world.tracker

    def configure(self, **sections: dict[str, Any]) -> None:
        """Change sections of the configuration, as a commit to the default branch does."""
        config = self.world.config
        changed = {
            name: type(section).model_validate({**section.model_dump(), **values})
            for name, values in sections.items()
            if (section := getattr(config, name))
        }
        self.world = replace(self.world, config=config.model_copy(update=changed))

    def asks_first(self) -> None:
        """Every launch waits for a `/yes` from here on."""
        self.configure(budget={"ask_above_seeds": 1})

    def new_job(self) -> World:
        """The next workflow run begins; the one before has ended."""
        run = self.world.environment.workflow_run + 1
        environment = self.world.environment.model_copy(update={"workflow_run": run})
        self.world = replace(self.world, environment=environment)
        self.forge.own_run = run
        return self.world

    def writes(self, person: str, place: int, body: str, comment_id: int | None = None) -> int:
        """Somebody comments; the bot answers in a job of its own."""
        event = self.murmurs(person, place, body, comment_id)
        self.run(event)
        return event.comment_id

    def murmurs(
        self, person: str, place: int, body: str, comment_id: int | None = None
    ) -> CommentWritten:
        """Somebody comments, and no job comes of it."""
        number = comment_id or next(self.comment_ids)
        event = CommentWritten(
            place=place,
            comment_id=number,
            author=person,
            body=body,
            is_pull=place in self.forge.pulls,
            written_at=self.world.clock.now(),
        )
        return self.forge.heard.setdefault(number, event)

    def labels(self, person: str, place: int) -> None:
        """Somebody puts the label `experiment` on an issue."""
        self.forge.labellings[place] = IdeaLabelled(place, person, self.world.clock.now())
        self.run(IdeaLabelled(place, person))

    def rings(self) -> None:
        """Agents train what is queued, then W&B rings."""
        self.tracker.work()
        self.run(Rang("W&B", has_writer=True))

    def run(self, event: Event) -> None:
        """Handle an event in a job of its own; a job that is cut off just ends."""
        try:
            router.handle(event, self.new_job())
        except Cut:
            self.forge.scissors.mend()

    def everything(self) -> tuple[object, ...]:
        """Everything that a command may change, but for what the bot answers."""
        forge, tracker = self.forge, self.tracker
        return (
            dict(forge.book), list(forge.log), dict(forge.branches), dict(forge.pulls),
            dict(forge.issues), dict(forge.releases), set(forge.closed), forge.schedule,
            dict(forge.bodies), dict(forge.checks),
            sum(comment.edits + comment.minimized for comment in forge.comments),
            list(tracker.queue), dict(tracker.runs), dict(tracker.notes),
        )  # fmt: skip

    def last(self, place: int) -> Comment:
        """The bot's last comment there."""
        return self.forge.said_at(place)[-1]

    def idea(self, title: str, change: str = "Try it.", settings: str = "_No response_") -> int:
        """An idea in the form of the issue form."""
        return self.forge.add_issue(title, BODY.format(change=change, set=settings))

    def baseline(self) -> None:
        """Measure the first baseline."""
        place = self.forge.add_issue("Measure the baseline")
        self.writes("ada", place, "/baseline seeds=6")
        self.rings()

    def experiment(self, title: str, settings: str) -> int:
        """From an idea to its PR; return the PR's number."""
        place = self.idea(title, settings=settings)
        self.labels("ada", place)
        return max(self.forge.pulls)

    def code_idea(self) -> int:
        """An idea that needs code is labelled; the job that answers leaves a task."""
        place = self.idea("One layer more", "Add a layer.")
        self.labels("ada", place)
        return place

    def model_works(self, writer: FakeWriter) -> Task:
        """The job that writes: files of the target, a model, and nothing else."""
        target = self.world.folder / "target"
        (target / "judge").mkdir(parents=True, exist_ok=True)
        (target / "model.py").write_text("layers = 2\n")
        task = read_task(self.world.folder)
        write(self.world.folder, task, writer, FolderWorkspace(target, task.closed))
        return task
