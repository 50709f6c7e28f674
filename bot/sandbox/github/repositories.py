"""Repositories themselves, and odds and ends of the whole site."""

from typing import Any

from bot.sandbox.github.auth import role_of, sees
from bot.sandbox.github.call import Answer, Call, Routes
from bot.sandbox.github.shapes import repositories
from bot.sandbox.github.state import Role

routes = Routes()


@routes("GET", "/repos/{owner}/{repo}")
def get(call: Call) -> Any:
    """One repository, with what the reader may do there."""
    repository = call.repository
    role = Role.READ if call.actor.is_robot else role_of(repository, call.actor.user)
    return repositories.full_repository(repository, role)


@routes("GET", "/user/repos")
def list_own(call: Call) -> Answer:
    """The repositories in which the user has a role."""
    found = [
        repository
        for repository in call.site.repositories.values()
        if call.user and role_of(repository, call.user) > Role.READ and sees(call.actor, repository)
    ]
    return call.page(found, repositories.repository)


@routes("GET", "/rate_limit")
def rate_limit(call: Call) -> Any:
    """How much of the hour's requests is left."""
    rates = {name: call.site.meter.rate(call.actor, name) for name in ("core", "graphql")}
    reset = int(call.site.meter.now()) + 60
    rates["search"] = {"limit": 30, "used": 0, "remaining": 30, "reset": reset}
    return {"resources": rates, "rate": rates["core"]}


@routes("GET", "/zen")
def zen(_: Call) -> Answer:
    """A piece of wisdom, as text."""
    return Answer(200, b"Keep it logically awesome.", {"content-type": "text/plain;charset=utf-8"})


@routes("GET", "/meta")
def meta(_: Call) -> Any:
    """What this server is."""
    return {"verifiable_password_authentication": False, "installed_version": "3.19.0"}
