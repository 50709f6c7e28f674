"""One thing that goes wrong: where, what, and at which of the occasions."""

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.sandbox.claude_answers import Act

Service = Literal["github", "wandb", "claude"]
Kind = Literal["request", "mail", "run"]
KINDS: dict[Kind, tuple[str, ...]] = {
    "request": ("status", "delay_seconds", "pace_seconds", "cut", "act"),
    "mail": ("lose", "copies", "late_seconds", "shuffle"),
    "run": ("stuck",),
}
"""What a fault can do, by what it happens to."""


class Fault(BaseModel):
    """Something that goes wrong with a request, with mail (an event, a webhook), or with a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    service: Service | Literal["*"] = "*"
    """Whose requests or mail; `*` is everybody's."""
    on: str = "*"
    """Which, with `*` and `?`. A request: `POST /repos/*/issues/*/comments`, an operation of
    GraphQL (`mutation createCommitOnBranch`, `query Run`), `read` or `write`. Mail: an event of
    GitHub's (`issue_comment`), or the name of a webhook integration of W&B's. `stuck`: a run's
    id."""

    status: int | None = Field(None, ge=200, le=599)
    """Answered to the request, which has no effect."""
    effect: bool = False
    """The request answered with `status` has its effect all the same."""
    body: Any = None
    """Goes with `status`: text, or JSON; what the service would say by default."""
    headers: dict[str, str] = {}
    """Goes with `status`, such as `retry-after`."""
    delay_seconds: float = Field(0, ge=0)
    """The request waits so long before anything happens."""
    pace_seconds: float = Field(0, ge=0)
    """Between two pieces of the answer; streams have many."""
    cut: Literal["before", "after", "midway"] | None = None
    """The connection is closed before the request has its effect, after it and without an answer,
    or in the middle of the answer."""
    kill: bool = False
    """Goes with `cut`: the process that sent the request is killed first, with its children."""
    act: Act | None = None
    """What Claude does instead of its script."""

    lose: bool = False
    """The mail never arrives."""
    copies: int = Field(1, ge=1, le=100)
    """The mail arrives so often, at once."""
    late_seconds: float = Field(0, ge=0)
    """The mail arrives so much later."""
    shuffle: int = Field(1, ge=1, le=100)
    """So many are held back, then arrive in another order."""

    stuck: bool = False
    """The run of W&B's stays `running` for ever, whatever its process does."""

    skip: int = Field(0, ge=0)
    """So many of the occasions go well first."""
    times: int | None = Field(1, ge=1)
    """How often at most; null is for ever."""
    chance: float = Field(1, gt=0, le=1)
    """How likely at each occasion; the seed decides."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        done = {kind: [n for n in names if self._says(n)] for kind, names in KINDS.items()}
        kinds = [kind for kind, names in done.items() if names]
        if len(kinds) != 1:
            allowed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in KINDS.items())
            raise ValueError(f"say what happens, to one of these: {allowed}")
        wrong = {
            "`cut` and `status` exclude each other": self.cut and self.status,
            "`effect`, `body` and `headers` go with `status`": self.status is None
            and any(map(self._says, ("effect", "body", "headers"))),
            "`kill` goes with `cut`": self.kill and not self.cut,
            '`act` needs "service": "claude"': self.act and self.service != "claude",
            '`stuck` needs "service": "wandb"': self.stuck and self.service != "wandb",
            "Claude sends no mail": kinds == ["mail"] and self.service == "claude",
            "`stuck` holds for ever": self.stuck
            and any(map(self._says, ("skip", "times", "chance"))),
        }
        for text, is_so in wrong.items():
            if is_so:
                raise ValueError(text)
        return self

    def __repr_args__(self) -> Iterable[tuple[str, Any]]:
        """What was said; pydantic asks for it when it shows a fault."""
        return self.model_dump(exclude_defaults=True).items()

    def _says(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    @cached_property
    def kind(self) -> Kind:
        """What it happens to."""
        return next(kind for kind, names in KINDS.items() if any(map(self._says, names)))

    def concerns(self, service: Service, names: Iterable[str]) -> bool:
        """Whether it is about something of a service's that goes by these names."""
        return self.service in ("*", service) and any(fnmatchcase(n, self.on) for n in names)


def luck(*parts: object) -> float:
    """A number from 0 up to but not 1 that looks random, and is always the same for the same."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
