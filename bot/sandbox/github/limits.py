"""How often one may ask: GitHub's primary and secondary rate limits, counted and enforced.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from bot.sandbox.github.auth import Actor

MINUTE, HOUR = 60, 3600  # seconds
ADDRESS = "127.0.0.1"
PAGE = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
ABOUT_SECONDARY = f"{PAGE}#about-secondary-rate-limits"
SIGN_IN = (
    "(But here's the good news: Authenticated requests get a higher rate limit. "
    "Check out the documentation for more details.)"
)
TOO_FAST = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
TOO_MUCH = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content "
    "creation. Please retry your request again later."
)


@dataclass(frozen=True)
class Limits:
    """How much is allowed; the defaults are GitHub's.

    Attributes:
        person: Requests of a person with all their tokens, by hour; in GraphQL, points.
        installation: The same for one installation of an App.
        job: The same for the tokens of all jobs of a repository.
        nobody: Requests without a token, by hour; GraphQL takes none.
        contents_per_minute: Requests that create something.
        contents_per_hour: The same, by hour.
        rest_points: By minute; a request that reads costs one point, one that writes five.
        graphql_points: The same for GraphQL.
        concurrent: Requests at the same time.
    """

    person: int = 5_000
    installation: int = 5_000
    job: int = 1_000
    nobody: int = 60
    contents_per_minute: int = 80
    contents_per_hour: int = 500
    rest_points: int = 900
    graphql_points: int = 2_000
    concurrent: int = 100

    def times(self, factor: int) -> "Limits":
        """The limits of a stage that plays so many hours in one."""
        return Limits(*(getattr(self, each.name) * factor for each in fields(self)))


class Ask(NamedTuple):
    """What a request counts as.

    Attributes:
        resource: `core` or `graphql`.
        writes: Whether it may change something.
        creates: Whether it creates content.
        free: Whether it costs nothing of the hour.
    """

    resource: str
    writes: bool = False
    creates: bool = False
    free: bool = False


class Exceeded(Exception):
    """A request that comes too early, and how GitHub answers it."""

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


class Holder(NamedTuple):
    """Those whose requests are counted together, as GitHub names them, and what an hour allows."""

    name: str
    hourly: int


@dataclass
class Hour:
    """What is spent of an hour that began with its first request."""

    reset: float
    used: int = 0


@dataclass
class Window:
    """What was spent within the last so many seconds."""

    seconds: int
    total: int = 0
    spent: deque[tuple[float, int]] = field(default_factory=deque)

    def wait(self, now: float, cost: int, limit: int) -> float:
        """Seconds until there is room for the cost; 0 if there is."""
        while self.spent and self.spent[0][0] <= now - self.seconds:
            self.total -= self.spent.popleft()[1]
        excess = self.total + cost - limit
        if excess <= 0:
            return 0
        for moment, freed in self.spent:
            excess -= freed
            if excess <= 0:
                return moment + self.seconds - now
        return self.seconds

    def add(self, now: float, cost: int) -> None:
        """Spend."""
        self.total += cost
        self.spent.append((now, cost))


@dataclass
class Recent:
    """What a holder did within the last minute and the last hour."""

    rest: Window = field(default_factory=lambda: Window(MINUTE))
    graphql: Window = field(default_factory=lambda: Window(MINUTE))
    minute: Window = field(default_factory=lambda: Window(MINUTE))
    hour: Window = field(default_factory=lambda: Window(HOUR))


class Meter:
    """Counts what everybody spends, and refuses what is too much."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self.limits = limits
        self.now = now
        self._hours: dict[tuple[str, str], Hour] = {}
        self._recent: dict[str, Recent] = {}
        self._in_flight: Counter[str] = Counter()

    @contextmanager
    def in_flight(self, credentials: str) -> Iterator[None]:
        """Count one request while it is answered; it must be entered on the server's own thread.

        Raises:
            Exceeded: too many with these credentials are being answered.
        """
        if self._in_flight[credentials] >= self.limits.concurrent:
            raise _secondary(TOO_FAST, MINUTE)
        self._in_flight[credentials] += 1
        try:
            yield
        finally:
            self._in_flight[credentials] -= 1
            if not self._in_flight[credentials]:
                del self._in_flight[credentials]

    def spend(self, actor: Actor, ask: Ask) -> None:
        """Count a request.

        Raises:
            Exceeded: the hour is spent, or the last minutes were too busy.
        """
        holder = self._holder(actor, ask.resource)
        if not ask.free:
            hour = self._hour(holder, ask.resource)
            self._hours[holder.name, ask.resource] = hour
            hour.used += 1
            if hour.used > holder.hourly:
                raise _primary(holder, ask.resource)
        self._spend_recent(self._recent.setdefault(holder.name, Recent()), ask)

    def rate(self, actor: Actor, resource: str) -> dict[str, int]:
        """The hour of whoever asks: limit, used, remaining, and the second it ends."""
        holder = self._holder(actor, resource)
        hour = self._hour(holder, resource)
        remaining = max(holder.hourly - hour.used, 0)
        return {
            "limit": holder.hourly,
            "used": hour.used,
            "remaining": remaining,
            "reset": int(hour.reset),
        }

    def _hour(self, holder: Holder, resource: str) -> Hour:
        now, found = self.now(), self._hours.get((holder.name, resource))
        return found if found and now < found.reset else Hour(now + HOUR)

    def _spend_recent(self, recent: Recent, ask: Ask) -> None:
        limits, now, points = self.limits, self.now(), 5 if ask.writes else 1
        if ask.resource == "graphql":
            due = [(recent.graphql, points, limits.graphql_points, TOO_FAST)]
        else:
            due = [(recent.rest, points, limits.rest_points, TOO_FAST)]
        if ask.creates:
            due.append((recent.minute, 1, limits.contents_per_minute, TOO_MUCH))
            due.append((recent.hour, 1, limits.contents_per_hour, TOO_MUCH))
        seconds, message = max(
            (window.wait(now, cost, limit), message) for window, cost, limit, message in due
        )
        if seconds > 0:
            raise _secondary(message, seconds)
        for window, cost, _, _ in due:
            window.add(now, cost)

    def _holder(self, actor: Actor, resource: str) -> Holder:
        limits = self.limits
        if actor.installation:
            return Holder(f"installation ID {actor.installation.id}", limits.installation)
        if actor.app:
            return Holder(f"app ID {actor.app.id}", limits.installation)
        if actor.is_job:
            return Holder(f"installation ID {actor.repositories[0].id}", limits.job)
        if actor.user:
            return Holder(f"user ID {actor.user.id}", limits.person)
        return Holder(ADDRESS, 0 if resource == "graphql" else limits.nobody)


def _primary(holder: Holder, resource: str) -> Exceeded:
    if resource == "graphql":
        message = f"API rate limit already exceeded for {holder.name}."
        error = {"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}
        return Exceeded(200, {"errors": [error]})
    message = f"API rate limit exceeded for {holder.name}."
    if holder.name == ADDRESS:
        message = f"{message} {SIGN_IN}"
    return Exceeded(403, {"message": message, "documentation_url": PAGE, "status": "403"})


def _secondary(message: str, seconds: float) -> Exceeded:
    body = {"message": message, "documentation_url": ABOUT_SECONDARY, "status": "403"}
    return Exceeded(403, body, {"retry-after": str(math.ceil(seconds))})
