"""One job: its contexts, its machine and what became of it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.sandbox.actions.expressions import ExpressionError, Expressions
from bot.sandbox.actions.runner import Runner, Stopped
from bot.sandbox.actions.steps import Scope, Steps
from bot.sandbox.actions.workflows import Job, Workflow

Conclusion = Literal["success", "failure", "cancelled", "skipped", "startup_failure"]


@dataclass(frozen=True)
class JobResult:
    """What became of a job.

    Attributes:
        workflow: name of the workflow.
        run_id: number of the workflow run, as in `GITHUB_RUN_ID`.
        job: id of the job; empty if the workflow file itself is wrong.
        event: what started it.
        exit_code: of the step that failed; 0 if none did.
        seconds: from start to end of the job.
        log: what its processes wrote, with secrets masked.
        outputs: as later jobs see them.
        summary: Markdown of the job's summary.
    """

    workflow: str
    run_id: int
    job: str
    event: str
    conclusion: Conclusion
    exit_code: int = 0
    seconds: float = 0.0
    log: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True)
class Assignment:
    """A job that is due, with everything that it gets.

    Attributes:
        github: the `github` context, with the job's own token.
        needs: the `needs` context.
        artifacts: where its workflow run keeps artifacts.
        own_repository: makes a folder with the workflow's own commit.
    """

    workflow: Workflow
    job: Job
    github: Mapping[str, Any]
    needs: Mapping[str, Any]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    artifacts: Path
    own_repository: Callable[[], Path]

    @property
    def contexts(self) -> dict[str, Any]:
        """What the whole job can name."""
        return {
            "github": self.github,
            "needs": self.needs,
            "vars": self.variables,
            "secrets": {**self.secrets, "GITHUB_TOKEN": self.github["token"]},
            "inputs": self.github["event"].get("inputs") or {},
        }


def run(assignment: Assignment, expressions: Expressions, runner: Runner) -> JobResult:
    """Run a job on a fresh machine; whatever goes wrong in it is in the result."""
    started = time.monotonic()
    conclusion: Conclusion
    outputs: dict[str, str] = {}
    try:
        scope = _carry_out(assignment, expressions, runner)
        outputs = _outputs(assignment.job, expressions, runner, scope)
        conclusion = "failure" if scope.failed else "success"
    except Stopped:
        conclusion = "cancelled"
    except ExpressionError as error:
        runner.say(f"Error: {error}")
        runner.exit_code, conclusion = 1, "failure"
    return JobResult(
        workflow=assignment.workflow.name,
        run_id=int(assignment.github["run_id"]),
        job=assignment.job.id,
        event=assignment.github["event_name"],
        conclusion=conclusion,
        exit_code=0 if conclusion == "success" else runner.exit_code,
        seconds=time.monotonic() - started,
        log=runner.log,
        outputs=outputs,
        summary=runner.mask(runner.summary),
    )


def _carry_out(assignment: Assignment, expressions: Expressions, runner: Runner) -> Scope:
    """Run the steps; the scope holds what became of them.

    Raises:
        Stopped: the job's time is over.
        ExpressionError: the variables of the workflow or of the job are wrong.
    """
    contexts = assignment.contexts
    event_path = runner.temp / "event.json"
    event_path.write_text(json.dumps(assignment.github["event"]))
    machine = {"os": "Linux", "arch": "X64", "name": "sandbox", "temp": str(runner.temp)}
    github = {
        **assignment.github,
        "event_path": str(event_path),
        "workspace": str(runner.workspace),
    }
    runner.env.update(expressions.resolve(assignment.workflow.env, contexts))
    own = {**contexts, "env": dict(runner.env)}
    runner.env.update(expressions.resolve(assignment.job.env, own))
    scope = Scope({**contexts, "github": github, "runner": machine})
    Steps(
        runner,
        expressions,
        _variables(github, machine),
        assignment.artifacts,
        assignment.own_repository,
    ).run(assignment.job.steps, scope)
    return scope


def _variables(github: Mapping[str, Any], machine: Mapping[str, str]) -> dict[str, str]:
    """The variables that GitHub sets for every process of a job."""
    told = (
        *("actor", "api_url", "event_name", "event_path", "graphql_url", "job", "ref", "ref_name"),
        *("ref_type", "repository", "repository_owner", "run_attempt", "run_id", "run_number"),
        *("server_url", "sha", "triggering_actor", "workflow", "workspace"),
    )
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        **{f"GITHUB_{name.upper()}": str(github[name]) for name in told},
        **{f"RUNNER_{name.upper()}": value for name, value in machine.items()},
    }


def _outputs(job: Job, expressions: Expressions, runner: Runner, scope: Scope) -> dict[str, str]:
    """The job's outputs; GitHub drops one that holds a secret."""
    resolved = expressions.resolve(job.outputs, scope.visible(runner.env))
    kept = {}
    for name, value in resolved.items():
        if runner.mask(value) == value:
            kept[name] = value
        else:
            runner.say(f"Warning: the output `{name}` may hold a secret and was dropped")
    return kept
