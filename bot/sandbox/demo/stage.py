"""Everything that the story needs: GitHub, W&B and Claude on loopback, Actions, and two agents."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from bot.sandbox.actions import Actions
from bot.sandbox.claude import Claude, Scenario
from bot.sandbox.demo.people import Person
from bot.sandbox.github import GitHub
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb

PROJECT_FILES = Path(__file__).parents[3]
REPOSITORY = "acme/digits"
PROJECT = "digits"
QUEUE = "local"
AGENTS = 2
SHIM = """#!/bin/sh
exec 8> "{slots}/turn"
flock 8
while :; do
  for slot in 1 2; do
    exec 9> "{slots}/$slot"
    flock -n 9 && exec 8>&- "{python}" "$@"
  done
  sleep 0.1
done
"""
"""A `python` that runs when one of two slots is free: one looks for a slot, the others wait their
turn. The lock on the slot ends with the process."""
ROLES = {"ada": "maintain", "grace": "write", "linus": "read"}
"""Ada maintains, Grace writes code, Linus only reads."""
STRANGER = "mallory"


@dataclass(frozen=True)
class Stage:
    """The world of the story."""

    github: GitHub
    wandb: Wandb
    claude: Claude
    actions: Actions
    people: Mapping[str, Person]
    environment: Mapping[str, str]
    """Addresses and tokens, as somebody would set them who runs the bot by hand."""
    root: Path


@contextmanager
def stage(root: Path, script: Sequence[Scenario]) -> Iterator[Stage]:
    """Start everything, with a repository that holds the files of this project."""
    with ExitStack() as stack:
        ports = [reserve() for _ in range(3)]
        github = GitHub(ports[0][1], root / "github")
        wandb = stack.enter_context(Wandb(ports[1][1], root / "wandb"))
        claude = Claude(ports[2][1], script=script)
        apps: tuple[ASGIApp, ...] = (github.app, wandb.app, claude.app)
        for app, (bound, _) in zip(apps, ports, strict=True):
            stack.enter_context(serve(app, bound))
        stack.callback(github.close)
        tokens = {login: github.add_user(login) for login in (*ROLES, STRANGER)}
        repository = github.add_repository(REPOSITORY, source=copied(root / "files"))
        repository.actions_can_create_pull_requests = True
        for login, role in ROLES.items():
            github.set_role(REPOSITORY, login, role)
        wandb.secrets["GITHUB_DISPATCH_TOKEN"] = tokens["ada"]
        (root / "actions").mkdir()
        actions = stack.enter_context(
            Actions(
                github,
                root / "actions",
                secrets={"WANDB_API_KEY": wandb.api_key, "ANTHROPIC_API_KEY": claude.api_key},
                variables={
                    "LABHAND_PYTHON": sys.executable,
                    "WANDB_BASE_URL": wandb.url,
                    "ANTHROPIC_BASE_URL": claude.url,
                },
            )
        )
        github.listeners.append(actions)
        yield Stage(
            github,
            wandb,
            claude,
            actions,
            {name: Person(name, token, github, REPOSITORY) for name, token in tokens.items()},
            {
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_API_URL": github.api_url,
                "GITHUB_SERVER_URL": github.url,
                "LABHAND_GITHUB_TOKEN": tokens["ada"],
                "WANDB_API_KEY": wandb.api_key,
                "WANDB_BASE_URL": wandb.url,
            },
            root,
        )


def copied(folder: Path) -> Path:
    """Copy the files of this project that git knows, or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_FILES,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT_FILES / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_FILES / name, folder / name)
    return folder


def clean_environment(root: Path) -> dict[str, str]:
    """What a process on a machine of its own would find set: nothing of ours."""
    home = root / "home"
    home.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


@contextmanager
def agents(at: Stage) -> Iterator[None]:
    """Run two real launch agents, which train at most two runs at a time, until the block ends.

    An agent looks every ten seconds whether a job has ended, and every ten for the next one, and
    neither can be set: with one job each, the cores would mostly wait. So the agents take
    whatever is queued, and the `python` that they find waits for one of two slots.
    """
    shim = at.root / "slots" / "python"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(slots=shim.parent, python=sys.executable), encoding="utf-8")
    shim.chmod(0o755)
    running = []
    for number in range(AGENTS):
        folder = at.root / f"agent-{number}"
        folder.mkdir()
        agent = (str(Path(sys.executable).with_name("wandb")), "launch-agent")
        options = ("--entity", at.wandb.entity, "--queue", QUEUE, "--max-jobs", "-1")
        # The second polls in between the first's polls.
        command = ["sh", "-c", f'sleep {5 * number}; exec "$@"', "sh", *agent, *options]
        with (folder / "agent.log").open("w") as log:
            running.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env=_agent_environment(at, folder, shim.parent),
                    stdout=log,
                    stderr=log,
                )
            )
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _agent_environment(at: Stage, folder: Path, slots: Path) -> dict[str, str]:
    netloc = at.github.url.removeprefix("http://")
    clean = clean_environment(folder)
    return {
        **clean,
        "PATH": f"{slots}{os.pathsep}{clean['PATH']}",
        "WANDB_API_KEY": at.wandb.api_key,
        "WANDB_BASE_URL": at.wandb.url,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_DIR": str(folder),
        "TMPDIR": str(folder),
        # W&B takes https remotes only; the sandbox speaks http.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.http://{netloc}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://{netloc}/",
    }
