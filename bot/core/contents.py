"""What the lab book holds, written down with each decision: so that what is gone is missed."""

import re
from collections.abc import Iterable, Mapping

from pydantic import Field

from bot.core.record import Record

TRAILER = "Labhand-Decision"
"""Under which a commit's message tells its number."""


class Contents(Record):
    """The lab book behind one decision."""

    decision: int = 0
    """How many decisions were counted up to this one; 0 where nobody counted."""
    files: dict[str, str] = Field(default_factory=dict)
    """Path to check value of every file that each ring reads."""
    closed: str = ""
    """Git's id of the folder of closed experiments; empty where this decision has changed it, so
    that the next one tells."""

    def behind(self, written: Mapping[str, str | None], closed: str) -> "Contents":
        """What the lab book holds once a decision more is written.

        Args:
            written: path to check value; None of what is deleted.
            closed: the folder of closed experiments.
        """
        files = {**self.files, **written}
        return Contents(
            decision=self.decision + 1,
            files={
                path: files[path] or ""
                for path in sorted(files)
                if files[path] is not None and not path.startswith(f"{closed}/")
            },
            closed="" if any(path.startswith(f"{closed}/") for path in written) else self.closed,
        )

    def amiss(self, found: "Contents", path: str, closed: str) -> tuple[str, str] | None:
        """The first file that is not as it was written, and what is wrong with it.

        Args:
            found: what is there; as its decision, the last one that the branch's history tells.
            path: where this is written.
            closed: the folder of closed experiments.
        """
        if self.decision < found.decision:
            return path, (
                f"it is that of decision {self.decision}, and decision {found.decision} was the "
                "last: one or more were taken back"
            )
        for name in sorted(self.files.keys() | found.files.keys()):
            if name not in found.files:
                return name, "it is gone"
            if name not in self.files:
                return name, "no decision has written it"
            if self.files[name] != found.files[name]:
                return name, "it holds what was written by another decision than the last"
        if self.closed not in ("", found.closed):
            return closed, "a file there was changed, added or deleted"
        return None


def decision_of(messages: Iterable[str]) -> int:
    """The last decision that a branch's history tells of; 0 if it tells of none.

    Args:
        messages: those of its last commits, the newest first; some may be a person's.
    """
    found = (re.search(rf"^{TRAILER}: (\d+)$", message, re.MULTILINE) for message in messages)
    return next((int(each[1]) for each in found if each), 0)
