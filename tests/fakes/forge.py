"""GitHub in memory."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.core import book as books
from bot.core.baseline import ASSET
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.ports import Change, CheckState, FileChange, Issue, Pull, Stale
from bot.sections import Role
from tests.fakes.hearing import Hearing
from tests.fakes.scissors import Scissors, write


@dataclass
class Comment:
    """A comment that the bot wrote."""

    id: int
    place: int
    key: str
    body: str
    minimized: bool = False
    edits: int = 0


class FakeForge(Hearing):
    """One repository of GitHub."""

    default_branch = "main"
    is_private = False

    def __init__(self, scissors: Scissors, files: Mapping[str, str]) -> None:
        super().__init__()
        self.scissors = scissors
        self.roles: dict[str, Role] = {"ada": "maintain", "grace": "write", "linus": "read"}
        self.commits: dict[str, tuple[str | None, dict[str, str]]] = {}
        self.branches: dict[str, str] = {}
        self.issues: dict[int, Issue] = {}
        self.pulls: dict[int, Pull] = {}
        self.bodies: dict[int, str] = {}
        self.comments: list[Comment] = []
        self.releases: dict[str, tuple[str, str, Mapping[str, str]]] = {}
        self.labels: dict[str, str] = {}
        self.borne: dict[int, tuple[str, ...]] = {}
        """The labels of the issues that the bot opened, by number."""
        self.checks: dict[str, tuple[str, str, str]] = {}
        """Commit to what its check says: state, title, summary."""
        self.others_checks: dict[tuple[str, str], CheckState] = {}
        """Commit and name to the state of a check that somebody else made."""
        self.pull_listings = 0
        self.unlisted: set[int] = set()
        """PRs that change their page while the open ones are listed."""
        self.book: dict[str, str] = {}
        self.decided: list[str] = []
        """The messages of the lab book's commits."""
        self.log: list[str] = []
        self.overtaken: dict[str, str] = {}
        """Branch to where it pointed when the command was written, if it has moved since."""
        self.written: list[tuple[str, str]] = []
        """Who commented what within the last hour."""
        self.opened: dict[str, int] = {}
        self.pinned: list[int] = []
        self.rewritten = 0
        """How often the text of an issue was replaced."""
        self.own_run = 1
        self.live: set[int] = set()
        """Other workflow runs that have not ended."""
        self.schedule = False
        self.branches["main"] = self._store(None, dict(files))

    def _store(self, parent: str | None, files: dict[str, str]) -> str:
        content = json.dumps([parent, files], sort_keys=True).encode()
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        self.commits[sha] = (parent, files)
        return sha

    def _ancestors(self, commit: str | None) -> Iterator[str]:
        while commit:
            yield commit
            commit = self.commits[commit][0]

    def add_issue(self, title: str, body: str = "", author: str = "ada") -> int:
        """Somebody opens an issue."""
        number = len(self.issues) + len(self.pulls) + 1
        self.issues[number] = Issue(number, title, body, author)
        return number

    def push(self, branch: str, files: Mapping[str, str]) -> str:
        """Somebody pushes to a branch, which starts at the default branch."""
        parent = self.branches.get(branch, self.branches["main"])
        self.branches[branch] = self._store(parent, {**self.commits[parent][1], **files})
        return self.branches[branch]

    def add_pull(self, branch: str, title: str, author: str, *, is_fork: bool = False) -> int:
        """Somebody opens a PR by hand."""
        number = len(self.issues) + len(self.pulls) + 1
        self.pulls[number] = Pull(
            number=number,
            title=title,
            author=author,
            branch=branch,
            head=self.branches[branch],
            base_branch="main",
            is_open=True,
            is_draft=False,
            is_fork=is_fork,
            merge_commit=None,
        )
        return number

    def said_at(self, place: int) -> list[Comment]:
        """The bot's comments at an issue or PR."""
        return [c for c in self.comments if c.place == place]

    def role(self, login: str) -> Role:
        return self.roles.get(login, "none")

    def issue(self, number: int) -> Issue:
        if number in self.pulls:
            pull = self.pulls[number]
            return Issue(number, pull.title, "", pull.author, is_pull=True)
        if number not in self.issues:
            raise UserError(f"There is no issue #{number}.")
        return self.issues[number]

    def pull(self, number: int) -> Pull:
        pull = self.pulls[number]
        return replace(pull, head=self.branches[pull.branch]) if pull.is_open else pull

    def file(self, path: str, ref: str) -> str | None:
        ref = self.default_branch if ref == "HEAD" else ref
        return self.commits[self.branches.get(ref, ref)][1].get(path)

    def head(self, branch: str) -> str | None:
        return self.branches.get(branch)

    def compare(self, base: str, head: str) -> Change:
        seen = set(self._ancestors(base))
        common = next(c for c in self._ancestors(head) if c in seen)
        before, after = self.commits[common][1], self.commits[head][1]
        paths = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
        return Change(common, tuple(FileChange(p, 1, int(p in before)) for p in paths))

    def tree(self, commit: str) -> str:
        return json.dumps(self.commits[commit][1], sort_keys=True)

    def blobs(self, commit: str) -> Mapping[str, str]:
        files = self.commits[commit][1]
        return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}

    @write
    def create_label(self, name: str, color: str, description: str) -> bool:
        del description
        missing = name not in self.labels
        self.labels[name] = color
        return missing

    @write
    def create_branch(self, name: str, commit: str) -> str:
        return self.branches.setdefault(name, commit)

    @write
    def commit(
        self, branch: str, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        if self.branches[branch] != parent:
            raise Stale(branch)
        self.log.append(message)
        merged = {**self.commits[parent][1], **files}
        self.branches[branch] = self._store(
            parent, {path: text for path, text in merged.items() if text is not None}
        )
        return self.branches[branch]

    @write
    def open_pull(self, branch: str, title: str, body: str, assignee: str) -> int:
        for pull in self.pulls.values():
            if pull.branch == branch and pull.is_open:
                return pull.number
        number = self.add_pull(branch, title, "labhand[bot]")
        self.pulls[number] = replace(self.pulls[number], is_draft=True)
        self.bodies[number] = f"{body}\nassigned to {assignee}"
        return number

    @write
    def merge(self, pull: int, head: str, method: str, title: str, message: str) -> str:
        found = self.pull(pull)
        if found.merge_commit:
            return found.merge_commit
        if found.head != head:
            raise UserError("The head of this PR moved.")
        commit = self._store(self.branches["main"], dict(self.commits[head][1]))
        self.branches["main"] = commit
        self.log.append(f"{method}: {title}\n\n{message}")
        self.pulls[pull] = replace(
            found, is_open=False, is_draft=False, head=head, merge_commit=commit
        )
        return commit

    def stood(self, branch: str, at: float) -> str | None:
        del at
        return self.overtaken.get(branch, self.branches.get(branch))

    def comments_of(self, login: str, since: float) -> tuple[str, ...]:
        del since
        return tuple(body for author, body in self.written if author == login)

    @write
    def write_issue(self, number: int, key: str, body: str) -> None:
        if number in self.issues:
            assert self.opened[key] == number
            self.issues[number] = replace(self.issues[number], body=body)
            self.rewritten += 1

    @write
    def pin(self, number: int) -> None:
        self.pinned.append(number)

    @write
    def open_issue(self, key: str, title: str, body: str, labels: tuple[str, ...] = ()) -> int:
        if key not in self.opened:
            self.opened[key] = self.add_issue(title, body, "labhand[bot]")
            self.borne[self.opened[key]] = labels
        return self.opened[key]

    @write
    def close_issue(self, number: int) -> None:
        self.closed.add(number)

    @write
    def say(self, place: int, key: str, body: str, *, alone: bool = False) -> int:
        del alone
        for comment in self.comments:
            if (comment.place, comment.key) == (place, key):
                return comment.id
        comment = Comment(1000 + len(self.comments), place, key, body)
        self.comments.append(comment)
        self.keys.append((place, key))
        return comment.id

    @write
    def edit(self, comment_id: int, key: str, body: str) -> None:
        comment = self.comments[comment_id - 1000]
        assert comment.key == key
        comment.body, comment.edits = body, comment.edits + 1

    def said(self, comment_id: int) -> str:
        return self.comments[comment_id - 1000].body

    @write
    def minimize(self, comment_id: int) -> None:
        self.comments[comment_id - 1000].minimized = True

    @write
    def react(self, comment_id: int, content: str) -> None:
        self.reactions.append((comment_id, content))

    def read_ledger(self) -> Ledger:
        closed = sorted(each for each in self.book.items() if each[0].startswith(books.CLOSED))
        name = hashlib.sha256(json.dumps(closed).encode()).hexdigest() if closed else ""
        head = self.branches.get(books.BRANCH)
        return books.parse(head, self.book, name, reversed(self.decided))

    @write
    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        if before.head != self.branches.get(books.BRANCH):
            raise Stale(books.BRANCH)
        files = books.difference(before, after)
        if not files:
            return replace(after, head=before.head)
        for path, text in files.items():
            if text is None:
                del self.book[path]
            else:
                self.book[path] = text
        self.log.append(message)
        self.decided.append(books.signed(message, self.own_run, files))
        self.branches[books.BRANCH] = self._store(None, dict(self.book))
        return books.written(after, self.branches[books.BRANCH], files)

    def baseline_asset(self, tag: str) -> str:
        if tag not in self.releases:
            raise UserError(f"There is no release `{tag}`.")
        return self.releases[tag][2][ASSET]

    @write
    def publish(
        self, tag: str, commit: str, title: str, notes: str, assets: Mapping[str, str]
    ) -> str:
        del title
        self.releases.setdefault(tag, (commit, notes, assets))
        return f"https://hub/releases/tag/{tag}"

    @write
    def check(self, head: str, state: CheckState, title: str, summary: str) -> None:
        assert head in self.commits
        self.checks[head] = (state, title, summary)

    def check_state(self, commit: str, name: str) -> CheckState | None:
        return self.others_checks.get((commit, name))

    def open_pulls(self) -> frozenset[int]:
        self.pull_listings += 1
        opened = {number for number, pull in self.pulls.items() if pull.is_open}
        return frozenset(opened - self.unlisted)

    def ended(self, workflow_run: int) -> bool:
        return workflow_run not in (self.own_run, *self.live)

    @write
    def set_schedule(self, enabled: bool) -> None:
        self.schedule = enabled
