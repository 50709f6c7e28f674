"""A stage on which the real bot is started, killed and started again, as Actions would do it."""

import copy
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.sandbox.demo.people import Person
from bot.sandbox.demo.stage import clean_environment
from bot.sandbox.faults import Scissors
from bot.sandbox.github import Delivery, GitHub
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb
from tests.faults.agent import PATIENCE_SECONDS, PROJECT, Agent

NAME = "acme/digits"
RIGHTS = dict.fromkeys(("actions", "checks", "contents", "issues", "pull-requests"), "write")
CONFIGURATION = """
version: 1
metric: {name: val/acc, goal: maximize, value: last, min_effect: 0.004}
guards: {val/loss: {goal: minimize, limit: 50%}}
train: {command: "python -m trainer {overrides} seed={seed}", config: conf.yaml}
seeds: {experiment: 2, held_out: [101, 102], looks: 2}
wandb: {entity: acme, project: digits}
queues: {local: {}}
"""
FILES = {".github/labhand.yml": CONFIGURATION, "conf.yaml": "lr: 0.01\nwidth: 64\n"}
COPIED = (".github/ISSUE_TEMPLATE/experiment.yml", ".github/workflows/ring.yml")


class Stage:
    """GitHub and W&B on loopback, a maintainer, an agent, and the bot's jobs one by one.

    Attributes:
        github: the sandbox's GitHub, with one repository.
        wandb: the sandbox's W&B.
        ada: maintains the repository.
        agent: works on the queue.
        scissors: counts what is written to both.
    """

    def __init__(self, github: GitHub, wandb: Wandb, scissors: Scissors, root: Path) -> None:
        self.github, self.wandb, self.scissors, self.root = github, wandb, scissors, root
        self._delivered: list[Delivery] = []
        self._workflow_runs = itertools.count(1)
        self._kept: dict[str, Any] = {}
        token = github.add_user("ada")
        github.listeners.append(self._delivered.append)
        github.add_repository(NAME, source=_files(root / "files"))
        github.repository(NAME).actions_can_create_pull_requests = True
        github.set_role(NAME, "ada", "maintain")
        self.ada = Person("ada", token, github, NAME)
        self.agent = Agent(wandb)

    def respond(self, event: str, *, cut_after: int | None = None) -> bool:
        """Run the job that answers what Ada did last, such as `issue_comment`."""
        happened = (d for d in reversed(self._delivered) if d.triggers_workflows)
        last = next(d for d in happened if d.event == event)
        return self._run("event", last, cut_after)

    def ring(self, *, cut_after: int | None = None) -> bool:
        """Run the job of the schedule.

        Args:
            cut_after: the number of the write behind which the job is killed; None never is.

        Returns:
            Whether it was killed.
        """
        return self._run("ring", Delivery("schedule", {}, NAME, True), cut_after)

    def _run(self, verb: str, event: Delivery, cut_after: int | None) -> bool:
        """Start the process that `action.yml` starts, and wait for its end."""
        number = next(self._workflow_runs)
        folder = self.root / f"job-{number}"
        folder.mkdir()
        (folder / "event.json").write_text(json.dumps(event.payload))
        self.github.record_workflow_run(NAME, {"id": number, "status": "in_progress"})
        with (folder / "log").open("w") as log:
            self.scissors.set(cut_after, lambda: _kill(process.pid))
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot", verb],
                cwd=folder,
                env=self._environment(folder, number, event.event),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            code = process.wait(PATIENCE_SECONDS)
        self.github.record_workflow_run(NAME, {"id": number, "status": "completed"})
        assert code in (0, -signal.SIGKILL), (folder / "log").read_text()
        return code != 0

    def _environment(self, folder: Path, number: int, event: str) -> dict[str, str]:
        return {
            **clean_environment(folder),
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_RUN_ID": str(number),
            "GITHUB_SERVER_URL": self.github.url,
            "LABHAND_FOLDER": str(folder / "labhand"),
            "LABHAND_GITHUB_TOKEN": self.github.job_token(NAME, RIGHTS),
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(folder),
            "WANDB_API_KEY": self.wandb.api_key,
            "WANDB_BASE_URL": self.wandb.url,
        }

    def keep(self) -> None:
        """Remember everything as it is now."""
        self.github.close()  # a process that reads a repository cannot be copied
        self._kept = copy.deepcopy(self._state())
        for name in ("github", "wandb"):
            shutil.copytree(self.root / name, self.root / "kept" / name)

    def restore(self) -> None:
        """Put everything back to how it was when it was kept."""
        self.github.close()
        state = copy.deepcopy(self._kept)
        vars(self.github._site).update(state["github"])
        vars(self.wandb._store).update(state["wandb"])
        for name in ("github", "wandb"):
            shutil.rmtree(self.root / name)
            shutil.copytree(self.root / "kept" / name, self.root / name)

    def _state(self) -> dict[str, Any]:
        site = {name: value for name, value in vars(self.github._site).items() if name != "outbox"}
        return {"github": site, "wandb": vars(self.wandb._store)}


@contextmanager
def stage(root: Path) -> Iterator[Stage]:
    """Serve a stage that keeps everything below `root`."""
    with ExitStack() as stack:
        ports = [reserve() for _ in range(2)]
        (root / "wandb").mkdir(parents=True)
        github = GitHub(ports[0][1], root / "github")
        wandb = stack.enter_context(Wandb(ports[1][1], root / "wandb"))
        scissors = Scissors()
        for app, (bound, _) in zip((github.app, wandb.app), ports, strict=True):
            stack.enter_context(serve(scissors.around(app), bound))
        stack.callback(github.close)
        yield Stage(github, wandb, scissors, root)


def _files(folder: Path) -> Path:
    for path, text in {**FILES, **{path: (PROJECT / path).read_text() for path in COPIED}}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def _kill(pid: int) -> None:
    """Kill a process and its group, and the W&B service, which has a session of its own."""
    children = list(_children(pid))
    os.killpg(pid, signal.SIGKILL)
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _children(pid: int) -> Iterator[int]:
    """A process's children; none where there is no /proc: there the service ends by itself."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                yield int(name.split()[0])
