"""What GraphQL can point at by a global id, and finding it again."""

import base64
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.github import trees
from bot.sandbox.github.auth import sees
from bot.sandbox.github.call import Call
from bot.sandbox.github.git import GitObject
from bot.sandbox.github.state import Comment, Issue, Record, Release, Repository

PREFIXES = {"commit": "C", "tree": "T", "blob": "B", "tag": "TA"}


class Problem(Exception):
    """An error that GraphQL tells with a type of its own, such as NOT_FOUND."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.type = kind


@dataclass(frozen=True)
class GitNode:
    """A git object within its repository."""

    repository: Repository
    found: GitObject

    @property
    def kind(self) -> str:
        """Blob, tree, commit or tag."""
        return self.found.kind

    @property
    def oid(self) -> str:
        """Its SHA."""
        return self.found.oid

    @property
    def node_id(self) -> str:
        """Its global id."""
        return f"{PREFIXES[self.kind]}_kwDO{self.oid[:24]}"

    @property
    def html_url(self) -> str:
        """Where a browser shows it."""
        return f"{self.repository.html_url}/{self.kind}/{self.oid}"

    @property
    def commit(self) -> trees.Commit:
        """The commit, taken apart."""
        found = trees.commit(self.repository.git, self.oid)
        assert found
        return found


@dataclass(frozen=True)
class RefNode:
    """A ref within its repository."""

    repository: Repository
    ref: str

    @property
    def node_id(self) -> str:
        """Its global id."""
        return ref_node_id(self.repository, self.ref)

    @property
    def name(self) -> str:
        """Its short name."""
        return self.ref.split("/", 2)[2]

    @property
    def prefix(self) -> str:
        """What stands before the short name."""
        return self.ref.removesuffix(self.name)

    @property
    def target(self) -> GitNode | None:
        """What it points at."""
        return git_node(self.repository, self.repository.git.refs[self.ref])


def ref_node_id(repository: Repository, ref: str) -> str:
    """The global id of a ref."""
    packed = base64.urlsafe_b64encode(f"{repository.id}:{ref}".encode()).decode()
    return f"REF_kwDO{packed}"


def git_node(repository: Repository, expression: str) -> GitNode | None:
    """What an expression such as `main:README.md` names, or None: a tag goes before a branch."""
    name, colon, path = expression.partition(":")
    refs = repository.git.refs
    oid = refs.get(f"refs/tags/{name}") or refs.get(f"refs/heads/{name}") or refs.get(name, name)
    found = repository.git.read(f"{oid}{colon}{path}")
    return GitNode(repository, found) if found else None


def scoped(call: Call, repository: Repository) -> Call:
    """The call as if it had been made to this repository, for its checks of rights."""
    return replace(call, path={"owner": repository.owner.login, "repo": repository.name})


def node(call: Call, global_id: str) -> Any:
    """Whatever has this global id and may be seen.

    Raises:
        Problem: NOT_FOUND.
    """
    found: Record | RefNode | None = call.site.nodes.get(global_id)
    if found is None and global_id.startswith("REF_"):
        number, _, ref = base64.urlsafe_b64decode(global_id[8:]).decode().partition(":")
        for repository in call.site.repositories.values():
            if str(repository.id) == number and ref in repository.git.refs:
                found = RefNode(repository, ref)
    owner = _home(found)
    if found is None or (owner and not sees(call.actor, owner)):
        message = f"Could not resolve to a node with the global id of '{global_id}'"
        raise Problem("NOT_FOUND", message)
    return found


def _home(record: Record | RefNode | None) -> Repository | None:
    """The repository that a record belongs to."""
    if isinstance(record, Comment):
        return record.issue.repository
    if isinstance(record, Repository):
        return record
    return record.repository if isinstance(record, (Issue, Release, RefNode)) else None


def repository_named(call: Call, owner: str, name: str) -> Repository:
    """A repository that may be seen.

    Raises:
        Problem: NOT_FOUND.
    """
    found = call.site.repository(f"{owner}/{name}")
    if found is None or not sees(call.actor, found):
        message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
        raise Problem("NOT_FOUND", message)
    return found
