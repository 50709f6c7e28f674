"""Workflow files: what they ask for, and whether an event starts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TARGET = "pull_request_target"
"""What `pull_request` is called where it starts the default branch's workflow."""
EVENTS = frozenset({"issues", "issue_comment", TARGET, "repository_dispatch", "workflow_dispatch"})
"""Events whose workflows GitHub reads from the default branch, and that the sandbox runs; a
`workflow_dispatch` from the branch that its sender names.

A push or a pull request brings its own workflow file; the sandbox does not run those.
"""
USUAL = {TARGET: ("opened", "reopened", "synchronize")}
"""The actions that start a workflow which names none, where not all of them do."""
DEFAULT_PERMISSIONS = {"contents": "read", "packages": "read"}
SCOPES = (
    *("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token"),
    *("issues", "packages", "pages", "pull-requests", "security-events", "statuses"),
)

_WORKFLOW_KEYS = {"name", "run-name", "on", "permissions", "env", "concurrency", "jobs"}
_JOB_KEYS = {
    *("name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "concurrency"),
    *("env", "outputs", "steps"),
}
_STEP_KEYS = {
    *("id", "name", "if", "uses", "with", "run", "shell", "working-directory", "env"),
    *("continue-on-error", "timeout-minutes"),
}

Step = Mapping[str, Any]


class WorkflowError(Exception):
    """A workflow or an action that is wrong, or asks for what the sandbox cannot do."""


@dataclass(frozen=True)
class Job:
    """One job of a workflow; expressions in it are not evaluated yet."""

    id: str
    needs: tuple[str, ...]
    condition: Any
    permissions: Mapping[str, str]
    group: str | None
    """In which one job runs and one waits; None for no such group."""
    timeout_minutes: float
    env: Mapping[str, Any]
    outputs: Mapping[str, Any]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Workflow:
    """One file of `.github/workflows`."""

    path: str
    name: str
    triggers: Mapping[str, Mapping[str, Any]]
    env: Mapping[str, Any]
    jobs: Mapping[str, Job]

    def starts_on(self, event: str, payload: Mapping[str, Any]) -> bool:
        """Whether GitHub would start this workflow for an event.

        Args:
            event: its name, as in `on:`.
            payload: its webhook payload; a `workflow_dispatch` names the file in `workflow`.
        """
        if event not in self.triggers or event not in EVENTS:
            return False
        if event == "workflow_dispatch":
            return bool(payload["workflow"] == self.path)
        types = self.triggers[event].get("types", USUAL.get(event))
        return types is None or payload.get("action") in _words(types)


def is_ours(content: Any) -> bool:
    """Whether a file listens to anything that the sandbox runs; what else it says is unchecked."""
    return bool(EVENTS & set(_triggers(content)))


def parse(path: str, content: Any) -> Workflow:
    """Read a workflow file.

    Args:
        path: where it stands in the repository.
        content: what its YAML says.

    Raises:
        WorkflowError: it is wrong, or asks for what the sandbox cannot do.
    """
    _require(path, content, _WORKFLOW_KEYS, {"on", "jobs"})
    if "concurrency" in content:
        raise WorkflowError(f"{path}: the sandbox knows concurrency of jobs only")
    permissions = _permissions(path, content.get("permissions"), DEFAULT_PERMISSIONS)
    jobs = {name: _job(path, name, job, permissions) for name, job in content["jobs"].items()}
    for job in jobs.values():
        if unknown := set(job.needs) - set(jobs):
            raise WorkflowError(f"{path}: job `{job.id}` needs `{unknown.pop()}`, which is missing")
    return Workflow(
        path=path,
        name=content.get("name", path),
        triggers=_triggers(content),
        env=content.get("env") or {},
        jobs=jobs,
    )


def parse_steps(place: str, steps: Any) -> tuple[Step, ...]:
    """Check the steps of a job or of a composite action.

    Raises:
        WorkflowError: a step is wrong, or asks for what the sandbox cannot do.
    """
    for step in steps:
        _require(place, step, _STEP_KEYS, set())
        if ("run" in step) == ("uses" in step):
            raise WorkflowError(f"{place}: a step has either `run` or `uses`")
        if step.get("shell", "bash") != "bash":
            raise WorkflowError(f"{place}: the sandbox has no shell but bash")
    return tuple(steps)


def _job(path: str, name: str, job: Any, inherited: Mapping[str, str]) -> Job:
    place = f"{path}: job `{name}`"
    _require(place, job, _JOB_KEYS, {"runs-on", "steps"})
    return Job(
        id=name,
        needs=_words(job.get("needs") or ()),
        condition=job.get("if"),
        permissions=_permissions(place, job.get("permissions"), inherited),
        group=_group(place, job.get("concurrency")),
        timeout_minutes=float(job.get("timeout-minutes", 360)),
        env=job.get("env") or {},
        outputs=job.get("outputs") or {},
        steps=parse_steps(place, job["steps"]),
    )


def _triggers(content: Any) -> Mapping[str, Mapping[str, Any]]:
    on = content["on"]
    triggers = on if isinstance(on, dict) else dict.fromkeys(_words(on))
    return {event: filters or {} for event, filters in triggers.items()}


def _permissions(place: str, value: Any, default: Mapping[str, str]) -> Mapping[str, str]:
    if value is None:
        return default
    if value in ("read-all", "write-all"):
        access: Literal["read", "write"] = "read" if value == "read-all" else "write"
        return dict.fromkeys(SCOPES, access)
    if unknown := set(value) - set(SCOPES):
        raise WorkflowError(f"{place}: there is no permission `{unknown.pop()}`")
    return {scope: access for scope, access in value.items() if access != "none"}


def _group(place: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if value.get("cancel-in-progress"):
        raise WorkflowError(f"{place}: the sandbox does not cancel running jobs")
    return str(value["group"])


def _require(place: str, value: Any, known: set[str], required: set[str]) -> None:
    if not isinstance(value, dict):
        raise WorkflowError(f"{place}: a mapping is wanted here")
    if unknown := set(value) - known:
        raise WorkflowError(f"{place}: the sandbox does not know `{sorted(unknown)[0]}`")
    if missing := required - set(value):
        raise WorkflowError(f"{place}: `{sorted(missing)[0]}` is missing")


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
