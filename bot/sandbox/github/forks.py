"""Forks: copies of a repository that belong to somebody else, and their end."""

import shutil
from typing import Any

from bot.sandbox.github.auth import sees
from bot.sandbox.github.call import Answer, Call, Refused, Routes
from bot.sandbox.github.moving import close_pull
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import repositories
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Pull, Repository, Role, User

routes = Routes()
FORKS = "/repos/{owner}/{repo}/forks"


@routes("POST", FORKS, 202)
def create(call: Call) -> Any:
    """Fork a repository; whoever has a fork of it already gets that one."""
    if call.actor.is_robot:
        call.deny()
    repository, user = call.repository, call.user
    if call.fields.get("organization"):
        raise Refused(422, "Validation Failed", ["The sandbox forks for people alone."])
    if repository.owner is user:
        raise Refused(403, "You cannot fork your own repository")
    fork = next((found for found in repository.family if found.owner is user), None)
    if fork is None:
        fork = _copy(call, user)
        shown = repositories.repository(fork)
        emit(call.site, repository, call.actor, "fork", forkee=shown)
    return repositories.full_repository(fork, Role.ADMIN)


def of(call: Call, owner: str) -> Repository | None:
    """The repository of the same family that somebody owns, if the caller may see it."""
    for member in (call.repository, *call.repository.family):
        if member.owner.login.lower() == owner.lower() and sees(call.actor, member):
            return member
    return None


def _copy(call: Call, user: User) -> Repository:
    site, parent = call.site, call.repository
    name = call.text("name", parent.name)
    if site.repository(f"{user.login}/{name}"):
        name += "-1"
    fork = site.add_repository(
        f"{user.login}/{name}", private=parent.private, default_branch=parent.default_branch
    )
    branches = parent.default_branch if call.fields.get("default_branch_only") else "*"
    specs = [f"refs/heads/{branches}:refs/heads/{branches}"]
    if branches == "*":
        specs.append("refs/tags/*:refs/tags/*")
    fork.git.take(parent.git, *specs)
    fork.git.refresh()
    fork.parent = parent
    parent.forks.append(fork)
    return fork


@routes("GET", FORKS)
def list_all(call: Call) -> Answer:
    """The forks of a repository, newest first."""
    call.need(Role.READ, "metadata")
    found = [fork for fork in reversed(call.repository.forks) if sees(call.actor, fork)]
    return call.page(found, repositories.repository)


@routes("DELETE", "/repos/{owner}/{repo}", 204)
def delete(call: Call) -> None:
    """Delete a repository: pull requests from it close, its forks stand on their own."""
    call.need(Role.ADMIN, forbidden="Must have admin rights to Repository.")
    site, repository = call.site, call.repository
    for pull in _pulls_from(repository):
        if pull.state == "open":
            close_pull(site, call.actor, pull)
        pull.head_repository = None
    for fork in repository.forks:
        fork.parent = None
    if repository.parent:
        repository.parent.forks.remove(repository)
    _forget(site, repository)


def _pulls_from(repository: Repository) -> list[Pull]:
    others = [other for other in repository.family if other is not repository]
    pulls = [pull for other in others for pull in other.pulls.values()]
    return [pull for pull in pulls if pull.head_repository is repository]


def _forget(site: Site, repository: Repository) -> None:
    del site.repositories[repository.full_name.lower()]
    del site.nodes[repository.node_id]
    repository.git.close()
    shutil.rmtree(repository.git.path)
