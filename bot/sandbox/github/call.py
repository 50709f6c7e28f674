"""One request as its handler sees it, and the answers and refusals it can give."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode

from bot.sandbox.github.auth import Actor, grants, may, sees
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Issue, Pull, Repository, Role, User

NOT_YOURS = "Must have admin rights to Repository."
DOCUMENTATION = "https://docs.github.com/rest"
T = TypeVar("T")
Json = dict[str, Any]


class Refused(Exception):
    """A request that GitHub answers with an error body."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Any] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Json = {"message": message}
        if errors:
            self.body["errors"] = list(errors)
        self.body |= {"documentation_url": DOCUMENTATION, "status": str(status)}


def not_found() -> Refused:
    """What GitHub says about everything that one may not know of."""
    return Refused(404, "Not Found")


def invalid(
    resource: str, field_name: str | None, code: str, message: str | None = None
) -> Refused:
    """A 422 about one field."""
    error = {"resource": resource, "code": code, "field": field_name, "message": message}
    return Refused(
        422,
        "Validation Failed",
        [{key: value for key, value in error.items() if value is not None}],
    )


@dataclass(frozen=True)
class Answer:
    """An answer that is not simply JSON with the route's usual status."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """A request: who asks, for what, with which fields."""

    site: Site
    actor: Actor
    method: str
    url: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def repository(self) -> Repository:
        """The repository in the address, if the actor may see it."""
        found = self.site.repository(f"{self.path['owner']}/{self.path['repo']}")
        if found is None or not sees(self.actor, found):
            raise not_found()
        return found

    @cached_property
    def fields(self) -> Json:
        """The body's JSON object; empty without a body."""
        parsed = self.parsed
        if not isinstance(parsed, dict):
            raise Refused(400, "Body should be a JSON object")
        return parsed

    @cached_property
    def parsed(self) -> Any:
        """The body's JSON, of whatever type."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None

    @property
    def user(self) -> User:
        """Who asks; without a token nobody does."""
        if self.actor.user is None:
            raise Refused(401, "Requires authentication")
        return self.actor.user

    def need(self, role: Role, *scopes: str, forbidden: str | None = None) -> None:
        """Refuse those who have not the role, or whose token has none of the scopes.

        Raises:
            Refused: 401 without a token; for a token with permissions 403; else 403 with the
                message `forbidden`, or 404 where GitHub hides that there is something to do.
        """
        repository = self.repository
        if role > Role.READ:
            assert self.user
        if not may(self.actor, repository, role, *scopes):
            self.deny(forbidden)

    def need_grant(self, *scopes: str) -> None:
        """Refuse a token that may write none of the scopes, whatever role its owner has.

        Raises:
            Refused: 401 without a token, else 403.
        """
        assert self.user
        if not grants(self.actor, self.repository, "write", *scopes):
            self.deny()

    def deny(self, forbidden: str | None = None) -> NoReturn:
        """Refuse as GitHub does, see `need`."""
        if self.actor.is_robot:
            raise Refused(403, "Resource not accessible by integration")
        if self.actor.is_scoped:
            raise Refused(403, "Resource not accessible by personal access token")
        raise Refused(403, forbidden) if forbidden else not_found()

    def text(self, name: str, default: str | None = None) -> str:
        """A field that must be a string.

        Raises:
            Refused: 422, when it is missing without a default, or no string.
        """
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if value is None:
            raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        if not isinstance(value, str):
            raise Refused(
                422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string."
            )
        return value

    def optional(self, name: str) -> str | None:
        """A field that may be a string, null or missing."""
        return None if self.fields.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """A whole number in the address."""
        try:
            return int(self.path[name])
        except ValueError:
            raise not_found() from None

    @property
    def issue(self) -> Issue:
        """The issue or pull request whose number stands in the address."""
        found = self.repository.threads.get(self.number("number"))
        if found is None:
            raise not_found()
        return found

    @property
    def pull(self) -> Pull:
        """The pull request whose number stands in the address."""
        found = self.issue
        if not isinstance(found, Pull):
            raise not_found()
        return found

    def page(
        self, items: Iterable[T], shape: Callable[[T], Any], wrapped: str | None = None
    ) -> Answer:
        """One page of a list, with the `Link` header; `wrapped` names the list in an object."""
        found = list(items)
        size = min(max(self._positive("per_page", 30), 1), 100)
        page = max(self._positive("page", 1), 1)
        shown: Any = [shape(item) for item in found[(page - 1) * size : page * size]]
        if wrapped:
            shown = {"total_count": len(found), wrapped: shown}
        last = max(-(-len(found) // size), 1)
        targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page >= last:
            del targets["next"], targets["last"]
        if page == 1:
            del targets["prev"], targets["first"]
        links = [
            f'<{self.url}?{urlencode({**self.query, "page": number})}>; rel="{name}"'
            for name, number in targets.items()
        ]
        return Answer(200, shown, {"link": ", ".join(links)} if links else {})

    def _positive(self, name: str, default: int) -> int:
        value = self.query.get(name, "")
        return int(value) if value.isdigit() else default


Handler = Callable[[Call], Any]


class Routes:
    """The addresses that one module answers."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, Handler, int]] = []

    def __call__(self, method: str, path: str, status: int = 200) -> Callable[[Handler], Handler]:
        """Register a handler for a method and a path; `status` is for an answer that is JSON."""

        def register(handler: Handler) -> Handler:
            self.found.append((method, path, handler, status))
            return handler

        return register
