"""W&B, for one project."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.queue import Agent, Priority, Queued
from bot.core.runs import ObservedRun, Point


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
        """Metrics over steps: finite, in order and thinned out; those never logged are left out.

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
