"""The process at the other end of a connection, found and killed as if its machine were gone."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
SERVICE = "wandb-core"
"""Speaks to W&B for the process that started it."""


def kill_writer(address: tuple[str, int], server: tuple[str, int]) -> None:
    """Kill the process that connects from an address on this machine to a server, and its children.

    Behind W&B's service it is the process that this works for.

    Raises:
        LookupError: nobody connects from there, or whoever does runs the sandbox itself.
    """
    pid = _owner(_inode(address[1], server[1]))
    if (PROC / str(pid) / "comm").read_text().strip() == SERVICE:
        pid = _parents()[pid]
    kill(pid)


def kill(pid: int) -> None:
    """Kill a process with its children, and theirs, at once.

    Raises:
        LookupError: it is the one that runs the sandbox.
    """
    if pid == os.getpid():
        raise LookupError("the process that runs the sandbox is not killed")
    for each in (pid, *_descendants(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _inode(port: int, server: int) -> str:
    """The socket that is bound to a port and connected to a server's: others may share the one."""
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_, inode = line.split()[:10]
        ends = [int(end.partition(":")[2], 16) for end in (local, remote)]
        if state == "01" and ends == [port, server]:  # 01: established
            return inode
    raise LookupError(f"nobody connects from port {port}")


def _owner(inode: str) -> int:
    for link in PROC.glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parts[2])
    raise LookupError(f"nobody has the socket {inode}")


def _parents() -> dict[int, int]:
    """The parent of every process."""
    found = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            found[int(name.split()[0])] = int(rest.split()[1])
    return found


def _descendants(pid: int) -> Iterator[int]:
    parents = _parents()
    due = [pid]
    while due:
        one = due.pop()
        children = [child for child, parent in parents.items() if parent == one]
        yield from children
        due += children
