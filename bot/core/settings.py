"""A program's configuration file: reading settings by dotted name, and changing some of them."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from bot.core.quoting import code
from bot.errors import UserError

SHELL = frozenset("!$`;|&<>\\")
"""Letters that a shell between W&B and the program, or its YAML, might obey."""
BRACKETS = (("[", "]"), ("{", "}"), ("(", ")"))


class _Values(yaml.SafeLoader):
    """YAML as people mean it: `1e-3` is a number, and a date is text."""


_Values.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Values.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z"),
    list("-+.0123456789"),
)


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
        is_name = all(part.isidentifier() for part in name.split("."))
        if not (equals and is_name and is_whole(value)):
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
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = value_of(value)
    return found


def value_of(text: str) -> Any:
    """A value as YAML reads it; what is no YAML, or what JSON does not know, is text."""
    try:
        found = _Values(text).get_single_data()
        json.dumps(found, allow_nan=False)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return text
    return found


def is_whole(value: str) -> bool:
    """Whether a value is one that a command line and a YAML file can hold as it stands."""
    closed = all(value.count(opens) == value.count(closes) for opens, closes in BRACKETS)
    safe = value.isprintable() and not SHELL & set(value)
    return bool(value) and safe and closed and not value.endswith(",")


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
