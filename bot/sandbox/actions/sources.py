"""A repository's files at one commit, read from its bare repository."""

import io
import subprocess
import tarfile
from functools import lru_cache
from pathlib import Path

WORKFLOWS = ".github/workflows"


class Source:
    """Reads a bare repository on disk."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def head(self, branch: str) -> str | None:
        """The commit of a branch; None while there is none."""
        ref = f"refs/heads/{branch}"
        found = _git(self._repository, "rev-parse", "--verify", "--quiet", ref, check=False)
        return found.strip() or None

    def default_branch(self) -> str:
        """Its name."""
        return _git(self._repository, "symbolic-ref", "--short", "HEAD").strip()

    def workflows(self, commit: str) -> dict[str, str]:
        """The text of every workflow file, by its path."""
        return _workflows(self._repository, commit)

    def export(self, commit: str, folder: Path) -> None:
        """Write all files of a commit into a folder."""
        packed = subprocess.run(
            ["git", "-C", str(self._repository), "archive", "--format=tar", commit],
            check=True,
            capture_output=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")


@lru_cache(maxsize=64)  # every event asks, and most find the commit that the last one found
def _workflows(repository: Path, commit: str) -> dict[str, str]:
    listed = _git(repository, "ls-tree", "--name-only", commit, f"{WORKFLOWS}/")
    paths = [path for path in listed.splitlines() if path.endswith((".yml", ".yaml"))]
    return {path: _git(repository, "show", f"{commit}:{path}") for path in paths}


def _git(repository: Path, *arguments: str, check: bool = True) -> str:
    return subprocess.run(
        ["git", "-C", repository, *arguments],
        check=check,
        capture_output=True,
        text=True,
        encoding="utf-8",
    ).stdout
