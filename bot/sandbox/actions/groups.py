"""Concurrency groups: one runs, one waits, and a newcomer takes the waiting one's place."""

from collections.abc import Callable
from dataclasses import dataclass

Act = Callable[[], None]


@dataclass
class _Waiting:
    start: Act
    evict: Act


class Groups:
    """The concurrency groups of a repository; to be used from one thread."""

    def __init__(self) -> None:
        self._taken: dict[str, _Waiting | None] = {}

    def enter(self, group: str, *, start: Act, evict: Act) -> None:
        """Start at once, or wait for the group; whoever waited before is evicted.

        Args:
            group: its name; upper and lower case are the same.
            start: called when the group is free.
            evict: called if another takes the waiting place first.
        """
        key = group.lower()
        if key not in self._taken:
            self._taken[key] = None
            start()
            return
        waiting, self._taken[key] = self._taken[key], _Waiting(start, evict)
        if waiting is not None:
            waiting.evict()

    def leave(self, group: str) -> None:
        """Free the group, which starts whoever waits for it."""
        waiting = self._taken.pop(group.lower())
        if waiting is not None:
            self._taken[group.lower()] = None
            waiting.start()
