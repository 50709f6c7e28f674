"""GitHub's own expression engine, kept alive in one node process."""

import json
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

Contexts = Mapping[str, Any]
"""Name of a context (github, env, needs, …) to its JSON value; only these names can be used."""

_PROGRAM = Path(__file__).with_name("evaluate.mjs")


class Status(TypedDict):
    """What the status functions of a condition answer."""

    success: bool
    failure: bool
    cancelled: bool


class ExpressionError(Exception):
    """An expression or a YAML text that GitHub's engine refuses."""


class Expressions:
    """Evaluates YAML, conditions and `${{ }}` as GitHub does; safe to use from several threads.

    Node is started by the first question.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._node: subprocess.Popen[str] | None = None

    def parse_yaml(self, text: str) -> Any:
        """Parse YAML 1.2, where `on` is a word and no boolean.

        Raises:
            ExpressionError: not YAML.
        """
        return self._ask("yaml", text=text)

    def condition(self, text: Any, contexts: Contexts, status: Status) -> bool:
        """Evaluate an `if:`; without a status function it also asks for `success()`.

        Raises:
            ExpressionError: not an expression, or it names a context that is not available.
        """
        return bool(self._ask("condition", text=text, contexts=contexts, status=status))

    def resolve(self, value: Any, contexts: Contexts) -> Any:
        """Replace every `${{ }}` in a JSON value; numbers, booleans and null become text too.

        Raises:
            ExpressionError: as for `condition`.
        """
        return self._ask("resolve", value=value, contexts=contexts)

    def close(self) -> None:
        """End the node process."""
        with self._lock:
            if self._node is not None:
                self._node.communicate()

    def _ask(self, operation: Literal["yaml", "condition", "resolve"], **arguments: Any) -> Any:
        with self._lock:
            self._node = node = self._node or _start()
            assert node.stdin is not None
            assert node.stdout is not None
            node.stdin.write(json.dumps({"operation": operation, **arguments}) + "\n")
            node.stdin.flush()
            line = node.stdout.readline()
        if not line:
            raise RuntimeError("node ended early; `npm ci` in bot/sandbox/actions may be missing")
        answer = json.loads(line)
        if "error" in answer:
            raise ExpressionError(answer["error"])
        return answer["value"]


def _start() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        ["node", _PROGRAM], stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
    )
