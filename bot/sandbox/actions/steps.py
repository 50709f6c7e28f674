"""The steps of a job, or of a composite action, one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bot.sandbox.actions import command_files, composites, stock
from bot.sandbox.actions.command_files import CommandFiles
from bot.sandbox.actions.expressions import ExpressionError, Expressions, Status
from bot.sandbox.actions.runner import Runner
from bot.sandbox.actions.workflows import Step, WorkflowError

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
PLAIN_BASH = ("bash", "-e")
"""What GitHub takes where a step names no shell."""


class Outcome(NamedTuple):
    """What became of a step: an exit code, 0 for success, and its outputs."""

    code: int
    outputs: Mapping[str, str]


@dataclass
class Scope:
    """What the steps of a job, or of one composite action, can see, and what became of them.

    Attributes:
        contexts: every context but `env`, `job` and `steps`.
        env: variables of the step that uses this action; empty for a job.
        action: the folder of this action; None for a job.
        steps: the `steps` context.
    """

    contexts: Mapping[str, Any]
    env: Mapping[str, str] = field(default_factory=dict)
    action: Path | None = None
    steps: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def status(self) -> Status:
        """What `success()` and its like answer here."""
        return {"success": not self.failed, "failure": self.failed, "cancelled": False}

    def visible(self, env: Mapping[str, str]) -> dict[str, Any]:
        """Every context, as a step with these variables sees it."""
        job = {"status": "failure" if self.failed else "success"}
        return {**self.contexts, "env": env, "job": job, "steps": self.steps}


@dataclass(frozen=True)
class Steps:
    """Runs steps on one machine.

    Attributes:
        variables: the `GITHUB_*` and `RUNNER_*` variables of the job.
        artifacts: where this workflow run keeps its artifacts.
        own_repository: makes a folder with the workflow's own commit, for `uses: $/`.
    """

    runner: Runner
    expressions: Expressions
    variables: Mapping[str, str]
    artifacts: Path
    own_repository: Callable[[], Path]

    def run(self, steps: tuple[Step, ...], scope: Scope) -> None:
        """Run the steps; the scope holds their results.

        Raises:
            Stopped: the job's time is over.
        """
        for step in steps:
            try:
                outcome = self._run_if_due(step, scope)
            except (ExpressionError, WorkflowError) as error:
                self.runner.say(f"Error: {error}")
                outcome = Outcome(1, {})
            self._record(step, scope, outcome)

    def _run_if_due(self, step: Step, scope: Scope) -> Outcome | None:
        contexts = scope.visible({**self.runner.env, **scope.env})
        # GitHub shows no secrets to conditions.
        askable = {name: value for name, value in contexts.items() if name != "secrets"}
        if not self.expressions.condition(step.get("if"), askable, scope.status):
            return None
        self.runner.say(f"## {step.get('name') or step.get('uses') or 'run'}")
        own = self.expressions.resolve(step.get("env") or {}, contexts)
        seen = scope.visible({**contexts["env"], **own})
        if "run" in step:
            return self._script(step, scope, seen)
        inputs = self.expressions.resolve(step.get("with") or {}, seen)
        if step["uses"].startswith(("$/", "./")):
            return self._composite(step["uses"], inputs, scope, {**scope.env, **own})
        call = stock.Call(self.runner, inputs, scope.contexts["github"], self.artifacts)
        return Outcome(*stock.run(step["uses"], call))

    def _script(self, step: Step, scope: Scope, seen: Mapping[str, Any]) -> Outcome:
        if scope.action is not None and "shell" not in step:
            raise WorkflowError("a `run` in a composite action names its shell")
        files = CommandFiles.make(self.runner.temp)
        script = files.output.with_name("script.sh")
        script.write_text(self.expressions.resolve(step["run"], seen))
        folder = self.runner.workspace / self.expressions.resolve(
            step.get("working-directory"), seen
        )
        if not folder.is_dir():
            raise WorkflowError(f"there is no folder {folder}")
        minutes = self.expressions.resolve(step.get("timeout-minutes"), seen)
        action = {"GITHUB_ACTION_PATH": str(scope.action)} if scope.action else {}
        code = self.runner.execute(
            [*(BASH if "shell" in step else PLAIN_BASH), script],
            {**self.variables, **action, **seen["env"], **files.variables()},
            folder=folder,
            seconds=float(minutes) * 60 if minutes else None,
        )
        self.runner.env.update(command_files.parse(files.env.read_text()))
        self.runner.path[:0] = reversed(files.path.read_text().splitlines())
        self.runner.summary += files.step_summary.read_text()
        return Outcome(code, command_files.parse(files.output.read_text()))

    def _composite(
        self, uses: str, inputs: Mapping[str, str], scope: Scope, env: Mapping[str, str]
    ) -> Outcome:
        root = self.own_repository() if uses.startswith("$") else self.runner.workspace
        action = composites.load(root / uses[2:], self.expressions)
        github = {**scope.contexts["github"], "action_path": str(action.folder)}
        visible = {"github": github, "runner": scope.contexts["runner"]}
        defaults = self.expressions.resolve(action.defaults, visible)
        if unknown := set(inputs) - set(defaults):
            raise WorkflowError(f"{uses} has no input `{sorted(unknown)[0]}`")
        visible["inputs"] = {**defaults, **inputs}
        inner = Scope(visible, env, action.folder)
        self.run(action.steps, inner)
        outputs = self.expressions.resolve(action.outputs, inner.visible(env))
        return Outcome(self.runner.exit_code if inner.failed else 0, outputs)

    def _record(self, step: Step, scope: Scope, outcome: Outcome | None) -> None:
        result: dict[str, Any] = {"outputs": {}, "outcome": "skipped", "conclusion": "skipped"}
        if outcome is not None:
            env = {**self.runner.env, **scope.env}
            forgiven = self.expressions.resolve(step.get("continue-on-error"), scope.visible(env))
            failed = outcome.code != 0 and forgiven != "true"
            result = {
                "outputs": outcome.outputs,
                "outcome": "failure" if outcome.code else "success",
                "conclusion": "failure" if failed else "success",
            }
            if failed:
                scope.failed = True
                self.runner.exit_code = outcome.code
        if "id" in step:
            scope.steps[step["id"]] = result
