"""The connection to W&B: quiet, without litter, and with our errors for its own."""

import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from bot.errors import UserError
from bot.ports import Outage

P = ParamSpec("P")
T = TypeVar("T")
TIMEOUT_SECONDS = 30
FOLDERS = ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")
RETRIES = {
    "retry_max": 3,
    "retry_wait_min_seconds": 0.2,
    "retry_wait_max_seconds": 1,
    "timeout_seconds": TIMEOUT_SECONDS,
}
NO_KEY = (
    "W&B does not accept the API key. Set the secret `WANDB_API_KEY` under Settings, Secrets and "
    "variables, Actions, to the key of an account that may write to the project."
)


class Connection:
    """The SDK for one project, loaded when it is first needed.

    The SDK itself reads `WANDB_API_KEY` and `WANDB_BASE_URL`.
    """

    def __init__(self, entity: str, project: str) -> None:
        self._entity = entity
        self._project = project

    @property
    def _path(self) -> str:
        return f"{self._entity}/{self._project}"

    @functools.cached_property
    def _api(self) -> Any:
        """The public interface; it remembers runs until it is told to `flush()`."""
        return self._new_api()

    def _new_api(self) -> Any:
        if not (key := os.environ.get("WANDB_API_KEY")):
            raise UserError(NO_KEY)
        return load().Api(timeout=TIMEOUT_SECONDS, api_key=key)

    def _runs(self, run_ids: list[str]) -> list[Any]:
        """Those of these runs that there are, in one listing."""
        self._api.flush()
        listing = self._api.runs(
            self._path, filters={"name": {"$in": run_ids}}, lazy=False, per_page=len(run_ids) + 1
        )
        try:
            # Pages can repeat a run.
            return list({run.id: run for run in listing}.values())
        except ValueError as error:
            if "Could not find project" in str(error):
                return []
            raise


_folders: list[tempfile.TemporaryDirectory[str]] = []


@functools.cache
def load() -> Any:
    """Import the SDK: silent, and writing to a folder that goes when the process ends."""
    _folders.append(
        tempfile.TemporaryDirectory(prefix="labhand-wandb-", ignore_cleanup_errors=True)
    )
    for name in FOLDERS:
        os.environ.setdefault(name, _folders[0].name)

    import wandb

    wandb.setup(
        wandb.Settings(
            silent=True,
            x_disable_stats=True,
            finish_timeout=TIMEOUT_SECONDS,
            **{
                f"x_{kind}_{name}": value
                for kind in ("graphql", "file_stream", "file_transfer")
                for name, value in RETRIES.items()
            },
        )
    )
    return wandb


def answered(method: Callable[P, T]) -> Callable[P, T]:
    """Let a method of a client raise our errors where the SDK raises its own."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        from wandb.errors import Error
        from wandb.sdk.lib.service.service_connection import WandbApiFailedError

        try:
            return method(*args, **kwargs)
        except (Error, WandbApiFailedError, OSError) as error:
            raise _meaning(error) from error

    return call


def _meaning(error: Exception) -> Exception:
    statuses = [status for each in _chain(error) if (status := _status(each)) is not None]
    reason = " ".join(str(error).split())[:300]
    if 401 in statuses or 403 in statuses:
        return UserError(NO_KEY)
    if any(400 <= status < 500 and status not in (408, 429) for status in statuses):
        return UserError(f"W&B refuses: {reason}")
    return Outage(f"W&B did not answer: {type(error).__name__}: {reason}")


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error of the SDK carries, if there was an answer at all."""
    response = getattr(error, "response", None)
    return getattr(response, "http_status", None) or getattr(response, "status_code", None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "exc", None) or error.__cause__
