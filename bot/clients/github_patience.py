"""How long the client waits when GitHub asks it to come back later."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import MaxRetryError, ResponseError

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool

LIMITED = (403, 429)
LONGEST_SECONDS = 180
"""For one request, over all its waits. A job that waits is billed; a later ring does the same."""


class Patience(Retry):
    """Repeats what may be repeated, and whatever GitHub refused only because it came too early.

    A request that was refused for a rate limit has not happened: a write too is sent again after
    the wait that GitHub asks for, and no try is used up. Other jobs may take the room that it
    waited for, so that it may have to wait again; where all waits would be longer than
    `LONGEST_SECONDS`, the refusal itself is the answer.
    """

    waited = 0.0
    """Seconds that GitHub has asked this request to wait so far."""

    def new(self, **changed: Any) -> Self:
        made = super().new(**changed)
        made.waited = self.waited
        return made

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code in LIMITED or super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: "ConnectionPool | None" = None,
        _stacktrace: Any = None,
    ) -> Self:
        if response is None or _pool is None:
            return super().increment(method, url, response, error, _pool, _stacktrace)
        seconds, is_limit = seconds_to_wait(response.headers), response.status in LIMITED
        is_too_long = self.waited + (seconds or 0) > LONGEST_SECONDS
        if is_too_long or (is_limit and seconds is None):
            raise MaxRetryError(_pool, url, ResponseError("too early, or refused"))
        if is_limit:
            again = self.new()
        else:
            again = super().increment(method, url, response, error, _pool, _stacktrace)
        again.waited += seconds or 0
        return again

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        return seconds_to_wait(response.headers)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long GitHub asks us to wait, at least a second; None if it does not ask.

    Args:
        headers: of an answer, by their names in lower case or in whatever case.
    """
    after = headers.get("retry-after", "")
    if after.isdigit():
        return max(float(after), 1.0)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - time.time(), 0.0) + 1  # it may end late in that second
    return None
