"""Users, and who may do what in a repository."""

from typing import Any

from bot.sandbox.github.auth import role_of
from bot.sandbox.github.call import Answer, Call, Refused, Routes, not_found
from bot.sandbox.github.shapes import people
from bot.sandbox.github.state import Role, User

routes = Routes()
COLLABORATORS = "/repos/{owner}/{repo}/collaborators"
NO_PERMISSION_VIEW = "Must have push access to view collaborator permission."
NO_LIST_VIEW = "Must have push access to view repository collaborators."


@routes("GET", "/user")
def get_self(call: Call) -> Any:
    """Whose token this is; a robot is nobody who could be asked."""
    if call.actor.is_robot:
        raise Refused(403, "Resource not accessible by integration")
    zeros = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage")
    private = {**dict.fromkeys(zeros, 0), "collaborators": 0, "two_factor_authentication": True}
    return {**people.profile(call.user), **private}


@routes("GET", "/users/{login}")
def get(call: Call) -> Any:
    """Anybody's page."""
    return people.profile(_known(call))


@routes("GET", COLLABORATORS + "/{login}/permission")
def get_permission(call: Call) -> Any:
    """What a user may do here; in a public repository everybody may read."""
    call.need(Role.WRITE, "metadata", forbidden=NO_PERMISSION_VIEW)
    user = _known(call)
    role = role_of(call.repository, user)
    return {
        "permission": people.legacy_permission(role),
        "user": people.collaborator(user, role),
        "role_name": role.name.lower(),
    }


@routes("GET", COLLABORATORS + "/{login}", 204)
def is_collaborator(call: Call) -> None:
    """204 when a user has a role here, else 404."""
    call.need(Role.WRITE, "metadata", forbidden=NO_LIST_VIEW)
    if people.association(call.repository, _known(call)) == "NONE":
        raise not_found()


@routes("GET", COLLABORATORS)
def list_all(call: Call) -> Answer:
    """Everybody with a role of their own; `permission` asks for at least one."""
    call.need(Role.WRITE, "metadata", forbidden=NO_LIST_VIEW)
    asked = call.query.get("permission", "pull")
    found = [(user, role_of(call.repository, user)) for user in call.site.users.values()]
    shown = [
        (user, role)
        for user, role in found
        if people.association(call.repository, user) != "NONE"
        and user.kind != "Organization"
        and people.permissions(role).get(asked)
    ]
    return call.page(shown, lambda pair: people.collaborator(*pair))


def _known(call: Call) -> User:
    found = call.site.user(call.path["login"])
    if found is None:
        raise not_found()
    return found
