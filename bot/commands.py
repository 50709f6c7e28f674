"""What people can ask: the text of a comment as one of our commands, and the table behind /help."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.core.settings import nearest
from bot.errors import UserError

Right = Literal["look", "act", "decide"]
Where = Literal["issue", "pr", "both"]


@dataclass(frozen=True)
class Argument:
    """One `name=value` that a command takes."""

    pattern: str
    allowed: str
    """What is allowed, in words, for the error."""


@dataclass(frozen=True)
class Spec:
    """One row of the command table."""

    name: str
    does: str
    right: Right
    where: Where
    example: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A command as somebody typed it: known, and its arguments well formed."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


COUNT = Argument(r"[1-9]\d?", "a number of seeds, 1 to 99")
COMMANDS: Mapping[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "pick",
            "turn this idea into a branch and a draft PR, as the label `experiment` does",
            "act",
            "issue",
            "/pick",
        ),
        Spec(
            "launch",
            "train this PR with the experiment's seeds; the verdict comes as a comment",
            "act",
            "pr",
            "/launch seeds=+3",
            {
                "seeds": Argument(
                    r"\+?[1-9]\d?",
                    "a number of seeds such as `5`, or more of them such as `+3`",
                ),
            },
        ),
        Spec("status", "look at W&B now and say how things stand", "look", "both", "/status"),
        Spec(
            "fix",
            "commit the change that the failure report suggests, and train again",
            "act",
            "pr",
            "/fix",
        ),
        Spec(
            "merge",
            "confirm a WIN on held-out seeds, merge it and release it as the next baseline",
            "decide",
            "pr",
            "/merge",
        ),
        Spec(
            "baseline",
            "train the default branch and release the result as the baseline",
            "decide",
            "issue",
            "/baseline seeds=10",
            {"seeds": COUNT},
        ),
        Spec("help", "list the commands", "look", "both", "/help"),
    )
}


def addressed(body: str) -> bool:
    """Whether a comment's first line could be a command at all, ours or another bot's."""
    return re.match(r"/[a-z]", _first(body)) is not None


def parse(body: str) -> Command | UserError | None:
    """Read the first line of a comment.

    Returns:
        The command; an error to be told to whoever may use the bot; or None if it is not for us,
        because other bots listen to slash words too.
    """
    if not (found := re.match(r"/([a-z][a-z-]*)(?:\s+(.*))?$", _first(body))):
        return None
    name, rest = found[1], found[2] or ""
    if (spec := COMMANDS.get(name)) is None:
        close = next((n for n in COMMANDS if _distance(name, n) <= 2), None)
        return UserError(f"There is no `/{name}`. Did you mean `/{close}`?") if close else None
    try:
        return Command(name, _arguments(spec, rest))
    except UserError as error:
        return error


def _first(body: str) -> str:
    return body.lstrip("\ufeff").split("\n", 1)[0].rstrip()


def _arguments(spec: Spec, text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"A quote is not closed in `/{spec.name} {text}`.") from error
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if (argument := spec.arguments.get(name)) is None:
            takes = ", ".join(f"`{n}=`" for n in spec.arguments) or "no arguments"
            raise UserError(
                f"`/{spec.name}` has no argument `{name}`.{nearest(name, spec.arguments)} "
                f"It takes {takes}. Example: `{spec.example}`"
            )
        if not (equals and re.fullmatch(argument.pattern, value)):
            raise UserError(
                f"`{name}={value}` cannot be read: `{name}` is {argument.allowed}. "
                f"Example: `{spec.example}`"
            )
        if name in found:
            raise UserError(f"`{name}` is given twice. Example: `{spec.example}`")
        found[name] = value
    return found


def _distance(a: str, b: str) -> int:
    """Levenshtein distance in letters."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def table() -> str:
    """The command table as Markdown, for the README and /help."""
    rows = ["| you write | it does | who | where |", "|:--|:--|:--|:--|"]
    where = {"issue": "an issue", "pr": "a PR", "both": "both"}
    for spec in COMMANDS.values():
        typed = " ".join([f"/{spec.name}", *(f"[{name}=…]" for name in spec.arguments)])
        rows.append(f"| `{typed}` | {spec.does} | {spec.right} | {where[spec.where]} |")
    return "\n".join(rows)
