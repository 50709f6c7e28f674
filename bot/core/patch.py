"""What a model may not have written: vetting a change before anything is committed."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from bot.core.quoting import code
from bot.core.secrets import first

CLOSED = (
    ".github/",
    ".gitmodules",
    ".gitattributes",
    "**/action.y*ml",
    "bot/",
    "templates/",
    "Makefile",
    "**/*.lock",
    "**/*lock.json",
    "**/requirements*.txt",
    "**/constraints*.txt",
    "**/environment*.y*ml",
    "**/pyproject.toml",
    "**/setup.py",
    "**/setup.cfg",
    "**/Pipfile",
    "**/Dockerfile*",
)
"""Paths that no model may touch: what runs with rights, and what chooses what is installed.

The judge's paths come on top.
"""
MOST_FILES = 20
MOST_CHARACTERS = 200_000


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern covers a path: `*` crosses folders, and a folder covers all it holds."""
    return any(
        fnmatchcase(path, variant)
        for pattern in patterns
        for variant in _variants(pattern.rstrip("/"))
    )


def _variants(pattern: str) -> tuple[str, ...]:
    return (pattern, pattern.replace("**/", ""), f"{pattern}/*")


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
        if not {"", ".", "..", ".git"}.isdisjoint(part.lower() for part in parts):
            return f"{code(path)} lies outside the repository"
        if matches(path, closed):
            return f"{code(path)} may not be changed by a model"
        if text is not None and "\0" in text:
            return f"{code(path)} is a binary file"
        if text is not None and (secret := first(text)):
            line, kind = secret
            return f"{code(path)} holds what looks like a secret ({kind}) in line {line}"
    return None
