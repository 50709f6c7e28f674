"""Every effect that the bot has on the world, as Protocols, in one World."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from bot.config import Config, Role
from bot.core.cost import Tokens
from bot.core.ledger import Ledger
from bot.core.queue import Agent, Priority, Queued
from bot.core.runs import ObservedRun, Point
from bot.environment import Environment


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
    is_pull: bool = False


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


CheckState = Literal["queued", "in_progress", "success", "failure", "neutral", "cancelled"]
"""How far a check is, or what it concluded; GitHub lets neutral pass where a check is required."""


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
        """A file's text at a branch, tag or commit, or at `HEAD`, the default branch's.

        Returns:
            None if it is not there.
        """
        ...

    def head(self, branch: str) -> str | None:
        """The commit that a branch points at; None if there is no such branch."""
        ...

    def stood(self, branch: str, at: float) -> str | None:
        """The commit that a branch pointed at at a time, as GitHub itself saw it, not as git tells.

        GitHub tells of the last hundred moves, to the second: a push in the same second counts as
        made before.

        Args:
            branch: its name.
            at: seconds since the epoch.

        Returns:
            The commit; None if GitHub knows of no move at all.
        """
        ...

    def compare(self, base: str, head: str) -> Change:
        """What `head` holds that `base` does not (three dots)."""
        ...

    def tree(self, commit: str) -> str:
        """The id of a commit's tree: equal trees are equal files."""
        ...

    def blobs(self, commit: str) -> Mapping[str, str]:
        """A commit's files, each to git's id of its content; none if GitHub cannot list them all."""
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
    def write_issue(self, number: int, body: str) -> None:
        """Replace the text of an issue that the bot opened, keeping its key; not if it is gone."""
        ...

    def pin(self, number: int) -> None:
        """Pin an issue above the list of all; GitHub may refuse, as with three there already."""
        ...

    def open_issue(self, key: str, title: str, body: str) -> int:
        """Open an idea's issue once: if the bot's issue with this key is there, that is it.

        Returns:
            Its number.
        """
        ...

    def comments_of(self, login: str, since: float) -> tuple[str, ...]:
        """What a person wrote on issues and PRs since a time, the latest hundred comments read."""
        ...

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
        """Put a reaction such as "rocket" on a comment, in place of the "eyes" of the first second."""
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

    def check(self, head: str, state: CheckState, title: str, summary: str) -> None:
        """Set the check "labhand" on a commit; saying the same twice is saying it once.

        Args:
            head: the commit.
            state: how far it is, or what it concluded.
            title: one line of plain text.
            summary: Markdown.
        """
        ...

    def check_state(self, commit: str, name: str) -> CheckState | None:
        """How far somebody's check on a commit is; None if there is none of that name yet."""
        ...

    def open_pulls(self) -> frozenset[int]:
        """The numbers of all open PRs, in one listing."""
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
    settings: Mapping[str, object] = field(default_factory=dict)
    """What its `wandb.config` is given; nested."""
    priority: Priority | None = None
    """None leaves it to the queue."""
    resource_args: Mapping[str, object] = field(default_factory=dict)
    """What the queue's resource is asked for, as W&B defines it."""


class Tracker(Protocol):
    """W&B, for one project. Every method raises `Outage` when W&B fails to answer."""

    def prepare(self, commit: str, command: Sequence[str], image: str | None = None) -> str:
        """Make the job that trains a commit, and return its name with its version.

        Args:
            commit: what the agent clones, unless an image holds it.
            command: what W&B shows as the job.
            image: the image that holds the commit.
        """
        ...

    def push(self, job: str, launch: Launch, queue: str) -> str:
        """Put a run into a Launch queue, and return the id of its item there."""
        ...

    def queued(self, queue: str, item_ids: Sequence[str]) -> Queued | None:
        """Look into a queue, in a request for each hundred ids; None if there is none of that name.

        Args:
            queue: its name.
            item_ids: items that are looked for even where a hundred others stand before them.
        """
        ...

    def agents(self) -> tuple[Agent, ...]:
        """The launch agents of the team that have not said goodbye."""
        ...

    def take_back(self, queue: str, item_id: str) -> None:
        """Ask for an item to be deleted; only `queued` tells whether no agent was faster."""
        ...

    def annotate(
        self, run_ids: Sequence[str], tags: Sequence[str], note: str, group: str
    ) -> tuple[str, ...]:
        """Add tags and a line of notes to runs, and move them to a group; empty changes nothing.

        Returns:
            Those of the runs that W&B knows.
        """
        ...

    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        """What W&B knows of these runs, in one listing; unknown ones are left out."""
        ...

    def curves(
        self, run_id: str, keys: Sequence[str], whole: Collection[str] = ()
    ) -> Mapping[str, tuple[Point, ...]]:
        """Metrics over steps, in order and thinned out; those never logged are left out.

        Args:
            run_id: the run.
            keys: the metrics, which take one request together.
            whole: those whose lowest, highest and last value must be among the points, even
                where a curve is so long that it takes more requests.
        """
        ...

    def failure(self, run_id: str) -> Failure:
        """What a failed run left behind: its failure record and the last lines of its log."""
        ...

    def stop(self, run_id: str) -> None:
        """Ask a run to stop."""
        ...

    def run_url(self, run_id: str) -> str: ...
    def group_url(self, group: str) -> str: ...
    def setup(
        self, queues: Sequence[str], hook_url: str, secret_name: str, canary_metric: str | None
    ) -> tuple[str, ...]:
        """Create what is missing: queues, webhook integration, and automations.

        Args:
            queues: their names.
            hook_url: what the webhook posts to.
            secret_name: the team's secret with the token that it sends.
            canary_metric: whose first value in a run that goes alone rings; None if none does.

        Returns:
            What was created, in words; empty the second time.
        """
        ...


@dataclass(frozen=True)
class Written:
    """What a model did with a task."""

    summary: str
    turns: int


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

    tokens: Tokens
    """What it read and wrote so far, also where `write` raised."""

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        """Carry out a task in a workspace.

        Raises:
            UserError: the model refused, or did not finish within its turns or its budget.
            Outage: the model's service failed.
        """
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None: ...


MOST_SUMMARY = 1 << 20
"""Bytes; Actions drops the whole summary of a step that writes more."""


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

    def summarise(self, markdown: str) -> None:
        """Put a text on the page of this workflow run, once, while there is room for it."""
        if path := self.environment.summary_path:
            with Path(path).open("a+", encoding="utf-8") as summary:
                summary.seek(0)
                before = summary.read()
                if markdown not in before and len((before + markdown).encode()) < MOST_SUMMARY:
                    summary.write(f"{markdown}\n")

    def set_output(self, name: str, value: str) -> None:
        """Set an output of this job, of one line, for the jobs that need it."""
        if path := self.environment.output_path:
            with Path(path).open("a", encoding="utf-8") as outputs:
                outputs.write(f"{name}={value}\n")
