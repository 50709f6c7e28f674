"""What happens is told to listeners, once the lock is open again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.sandbox.faults import Carry, carry_at_once


@dataclass(frozen=True)
class Delivery:
    """One event, as a webhook would bring it.

    Attributes:
        event: What `X-GitHub-Event` says, such as `issue_comment`.
        payload: The webhook's body.
        repository: Full name of the repository it happened in.
        triggers_workflows: False for what a job's own token did.
    """

    event: str
    payload: dict[str, Any]
    repository: str
    triggers_workflows: bool


class Outbox:
    """The one lock around all state, and the events that wait until it is open again.

    Attributes:
        listeners: told of every event that arrives.
        carry: carries the events to them.
    """

    def __init__(self) -> None:
        self.carry: Carry = carry_at_once
        self.listeners: list[Callable[[Delivery], None]] = []
        self._lock = threading.RLock()
        self._depth = 0
        self._pending: list[Delivery] = []

    def put(self, delivery: Delivery) -> None:
        """Keep an event until the transaction is over."""
        self._pending.append(delivery)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; at the end of the outermost block tell the listeners, unlocked.

        A listener may call back into the sandbox, from this thread or another.
        """
        due: list[Delivery] = []
        try:
            with self._lock:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    if self._depth == 0:
                        due, self._pending = self._pending, []
        finally:
            for delivery in due:
                self.carry(delivery.event, partial(self._tell, delivery))

    def _tell(self, delivery: Delivery) -> None:
        for listener in tuple(self.listeners):
            listener(delivery)
