"""What programs leave in a repository: checks, webhooks, variables and workflows."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.github.state import Record, User, now


@dataclass(eq=False, kw_only=True)
class CheckRun(Record):
    """A check run on a commit: `fields` holds what its creator set, in GitHub's words."""

    prefix = "CR"
    head_sha: str
    app: User
    fields: dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Status(Record):
    """A commit status: `state` is error, failure, pending or success."""

    prefix = "SC"
    head_sha: str
    creator: User
    context: str
    state: str
    description: str | None
    target_url: str | None


@dataclass(eq=False, kw_only=True)
class Hook(Record):
    """A webhook that somebody registered."""

    prefix = "H"
    events: list[str]
    config: dict[str, Any]
    active: bool = True
    updated_at: str = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Variable:
    """A configuration variable of Actions."""

    name: str
    value: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Workflow(Record):
    """A workflow file on the default branch, and whether it is switched on."""

    prefix = "W"
    path: str
    state: str = "active"
    updated_at: str = field(default_factory=now)
