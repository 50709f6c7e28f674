"""The connection to one GitHub repository: what is retried, and what a refusal means."""

import functools
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from bot.errors import UserError
from bot.ports import Limited, Outage, Stale

if TYPE_CHECKING:
    from github import Github, GithubException
    from github.Repository import Repository

P = ParamSpec("P")
T = TypeVar("T")
READS = frozenset({"GET", "HEAD"})
TIMEOUT_SECONDS = 30
COMMIT = re.compile(r"[0-9a-f]{40}")
LIMIT_KINDS = frozenset({"RATE_LIMIT", "RATE_LIMITED"})
"""GitHub's GraphQL says the one today, and said the other."""
HINTS = {
    401: "The bot's token is not valid any more.",
    403: "The bot's token may not do this: compare the workflow's `permissions` with the README.",
}


class Connection:
    """PyGithub for one repository, with nothing asked of GitHub before it is needed."""

    def __init__(self, token: str, repository: str, api_url: str) -> None:
        self._name = repository
        self._repository: Repository = _connect(token, api_url, READS).get_repo(repository)
        self._queries = _connect(token, api_url, READS | {"POST"}).requester
        self._came_along: dict[str, Any] = {}
        """What was answered before it was asked for: good for one time, then it may be old."""

    def _query(self, query: str, variables: Mapping[str, str]) -> Any:
        """Ask GraphQL; as nothing is written, the POST is retried as if it were a GET."""
        _, answer = self._queries.graphql_query(query, dict(variables))
        return answer["data"]

    def _mutate(self, name: str, given: Mapping[str, Any], wanted: str) -> Any:
        """Write through GraphQL, once."""
        requester = self._repository.requester
        _, answer = requester.graphql_named_mutation(name, dict(given), wanted)
        return answer

    @functools.cached_property
    def _bot_id(self) -> int:
        """The account that the token acts for; an Actions token cannot ask `GET /user`."""
        return int(self._query("query { viewer { login databaseId } }", {})["viewer"]["databaseId"])


def _connect(token: str, api_url: str, retried: frozenset[str]) -> "Github":
    from github import Auth, Github

    from bot.clients.github_patience import Patience

    retry = Patience(
        total=3,
        backoff_factor=0.2,
        status_forcelist=(500, 502, 503, 504),
        allowed_methods=retried,
        raise_on_status=False,
    )
    return Github(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=TIMEOUT_SECONDS,
        per_page=100,
        retry=retry,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )


def unchanging(commits: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Ask GitHub once in this process for what does not change.

    Args:
        commits: so many of the last arguments have to name commits in full, or else what they
            name may move, and is asked for again.
    """

    def remembering(method: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            client, *given = args
            names = given[len(given) - commits :]
            if kwargs or not all(COMMIT.fullmatch(str(name)) for name in names):
                return method(*args, **kwargs)
            known: dict[tuple[object, ...], T] = vars(client).setdefault("_unchanging", {})
            key = (method.__name__, *given)
            if key not in known:
                known[key] = method(*args, **kwargs)
            return known[key]

        return call

    return remembering


def answered(method: Callable[P, T]) -> Callable[P, T]:
    """Let a method of a client raise our errors where PyGithub raises its own."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        from github import GithubException
        from requests import RequestException

        try:
            return method(*args, **kwargs)
        except GithubException as error:
            raise _meaning(error) from error
        except (RequestException, JSONDecodeError) as error:
            raise Outage(f"GitHub did not answer: {type(error).__name__}") from error

    return call


class Expecting:
    """A block that just ends where GitHub answers with one of these statuses.

    Attributes:
        reason: why GitHub refused, in its own words on one line; empty if it did not.
    """

    def __init__(self, *statuses: int) -> None:
        self._statuses = statuses
        self.reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        from github import GithubException

        if not isinstance(error, GithubException) or error.status not in self._statuses:
            return False
        if isinstance(_meaning(error), UserError):
            self.reason = _reason(error)
            return True
        return False


def _meaning(error: "GithubException") -> Exception:
    from github import RateLimitExceededException

    reason, status, kinds = _reason(error), error.status, _graphql_kinds(error)
    is_limit = isinstance(error, RateLimitExceededException) or kinds & LIMIT_KINDS
    if is_limit or status == 429 or "retry-after" in (error.headers or {}):
        return Limited(f"GitHub asks us to wait{_until(error)}: {reason}")
    if status >= 500:
        return Outage(f"GitHub answered {status}: {reason}")
    if status == 409 or "STALE_DATA" in kinds:
        return Stale(reason)
    if kinds & {None, "SERVICE_UNAVAILABLE", "INTERNAL"}:
        return Outage(f"GitHub's GraphQL answered: {reason}")
    return UserError(f"GitHub refuses: {reason} {HINTS.get(status, '')}".rstrip())


def _until(error: "GithubException") -> str:
    from bot.clients.github_patience import seconds_to_wait

    seconds = seconds_to_wait(error.headers or {})
    if seconds is None:
        return ""
    return f" until {datetime.now(UTC) + timedelta(seconds=seconds):%H:%M} UTC"


def _graphql_kinds(error: "GithubException") -> set[str | None]:
    """The types of GraphQL errors; empty for an answer of REST, which has a message on top."""
    data = error.data
    if not isinstance(data, dict) or "message" in data or not isinstance(data.get("errors"), list):
        return set()
    return {each.get("type") for each in data["errors"]}


def _reason(error: "GithubException") -> str:
    data = error.data if isinstance(error.data, dict) else {}
    details = data.get("errors") or []
    texts = [
        data.get("message"),
        *(d.get("message") if isinstance(d, dict) else d for d in details),
    ]
    found = ". ".join(" ".join(str(text).split()).rstrip(".") for text in texts if text)
    return f"{found[:300] or f'status {error.status}'}."
