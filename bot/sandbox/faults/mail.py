"""Events and webhooks on their way: lost, copied, late, and out of order."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable

from bot.sandbox.faults.fault import Fault, luck

Deliver = Callable[[], None]
Carry = Callable[[str, Deliver], None]
"""Takes the name of a piece of mail and what delivers it: now, later, often or never."""


def carry_at_once(_name: str, deliver: Deliver) -> None:
    """Deliver, as if nothing could go wrong."""
    deliver()


class Mail:
    """What is held back, until its time has come."""

    def __init__(self) -> None:
        self._held: dict[int, Deliver] = {}
        self._windows: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._tickets = itertools.count()
        self._lock = threading.Lock()

    def carry(self, fault: Fault, key: Hashable, deliver: Deliver) -> None:
        """Do to one piece of mail what a fault says.

        Args:
            fault: what struck.
            key: tells faults from each other, and decides about the order.
            deliver: delivers it once.
        """
        if fault.lose:
            return

        def all_copies() -> None:
            for _ in range(fault.copies):
                deliver()

        if fault.late_seconds:
            later = self._hold(all_copies)
            timer = threading.Timer(fault.late_seconds, self._release, [[later]])
            timer.daemon = True
            timer.start()
        elif fault.shuffle > 1:
            self._release(self._full_window(fault.shuffle, key, self._hold(all_copies)))
        else:
            all_copies()

    def release(self) -> None:
        """Deliver everything that is held back, oldest first."""
        self._release(sorted(self._held))

    def drop(self) -> None:
        """Lose everything that is held back."""
        with self._lock:
            self._held.clear()
            self._windows.clear()

    def _hold(self, deliver: Deliver) -> int:
        with self._lock:
            ticket = next(self._tickets)
            self._held[ticket] = deliver
        return ticket

    def _full_window(self, size: int, key: Hashable, ticket: int) -> list[int]:
        """All of a window, in another order, once it is full; nothing before."""
        with self._lock:
            window = self._windows[key]
            window.append(ticket)
            if len(window) < size:
                return []
            del self._windows[key]
        mixed = sorted(window, key=lambda each: luck(key, window.index(each)))
        return mixed if mixed != window else window[::-1]

    def _release(self, tickets: list[int]) -> None:
        for ticket in tickets:
            with self._lock:
                deliver = self._held.pop(ticket, None)
            if deliver is not None:
                deliver()
