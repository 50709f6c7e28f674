"""What an error quotes: somebody's words pass a filter, wherever a `UserError` is raised."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).parents[2] / "bot"
PLACES = (*BOT.glob("core/*.py"), *BOT.glob("handlers/*.py"), BOT / "grammar.py", BOT / "router.py")
FILTERS = {"code", "text", "plain", "nearest", "described", "usd", "moment", "len", "max", "count"}
OURS = re.compile(
    "|".join(
        [
            r"[A-Z_]+",  # constants
            r".*\[:7\]|pull\.head",  # commits, as GitHub tells them
            r"(.*\.)?(number|seed|place|digits|tries|schema|line)|most_seeds\(world\)",
            r"(.*\.)?(baseline|tag|current|default_branch)",  # what releases are called, and main
            r"(spec|lock|attempt|command|run)\.(name|what|queue|id|example)|NAMES\[what\]",
            r"command|prefix|typed|close|takes|missing|needed|role|key|words|path|known|check",
            r"(argument|spec\.words\[missing\])\.allowed|name|_example\(.*\)",
            r"' '\.join\(sorted\(SHELL.*\)\)|max\(measured\) \+ 5",
            r"(seen\.)?state|verdict|what|where|wrong",  # words that are ours or GitHub's own
            r"again|nothing|odd|shown|why",  # sentences that passed the filters before
        ]
    )
)
"""What an error may hold as it is: no free text of somebody's is among it."""


def quoted() -> Iterator[tuple[str, str]]:
    """Everything that the text of an error holds, and where."""
    for path in PLACES:
        source = path.read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "UserError":
                values = [v.value for v in _strings(call) if isinstance(v, ast.FormattedValue)]
                for value in values:
                    yield f"{path.name}:{value.lineno}", _unfiltered(value)


def _strings(call: ast.Call) -> Iterator[ast.expr]:
    """The pieces of a call's own strings, without those that stand inside a piece."""
    waiting: list[ast.AST] = [*call.args]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            yield from node.values
        else:
            waiting += ast.iter_child_nodes(node)


def _unfiltered(value: ast.expr) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in FILTERS:
        return ""
    return ast.unparse(value)


def test_an_error_quotes_nobody_unfiltered() -> None:
    found = list(quoted())
    assert len(found) > 100
    assert [(at, what) for at, what in found if what and not OURS.fullmatch(what)] == []


@pytest.mark.parametrize("word", ["failure.kind", "seen.config[name]", "event.body", "pull.title"])
def test_what_somebody_wrote_is_not_ours(word: str) -> None:
    assert not OURS.fullmatch(word)
