"""A program's configuration file: reading settings by dotted name, and changing some of them."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from bot.core.quoting import code
from bot.errors import UserError


def read_settings(text: str) -> dict[str, str]:
    """Flatten a YAML file to dotted names and the scalars as they are written.

    Raises:
        UserError: the text is no YAML mapping.
    """
    return {name: node.value for name, node in _leaves(_root(text))}


def changed_settings(before: str, after: str) -> dict[str, str]:
    """Settings whose value in `after` is new or differs from the one in `before`."""
    old = read_settings(before)
    return {k: v for k, v in read_settings(after).items() if old.get(k) != v}


def with_settings(text: str, changes: Mapping[str, str]) -> str:
    """Write new values into a YAML file and leave every other character as it is.

    Raises:
        UserError: a name stands for no setting of the file; the nearest name is given.
    """
    leaves = dict(_leaves(_root(text)))
    for name in changes:
        if name not in leaves:
            raise UserError(f"There is no setting {code(name)}.{nearest(name, leaves)}")
    for name in sorted(changes, key=lambda n: leaves[n].start_mark.index, reverse=True):
        node = leaves[name]
        start, end = node.start_mark.index, node.end_mark.index
        space = " " if start == end else ""  # behind the colon of an empty setting
        text = text[:start] + space + changes[name] + text[end:]
    try:
        written = read_settings(text)
    except UserError:
        written = {}
    if written != {name: changes.get(name, node.value) for name, node in leaves.items()}:
        odd = next((k for k in changes if written.get(k) != changes[k]), next(iter(changes)))
        raise UserError(f"{code(changes[odd])} is no plain value for the setting {code(odd)}.")
    return text


def parse_overrides(text: str) -> dict[str, str]:
    """Read `name=value` pairs, one a line or parted by spaces.

    Raises:
        UserError: a piece is no `name=value`.
    """
    found = {}
    for word in text.split():
        name, equals, value = word.strip("`,").partition("=")
        if not (equals and value and all(part.isidentifier() for part in name.split("."))):
            raise UserError(
                f"{code(word)} is no setting. Write one `name=value` a line, such as "
                "`train.lr=0.01`."
            )
        found[name] = value
    return found


def nested(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Settings as a program holds them: values as YAML reads them, dotted names as mappings."""
    found: dict[str, Any] = {}
    for name, value in overrides.items():
        *path, last = name.split(".")
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = yaml.safe_load(value)
    return found


def nearest(name: str, known: Mapping[str, object]) -> str:
    """Say which known name was probably meant, or nothing."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {code(close[0])}?" if close else ""


def _root(text: str) -> Any:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        why = code(str(error), 300)
        raise UserError(f"The configuration file is not valid YAML: {why}.") from error
    if not isinstance(root, yaml.MappingNode):
        raise UserError("The configuration file holds no settings.")
    return root


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        if isinstance(value, yaml.MappingNode):
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, yaml.ScalarNode):
            yield name, value
