"""GitHub, for one repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.core.ledger import Ledger
from bot.events import CommentWritten, IdeaLabelled
from bot.sections import Role


@dataclass(frozen=True)
class Issue:
    """An issue or the issue half of a PR."""

    number: int
    title: str
    body: str
    author: str
    is_pull: bool = False


@dataclass(frozen=True)
class Pull:
    """A pull request."""

    number: int
    title: str
    author: str
    branch: str
    head: str
    """The commit that its branch points at now."""
    base_branch: str
    is_open: bool
    is_draft: bool
    is_fork: bool
    merge_commit: str | None


@dataclass(frozen=True)
class FileChange:
    """How a file differs between two commits."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True)
class Change:
    """What a head holds that its base does not."""

    merge_base: str
    files: tuple[FileChange, ...]


CheckState = Literal["queued", "in_progress", "success", "failure", "neutral", "cancelled"]
"""How far a check is, or what it concluded; GitHub lets neutral pass where a check is required."""


class Forge(Protocol):
    """GitHub, for one repository.

    Every method raises `Outage` when GitHub fails to answer, and is safe to call again.
    """

    @property
    def default_branch(self) -> str: ...
    @property
    def is_private(self) -> bool: ...
    def role(self, login: str) -> Role:
        """The role of a person, by `role_name`; "none" for whoever has no access."""
        ...

    def issue(self, number: int) -> Issue: ...
    def pull(self, number: int) -> Pull: ...
    def file(self, path: str, ref: str) -> str | None:
        """A file's text at a branch, tag or commit, or at `HEAD`, the default branch's.

        Returns:
            None if it is not there.
        """
        ...

    def head(self, branch: str) -> str | None:
        """The commit that a branch points at; None if there is no such branch."""
        ...

    def stood(self, branch: str, at: float) -> str | None:
        """The commit that a branch pointed at at a time, as GitHub itself saw it, not as git tells.

        GitHub tells of the last hundred moves, to the second: a push in the same second counts as
        made before.

        Args:
            branch: its name.
            at: seconds since the epoch.

        Returns:
            The commit; None if GitHub knows of no move at all.
        """
        ...

    def compare(self, base: str, head: str) -> Change:
        """What `head` holds that `base` does not (three dots)."""
        ...

    def tree(self, commit: str) -> str:
        """The id of a commit's tree: equal trees are equal files."""
        ...

    def blobs(self, commit: str) -> Mapping[str, str]:
        """A commit's files, each to git's id of its content; none if GitHub lists not all."""
        ...

    def create_label(self, name: str, color: str, description: str) -> bool:
        """Create a label; return whether it was missing."""
        ...

    def create_branch(self, name: str, commit: str) -> str:
        """Create a branch, or take the one that is there; return the commit it points at."""
        ...

    def commit(
        self, branch: str, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        """Commit texts (None deletes) on top of `parent`.

        Raises:
            Stale: the branch does not point at `parent` any more.
        """
        ...

    def open_pull(self, branch: str, title: str, body: str, assignee: str) -> int:
        """Open a draft PR to the default branch, or find the open one; return its number."""
        ...

    def merge(self, pull: int, head: str, method: str, title: str, message: str) -> str:
        """Take the PR out of draft and merge it; if it is merged already, only say so.

        Returns:
            The commit on the default branch.

        Raises:
            UserError: GitHub refuses (conflict, moved head, a required check), with its reason.
        """
        ...

    def close_issue(self, number: int) -> None: ...
    def write_issue(self, number: int, key: str, body: str) -> None:
        """Replace the text of an issue that was opened with this key; not if it is gone."""
        ...

    def pin(self, number: int) -> None:
        """Pin an issue above the list of all; GitHub may refuse, as with three there already."""
        ...

    def open_issue(self, key: str, title: str, body: str, labels: tuple[str, ...] = ()) -> int:
        """Open an issue once: if the bot's issue with this key is there, that is it.

        Returns:
            Its number.
        """
        ...

    def comments_of(self, login: str, since: float) -> tuple[str, ...]:
        """What a person wrote on issues and PRs since a time, the latest first."""
        ...

    def unanswered(self, since: float) -> tuple[CommentWritten, ...]:
        """Comments since a time, oldest first, that bear no sign of an answer: one listing.

        A reply of ours and a result reaction are signs. Edited comments are left out: what stands
        there now may not be what its author wrote.
        """
        ...

    def labelled(self, since: float) -> tuple[int, ...]:
        """Open issues with the label of an idea to which something happened since a time.

        Those may be left out to which nothing has happened since we answered there.
        """
        ...

    def labelling(self, place: int) -> IdeaLabelled | None:
        """Who put the label of an idea on an issue last; None if an app did, or we answered."""
        ...

    def say(self, place: int, key: str, body: str, *, alone: bool = False) -> int:
        """Post a comment once: if the bot's comment with this key stands there, it is left alone.

        Args:
            place: an issue or PR.
            key: what the comment is known by.
            body: its text.
            alone: no other workflow run can be saying this now, because the lab book or the key
                itself gives it to ours; else it is looked for once more behind the post.

        Returns:
            The comment's id.
        """
        ...

    def edit(self, comment_id: int, key: str, body: str) -> None:
        """Replace the text of one of the bot's own comments, which has this key."""
        ...

    def said(self, comment_id: int) -> str:
        """The text of a comment, without its marker."""
        ...

    def minimize(self, comment_id: int) -> None:
        """Fold a comment away as outdated."""
        ...

    def react(self, comment_id: int, content: str) -> None:
        """Put a reaction such as "rocket" on a comment, in place of the first second's "eyes"."""
        ...

    def read_ledger(self) -> Ledger: ...
    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        """Write one decision as one commit of the lab book; nothing, if nothing differs.

        Raises:
            Stale: somebody else wrote since `before` was read.
        """
        ...

    def baseline_asset(self, tag: str) -> str:
        """The text of the release's `baseline.json`."""
        ...

    def publish(
        self, tag: str, commit: str, title: str, notes: str, assets: Mapping[str, str]
    ) -> str:
        """Publish a release with its tag and its assets, or finish one that was begun.

        Args:
            tag: made with the release.
            commit: where the tag points.
            title: one line.
            notes: Markdown.
            assets: each one's text by its name.

        Returns:
            The release's page.
        """
        ...

    def check(self, head: str, state: CheckState, title: str, summary: str) -> None:
        """Set the check "labhand" on a commit; saying the same twice is saying it once.

        Args:
            head: the commit.
            state: how far it is, or what it concluded.
            title: one line of plain text.
            summary: Markdown.
        """
        ...

    def check_state(self, commit: str, name: str) -> CheckState | None:
        """How far somebody's check on a commit is; None if there is none of that name yet."""
        ...

    def open_pulls(self) -> frozenset[int]:
        """The numbers of all open PRs, in one listing."""
        ...

    def ended(self, workflow_run: int) -> bool:
        """Whether Actions says that a workflow run has ended."""
        ...

    def set_schedule(self, enabled: bool) -> None:
        """Switch the schedule's workflow on or off."""
        ...

    def ring(self) -> bool:
        """Ring the workflow in which a job with a model follows; return whether GitHub let us."""
        ...
