"""What a command would do and cost, told before it does it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.cost import Amount
from bot.core.price import Price


@dataclass(frozen=True)
class Plan:
    """What a command would do."""

    command: str
    does: str
    commit: str | None
    branch: str
    queue: str | None
    seeds: tuple[int, ...]
    """Those that would be trained."""
    kept: tuple[int, ...]
    """Those that were trained before."""
    overrides: Mapping[str, str]
    baseline: str | None
    price: Price | None


@dataclass(frozen=True)
class DryRun:
    """What a command would do; nothing of it was done."""

    plan: Plan
    asks: bool
    """Whether it would wait for a `/yes` first."""


@dataclass(frozen=True)
class Asked:
    """A dear command waits for the `/yes` of whoever wrote it."""

    plan: Plan
    person: str
    minutes: int


@dataclass(frozen=True)
class Quote:
    """What a launch would cost."""

    plan: Plan


@dataclass(frozen=True)
class Budget:
    """What was spent, what is set aside, and what may be."""

    month: str
    """Such as `2026-11`, in UTC."""
    everybody: Amount
    """Spent and set aside."""
    aside: Amount
    """Of it, what is set aside for what is not over."""
    limit: float | None
    people: Mapping[str, Amount]
    person_limit: float | None
    experiment: Amount | None
    """Of the experiment here; None where there is none."""
    experiment_limit: float | None
    priced: tuple[str, ...]
    """What has a price: the queues, and `tokens`."""
    role: str
    """Who may raise limits."""
