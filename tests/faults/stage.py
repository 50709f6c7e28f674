"""A stage on which the real bot is started, killed and started again, as Actions would do it."""

import copy
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.sandbox.agents import clean_environment
from bot.sandbox.demo.people import Person
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.github import Delivery, GitHub, Limits
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb
from tests.faults.agent import PROJECT, Agent
from tests.zygote import Zygote

NAME = "acme/digits"
RIGHTS = dict.fromkeys(("actions", "checks", "contents", "issues", "pull-requests"), "write")
CONFIGURATION = """
version: 1
metric: {name: val/acc, goal: maximize, value: last, min_effect: 0.004}
guards: {val/loss: {goal: minimize, limit: 50%}}
train: {command: "python -m trainer {overrides} seed={seed}", config: conf.yaml}
seeds: {experiment: 4, held_out: [101, 102, 103], looks: 2}
wandb: {entity: acme, project: digits}
queues: {local: {}}
"""
FILES = {".github/labhand.yml": CONFIGURATION, "conf.yaml": "lr: 0.01\nwidth: 64\n"}
COPIED = (".github/ISSUE_TEMPLATE/experiment.yml", ".github/workflows/ring.yml")
BOOK = "refs/heads/labbook"
RING = Delivery("schedule", {}, NAME, True)
JOB_SECONDS = 240
"""Far above what a job takes that tries everything as often as it may."""
MOST_ROUNDS = 10


class Stage:
    """GitHub and W&B on loopback, a maintainer, an agent, and the bot's jobs one by one.

    Attributes:
        github: the sandbox's GitHub, with one repository.
        wandb: the sandbox's W&B.
        ada: maintains the repository.
        agent: works on the queue.
        faults: what goes wrong with both; counts what is written.
        starter: starts the jobs.
    """

    def __init__(
        self, github: GitHub, wandb: Wandb, faults: Faults, root: Path, zygote: Zygote
    ) -> None:
        self.github, self.wandb, self.faults, self.root = github, wandb, faults, root
        self.starter = zygote
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

    @contextmanager
    def mood(self, plan: Sequence[Fault], seed: int = 0) -> Iterator[None]:
        """Let a plan go wrong until the block ends; `faults.log` says then what did."""
        self.faults.reset(seed)
        self.faults.add(*plan)
        yield
        self.faults.clear()

    def last(self, event: str) -> Delivery:
        """What Ada did last, such as `issue_comment`."""
        happened = (d for d in reversed(self._delivered) if d.triggers_workflows)
        return next(d for d in happened if d.event == event)

    def answer(self, event: Delivery) -> int:
        """Run the job of an event as `action.yml` does, and wait for its end.

        Returns:
            The exit code, or the negative number of the signal; not 0 only if something went wrong.
        """
        number = next(self._workflow_runs)
        folder = self.root / f"job-{number}"
        folder.mkdir()
        (folder / "event.json").write_text(json.dumps(event.payload))
        self.github.record_workflow_run(NAME, {"id": number, "status": "in_progress"})
        job = self.starter.start(
            ["ring" if event == RING else "event"],
            cwd=folder,
            env=job_environment(self.github, self.wandb, NAME, folder, number, event.event),
            log=folder / "log",
        )
        code = job.wait(JOB_SECONDS)
        self.github.record_workflow_run(NAME, {"id": number, "status": "completed"})
        assert code == 0 or self.faults.log, (folder / "log").read_text()
        return code

    def answer_in_turn(self, events: Sequence[Delivery]) -> None:
        """Run the jobs of several events, one after the other."""
        for event in events:
            self.answer(event)

    def answer_together(self, events: Sequence[Delivery]) -> list[int]:
        """Run the jobs of several events at once; their exit codes."""
        with ThreadPoolExecutor(len(events)) as pool:
            return list(pool.map(self.answer, events))

    def calm(self) -> None:
        """Ring and train until nothing waits; nothing goes wrong meanwhile."""
        self.faults.reset()
        self._pass_an_hour()
        for _ in range(MOST_ROUNDS):
            rung = len(self._delivered)
            self.answer(RING)
            asked = [d for d in self._delivered[rung:] if d.event == "repository_dispatch"]
            self.answer_in_turn(asked)
            if not self.agent.finish() and not asked:
                return
        raise AssertionError(f"after {MOST_ROUNDS} rings there is still something to train")

    @property
    def book(self) -> dict[str, str]:
        """The lab book's files, path to text; none if there is no lab book."""
        git = self.github.repository(NAME).git
        paths = git.lines("ls-tree", "-r", "--name-only", BOOK) if BOOK in git.refs else []
        return {path: git.run("show", f"{BOOK}:{path}").decode() for path in paths}

    def _pass_an_hour(self) -> None:
        """Let GitHub take all that was done in the repository for done an hour earlier."""
        repository = self.github.repository(NAME)
        threads = list(repository.threads.values())
        comments = [comment for thread in threads for comment in thread.comments]
        labellings = [given for thread in threads for given in thread.labellings]
        for each in (*repository.activity, *comments, *labellings):
            each.created_at = _an_hour_before(each.created_at)
        for comment in comments:
            comment.updated_at = _an_hour_before(comment.updated_at)

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


def job_environment(
    github: GitHub, wandb: Wandb, repository: str, folder: Path, number: int, event: str
) -> dict[str, str]:
    """What Actions and `action.yml` set for a job that works in a folder, which holds the event."""
    return {
        **clean_environment(folder),
        "GITHUB_API_URL": github.api_url,
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REPOSITORY": repository,
        "GITHUB_RUN_ID": str(number),
        "GITHUB_SERVER_URL": github.url,
        "LABHAND_FOLDER": str(folder / "labhand"),
        "LABHAND_GITHUB_TOKEN": github.job_token(repository, RIGHTS),
        "PYTHONPATH": str(PROJECT),
        "TMPDIR": str(folder),
        "WANDB_API_KEY": wandb.api_key,
        "WANDB_BASE_URL": wandb.url,
    }


@contextmanager
def stage(root: Path, zygote: Zygote) -> Iterator[Stage]:
    """Serve a stage that keeps everything below `root`, and whose jobs the zygote starts."""
    with ExitStack() as stack:
        ports = [reserve() for _ in range(2)]
        (root / "wandb").mkdir(parents=True)
        # Hundreds of jobs of one repository run here within minutes.
        github = GitHub(ports[0][1], root / "github", limits=Limits().times(100))
        wandb = stack.enter_context(Wandb(ports[1][1], root / "wandb"))
        faults = Faults(counts=True)
        faults.govern(github=github, wandb=wandb)
        stack.enter_context(serve(faults.around("github", github.app), ports[0][0]))
        stack.enter_context(serve(faults.around("wandb", wandb.app), ports[1][0]))
        stack.callback(github.close)
        yield Stage(github, wandb, faults, root, zygote)


def _an_hour_before(moment: str) -> str:
    at = datetime.fromisoformat(moment) - timedelta(hours=1)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _files(folder: Path) -> Path:
    for path, text in {**FILES, **{path: (PROJECT / path).read_text() for path in COPIED}}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
