"""What a model may not have written: vetting a change before anything is committed."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

CLOSED = (".github/*", ".git/*", "*.lock", "*lock.json", "requirements*.txt", "pyproject.toml")
"""Paths that no model may touch; the judge's paths come on top."""
MOST_FILES = 20
MOST_CHARACTERS = 200_000


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path is covered by one of the patterns; `*` crosses folders, as `**` does."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def refuse(files: Mapping[str, str | None], closed: Sequence[str]) -> str | None:
    """Say why a change cannot be taken, or None if it can.

    Args:
        files: path to text; None if the file is deleted.
        closed: patterns of paths that may not be touched.
    """
    if not files:
        return "it changes no file"
    if len(files) > MOST_FILES:
        return f"it changes {len(files)} files; {MOST_FILES} are allowed"
    if sum(len(text or "") for text in files.values()) > MOST_CHARACTERS:
        return f"it is larger than {MOST_CHARACTERS:,} characters"
    for path, text in files.items():
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or ".git" in parts:
            return f"`{path}` lies outside the repository"
        if matches(path, closed):
            return f"`{path}` may not be changed by a model"
        if text is not None and "\0" in text:
            return f"`{path}` is a binary file"
    return None
