"""What cuts a job off: every write of a fake passes through it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot.errors import UserError
from bot.ports import Outage

P = ParamSpec("P")
R = TypeVar("R")


class Cut(BaseException):
    """The job was killed."""


@dataclass
class Scissors:
    """Counts writes over all fakes, and kills the job behind one of them."""

    after: int | None = None
    writes: int = 0
    dead: bool = False
    outages: dict[str, int] = field(default_factory=dict)
    """Write to how many times it fails before it works."""
    outage: type[Outage] = Outage
    """How it fails."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Write to why the service refuses it."""
    lost: dict[str, int] = field(default_factory=dict)
    """Write to how many times it works and its answer is lost."""
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    """Write to what somebody else does right before it, once."""

    def mend(self, after: int | None = None) -> None:
        """A new job begins, which is killed behind so many writes."""
        self.after, self.writes, self.dead = after, 0, False


def write(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A method that changes the world."""

    @functools.wraps(method)
    def wrapped(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        scissors: Scissors = self.scissors
        if scissors.dead:
            raise Cut
        if scissors.outages.get(method.__name__, 0):
            scissors.outages[method.__name__] -= 1
            raise scissors.outage(f"{method.__name__}: 500")
        if why := scissors.refusals.get(method.__name__):
            raise UserError(why)
        if others := scissors.meanwhile.pop(method.__name__, None):
            others()
        result = method(self, *args, **kwargs)
        if scissors.lost.get(method.__name__, 0):
            scissors.lost[method.__name__] -= 1
            raise Outage(f"{method.__name__}: the connection was cut")
        scissors.writes += 1
        if scissors.writes == scissors.after:
            scissors.dead = True
            raise Cut
        return result

    return wrapped
