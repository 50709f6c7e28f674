"""The machines on which jobs run: two at a time, each fresh, each with a token of its own."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bot.sandbox.actions import jobs
from bot.sandbox.actions.expressions import Expressions
from bot.sandbox.actions.jobs import Assignment, JobResult
from bot.sandbox.actions.runner import Runner
from bot.sandbox.actions.sources import Source
from bot.sandbox.actions.workflow_runs import WorkflowRun
from bot.sandbox.actions.workflows import Job
from bot.sandbox.github import GitHub

PARALLEL_JOBS = 2


class Fleet:
    """Carries jobs out on threads of its own."""

    def __init__(
        self,
        github: GitHub,
        root: Path,
        expressions: Expressions,
        secrets: Mapping[str, str],
        variables: Mapping[str, str],
    ) -> None:
        self._github = github
        self._root = root
        self._expressions = expressions
        self._secrets = secrets
        self._variables = variables
        self._exporting = threading.Lock()
        self._runners: set[Runner] = set()
        self._closing = False
        self._pool = ThreadPoolExecutor(PARALLEL_JOBS, "actions-job")

    def start(
        self, run: WorkflowRun, job: Job, then: Callable[[JobResult | Exception], None]
    ) -> None:
        """Run a job as soon as a machine is free; never, once the fleet closes.

        Args:
            run: the workflow run that it belongs to.
            job: what to run.
            then: called with the result, or with what broke the sandbox, on the job's thread.
        """
        if not self._closing:
            self._pool.submit(self._work, run, job, then)

    def close(self) -> None:
        """End every job; those that wait for a machine never start."""
        self._closing = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for runner in tuple(self._runners):
            runner.stop()
        self._pool.shutdown()

    def _work(
        self, run: WorkflowRun, job: Job, then: Callable[[JobResult | Exception], None]
    ) -> None:
        try:
            result = self._carry_out(run, job)
        except Exception as error:  # a defect of the sandbox, not of the job
            then(error)
        else:
            then(result)

    def _carry_out(self, run: WorkflowRun, job: Job) -> JobResult:
        token = self._github.job_token(run.delivery.repository, job.permissions)
        folder = Path(tempfile.mkdtemp(prefix=f"{run.id}-{job.id}-", dir=self._root))
        runner = Runner(
            folder, secrets=[*self._secrets.values(), token], seconds=job.timeout_minutes * 60
        )
        self._runners.add(runner)
        if self._closing:
            runner.stop()
        try:
            assignment = Assignment(
                workflow=run.workflow,
                job=job,
                github={**run.github(job, self._github.url, self._github.api_url), "token": token},
                needs=run.needs(job),
                variables=self._variables,
                secrets=self._secrets,
                artifacts=self._root / f"{run.id}-artifacts",
                own_repository=partial(self._export, run),
            )
            return jobs.run(assignment, self._expressions, runner)
        finally:
            self._runners.discard(runner)
            self._github.revoke(token)
            runner.clear()

    def _export(self, run: WorkflowRun) -> Path:
        """The workflow's own commit as files; made once, as a runner keeps its tool cache."""
        folder = self._root / f"actions-{run.commit}"
        with self._exporting:
            if not folder.exists():
                fresh = Path(tempfile.mkdtemp(dir=self._root))
                Source(self._github.git_dir(run.delivery.repository)).export(run.commit, fresh)
                shutil.move(fresh, folder)
        return folder
