"""Processes of this machine, as /proc shows them."""

from pathlib import Path


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended; one that is being killed still is."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def children(pid: int) -> set[int]:
    """The processes that a process has started, as far as they are there."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for each in found for child in each.read_text().split()}
