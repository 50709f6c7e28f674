"""Real launch agents, each with an environment and a home of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.sandbox.wandb import Wandb

QUEUE = "local"
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


def clean_environment(root: Path) -> dict[str, str]:
    """What a process on a machine of its own would find set: nothing of ours."""
    home = root / "home"
    home.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


@contextmanager
def agents(root: Path, github_url: str, wandb: Wandb, number: int = 2) -> Iterator[None]:
    """Run real launch agents, which train at most two runs at a time, until the block ends.

    An agent looks every ten seconds whether a job has ended, and every ten for the next one, and
    neither can be set: with one job each, the cores would mostly wait. So the agents take
    whatever is queued, and the `python` that they find waits for one of two slots.
    """
    slots = _slots(root / "slots")
    running = []
    for each in range(number):
        folder = root / f"agent-{each}"
        folder.mkdir()
        agent = (str(Path(sys.executable).with_name("wandb")), "launch-agent")
        options = ("--entity", wandb.entity, "--queue", QUEUE, "--max-jobs", "-1")
        # The second polls in between the first's polls. An agent that finds no queue ends.
        again = f'sleep {5 * each}; while :; do "$@"; sleep 5; done'
        command = ["sh", "-c", again, "sh", *agent, *options]
        with (folder / "agent.log").open("w") as log:
            running.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env=_agent_environment(github_url, wandb, folder, slots),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
    try:
        yield
    finally:
        for process in running:
            _end(process, signal.SIGTERM)
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                _end(process, signal.SIGKILL)


def _slots(folder: Path) -> Path:
    """A folder with the `python` that waits, to stand first in the agents' path."""
    folder.mkdir()
    shim = folder / "python"
    shim.write_text(SHIM.format(slots=folder, python=sys.executable), encoding="utf-8")
    shim.chmod(0o755)
    return folder


def _end(agent: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send a signal to an agent and to the jobs that it has begun."""
    with suppress(ProcessLookupError):
        os.killpg(agent.pid, how)


def _agent_environment(github_url: str, wandb: Wandb, folder: Path, slots: Path) -> dict[str, str]:
    netloc = github_url.removeprefix("http://")
    clean = clean_environment(folder)
    return {
        **clean,
        "PATH": f"{slots}{os.pathsep}{clean['PATH']}",
        "WANDB_API_KEY": wandb.api_key,
        "WANDB_BASE_URL": wandb.url,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_DIR": str(folder),
        "TMPDIR": str(folder),
        # W&B takes https remotes only; the sandbox speaks http.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.http://{netloc}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://{netloc}/",
    }
