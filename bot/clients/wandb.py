"""W&B through its SDK: the Tracker."""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from bot.clients import git_remote, wandb_failure, wandb_setup
from bot.clients.wandb_connection import answered, heard, load
from bot.clients.wandb_history import Histories
from bot.clients.wandb_queue import Queues
from bot.clients.wandb_runs import Runs
from bot.core.queue import LEVELS
from bot.errors import UserError
from bot.ports import Failure, Launch, Outage

JOB = "labhand"


class Wandb(Histories, Queues, Runs):
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
    def prepare(self, commit: str, command: Sequence[str], image: str | None = None) -> str:
        source: dict[str, Any] = {"path": image, "job_type": "image", "name": f"{JOB}-image"}
        if image is None:
            source = {
                "path": self._remote,
                "job_type": "git",
                "name": JOB,
                "runtime": f"{sys.version_info.major}.{sys.version_info.minor}",
                "entrypoint": " ".join(command),
                "git_hash": commit,
            }
        os.environ.update(self._git)  # the SDK runs git, and has no other way to say this
        job = self._job(source)
        if job is None:
            raise UserError(
                f"W&B could not make a job of `{image or commit[:7]}`: "
                + ("" if image else f"git must be able to read `{self._remote}`. ")
                + "The workflow's log says why."
            )
        return f"{self._path}/{job.name}"

    def _job(self, source: Mapping[str, Any]) -> Any:
        """Make a job; None if it cannot be made: why was said, not raised.

        Raises:
            Outage: git or W&B did not answer. Of W&B the SDK says nothing then: it could not begin
                the hidden run that brings the job.
        """
        with contextlib.redirect_stdout(sys.stderr):  # importing it sets up logging to stdout
            from wandb.sdk.launch.create_job import create_job

        try:
            with heard() as said:
                job = create_job(entity=self._entity, project=self._project, **source)
        except ValueError as error:  # an upload that failed
            raise Outage(f"W&B made no job: {error}") from error
        if job is None and not said:
            raise Outage("W&B made no job, and said no reason")
        if job is None and (why := git_remote.outage("\n".join(said))):
            raise Outage(f"git had no answer: {why}")
        return job

    @answered
    def push(self, job: str, launch: Launch, queue: str) -> str:
        load()
        from wandb.sdk.launch import launch_add
        from wandb.sdk.launch.errors import LaunchError

        # Launch hands on neither group nor tags, so that the command brings them along.
        told = [f"WANDB_RUN_GROUP={launch.group}", f"WANDB_TAGS={','.join(launch.tags)}"]
        try:
            item = launch_add(
                job=job,
                config={
                    "overrides": {
                        "entry_point": ["env", *told, *launch.command],
                        "run_config": dict(launch.settings),
                    }
                },
                project=self._project,
                entity=self._entity,
                queue_name=queue,
                name=launch.name,
                run_id=launch.run_id,
                resource_args=dict(launch.resource_args) or None,
                priority=LEVELS[launch.priority] if launch.priority else None,
            )
        except LaunchError as error:
            if "Error adding run to queue" not in str(error):
                raise
            raise UserError(
                f"W&B takes nothing into the queue `{queue}`. Is it there? "
                "`python -m bot setup` makes the queues of `.github/labhand.yml`."
            ) from error
        return str(item.id)

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
    def setup(
        self, queues: Sequence[str], hook_url: str, secret_name: str, canary_metric: str | None
    ) -> tuple[str, ...]:
        api = self._new_api()  # which has not listed anything before
        return wandb_setup.create(
            api,
            self._name,
            self._entity,
            self._project,
            queues,
            hook_url,
            secret_name,
            canary_metric,
        )

    @property
    def _page(self) -> str:
        return f"{load().setup().settings.app_url}/{quote(self._path)}"
