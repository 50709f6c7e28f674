"""The editor that a model is given: Anthropic's text editor tool, served from a Workspace."""

from collections.abc import Mapping
from typing import Any, Final

from bot.errors import UserError
from bot.ports import Workspace

NAME: Final = "str_replace_based_edit_tool"
TYPE: Final = "text_editor_20250728"
MOST_FILES = 500
"""Listed of a folder."""


def use(workspace: Workspace, given: Mapping[str, Any]) -> str:
    """Carry out one call of the tool.

    Returns:
        What the model is to be told.

    Raises:
        UserError: it cannot be done; the text is for the model.
    """
    path = _text(given, "path")
    match given.get("command"):
        case "view":
            return _view(workspace, path, given.get("view_range"))
        case "create":
            workspace.write(path, _text(given, "file_text"))
            return f"`{path}` is written."
        case "str_replace":
            return _replace(workspace, path, _text(given, "old_str"), given.get("new_str") or "")
        case "insert":
            return _insert(workspace, path, given.get("insert_line"), _text(given, "insert_text"))
        case other:
            raise UserError(
                f"There is no command `{other}`. Use view, create, str_replace or insert."
            )


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise UserError(f"`{name}` must be given, as a string.")
    return value


def _view(workspace: Workspace, path: str, view_range: object) -> str:
    folder = path.removeprefix("./").strip("/")
    prefix = "" if folder in ("", ".") else f"{folder}/"
    files = workspace.files()
    if not prefix or any(name.startswith(prefix) for name in files):
        inside = [name for name in files if name.startswith(prefix)]
        more = [f"… and {len(inside) - MOST_FILES} more"] if len(inside) > MOST_FILES else []
        return "\n".join([*inside[:MOST_FILES], *more])
    lines = workspace.read(path).splitlines()
    first, last = _range(view_range, len(lines))
    return "\n".join(f"{n}\t{lines[n - 1]}" for n in range(first, last + 1))


def _range(wanted: object, length: int) -> tuple[int, int]:
    """The first and the last line to show, counted from 1."""
    match wanted:
        case None:
            return 1, length
        case [int(first), -1] if 1 <= first <= length:
            return first, length
        case [int(first), int(last)] if 1 <= first <= last and first <= length:
            return first, min(last, length)
    raise UserError(f"`view_range` must be two lines between 1 and {length}, such as [1, 20].")


def _replace(workspace: Workspace, path: str, old: str, new: str) -> str:
    text = workspace.read(path)
    count = text.count(old) if old else 0
    if count != 1:
        found = f"{count} times" if count else "nowhere"
        raise UserError(
            f"`old_str` stands {found} in `{path}`, and must stand there once. "
            "View the file, and give the lines around it too."
        )
    workspace.write(path, text.replace(old, new))
    return f"`{path}` is changed."


def _insert(workspace: Workspace, path: str, after: object, new: str) -> str:
    lines = workspace.read(path).splitlines(keepends=True)
    if not isinstance(after, int) or not 0 <= after <= len(lines):
        raise UserError(f"`insert_line` must be a number from 0 to {len(lines)}.")
    if after and not lines[after - 1].endswith("\n"):
        lines[after - 1] += "\n"
    lines.insert(after, new if new.endswith("\n") or after == len(lines) else f"{new}\n")
    workspace.write(path, "".join(lines))
    return f"`{path}` is changed."
