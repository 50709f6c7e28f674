"""The actions by GitHub itself that our workflows use, done here in the way they do it."""

import base64
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.actions.runner import Runner
from bot.sandbox.actions.workflows import WorkflowError


@dataclass(frozen=True)
class Call:
    """One use of an action.

    Attributes:
        inputs: the step's `with:`, evaluated.
        github: the `github` context.
        artifacts: where this workflow run keeps its artifacts.
    """

    runner: Runner
    inputs: Mapping[str, str]
    github: Mapping[str, Any]
    artifacts: Path

    def say(self, line: str) -> None:
        """Write a line into the job's log."""
        self.runner.say(line)

    def known(self, *names: str) -> None:
        """Refuse an input that the sandbox does not understand."""
        if unknown := set(self.inputs) - set(names):
            raise WorkflowError(f"the sandbox does not know the input `{sorted(unknown)[0]}`")


Result = tuple[int, dict[str, str]]
"""Exit code and outputs."""


def run(uses: str, call: Call) -> Result:
    """Carry out `uses: owner/name@ref`; the ref is not looked at.

    Raises:
        WorkflowError: the sandbox has no such action, or cannot do what is asked of it.
    """
    name = uses.partition("@")[0]
    if name not in _ACTIONS:
        raise WorkflowError(f"the sandbox has no action {name}; it has {', '.join(_ACTIONS)}")
    return _ACTIONS[name](call)


def _checkout(call: Call) -> Result:
    call.known("repository", "ref", "token", "path", "persist-credentials", "fetch-depth")
    github, inputs = call.github, call.inputs
    server = github["server_url"]
    address = f"{server}/{inputs.get('repository') or github['repository']}"
    token = inputs.get("token") or github["token"]
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = (f"http.{server}/.extraheader", f"AUTHORIZATION: basic {basic}")
    folder = call.runner.workspace / inputs.get("path", ".")
    folder.mkdir(parents=True, exist_ok=True)
    depth = inputs.get("fetch-depth", "1")
    # As variables, so that the token stands neither in arguments nor in the checkout.
    env = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": header[0],
        "GIT_CONFIG_VALUE_0": header[1],
    }
    ref = inputs.get("ref") or github["sha"]
    shallow = () if depth == "0" else (f"--depth={depth}",)
    commands: list[tuple[str, ...]] = [
        ("init", "--quiet"),
        ("remote", "add", "origin", address),
        ("fetch", "--quiet", "--no-tags", *shallow, "origin", ref),
        ("-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"),
    ]
    if inputs.get("persist-credentials") != "false":
        commands.append(("config", *header))
    for command in commands:
        if code := call.runner.execute(["git", *command], env, folder=folder):
            return code, {}
    call.say(f"Checked out {ref} into {folder.name}")
    return 0, {"ref": ref}


def _upload_artifact(call: Call) -> Result:
    call.known("name", "path", "if-no-files-found", "overwrite", "include-hidden-files")
    name, path = call.inputs.get("name", "artifact"), call.inputs["path"]
    if "\n" in path.strip() or any(character in path for character in "*?[!"):
        raise WorkflowError("the sandbox uploads one file or one folder, without wildcards")
    source, target = call.runner.workspace / path.strip(), call.artifacts / name
    hidden = call.inputs.get("include-hidden-files") == "true"
    found = [file for file in _files(source) if hidden or not _is_hidden(file, source)]
    if not found:
        missing = call.inputs.get("if-no-files-found", "warn")
        call.say(f"No files were found at {path} ({missing})")
        return int(missing == "error"), {}
    if target.exists():
        if call.inputs.get("overwrite") != "true":
            call.say(f"There is an artifact named {name} already")
            return 1, {}
        shutil.rmtree(target)
    for file in found:
        copy = target / (file.relative_to(source) if source.is_dir() else file.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    call.say(f"Uploaded {len(found)} files as {name}")
    return 0, {}


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return [file for file in sorted(source.rglob("*")) if file.is_file()]


def _is_hidden(file: Path, source: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(source).parts)


def _download_artifact(call: Call) -> Result:
    call.known("name", "path")
    source = call.artifacts / call.inputs["name"]
    if not source.is_dir():
        call.say(f"There is no artifact named {call.inputs['name']}")
        return 1, {}
    target = call.runner.workspace / call.inputs.get("path", ".")
    shutil.copytree(source, target, dirs_exist_ok=True)
    return 0, {"download-path": str(target)}


def _already_there(call: Call) -> Result:
    call.known("python-version", "node-version")
    call.say("The sandbox's machine has it already")
    return 0, {}


_ACTIONS: dict[str, Callable[[Call], Result]] = {
    "actions/checkout": _checkout,
    "actions/upload-artifact": _upload_artifact,
    "actions/download-artifact": _download_artifact,
    "actions/setup-python": _already_there,
    "actions/setup-node": _already_there,
}
