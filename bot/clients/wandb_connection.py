"""The connection to W&B: quiet, without litter, and with our errors for its own."""

import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from bot.errors import UserError
from bot.ports import Outage

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
TIMEOUT_SECONDS = 30
PER_PAGE = 500
"""Runs; a page of more is slow to come, and holds every run's whole configuration."""
PAGE = 500
"""Runs in one answer, each with all of its configuration and summary."""
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
        return load().Api(timeout=TIMEOUT_SECONDS, api_key=_key())

    @functools.cached_property
    def _service(self) -> Any:
        """For what the SDK's `Api` has no call for, or needs several requests for."""
        from wandb.apis.public.service_api import ServiceApi

        settings = load().setup().settings.model_copy()
        settings.api_key = _key()
        settings.base_url = os.environ.get("WANDB_BASE_URL", settings.base_url)
        return ServiceApi(settings, timeout=TIMEOUT_SECONDS)

    def _runs(self, run_ids: Sequence[str]) -> Iterator[Any]:
        """Those of these runs that there are, in as few listings as pages are needed."""
        for start in range(0, len(run_ids), PAGE):
            self._api.flush()  # or every page would stay in memory
            page = self._page_of(run_ids[start : start + PAGE])
            yield from {run.id: run for run in page}.values()  # W&B can repeat a run

    def _page_of(self, run_ids: Sequence[str]) -> list[Any]:
        listing = self._api.runs(
            self._path,
            filters={"name": {"$in": list(run_ids)}},
            lazy=False,
            per_page=min(len(run_ids) + 1, PER_PAGE),
        )
        try:
            return list(listing)
        except ValueError as error:
            if "Could not find project" not in str(error):
                raise
            # Only runs that were queued are asked for, and those are in a project.
            raise Outage(
                f"W&B shows no project `{self._path}`: is it there, and may the account of "
                "`WANDB_API_KEY` read it?"
            ) from error


def _key() -> str:
    if not (key := os.environ.get("WANDB_API_KEY")):
        raise UserError(NO_KEY)
    return key


def moment(text: object) -> float | None:
    """W&B's time in seconds since the epoch; without a zone it means UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


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

    settings = wandb.Settings(
        silent=True,
        x_disable_stats=True,
        finish_timeout=TIMEOUT_SECONDS,
        **{
            f"x_{kind}_{name}": value
            for kind in ("graphql", "file_stream", "file_transfer")
            for name, value in RETRIES.items()
        },
    )
    wandb.setup(settings)
    wandb.termsetup(settings, log)  # what it would print
    return wandb


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """Hear the errors that the SDK tells from here on and does not raise; the log gets them too."""
    said: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            said.append(record.getMessage())
        return True

    log.addFilter(note)
    try:
        yield said
    finally:
        log.removeFilter(note)


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
    if any(400 <= status < 500 and status not in (408, 409, 429) for status in statuses):
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
