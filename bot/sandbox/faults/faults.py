"""The one place where a test or a person says what goes wrong, and reads what did."""

import threading
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox.faults import requests
from bot.sandbox.faults.fault import Fault, Kind, Service, luck
from bot.sandbox.faults.mail import Carry, Deliver, Mail


class Sender(Protocol):
    """Whoever sends mail."""

    def carry_mail_by(self, carry: Carry) -> None: ...


class Tracker(Sender, Protocol):
    """Who can let runs stay `running` besides."""

    def stick(self, run_pattern: str) -> None: ...
    def unstick(self) -> None: ...


@dataclass(frozen=True)
class Struck:
    """That a fault struck.

    Attributes:
        service: whose request or mail it was.
        what: its most telling name.
        place: the fault's, among those that were planned, from 0.
        occasion: the number of this one among those that the fault is about, from 1.
        fault: what struck.
    """

    service: Service
    what: str
    place: int
    occasion: int
    fault: Fault


@dataclass
class Planned:
    """A fault, the occasions that there were for it, and how often it struck."""

    fault: Fault
    occasions: int = 0
    struck: int = 0


class Faults:
    """What goes wrong in a sandbox.

    The same seed, faults and order of requests give the same log. Whether a fault with a `chance`
    strikes depends on the seed, the fault's place and the number of the occasion alone, so that
    requests which come side by side do not change each other's luck. Of several faults that are
    due, the first strikes.

    Args:
        seed: decides about luck and order.
        counts: whether to keep `writes` and `requests`.

    Attributes:
        log: what struck since the last `reset`, oldest first.
        writes: the requests since then that meant to write, oldest first.
        requests: how many requests there were since then.
    """

    def __init__(self, seed: int = 0, *, counts: bool = False) -> None:
        self.log: list[Struck] = []
        self.writes: list[str] = []
        self.requests = 0
        self._counts = counts
        self._seed = seed
        self._planned: list[Planned] = []
        self._kinds: frozenset[Kind] = frozenset()
        self._lock = threading.Lock()
        self._mail = Mail()
        self._tracker: Tracker | None = None

    @property
    def planned(self) -> list[Planned]:
        """The faults, in their order."""
        return list(self._planned)

    @property
    def unused(self) -> list[Fault]:
        """The faults that have not struck."""
        return [each.fault for each in self._planned if not each.struck and not each.fault.stuck]

    def add(self, *faults: Fault) -> None:
        """Plan faults, behind those that are planned."""
        with self._lock:
            self._planned += [Planned(fault) for fault in faults]
            self._kinds = frozenset(each.fault.kind for each in self._planned)
        for fault in faults:
            if fault.stuck and self._tracker:
                self._tracker.stick(fault.on)

    def clear(self) -> None:
        """Let all be well again: forget the faults, and deliver now what was held back."""
        self._forget()
        self._mail.release()

    def reset(self, seed: int | None = None) -> None:
        """Begin anew, with another seed if one is given; what was held back is lost."""
        self._forget()
        self._mail.drop()
        self.log, self.writes, self.requests = [], [], 0
        self._seed = self._seed if seed is None else seed

    def around(self, service: Service, app: ASGIApp) -> ASGIApp:
        """The same application, with what goes wrong with requests."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            if "request" not in self._kinds and not self._counts:
                await app(scope, receive, send)
                return
            names, receive = await requests.read(scope, receive)
            self.requests += 1
            if "write" in names:
                self.writes.append(names[0])
            if struck := self._pick("request", service, names):
                await requests.strike(struck.fault, service, app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return faulty

    def govern(self, *, github: Sender | None = None, wandb: Tracker | None = None) -> None:
        """Carry the mail of a GitHub and a W&B, and decide which runs are stuck."""
        if github:
            github.carry_mail_by(self._mail_of("github"))
        if wandb:
            wandb.carry_mail_by(self._mail_of("wandb"))
            self._tracker = wandb

    def _mail_of(self, service: Service) -> Carry:
        def carry(name: str, deliver: Deliver) -> None:
            if "mail" in self._kinds and (struck := self._pick("mail", service, (name,))):
                self._mail.carry(struck.fault, (self._seed, struck.place), deliver)
            else:
                deliver()

        return carry

    def _forget(self) -> None:
        with self._lock:
            self._planned, self._kinds = [], frozenset()
        if self._tracker:
            self._tracker.unstick()

    def _pick(self, kind: Kind, service: Service, names: tuple[str, ...]) -> Struck | None:
        """What strikes now; every fault counts its occasions, whichever strikes."""
        found = None
        with self._lock:
            for place, each in enumerate(self._planned):
                if each.fault.kind != kind or not each.fault.concerns(service, names):
                    continue
                each.occasions += 1
                if found is None and self._is_due(place, each):
                    each.struck += 1
                    found = Struck(service, names[0], place, each.occasions, each.fault)
                    self.log.append(found)
        return found

    def _is_due(self, place: int, each: Planned) -> bool:
        fault = each.fault
        if each.occasions <= fault.skip or each.struck == fault.times:
            return False
        return luck(self._seed, place, each.occasions) < fault.chance
