"""Workflow runs: which of their jobs are due, and what those may know."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.actions.expressions import Status
from bot.sandbox.actions.jobs import JobResult
from bot.sandbox.actions.workflows import Job, Workflow
from bot.sandbox.github import Delivery


@dataclass
class WorkflowRun:
    """One run of a workflow, because of one event.

    Attributes:
        id: unique among all; `GITHUB_RUN_ID`.
        number: counts the runs of this workflow; `GITHUB_RUN_NUMBER`.
        commit: of the default branch when it began.
        results: what became of the jobs that are over, by job id.
        begun: ids of jobs that were looked at already.
    """

    id: int
    number: int
    workflow: Workflow
    delivery: Delivery
    branch: str
    commit: str
    results: dict[str, JobResult] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether every job is over."""
        return len(self.results) == len(self.workflow.jobs)

    def take_due(self) -> list[Job]:
        """The jobs whose needs are over; each is handed out once."""
        due = [
            job
            for job in self.workflow.jobs.values()
            if job.id not in self.begun and set(job.needs) <= set(self.results)
        ]
        self.begun.update(job.id for job in due)
        return due

    def status(self, job: Job) -> Status:
        """What `success()` and its like answer in the job's `if`."""
        conclusions = {self.results[name].conclusion for name in self._ancestors(job)}
        return {
            "success": conclusions <= {"success"},
            "failure": "failure" in conclusions,
            "cancelled": False,
        }

    def needs(self, job: Job) -> dict[str, Any]:
        """The job's `needs` context."""
        results = {name: self.results[name] for name in job.needs}
        return {
            name: {"result": result.conclusion, "outputs": dict(result.outputs)}
            for name, result in results.items()
        }

    def github(self, job: Job, server_url: str, api_url: str) -> dict[str, Any]:
        """The job's `github` context, but for its token."""
        actor = self.delivery.payload["sender"]["login"]
        return {
            "actor": actor,
            "triggering_actor": actor,
            "event": self.delivery.payload,
            "event_name": self.delivery.event,
            "repository": self.delivery.repository,
            "repository_owner": self.delivery.repository.partition("/")[0],
            "ref": f"refs/heads/{self.branch}",
            "ref_name": self.branch,
            "ref_type": "branch",
            "sha": self.commit,
            "run_id": str(self.id),
            "run_number": str(self.number),
            "run_attempt": "1",
            "workflow": self.workflow.name,
            "job": job.id,
            "server_url": server_url,
            "api_url": api_url,
            "graphql_url": f"{api_url.removesuffix('/v3')}/graphql",
        }

    def record(self) -> dict[str, Any]:
        """The workflow run as GitHub's API tells of it."""
        return {
            "id": self.id,
            "name": self.workflow.name,
            "path": self.workflow.path,
            "event": self.delivery.event,
            "head_branch": self.branch,
            "head_sha": self.commit,
            "run_number": self.number,
            "run_attempt": 1,
            "status": "completed" if self.is_over else "in_progress",
            "conclusion": self._conclusion() if self.is_over else None,
        }

    def _conclusion(self) -> str:
        conclusions = {result.conclusion for result in self.results.values()}
        for worst in ("failure", "cancelled", "success"):
            if worst in conclusions:
                return worst
        return "skipped"

    def _ancestors(self, job: Job) -> set[str]:
        needed = [self.workflow.jobs[name] for name in job.needs]
        return set(job.needs).union(*(self._ancestors(other) for other in needed))
