"""What the story looks for on the sandbox's GitHub."""

import re
from collections.abc import Iterator

from bot.sandbox.demo.stage import PROJECT, REPOSITORY, Stage
from bot.sandbox.github.state import Comment, Pull, Release
from bot.sandbox.wandb import Run

BOT = "github-actions[bot]"
VERDICT = re.compile(r"^### \S+ (?!MERGED)([A-Z_ ]+?)(?: ·|$)", re.MULTILINE)


class Looking:
    """Reads the state of the one repository."""

    def __init__(self, at: Stage) -> None:
        self._at = at
        self.repository = at.github.repository(REPOSITORY)

    def said(self, place: int, *words: str) -> Comment | None:
        """The bot's last comment there that holds all of these words."""
        found = (c for c in reversed(self._comments(place)) if all(w in c.body for w in words))
        return next(found, None)

    def reports(self, place: int) -> list[Comment]:
        """The bot's comments there that carry a verdict, oldest first."""
        return [c for c in self._comments(place) if VERDICT.search(c.body)]

    def verdict(self, place: int, count: int = 1) -> str | None:
        """The verdict of the report of that number, once it is posted."""
        reports = self.reports(place)
        found = VERDICT.search(reports[count - 1].body) if len(reports) >= count else None
        return found[1] if found else None

    def pull_of(self, issue: int) -> Pull | None:
        """The draft PR that an idea became."""
        branch = f"exp/{issue}-"
        return next((p for p in self.pulls() if p.head_ref.startswith(branch)), None)

    def pulls(self) -> Iterator[Pull]:
        """Every PR."""
        return iter(list(self.repository.pulls.values()))

    def release(self, tag: str) -> Release | None:
        """A release that is published with its asset."""
        for release in list(self.repository.releases.values()):
            if release.tag_name == tag and not release.draft and release.assets:
                return release
        return None

    def progress(self, place: int) -> int:
        """How many progress comments stand there that were edited since they were written."""
        marked = (c for c in self._comments(place) if "labhand:progress" in c.body)
        return sum(comment.updated_at != comment.created_at for comment in marked)

    def runs(self, pull: int) -> list[Run]:
        """The training runs of a PR."""
        prefix = f"labhand/{self.repository.pulls[pull].head_ref}/"
        return [run for run in self._at.wandb.runs(PROJECT) if run.name.startswith(prefix)]

    def running(self) -> str:
        """How many runs are in which state, for the display."""
        states: dict[str, int] = {}
        for run in self._at.wandb.runs(PROJECT):
            states[run.state] = states.get(run.state, 0) + 1
        return " ".join(f"{n} {state}" for state, n in states.items())

    def _comments(self, place: int) -> list[Comment]:
        comments = list(self.repository.threads[place].comments)
        return [c for c in comments if c.author.login == BOT]
