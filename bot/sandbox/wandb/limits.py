"""How often one may ask: W&B's rate limits, counted over a window that rolls, and enforced.

https://docs.wandb.ai/models/track/limits, with the figures that W&B tells of its dedicated cloud:
https://docs.wandb.ai/platform/hosting/hosting-options/dedicated-cloud/rate-limits
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.wandb.refusal import Refusal

Name = tuple[str, ...]
SCALE = 1_000  # W&B counts a quota in thousandths of it


@dataclass(frozen=True)
class Limits:
    """How much is allowed within a window; the defaults are W&B's.

    Attributes:
        run_streams: Requests to the file stream of one run.
        project_streams: The same for all runs of a project.
        project_stream_bytes: Their size.
        project_runs: Runs begun in a project.
        user_queries: GraphQL requests of a user. W&B has this limit, and tells no figure: None
            lets everything pass.
        window_seconds: How long a request counts.
    """

    run_streams: int = 2
    project_streams: int = 500
    project_stream_bytes: int = 120_000_000
    project_runs: int = 80
    user_queries: int | None = None
    window_seconds: float = 1.0


class Meter:
    """Counts what was asked, by the clock `now` (epoch seconds)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.limits = Limits()
        self._now = now
        self._spent: dict[Name, deque[tuple[float, int]]] = {}

    def stream(self, project: str, run: str, size: int) -> None:
        """Count a request of so many bytes to a run's file stream.

        Raises:
            Refusal: 429, and it does not count.
        """
        limits = self.limits
        self._spend(
            (("stream", project, run), limits.run_streams, 1),
            (("stream", project), limits.project_streams, 1),
            (("bytes", project), limits.project_stream_bytes, size),
        )

    def run(self, project: str) -> None:
        """Count the beginning of a run.

        Raises:
            Refusal: 429, and it does not count.
        """
        self._spend((("run", project), self.limits.project_runs, 1))

    def query(self) -> None:
        """Count a GraphQL request of the one user.

        Raises:
            Refusal: 429, and it does not count.
        """
        if self.limits.user_queries is not None:
            self._spend((("query",), self.limits.user_queries, 1))

    def _spend(self, *wanted: tuple[Name, int, int]) -> None:
        since = self._now() - self.limits.window_seconds
        for name, limit, amount in wanted:
            spent = self._spent.setdefault(name, deque())
            while spent and spent[0][0] <= since:
                spent.popleft()
            used = sum(each for _, each in spent)
            if used + amount > limit:
                first = spent[0][0] if spent else self._now()
                raise Refusal(429, "rate limit exceeded", _headers(1 - used / limit, first - since))
        for name, _, amount in wanted:
            self._spent[name].append((self._now(), amount))


def _headers(left: float, seconds: float) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(SCALE),
        "RateLimit-Remaining": str(math.floor(left * SCALE)),
        "RateLimit-Reset": str(max(1, math.ceil(seconds))),
    }
