"""Every effect that the bot has on the world, as Protocols, in one World."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.config import Config, Environment, Role
from bot.core.ledger import Ledger
from bot.core.runs import ObservedRun, Point


class Outage(Exception):
    """A service did not answer, or answered that it cannot: look again, then decide again."""


class Limited(Outage):
    """A service asks to be left alone for longer than a job should wait; a later ring goes on."""


class Stale(Exception):
    """The branch moved between reading and writing: read again, then decide again."""


@dataclass(frozen=True)
class Issue:
    """An issue or the issue half of a PR."""

    number: int
    title: str
    body: str
    author: str


@dataclass(frozen=True)
class Pull:
    """A pull request."""

    number: int
    title: str
    author: str
    branch: str
    head: str
    """The commit that its branch points at now."""
    base_branch: str
    is_open: bool
    is_draft: bool
    is_fork: bool
    merge_commit: str | None


@dataclass(frozen=True)
class FileChange:
    """How a file differs between two commits."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True)
class Change:
    """What a head holds that its base does not."""

    merge_base: str
    files: tuple[FileChange, ...]


@dataclass(frozen=True)
class Failure:
    """What a failed run left behind; all text in it is untrusted."""

    kind: str
    message: str
    step: int | None
    suggestion: Mapping[str, str]
    """Settings that would remedy it, by dotted name; empty if none is known."""
    why: str
    last_lines: str


class Forge(Protocol):
    """GitHub, for one repository.

    Every method raises `Outage` when GitHub fails to answer, and is safe to call again.
    """

    @property
    def default_branch(self) -> str: ...
    @property
    def is_private(self) -> bool: ...
    def role(self, login: str) -> Role:
        """The role of a person, by `role_name`; "none" for whoever has no access."""
        ...

    def issue(self, number: int) -> Issue: ...
    def pull(self, number: int) -> Pull: ...
    def file(self, path: str, ref: str) -> str | None:
        """A file's text at a branch, tag or commit; None if it is not there."""
        ...

    def head(self, branch: str) -> str | None:
        """The commit that a branch points at; None if there is no such branch."""
        ...

    def compare(self, base: str, head: str) -> Change:
        """What `head` holds that `base` does not (three dots)."""
        ...

    def tree(self, commit: str) -> str:
        """The id of a commit's tree: equal trees are equal files."""
        ...

    def create_label(self, name: str, color: str, description: str) -> bool:
        """Create a label; return whether it was missing."""
        ...

    def create_branch(self, name: str, commit: str) -> str:
        """Create a branch, or take the one that is there; return the commit it points at."""
        ...

    def commit(
        self, branch: str, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        """Commit texts (None deletes) on top of `parent`.

        Raises:
            Stale: the branch does not point at `parent` any more.
        """
        ...

    def open_pull(self, branch: str, title: str, body: str, assignee: str) -> int:
        """Open a draft PR to the default branch, or find the open one; return its number."""
        ...

    def merge(self, pull: int, head: str, method: str, title: str, message: str) -> str:
        """Take the PR out of draft and merge it; if it is merged already, only say so.

        Returns:
            The commit on the default branch.

        Raises:
            UserError: GitHub refuses (conflict, moved head, a required check), with its reason.
        """
        ...

    def close_issue(self, number: int) -> None: ...
    def say(self, place: int, key: str, body: str) -> int:
        """Post a comment once: if the bot's comment with this key stands there, it is left alone.

        Returns:
            The comment's id.
        """
        ...

    def edit(self, comment_id: int, body: str) -> None:
        """Replace the text of one of the bot's own comments, keeping its key."""
        ...

    def said(self, comment_id: int) -> str:
        """The text of a comment, without its marker."""
        ...

    def minimize(self, comment_id: int) -> None:
        """Fold a comment away as outdated."""
        ...

    def react(self, comment_id: int, content: str) -> None:
        """Add a reaction such as "rocket" to a comment."""
        ...

    def read_ledger(self) -> Ledger: ...
    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        """Write one decision as one commit of the lab book; nothing, if nothing differs.

        Raises:
            Stale: somebody else wrote since `before` was read.
        """
        ...

    def baseline_asset(self, tag: str) -> str:
        """The text of the release's `baseline.json`."""
        ...

    def publish(self, tag: str, commit: str, title: str, notes: str, asset: str) -> str:
        """Publish a release with its tag and `baseline.json`, or finish one that was begun.

        Returns:
            The release's page.
        """
        ...

    def ended(self, workflow_run: int) -> bool:
        """Whether Actions says that a workflow run has ended."""
        ...

    def set_schedule(self, enabled: bool) -> None:
        """Switch the schedule's workflow on or off."""
        ...


@dataclass(frozen=True)
class Launch:
    """One run to be queued."""

    run_id: str
    name: str
    group: str
    tags: tuple[str, ...]
    command: tuple[str, ...]
    """The program and its arguments."""


class Tracker(Protocol):
    """W&B, for one project. Every method raises `Outage` when W&B fails to answer."""

    def prepare(self, commit: str, command: Sequence[str]) -> str:
        """Make the job that trains a commit, and return its name with its version."""
        ...

    def push(self, job: str, launch: Launch, queue: str) -> None:
        """Put a run into a Launch queue."""
        ...

    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        """What W&B knows of these runs, in one listing; unknown ones are left out."""
        ...

    def curve(self, run_id: str, metric: str) -> tuple[Point, ...]:
        """A metric over steps, in order; empty if the run never logged it."""
        ...

    def failure(self, run_id: str) -> Failure:
        """What a failed run left behind: its failure record and the last lines of its log."""
        ...

    def stop(self, run_id: str) -> None:
        """Ask a run to stop."""
        ...

    def run_url(self, run_id: str) -> str: ...
    def group_url(self, group: str) -> str: ...
    def setup(self, queues: Sequence[str], hook_url: str, secret_name: str) -> tuple[str, ...]:
        """Create what is missing: queues, webhook integration, automation.

        Returns:
            What was created, in words; empty the second time.
        """
        ...


@dataclass(frozen=True)
class Written:
    """What a model did with a task."""

    summary: str
    turns: int
    input_tokens: int
    output_tokens: int


class Workspace(Protocol):
    """A folder of files that a model may look at and edit, and nothing else."""

    def read(self, path: str) -> str: ...
    def files(self) -> tuple[str, ...]: ...
    def write(self, path: str, text: str) -> None: ...
    def changes(self) -> Mapping[str, str | None]:
        """Files that differ from how they were found: path to text, None if deleted."""
        ...


class Writer(Protocol):
    """A model that edits files."""

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        """Carry out a task in a workspace.

        Raises:
            UserError: the model refused, or did not finish within its turns.
            Outage: the model's service failed.
        """
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class World:
    """Everything that a handler may touch."""

    forge: Forge
    tracker: Tracker
    clock: Clock
    config: Config
    environment: Environment

    @property
    def folder(self) -> Path:
        """Where jobs of one workflow run hand files to each other."""
        return Path(self.environment.folder)

    def set_output(self, name: str, value: str) -> None:
        """Set an output of this job, of one line, for the jobs that need it."""
        if path := self.environment.output_path:
            with Path(path).open("a", encoding="utf-8") as outputs:
                outputs.write(f"{name}={value}\n")
