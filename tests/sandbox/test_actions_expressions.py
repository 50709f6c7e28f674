"""GitHub's expression engine, as we ask it."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.actions.command_files import parse
from bot.sandbox.actions.expressions import ExpressionError, Expressions, Status
from bot.sandbox.actions.workflows import WorkflowError

WELL: Status = {"success": True, "failure": False, "cancelled": False}
BADLY: Status = {"success": False, "failure": True, "cancelled": False}
CONTEXTS = {
    "github": {"event": {"comment": {"body": "/launch"}, "empty": ""}},
    "needs": {"respond": {"outputs": {"write": "true"}}},
}


@pytest.fixture(scope="module")
def expressions() -> Iterator[Expressions]:
    engine = Expressions()
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("text", "well", "badly"),
    [
        (None, True, False),
        ("", True, False),
        (True, True, False),
        (False, False, False),
        ("startsWith(github.event.comment.body, '/')", True, False),
        ("${{ needs.respond.outputs.write == 'true' }}", True, False),
        ("always() && needs.respond.outputs.write == 'true'", True, True),
        ("Failure()", False, True),
        ("github.event.nothing.here == null", True, False),
        ("github.event.empty", False, False),
        ("'}}' == 'always()'", False, False),
        ("'always()' != ''", True, False),
        ("${{ false }} text around makes it true", True, False),
    ],
)
def test_conditions(expressions: Expressions, text: Any, well: bool, badly: bool) -> None:
    assert expressions.condition(text, CONTEXTS, WELL) is well
    assert expressions.condition(text, CONTEXTS, BADLY) is badly


def test_everything_becomes_text(expressions: Expressions) -> None:
    value = {"a": ["x${{ github.event.comment.body }}}}", True, 1.5, None], "b": "${{ 1 == 1 }}"}
    resolved = {"a": ["x/launch}}", "true", "1.5", ""], "b": "true"}
    assert expressions.resolve(value, CONTEXTS) == resolved


@pytest.mark.parametrize("text", ["${{ secrets.KEY }}", "${{ nope() }}", "${{ 1 + }}", "${{ 1"])
def test_what_github_refuses_is_refused(expressions: Expressions, text: str) -> None:
    with pytest.raises(ExpressionError):
        expressions.resolve(text, CONTEXTS)
    assert expressions.resolve("${{ 'alive' }}", CONTEXTS) == "alive"


def test_on_is_a_word(expressions: Expressions) -> None:
    assert expressions.parse_yaml("on: [push]\nyes: no") == {"on": ["push"], "yes": "no"}


def test_command_files_hold_lines_and_blocks() -> None:
    text = "a=1\nb<<END\nx=y\n\nz\nEND\nc=<<no\n"
    assert parse(text) == {"a": "1", "b": "x=y\n\nz", "c": "<<no"}


@pytest.mark.parametrize("text", ["just words", "b<<END\nnever closed"])
def test_a_wrong_command_file_is_refused(text: str) -> None:
    with pytest.raises(WorkflowError):
        parse(text)
