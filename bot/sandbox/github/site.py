"""The whole of the sandbox's GitHub: everybody, every repository, and how to find them."""

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from bot.sandbox.github.auth import Actor
from bot.sandbox.github.events import Outbox
from bot.sandbox.github.git import Git
from bot.sandbox.github.limits import HOUR, Meter
from bot.sandbox.github.state import App, Installation, Label, Record, Repository, Role, User

ACTIONS = "github-actions[bot]"
INSTALLATION_SECONDS = HOUR
JOB_SECONDS = 24 * HOUR
R = TypeVar("R", bound=Record)

DEFAULT_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)


class Request(NamedTuple):
    """One request that was answered; `login` is empty without a token."""

    method: str
    path: str
    status: int
    login: str


@dataclass
class Site:
    """All state, behind the lock of its outbox."""

    url: str
    root: Path
    meter: Meter
    outbox: Outbox = field(default_factory=Outbox)
    users: dict[str, User] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Actor] = field(default_factory=dict)
    nodes: dict[str, Record] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(3_000_001))

    def __post_init__(self) -> None:
        self.actions = self.add_user(ACTIONS, kind="Bot", number=41898282)
        web_flow = self.add_user("web-flow", kind="User", number=19864447)
        web_flow.email = "noreply@github.com"

    @property
    def api_url(self) -> str:
        """The root of the REST API."""
        return f"{self.url}/api/v3"

    def keep(self, record: R) -> R:
        """Make a record findable by its node id."""
        self.nodes[record.node_id] = record
        return record

    def next_id(self) -> int:
        """A number that nothing else has."""
        return next(self.ids)

    def add_user(self, login: str, *, kind: str, number: int | None = None) -> User:
        """Make a user, or return the one of that name."""
        if known := self.users.get(login.lower()):
            return known
        number = number or self.next_id()
        page = f"apps/{login.removesuffix('[bot]')}" if kind == "Bot" else login
        user = User(
            id=number,
            login=login,
            kind=kind,
            api_url=f"{self.api_url}/users/{quote(login)}",
            html_url=f"{self.url}/{page}",
            email=f"{number}+{login}@users.noreply.github.com",
        )
        self.users[login.lower()] = self.keep(user)
        return user

    def user(self, login: str) -> User | None:
        """The user of that name, in any spelling of it."""
        return self.users.get(login.lower())

    def author(self, email: str) -> User | None:
        """The user whose address stands in a commit: the one that GitHub makes to hide theirs."""
        return next((user for user in self.users.values() if user.email == email), None)

    def add_token(self, user: User, token: str | None = None) -> str:
        """Keep a token, made up if need be, that can do whatever its owner may."""
        token = token or "ghp_" + secrets.token_hex(18)
        self.tokens[token] = Actor(user, token)
        return token

    def add_fine_grained_token(
        self,
        user: User,
        repositories: Iterable[Repository],
        permissions: Mapping[str, str],
        expires_at: float | None,
    ) -> str:
        """Make a token of a person for some repositories and permissions."""
        token = "github_pat_" + secrets.token_hex(41)
        self.tokens[token] = Actor(
            user, token, dict(permissions), tuple(repositories), expires_at=expires_at
        )
        return token

    def add_job_token(self, repository: Repository, permissions: Mapping[str, str]) -> str:
        """Make a token of an Actions job."""
        token = "ghs_" + secrets.token_hex(18)
        self.tokens[token] = Actor(
            self.actions,
            token,
            dict(permissions),
            (repository,),
            is_job=True,
            expires_at=self.meter.now() + JOB_SECONDS,
        )
        return token

    def add_installation_token(
        self,
        installation: Installation,
        repositories: Iterable[Repository],
        permissions: Mapping[str, str],
    ) -> Actor:
        """Make a token with which an App acts for an hour."""
        token = "ghs_" + secrets.token_hex(18)
        self.tokens[token] = Actor(
            installation.app.bot,
            token,
            dict(permissions),
            tuple(repositories),
            installation=installation,
            expires_at=self.meter.now() + INSTALLATION_SECONDS,
        )
        return self.tokens[token]

    def actor(self, token: str) -> Actor | None:
        """Whose token this is; None once it has expired."""
        found = self.tokens.get(token)
        ended = found and found.expires_at is not None and self.meter.now() >= found.expires_at
        return None if ended else found

    def add_repository(self, full_name: str, *, private: bool, default_branch: str) -> Repository:
        """Make an empty repository with GitHub's usual labels.

        Raises:
            ValueError: there is one of that name.
        """
        owner, _, name = full_name.partition("/")
        if full_name.lower() in self.repositories:
            raise ValueError(f"there is a repository {full_name} already")
        repository = Repository(
            id=self.next_id(),
            owner=self.add_user(owner, kind="Organization"),
            name=name,
            git=Git(self.root / f"{full_name}.git", default_branch),
            api_url=f"{self.api_url}/repos/{full_name}",
            html_url=f"{self.url}/{full_name}",
            private=private,
            default_branch=default_branch,
        )
        for label, color, text in DEFAULT_LABELS:
            made = Label(id=self.next_id(), name=label, color=color, description=text)
            repository.labels[label.lower()] = self.keep(made)
        self.repositories[full_name.lower()] = self.keep(repository)
        return repository

    def repository(self, full_name: str) -> Repository | None:
        """The repository of that name, in any spelling of it."""
        return self.repositories.get(full_name.lower().removesuffix(".git"))

    def set_role(self, repository: Repository, login: str, role: Role) -> None:
        """Give a user a role in a repository.

        Raises:
            KeyError: there is no such user.
        """
        repository.roles[self.users[login.lower()].login.lower()] = role
