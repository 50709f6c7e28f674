"""Tokens, and what their owners may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.github.state import Issue, Pull, Repository, Role, User

RANKS = {"read": 1, "write": 2}


@dataclass(frozen=True)
class Actor:
    """Whoever makes a request.

    Attributes:
        user: None without a token.
        repository: The only repository that a job's token is good for.
        permissions: What a job's token may do, by scope; None for a person's token.
    """

    user: User | None = None
    token: str = ""
    repository: Repository | None = None
    permissions: Mapping[str, str] | None = None

    @property
    def is_job(self) -> bool:
        """Whether this is the token of an Actions job."""
        return self.permissions is not None

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
    if actor.is_job:
        return actor.repository is repository or not repository.private
    return role_of(repository, actor.user) >= Role.READ


def may(actor: Actor, repository: Repository, role: Role, *scopes: str) -> bool:
    """Whether a person has the role, or a job's token one of the scopes that stand for it."""
    if actor.permissions is None:
        return role_of(repository, actor.user) >= role
    if role is Role.READ and not repository.private:
        return True
    if actor.repository is not repository or role is Role.ADMIN:
        return False
    if "metadata" in scopes:
        return True  # every job's token reads metadata, whatever else it may do
    needed = RANKS["read" if role is Role.READ else "write"]
    return any(RANKS.get(actor.permissions.get(scope, ""), 0) >= needed for scope in scopes)


def scopes_of(issue: Issue) -> tuple[str, ...]:
    """The scopes of a job's token that reach a thread: a pull request is an issue too."""
    return ("pull-requests", "issues") if isinstance(issue, Pull) else ("issues",)
