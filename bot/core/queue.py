"""What waits in a Launch queue, and on whom it waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Priority = Literal["critical", "high", "medium", "low"]
LEVELS: Mapping[Priority, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
"""W&B's number of each priority; without any it takes "medium"."""
ItemState = Literal["waiting", "taken", "failed"]
Holdup = Literal["no queue", "no agent", "busy", "unknown", "nothing"]
SILENT_SECONDS = 300
"""An agent's process says every half minute that it lives."""


@dataclass(frozen=True)
class QueueItem:
    """One job in a queue. W&B says of it which run it became, once an agent has begun it."""

    id: str
    state: ItemState
    run_id: str | None = None


@dataclass(frozen=True)
class Queued:
    """A queue, as W&B tells of it."""

    items: tuple[QueueItem, ...]
    """The first hundred, and those that were asked for by their id."""
    has_priorities: bool
    """Whether agents take the most urgent first; otherwise the oldest."""

    def item(self, item_id: str) -> QueueItem | None:
        """One item; None if it is not in the queue any more."""
        return next((item for item in self.items if item.id == item_id), None)

    @property
    def waiting(self) -> tuple[QueueItem, ...]:
        """What no agent has taken yet."""
        return tuple(item for item in self.items if item.state == "waiting")


@dataclass(frozen=True)
class Agent:
    """A `wandb launch-agent` of the team. W&B tells neither its queues nor its `max_jobs`."""

    name: str
    seen: float | None
    """Its last sign of life, in seconds since the epoch."""

    def lives(self, now: float) -> bool:
        """Whether it was heard of lately; a dead one may be listed as running for weeks."""
        return self.seen is not None and now - self.seen <= SILENT_SECONDS


def holdup(queued: Queued | None, agents: Sequence[Agent], training: int, now: float) -> Holdup:
    """Say on whom a queue's items wait.

    Args:
        queued: the queue; None if W&B knows none of that name.
        agents: those of the whole team.
        training: how many runs of this queue are being trained.
        now: seconds since the epoch.
    """
    if queued is None:
        return "no queue"
    if not queued.waiting:
        return "nothing"
    if not any(agent.lives(now) for agent in agents):
        return "no agent"
    return "busy" if training else "unknown"
