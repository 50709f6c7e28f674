"""One bare git repository: objects read through a long-lived process, refs mirrored in memory."""

import hashlib
import os
import subprocess
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# No configuration of the machine, no prompt and no editor may have a say in the sandbox.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": os.devnull,
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "GitHub",
    "GIT_AUTHOR_EMAIL": "noreply@github.com",
    "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": "noreply@github.com",
}
ZERO = "0" * 40
LOOSE_LIMIT = 50  # refs in files of their own; git opens them one by one


class RefMoved(Exception):
    """A ref was not where the caller believed it to be."""


@dataclass(frozen=True)
class GitObject:
    """A git object: `kind` is blob, tree, commit or tag."""

    oid: str
    kind: str
    data: bytes


class Git:
    """A bare repository on disk; callers hold the sandbox's lock."""

    def __init__(self, path: Path, default_branch: str) -> None:
        """Create it, empty, with `HEAD` on the default branch."""
        self.path = path
        self.refs: dict[str, str] = {}
        self._loose = 0
        self._reader: subprocess.Popen[bytes] | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        branch = f"--initial-branch={default_branch}"
        subprocess.run(
            ["git", "init", "--bare", "--quiet", branch, str(path)], check=True, env=ENVIRONMENT
        )
        with (path / "config").open("a") as config:
            config.write(
                "[core]\n\tfsync = none\n[gc]\n\tauto = 0\n[http]\n\treceivepack = true\n"
                "[receive]\n\tautogc = false\n\thideRefs = refs/pull\n"
                "[uploadpack]\n\tallowAnySHA1InWant = true\n"
            )

    def run(
        self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> bytes:
        """Run a git command here and return what it prints.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            check=True,
            env={**ENVIRONMENT, **(env or {})},
        )
        return done.stdout

    def lines(self, *arguments: str) -> list[str]:
        """What a git command prints, line by line."""
        return self.run(*arguments).decode("utf-8", "replace").splitlines()

    def succeeds(self, *arguments: str) -> bool:
        """Whether a git command ends with 0."""
        command = ["git", "-C", str(self.path), *arguments]
        return not subprocess.run(command, capture_output=True, env=ENVIRONMENT).returncode

    def read(self, name: str) -> GitObject | None:
        """The object that an expression such as `main:README.md` names, or None."""
        if not name or "\n" in name:
            return None
        reader = self._start_reader()
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write(name.encode() + b"\n")
        reader.stdin.flush()
        header = reader.stdout.readline().split()
        if len(header) != 3 or not header[2].isdigit():  # "NAME missing", "NAME ambiguous"
            return None
        data = reader.stdout.read(int(header[2]))
        reader.stdout.read(1)
        return GitObject(header[0].decode(), header[1].decode(), data)

    def write(self, kind: str, data: bytes) -> str:
        """Store an object and return its id."""
        content = f"{kind} {len(data)}\0".encode() + data
        oid = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        target = self.path / "objects" / oid[:2] / oid[2:]
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
                partial.write(zlib.compress(content, 1))
            Path(partial.name).rename(target)
        return oid

    def set_ref(self, ref: str, new: str | None) -> None:
        """Point a ref at an object, or delete it with None, if it is where we believe it is.

        Raises:
            RefMoved: git refused, because the name is impossible or taken.
        """
        old = self.refs.get(ref, ZERO)
        try:
            if new is None:
                self.run("update-ref", "-d", ref, old)
                self.refs.pop(ref, None)
            else:
                self.run("update-ref", ref, new, old)
                self.refs[ref] = new
                self._pack(1)
        except subprocess.CalledProcessError as error:
            raise RefMoved(error.stderr.decode(errors="replace").strip()) from error

    def take(self, other: "Git", *what: str) -> None:
        """Fetch commits, or refs with a refspec, with all that is behind them.

        Raises:
            subprocess.CalledProcessError: the other repository has no such thing.
        """
        if other is not self:
            options = ("--quiet", "--no-tags", "--no-write-fetch-head")
            self.run("fetch", *options, str(other.path), *what)

    def refresh(self) -> list[tuple[str, str, str]]:
        """Read all refs again after a push; return (ref, before, after) of those that moved."""
        before = self.refs
        lines = self.lines("for-each-ref", "--format=%(refname) %(objectname)")
        rows = (line.rpartition(" ") for line in lines)
        self.refs = {ref: oid for ref, _, oid in rows}
        names = dict.fromkeys([*before, *self.refs])
        pairs = [(name, before.get(name, ZERO), self.refs.get(name, ZERO)) for name in names]
        moved = [(name, old, new) for name, old, new in pairs if old != new]
        self._pack(len(moved))
        return moved

    def _pack(self, written: int) -> None:
        """Put all refs into one file, once many have one of their own."""
        self._loose += written
        if self._loose > LOOSE_LIMIT:
            self.run("pack-refs", "--all")
            self._loose = 0

    def close(self) -> None:
        """End the reading process."""
        if self._reader:
            self._reader.terminate()
            self._reader.communicate()
            self._reader = None

    def _start_reader(self) -> subprocess.Popen[bytes]:
        if self._reader is None or self._reader.poll() is not None:
            self._reader = subprocess.Popen(
                ["git", "-C", str(self.path), "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=ENVIRONMENT,
            )
        return self._reader
