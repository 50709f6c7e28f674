"""W&B through its SDK: the Tracker."""

import contextlib
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from bot.clients import wandb_failure, wandb_setup
from bot.clients.wandb_connection import Connection, answered, load
from bot.core.experiment import RunState
from bot.core.runs import ObservedRun, Point
from bot.errors import UserError
from bot.ports import Failure, Launch, Outage

JOB = "labhand"
STATES: Mapping[str, RunState] = {
    "pending": "queued",
    "running": "running",
    "preempting": "running",
    "preempted": "queued",
    "finished": "finished",
    "failed": "failed",
    "crashed": "crashed",
    "killed": "killed",
}


class Wandb(Connection):
    """One project on W&B.

    Args:
        entity: the team.
        project: where runs are logged.
        repository: owner and name of the repository that is trained.
        server_url: where git finds it, as `GITHUB_SERVER_URL` says.
        token: with which git may read it.
    """

    def __init__(
        self, entity: str, project: str, repository: str, server_url: str, token: str
    ) -> None:
        super().__init__(entity, project)
        scheme, netloc = urlsplit(server_url)[:2]
        self._name = f"labhand-{repository.replace('/', '-')}"
        # Launch takes git remotes by https alone, and without a password.
        self._remote = f"https://{netloc}/{repository}.git"
        self._git = {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{scheme}://x-access-token:{token}@{netloc}/.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://{netloc}/",
        }

    @answered
    def prepare(self, commit: str, command: Sequence[str]) -> str:
        api = self._api
        os.environ.update(self._git)  # the SDK runs git, and has no other way to say this
        with contextlib.redirect_stdout(sys.stderr):  # importing it sets up logging to stdout
            from wandb.sdk.launch.create_job import create_job

            try:
                job = create_job(
                    path=self._remote,
                    job_type="git",
                    entity=self._entity,
                    project=self._project,
                    name=JOB,
                    runtime=f"{sys.version_info.major}.{sys.version_info.minor}",
                    entrypoint=" ".join(command),
                    git_hash=commit,
                )
            except ValueError as error:  # an upload that failed
                raise Outage(f"W&B made no job: {error}") from error
        if job is None:  # whatever went wrong was printed, not raised
            if not api.viewer:
                raise Outage("W&B made no job")
            raise UserError(
                f"W&B could not make a job of `{commit[:7]}`: git must be able to read "
                f"`{self._remote}`. The workflow's log says more."
            )
        return f"{self._path}/{job.name}"

    @answered
    def push(self, job: str, launch: Launch, queue: str) -> None:
        load()
        from wandb.sdk.launch import launch_add
        from wandb.sdk.launch.errors import LaunchError

        # Launch hands on neither group nor tags, so that the command brings them along.
        told = [f"WANDB_RUN_GROUP={launch.group}", f"WANDB_TAGS={','.join(launch.tags)}"]
        try:
            launch_add(
                job=job,
                config={"overrides": {"entry_point": ["env", *told, *launch.command]}},
                project=self._project,
                entity=self._entity,
                queue_name=queue,
                name=launch.name,
                run_id=launch.run_id,
            )
        except LaunchError as error:
            if "Error adding run to queue" not in str(error):
                raise
            raise UserError(
                f"W&B takes nothing into the queue `{queue}`. Is it there? "
                "`python -m bot setup` makes the queues of `.github/labhand.yml`."
            ) from error

    @answered
    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        return {run.id: _observed(run) for run in self._runs(list(run_ids))} if run_ids else {}

    @answered
    def curve(self, run_id: str, metric: str) -> tuple[Point, ...]:
        """A metric over W&B's own steps: every finite value, none of them sampled away."""
        for run in self._runs([run_id]):
            rows = run.scan_history(keys=["_step", metric])
            found = [(row.get("_step"), row.get(metric)) for row in rows]
            return tuple((step, v) for step, v in found if _finite(step) and _finite(v))
        return ()

    @answered
    def failure(self, run_id: str) -> Failure:
        for run in self._runs([run_id]):
            return wandb_failure.of(run)
        return Failure("missing", "", None, {}, "", "")

    @answered
    def stop(self, run_id: str) -> None:
        for run in self._runs([run_id]):
            run.stop()

    def run_url(self, run_id: str) -> str:
        return f"{self._page}/runs/{quote(run_id, safe='')}"

    def group_url(self, group: str) -> str:
        return f"{self._page}/groups/{quote(group, safe='')}/workspace"

    @answered
    def setup(self, queues: Sequence[str], hook_url: str, secret_name: str) -> tuple[str, ...]:
        api = self._new_api()  # which has not listed anything before
        return wandb_setup.create(
            api, self._name, self._entity, self._project, queues, hook_url, secret_name
        )

    @property
    def _page(self) -> str:
        return f"{load().setup().settings.app_url}/{quote(self._path)}"


def _observed(run: Any) -> ObservedRun:
    summary = dict(run.summary)
    config = {name: value for name, value in run.config.items() if not name.startswith("_")}
    seconds: Any = summary.get("_runtime")
    step = summary.get("_step")
    return ObservedRun(
        id=run.id,
        state=STATES.get(run.state, "running"),
        commit=run.commit,
        summary=summary,
        config=dict(_flat(config)),
        seconds=float(seconds) if _finite(seconds) else _lasted(run),
        step=step if isinstance(step, int) else None,
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _lasted(run: Any) -> float | None:
    """Seconds from the run's creation to its last sign of life."""
    try:
        created, seen = (datetime.fromisoformat(t) for t in (run.created_at, run.heartbeat_at))
    except (TypeError, ValueError, AttributeError):
        return None
    return (seen - created).total_seconds()


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
