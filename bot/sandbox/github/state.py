"""What the sandbox's GitHub remembers, in the words of GitHub's API."""

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

from bot.sandbox.github.git import Git
from bot.sandbox.github.rules import Protection

if TYPE_CHECKING:
    from bot.sandbox.github.automation import CheckRun, Hook, Status, Variable, Workflow
    from bot.sandbox.github.labelling import Labelling
    from bot.sandbox.github.moving import Movement


def now() -> str:
    """The present as GitHub writes it, in whole seconds of UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Role(IntEnum):
    """What somebody may do in a repository, weakest first."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(eq=False, kw_only=True)
class Record:
    """Anything with a number and a global node id."""

    prefix: ClassVar[str] = ""
    id: int
    created_at: str = field(default_factory=now)

    @property
    def node_id(self) -> str:
        """The opaque id that GraphQL knows it by."""
        packed = self.id.to_bytes(6, "big")
        return f"{self.prefix}_kwDO{base64.urlsafe_b64encode(packed).decode()}"


@dataclass(eq=False, kw_only=True)
class User(Record):
    """A person, an organization or a bot."""

    prefix = "U"
    login: str
    kind: str
    api_url: str
    html_url: str
    email: str


@dataclass(eq=False, kw_only=True)
class App(Record):
    """A GitHub App, which acts as `bot`; its permissions are `read` or `write` by scope."""

    prefix = "A"
    slug: str
    client_id: str
    public_key: str
    bot: User
    owner: User
    permissions: dict[str, str]


@dataclass(eq=False, kw_only=True)
class Installation(Record):
    """An App on some repositories of one account."""

    prefix = "IN"
    app: App
    repositories: "list[Repository]"

    @property
    def account(self) -> User:
        """The owner of the repositories."""
        return self.repositories[0].owner


@dataclass(eq=False, kw_only=True)
class Label(Record):
    """A label that a repository offers."""

    prefix = "LA"
    name: str
    color: str
    description: str | None


@dataclass(eq=False, kw_only=True)
class Reaction(Record):
    """One emoji by one user."""

    prefix = "REA"
    user: User
    content: str


@dataclass(eq=False, kw_only=True)
class Comment(Record):
    """A comment on an issue or a pull request."""

    prefix = "IC"
    issue: "Issue"
    author: User
    body: str
    updated_at: str = field(default_factory=now)
    minimized_reason: str | None = None
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def html_url(self) -> str:
        """Where a browser shows it."""
        return f"{self.issue.html_url}#issuecomment-{self.id}"


@dataclass(eq=False, kw_only=True)
class Issue(Record):
    """An issue; a pull request is one too."""

    prefix = "I"
    repository: "Repository"
    number: int
    author: User
    title: str
    body: str | None
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: User | None = None
    updated_at: str = field(default_factory=now)
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    labellings: "list[Labelling]" = field(default_factory=list)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "state":  # every page that shows a repository counts what is open in it
            opened = self.repository.opened
            (opened.add if value == "open" else opened.discard)(self.number)

    @property
    def html_url(self) -> str:
        """Where a browser shows it."""
        return f"{self.repository.html_url}/issues/{self.number}"


@dataclass(eq=False, kw_only=True)
class Review(Record):
    """A review of a pull request."""

    prefix = "PRR"
    author: User
    body: str
    state: str
    commit_id: str
    submitted_at: str = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Pull(Issue):
    """A pull request: `id` is the pull's, `issue_id` the issue's.

    `head_repository` is another one for a pull request from a fork, and None once that is gone.
    """

    prefix = "PR"
    issue_id: int
    head_owner: User
    head_repository: "Repository | None"
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    maintainer_can_modify: bool = False
    merged_at: str | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)

    @property
    def head_label(self) -> str:
        """Owner and branch, as GitHub writes them."""
        return f"{self.head_owner.login}:{self.head_ref}"

    @property
    def head_tip(self) -> str | None:
        """The commit that its branch points at now; None once branch or repository are gone."""
        home = self.head_repository
        return home.git.refs.get(f"refs/heads/{self.head_ref}") if home else None

    @property
    def html_url(self) -> str:
        """Where a browser shows it."""
        return f"{self.repository.html_url}/pull/{self.number}"


@dataclass(eq=False, kw_only=True)
class Asset(Record):
    """A file attached to a release."""

    prefix = "RA"
    name: str
    label: str | None
    content_type: str
    content: bytes
    uploader: User
    download_count: int = 0


@dataclass(eq=False, kw_only=True)
class Release(Record):
    """A release: a tag with notes and assets."""

    prefix = "RE"
    repository: "Repository"
    author: User
    tag_name: str
    target_commitish: str
    name: str | None
    body: str | None
    draft: bool
    prerelease: bool
    published_at: str | None
    assets: list[Asset] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Repository(Record):
    """A repository and all that belongs to it; `git` holds its objects and refs."""

    prefix = "R"
    owner: User
    name: str
    git: Git
    api_url: str
    html_url: str
    private: bool = False
    default_branch: str = "main"
    parent: "Repository | None" = None
    forks: list["Repository"] = field(default_factory=list)
    pushed_at: str = field(default_factory=now)
    actions_can_create_pull_requests: bool = False
    roles: dict[str, Role] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    threads: dict[int, Issue] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)
    pinned: list[int] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    check_runs: dict[int, "CheckRun"] = field(default_factory=dict)
    statuses: list["Status"] = field(default_factory=list)
    protections: dict[str, Protection] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    hooks: dict[int, "Hook"] = field(default_factory=dict)
    variables: dict[str, "Variable"] = field(default_factory=dict)
    workflows: dict[str, "Workflow"] = field(default_factory=dict)
    workflow_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    activity: list["Movement"] = field(default_factory=list)
    verified: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def full_name(self) -> str:
        """Owner and name, as in an address."""
        return f"{self.owner.login}/{self.name}"

    @property
    def source(self) -> "Repository":
        """The repository that all forks of a family come from."""
        return self.parent.source if self.parent else self

    @property
    def family(self) -> "list[Repository]":
        """The source and all forks, also forks of forks."""
        found = [self.source]
        for member in found:
            found += member.forks
        return found

    @property
    def issues(self) -> dict[int, Issue]:
        """The issues that are no pull requests, by number."""
        found = list(self.threads.values())  # at once, as readers may be on another thread
        return {thread.number: thread for thread in found if not isinstance(thread, Pull)}

    @property
    def pulls(self) -> dict[int, Pull]:
        """The pull requests, by number."""
        found = list(self.threads.values())
        return {thread.number: thread for thread in found if isinstance(thread, Pull)}
