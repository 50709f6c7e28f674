"""What lies between two commits: files, patches, commits and merge bases."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot.sandbox.github.git import Git
from bot.sandbox.github.trees import Commit, Entry, commit, entries

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PLAIN = ("-c", "core.quotePath=false")  # a patch names `grün.txt` so, as the list of files does
STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed"}


@dataclass(frozen=True)
class Change:
    """One changed file; `patch` is None for a binary one."""

    filename: str
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str | None
    previous: str | None = None


@lru_cache(maxsize=1024)
def changes(git: Git, before: str, after: str) -> tuple[Change, ...]:
    """The files that differ between two commits or trees, by name."""
    options = ("-r", "-M", "--no-abbrev", "--full-index", "--raw", "-p", "-z")
    raw, _, patch_text = git.run(*PLAIN, "diff-tree", *options, before, after).partition(b"\0\0")
    patches = _patches(patch_text)
    found = []
    for letter, blob, old, new in _raw(raw):
        patch = patches.get(f"a/{old} b/{new}")
        lines = patch.split("\n") if patch else []
        found.append(
            Change(
                filename=new,
                status=STATUS.get(letter, "modified"),
                blob=blob,
                additions=sum(line.startswith("+") for line in lines),
                deletions=sum(line.startswith("-") for line in lines),
                patch=patch,
                previous=old if letter == "R" else None,
            )
        )
    return tuple(found)


def _patches(output: bytes) -> dict[str, str]:
    """Hunks by header, such as `a/old.py b/new.py`; a binary file has none."""
    found = {}
    for section in ("\n" + output.decode("utf-8", "replace")).split("\ndiff --git ")[1:]:
        header, _, rest = section.partition("\n")
        start = rest.find("@@ ")
        if start >= 0:
            found[header] = rest[start:].rstrip("\n")
    return found


def _raw(output: bytes) -> Iterator[tuple[str, str, str, str]]:
    """Rows of `diff-tree --raw -z`: (status letter, blob, old path, new path)."""
    parts = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    for meta in parts:
        if not meta:
            return
        _, _, old_blob, new_blob, status = meta.split(" ")
        old = next(parts)
        new = next(parts) if status[0] in "RC" else old
        yield status[0], old_blob if status[0] == "D" else new_blob, old, new


def names(git: Git, before: str, after: str) -> dict[str, list[str]]:
    """The paths that were added, removed and modified between two commits or trees."""
    found: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for path, old, new in _differing(git, before, after, ""):
        found["modified" if old and new else "added" if new else "removed"].append(path)
    return found


def _differing(
    git: Git, before: str | None, after: str | None, folder: str
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The files that two trees do not share, with their entries; needs no process."""
    olds = entries(git, before) if before else {}
    news = entries(git, after) if after else {}
    for name in sorted({*olds, *news}):
        if olds.get(name) == news.get(name):
            continue
        (old, old_tree), (new, new_tree) = _parts(olds.get(name)), _parts(news.get(name))
        if old or new:
            yield folder + name, old, new
        yield from _differing(git, old_tree, new_tree, f"{folder}{name}/")


def _parts(entry: Entry | None) -> tuple[Entry | None, str | None]:
    """An entry as a file, or as the tree of a folder."""
    return (None, entry.oid) if entry and entry.kind == "tree" else (entry, None)


def between(git: Git, base: str, head: str, limit: int = 250) -> list[Commit]:
    """The commits that head has and base lacks, oldest first, at most `limit`."""
    tip = commit(git, head)
    if tip and tip.parents == (base,):  # the usual case needs no process
        return [tip]
    oids = git.lines("rev-list", "--reverse", "--topo-order", f"{base}..{head}")
    return [found for oid in oids[:limit] if (found := commit(git, oid))]


def merge_base(git: Git, one: str, other: str) -> str | None:
    """The best common ancestor, or None for unrelated histories."""
    tip = commit(git, other)
    if tip and one in (tip.oid, *tip.parents):  # the usual case needs no process
        return one
    try:
        return git.lines("merge-base", one, other)[0]
    except subprocess.CalledProcessError:
        return None


@lru_cache(maxsize=1024)
def ahead_behind(git: Git, base: str, head: str) -> tuple[int, int]:
    """How many commits head has over base, and base over head."""
    tip = commit(git, head)
    if tip and tip.parents == (base,):  # the usual case needs no process
        return 1, 0
    behind, ahead = git.lines("rev-list", "--left-right", "--count", f"{base}...{head}")[0].split()
    return int(ahead), int(behind)


def is_ancestor(git: Git, old: str, new: str) -> bool:
    """Whether a ref may go from old to new without losing a commit."""
    tip = commit(git, new)
    if tip and old in tip.parents:  # the usual case needs no process
        return True
    return git.succeeds("merge-base", "--is-ancestor", old, new)
