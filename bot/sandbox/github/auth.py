"""Tokens, and what their owners may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.github.state import App, Installation, Issue, Pull, Repository, Role, User

RANKS = {"read": 1, "write": 2}


@dataclass(frozen=True)
class Actor:
    """Whoever makes a request.

    Attributes:
        user: None without a token, and for an App that speaks for itself.
        permissions: What the token may do, by scope; None if that is whatever its owner may.
        repositories: Where a token with permissions may do it.
        is_job: Whether this is the GITHUB_TOKEN of an Actions job.
        installation: Whose token this is, for a token of an App.
        app: The App that speaks for itself.
        expires_at: When the token ends, in seconds since 1970; None if it does not.
    """

    user: User | None = None
    token: str = ""
    permissions: Mapping[str, str] | None = None
    repositories: tuple[Repository, ...] = ()
    is_job: bool = False
    installation: Installation | None = None
    app: App | None = None
    expires_at: float | None = None

    @property
    def is_scoped(self) -> bool:
        """Whether the token may do only what it was given, whoever owns it."""
        return self.permissions is not None

    @property
    def is_robot(self) -> bool:
        """Whether only permissions count, because nobody with a role is behind the token."""
        return self.is_job or self.installation is not None

    @property
    def is_app(self) -> bool:
        """Whether a GitHub App acts, as Actions does."""
        return self.user is not None and self.user.kind == "Bot"


def role_of(repository: Repository, user: User | None) -> Role:
    """The role of a user, at least `READ` where the repository is public."""
    floor = Role.NONE if repository.private else Role.READ
    if user is None:
        return floor
    if user is repository.owner:
        return Role.ADMIN
    return max(floor, repository.roles.get(user.login.lower(), Role.NONE))


def sees(actor: Actor, repository: Repository) -> bool:
    """Whether the repository exists for this actor."""
    if actor.is_scoped and repository.private and repository not in actor.repositories:
        return False
    return actor.is_robot or role_of(repository, actor.user) >= Role.READ


def may(actor: Actor, repository: Repository, role: Role, *scopes: str) -> bool:
    """Whether the owner of a token has the role, and the token one of the scopes that stand for it.

    A robot has no role, and an ordinary token of a person no scopes; with a fine-grained one a
    person may what both allow.
    """
    if not actor.is_robot and role_of(repository, actor.user) < role:
        return False
    asked = ("administration",) if role is Role.ADMIN else scopes
    return grants(actor, repository, "read" if role is Role.READ else "write", *asked)


def grants(actor: Actor, repository: Repository, level: str, *scopes: str) -> bool:
    """Whether the token itself allows to `read` or `write` one of the scopes, whoever owns it."""
    if actor.permissions is None or (level == "read" and not repository.private):
        return True
    if repository not in actor.repositories:
        return False
    if "metadata" in scopes:
        return True  # every such token reads metadata, whatever else it may do
    needed, given = RANKS[level], actor.permissions
    return any(RANKS.get(given.get(scope, ""), 0) >= needed for scope in scopes)


def scopes_of(issue: Issue) -> tuple[str, ...]:
    """The scopes of a token that reach a thread: a pull request is an issue too."""
    return ("pull-requests", "issues") if isinstance(issue, Pull) else ("issues",)
