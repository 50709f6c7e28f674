"""What a validator found, in words that are the same for the same mistake."""

from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

UNNAMED = "unevaluatedProperties"
NAMES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def findings(validator: Draft202012Validator, value: Any) -> set[str]:
    """Each mistake in a value: where it stands, `*` for any place in a list, and what is wrong."""
    leaves = [leaf for error in validator.iter_errors(value) for leaf in _leaves(error)]
    wrong = [leaf.instance_path for leaf in leaves if leaf.kind.name != UNNAMED]
    return {
        f"{_place(leaf)} {words}"
        for leaf in leaves
        # Where anything else is wrong, even the right fields count as unnamed.
        if leaf.kind.name != UNNAMED or not any(_holds(leaf, path) for path in wrong)
        for words in _words(leaf)
    }


def _leaves(error: ValidationError) -> list[ValidationError]:
    """The mistakes behind one: of alternatives those in the branch that fits best."""
    if not (branches := getattr(error.kind, "context", None)):
        return [error]
    best = min(branches, key=lambda branch: _misfit(error, branch))
    return [leaf for found in best for leaf in _leaves(found)]


def _misfit(error: ValidationError, branch: list[ValidationError]) -> tuple[bool, int]:
    """A branch for values of another type fits worst, then the one with more mistakes."""
    other = any(
        found.kind.name == "type" and found.instance_path == error.instance_path for found in branch
    )
    return other, len(branch)


def _holds(leaf: ValidationError, path: list[str | int]) -> bool:
    return path[: len(leaf.instance_path)] == leaf.instance_path


def _place(leaf: ValidationError) -> str:
    steps = ("*" if isinstance(step, int) else step for step in leaf.instance_path)
    return "/" + "/".join(steps)


def _words(leaf: ValidationError) -> list[str]:
    match leaf.kind.name:
        case "required":
            return [f"has no {leaf.kind.property}"]
        case "unevaluatedProperties" | "additionalProperties":
            return [f"has {name}, which GitHub does not know" for name in leaf.kind.unexpected]
        case "type":
            return [f"is {NAMES[type(leaf.instance)]}, not {' or '.join(leaf.kind.types)}"]
        case "enum":
            return [f"is {leaf.instance!r}, none of what it can be"]
        case "format":
            return [f"is no {leaf.kind.format}"]
    return [leaf.message]
