"""Composite actions: what an `action.yml` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.actions.expressions import Expressions
from bot.sandbox.actions.workflows import Step, WorkflowError, parse_steps


@dataclass(frozen=True)
class Composite:
    """A composite action; expressions in it are not evaluated yet.

    Attributes:
        folder: where it and its files are.
        defaults: every input's value where a workflow gives none.
        outputs: expressions over its own steps.
    """

    folder: Path
    defaults: Mapping[str, Any]
    outputs: Mapping[str, Any]
    steps: tuple[Step, ...]


def load(folder: Path, expressions: Expressions) -> Composite:
    """Read the action in a folder.

    Raises:
        WorkflowError: there is none, or it is not composite.
        ExpressionError: it is not YAML.
    """
    file = folder / "action.yml"
    if not file.is_file():
        raise WorkflowError(f"there is no action.yml in {folder}")
    content = expressions.parse_yaml(file.read_text())
    if content["runs"]["using"] != "composite":
        raise WorkflowError(f"{file}: the sandbox runs composite actions only")
    inputs = content.get("inputs") or {}
    outputs = content.get("outputs") or {}
    return Composite(
        folder=folder,
        defaults={name: (entry or {}).get("default") for name, entry in inputs.items()},
        outputs={name: entry["value"] for name, entry in outputs.items()},
        steps=parse_steps(str(file), content["runs"]["steps"]),
    )
