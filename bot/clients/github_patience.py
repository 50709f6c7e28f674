"""How long the client waits when GitHub asks it to come back later."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import MaxRetryError, ResponseError

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool

LIMITED = (403, 429)
LONGEST_SECONDS = 60
"""A job that waits is billed; a later ring does the same work."""


class Patience(Retry):
    """Repeats what may be repeated, and whatever GitHub refused only because it came too early.

    A request that was refused for a rate limit has not happened, so that a write too is sent again
    after the wait that GitHub asks for. Where that is longer than `LONGEST_SECONDS`, the refusal
    itself is the answer.
    """

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
        if response is not None and _pool and not self._is_worth_waiting(response):
            raise MaxRetryError(_pool, url, ResponseError("too early, or refused"))
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        return seconds_to_wait(response.headers)

    def _is_worth_waiting(self, response: BaseHTTPResponse) -> bool:
        seconds = seconds_to_wait(response.headers)
        if seconds is None:
            return response.status not in LIMITED
        return seconds <= LONGEST_SECONDS


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long GitHub asks us to wait; None if it does not.

    Args:
        headers: of an answer, by their names in lower case or in whatever case.
    """
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - time.time(), 0.0) + 1  # it may end late in that second
    return None
