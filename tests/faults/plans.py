"""Plans of what goes wrong, each made by its number: a chapter, a trouble, and luck."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.faults import Fault
from bot.sandbox.faults.fault import luck
from bot.sandbox.github import Delivery
from tests.faults.chapters import CHAPTERS
from tests.faults.stage import RING

CUTS: tuple[dict[str, Any], ...] = (
    {"status": 502},
    {"status": 502, "effect": True},
    {"cut": "before"},
    {"cut": "after"},
    {"cut": "midway"},
)
STATUSES = (500, 502, 503, 504)
STALE = {
    "data": {"createCommitOnBranch": None},
    "errors": [{"type": "STALE_DATA", "path": ["createCommitOnBranch"], "message": "Stale"}],
}
LIMITS: tuple[dict[str, Any], ...] = (
    {"status": 403, "headers": {"retry-after": "1"}},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 403, "headers": {"retry-after": "3600"}},
    {"status": 403, "headers": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"}},
)
"""The last two ask for more than a job will wait."""


@dataclass(frozen=True)
class Plan:
    """What goes wrong in a chapter.

    Attributes:
        number: makes all the rest.
        chapter: where.
        trouble: what it is called.
        faults: with requests, in each beat.
        copies: how often each event arrives; a ring that is lost, never.
        together: whether copies, or a ring, arrive at once.
        reordered: whether events arrive the last one first, and behind a ring.
    """

    number: int
    chapter: str
    trouble: str
    faults: tuple[Fault, ...] = ()
    copies: int = 1
    together: bool = False
    reordered: bool = False

    @property
    def kills(self) -> bool:
        """Whether all of it is that the process is killed behind a write."""
        return self.number >= LUCKY

    def aimed(self, writes: Sequence[str]) -> list[Fault]:
        """The faults, where they are to hit one of so many writes."""
        return [
            _aimed(fault, len(writes)) if fault.on == "write" and writes else fault
            for fault in self.faults
        ]

    def arrivals(self, events: Sequence[Delivery]) -> list[list[Delivery]]:
        """What arrives of these events: one batch after the other, and all of a batch at once."""
        if self.copies == 0:
            events = [event for event in events if event != RING]
        if self.reordered:
            events = [RING, *reversed(events)]
        arriving = [event for event in events for _ in range(max(self.copies, 1))]
        if self.together:
            return [arriving] if arriving else []
        return [[event] for event in arriving]


def plan(number: int) -> Plan:
    """The plan of this number: luck makes the first ones, the others kill behind every write."""
    if number >= LUCKY:
        chapter, write = KILLED[number - LUCKY]
        return _killed(Plan(number, chapter, "killed behind each"), write)
    turn, place = divmod(number, len(CHAPTERS))
    trouble = TROUBLES[(turn + place) % len(TROUBLES)]
    return trouble(Plan(number, list(CHAPTERS)[place], trouble.__name__))


def killed(plan: Plan) -> Plan:
    """The process is killed behind a write."""
    return _killed(plan, _one(plan, "where", 60))


def _killed(plan: Plan, write: int) -> Plan:
    return _hit(plan, Fault(on="write", skip=write, cut="after", kill=True))


def killed_early(plan: Plan) -> Plan:
    """The process is killed before a request has its effect."""
    on = "write" if _one(plan, "on", 2) else "*"
    return _hit(plan, Fault(on=on, skip=_one(plan, "where", 40), cut="before", kill=True))


def cut(plan: Plan) -> Plan:
    """Three writes fail, or seem to."""
    return _hit(
        plan,
        *(
            Fault(on="write", skip=_one(plan, i, 12), **CUTS[_one(plan, (i, "how"), len(CUTS))])
            for i in range(3)
        ),
    )


def storm(plan: Plan) -> Plan:
    """For a while many requests fail, though some of them have had their effect."""
    return _hit(
        plan,
        Fault(
            status=STATUSES[_one(plan, "status", len(STATUSES))],
            effect=bool(_one(plan, "effect", 2)),
            skip=_one(plan, "where", 20),
            chance=0.2 + luck(plan.number, "chance") / 2,
            times=2 + _one(plan, "times", 12),
        ),
    )


def conflicts(plan: Plan) -> Plan:
    """Somebody else is always faster."""
    stale = Fault(
        on="mutation createCommitOnBranch",
        status=200,
        body=STALE,
        skip=_one(plan, "book", 3),
        times=1 + _one(plan, "times", 3),
    )
    refused = Fault(on="write", status=409, skip=_one(plan, "where", 12))
    return _hit(plan, stale, refused)


def wandb_down(plan: Plan) -> Plan:
    """W&B answers nothing for a while."""
    return _hit(plan, _down(plan, "wandb"))


def github_down(plan: Plan) -> Plan:
    """GitHub answers nothing for a while."""
    return _hit(plan, _down(plan, "github"))


def limited(plan: Plan) -> Plan:
    """GitHub asks to be left alone, for a second or for an hour."""
    how = LIMITS[_one(plan, "how", len(LIMITS))]
    return _hit(plan, Fault(service="github", skip=_one(plan, "where", 30), times=2, **how))


def five_at_once(plan: Plan) -> Plan:
    """Every event arrives five times at once."""
    return replace(plan, copies=5, together=True)


def five_in_turn(plan: Plan) -> Plan:
    """Every event arrives five times, and the first time a job is killed."""
    return replace(killed(plan), copies=5)


def reordered(plan: Plan) -> Plan:
    """Events arrive in another order, at once with a ring or behind it; one write fails."""
    how = CUTS[_one(plan, "how", len(CUTS))]
    failing = _hit(plan, Fault(on="write", skip=_one(plan, "where", 12), **how))
    return replace(failing, reordered=True, together=bool(_one(plan, "together", 2)))


def lost_rings(plan: Plan) -> Plan:
    """Nobody rings, and the job of a comment is killed."""
    return replace(killed_early(plan), copies=0)


TROUBLES = (
    killed,
    five_at_once,
    cut,
    storm,
    conflicts,
    wandb_down,
    reordered,
    github_down,
    limited,
    five_in_turn,
    lost_rings,
    killed_early,
)
LUCKY = 25 * len(CHAPTERS)
KILLED = [(name, write) for name, chapter in CHAPTERS.items() for write in range(chapter.writes)]
ALL = LUCKY + len(KILLED)


def _aimed(fault: Fault, writes: int) -> Fault:
    """The fault at one of so many writes; one that kills comes around once they are through."""
    around, skip = divmod(fault.skip, writes)
    again = {"cut": "before"} if fault.kill and around % 2 else {}
    return fault.model_copy(update={"skip": skip, **again})


def _hit(plan: Plan, *faults: Fault) -> Plan:
    return replace(plan, faults=faults)


def _one(plan: Plan, about: object, most: int) -> int:
    """A number from 0 up to but not `most`."""
    return int(luck(plan.number, about) * most)


def _down(plan: Plan, service: Any) -> Fault:
    how = CUTS[2] if _one(plan, "how", 2) else {"status": 503}
    skip, times = _one(plan, "where", 10), 5 + _one(plan, "times", 40)
    return Fault(service=service, skip=skip, times=times, **how)
