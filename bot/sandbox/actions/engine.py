"""Actions as a whole: events become workflow runs, and workflow runs become jobs."""

import itertools
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.sandbox.actions import workflows
from bot.sandbox.actions.expressions import ExpressionError, Expressions
from bot.sandbox.actions.fleet import Fleet
from bot.sandbox.actions.groups import Groups
from bot.sandbox.actions.jobs import Conclusion, JobResult
from bot.sandbox.actions.sources import Source
from bot.sandbox.actions.workflow_runs import WorkflowRun
from bot.sandbox.actions.workflows import Job, Workflow, WorkflowError
from bot.sandbox.github import Delivery, GitHub

Act = Callable[[], None]


class Actions:
    """Runs a repository's workflows as GitHub would: jobs as fresh processes.

    One thread decides which workflows start and which jobs are due; a `Fleet` carries jobs out.

    Attributes:
        jobs: every job that is over, also skipped ones, in the order in which they ended.
    """

    def __init__(
        self,
        github: GitHub,
        root: Path,
        *,
        secrets: Mapping[str, str],
        variables: Mapping[str, str],
        on_job: Callable[[JobResult], None] | None = None,
    ) -> None:
        """Start with no workflow running.

        Args:
            github: where repositories, job tokens and events come from.
            root: an empty folder for machines and artifacts.
            secrets: of the repository; a job's processes see what its workflow hands them.
            variables: of the repository, as in `vars`.
            on_job: told of every job that is over, one at a time.
        """
        self.jobs: list[JobResult] = []
        self._github = github
        self._on_job = on_job
        self._expressions = Expressions()
        self._fleet = Fleet(github, root, self._expressions, secrets, variables)
        self._variables = variables
        self._groups: dict[str, Groups] = {}
        self._ids = itertools.count(1001)
        self._numbers: Counter[str] = Counter()
        self._open = 0
        self._idle = threading.Condition()
        self._error: Exception | None = None
        self._decisions: queue.SimpleQueue[Act | None] = queue.SimpleQueue()
        self._decider = threading.Thread(target=self._decide, name="actions", daemon=True)
        self._decider.start()

    def __call__(self, delivery: Delivery) -> None:
        """Take note of an event; returns at once."""
        if delivery.event == "pull_request":
            delivery = replace(delivery, event=workflows.TARGET)
        if delivery.triggers_workflows and delivery.event in workflows.EVENTS:
            self._count(+1)
            self._decisions.put(partial(self._deliver, delivery))

    def __enter__(self) -> "Actions":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def wait_idle(self, timeout_seconds: float) -> None:
        """Wait until nothing runs, waits or is about to start.

        Raises:
            TimeoutError: something still does.
        """
        with self._idle:
            ended = self._idle.wait_for(lambda: self._open == 0 or self._error, timeout_seconds)
        if self._error is not None:
            raise self._error
        if not ended:
            raise TimeoutError(f"jobs still run after {timeout_seconds} seconds")

    def close(self) -> None:
        """End every job and stop."""
        self._fleet.close()
        self._decisions.put(None)
        self._decider.join()
        self._expressions.close()

    def _decide(self) -> None:
        while (act := self._decisions.get()) is not None:
            try:
                act()
            except Exception as error:  # `wait_idle` raises it
                self._break(error)

    def _break(self, error: Exception) -> None:
        with self._idle:
            self._error = error
            self._idle.notify_all()

    def _count(self, change: int) -> None:
        with self._idle:
            self._open += change
            self._idle.notify_all()

    def _deliver(self, delivery: Delivery) -> None:
        source = Source(self._github.git_dir(delivery.repository))
        branch = source.default_branch()
        if delivery.event == "workflow_dispatch":  # its sender chooses the branch
            branch = delivery.payload.get("ref", branch).removeprefix("refs/heads/")
        commit = source.head(branch)
        if commit is not None:
            for path, text in source.workflows(commit).items():
                workflow = self._read(path, text, delivery)
                if workflow is not None:
                    self._begin(workflow, delivery, branch, commit)
        self._count(-1)

    def _read(self, path: str, text: str, delivery: Delivery) -> Workflow | None:
        """The workflow, if the event starts it."""
        try:
            content = self._expressions.parse_yaml(text)
            workflow = workflows.parse(path, content) if workflows.is_ours(content) else None
        except (ExpressionError, WorkflowError) as error:
            result = JobResult(path, 0, "", delivery.event, "startup_failure", 1, log=str(error))
            self._keep(result)
            return None
        if workflow is None or not workflow.starts_on(delivery.event, delivery.payload):
            return None
        enabled = self._github.workflow_enabled(delivery.repository, path)
        return workflow if enabled else None

    def _begin(self, workflow: Workflow, delivery: Delivery, branch: str, commit: str) -> None:
        name = f"{delivery.repository} {workflow.path}"
        self._numbers[name] += 1
        run = WorkflowRun(next(self._ids), self._numbers[name], workflow, delivery, branch, commit)
        self._count(+1)
        self._github.record_workflow_run(delivery.repository, run.record())
        self._advance(run)

    def _advance(self, run: WorkflowRun) -> None:
        for job in run.take_due():
            try:
                self._consider(run, job)
            except ExpressionError as error:
                self._finish(run, job, _unrun(run, job, "failure", str(error)))

    def _consider(self, run: WorkflowRun, job: Job) -> None:
        contexts = {
            "github": run.github(job, self._github.url, self._github.api_url),
            "needs": run.needs(job),
            "vars": self._variables,
            "inputs": run.delivery.payload.get("inputs") or {},
        }
        if not self._expressions.condition(job.condition, contexts, run.status(job)):
            self._finish(run, job, _unrun(run, job, "skipped"))
        elif job.group is None:
            self._fleet.start(run, job, partial(self._report, run, job, None))
        else:
            group = self._expressions.resolve(job.group, contexts)
            groups = self._groups.setdefault(run.delivery.repository, Groups())
            groups.enter(
                group,
                start=partial(self._fleet.start, run, job, partial(self._report, run, job, group)),
                evict=partial(self._finish, run, job, _unrun(run, job, "cancelled")),
            )

    def _report(
        self, run: WorkflowRun, job: Job, group: str | None, result: JobResult | Exception
    ) -> None:
        """Called on the job's thread: what follows from its end is decided on ours."""
        if isinstance(result, Exception):
            self._break(result)
            return

        def decide() -> None:
            if group is not None:
                self._groups[run.delivery.repository].leave(group)
            self._finish(run, job, result)

        self._decisions.put(decide)

    def _finish(self, run: WorkflowRun, job: Job, result: JobResult) -> None:
        run.results[job.id] = result
        self._keep(result)
        if run.is_over:
            self._github.record_workflow_run(run.delivery.repository, run.record())
            self._count(-1)
        else:
            self._advance(run)

    def _keep(self, result: JobResult) -> None:
        self.jobs.append(result)
        if self._on_job is not None:
            self._on_job(result)


def _unrun(run: WorkflowRun, job: Job, conclusion: Conclusion, log: str = "") -> JobResult:
    """The result of a job that never got a machine."""
    return JobResult(run.workflow.name, run.id, job.id, run.delivery.event, conclusion, log=log)
