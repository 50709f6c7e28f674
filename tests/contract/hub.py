"""A GitHub for contract tests: the bot's forge, and everybody who acts beside it."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import github
from github import InputGitTreeElement
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clients.github import GitHub
from bot.core.experiment import Experiment
from bot.ports import Forge
from bot.sandbox import github as sandbox
from tests.fakes import FakeForge, Scissors

FILES = {
    "README.md": "# Retina\n",
    "conf/config.yaml": "lr: 0.1\n",
    "src/metrics/dice.py": "def dice():\n    return 1\n",
    ".github/workflows/ring.yml": "name: ring\non: {schedule: [{cron: '*/15 * * * *'}]}\n",
}
PERMISSIONS = {
    "contents": "write",
    "issues": "write",
    "pull-requests": "write",
    "actions": "write",
    "checks": "write",
}
OWN_RUN = 100
EXPERIMENT = Experiment(
    number=7, kind="experiment", title="EMA", author="ada", branch="exp/7-ema", phase="picked"
)


def head(forge: Forge, branch: str = "main") -> str:
    """Where a branch points that must be there."""
    found = forge.head(branch)
    assert found
    return found


class Interference:
    """An application with somebody who acts just before a request arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.before: dict[tuple[str, str], Callable[[], None]] = {}
        """Method and the end of a path to what is done, once."""
        self.asked: list[str] = []
        """Every request, as method and path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked.append(f"{scope['method']} {scope['path']}")
        for (method, end), act in list(self.before.items()):
            if scope["method"] == method and scope["path"].endswith(end):
                del self.before[method, end]
                await run_in_threadpool(act)
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Seen:
    """A comment as a person sees it."""

    id: int
    author: str
    body: str


class Hub(Protocol):
    """What a contract test needs beside the forge."""

    forge: Forge

    def open_issue(self, title: str, body: str = "") -> int: ...
    def open_pull(self, branch: str, title: str) -> int: ...
    def push(self, branch: str, files: Mapping[str, str | None]) -> str: ...
    def comments(self, place: int) -> list[Seen]: ...
    def set_role(self, login: str, role: str) -> None: ...
    def run_workflow(self, number: int, status: str) -> None: ...
    def check(self, commit: str) -> tuple[str, str, str]: ...


class SandboxHub:
    """The real client against the sandbox: one repository, with `ada` as its administrator."""

    numbers = itertools.count(1)

    def __init__(self, server: sandbox.GitHub, source: Path) -> None:
        self.server = server
        self.name = f"acme/retina{next(self.numbers)}"
        for path, text in FILES.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        (source / "logo.bin").write_bytes(b"\xff\xd8\xff")
        server.add_repository(self.name, source=source)
        token = server.add_user("ada")
        server.set_role(self.name, "ada", "admin")
        self.ada = self.person(token)
        self.allow_pulls(True)
        self.token = server.job_token(self.name, PERMISSIONS)
        self.forge: Forge = self.client()

    def allow_pulls(self, allowed: bool) -> None:
        """Allow Actions to open PRs, or not."""
        path = f"{self.ada.url}/actions/permissions/workflow"
        setting = {"can_approve_pull_request_reviews": allowed}
        self.ada.requester.requestJsonAndCheck("PUT", path, input=setting)

    def schedule_is_on(self) -> bool:
        """Whether the schedule's workflow is switched on."""
        return self.server.workflow_enabled(self.name, ".github/workflows/ring.yml")

    def client(self, **changes: Any) -> GitHub:
        """A client of the bot's, as a new job makes one."""
        given = {
            "token": self.token,
            "repository": self.name,
            "api_url": self.server.api_url,
            "workflow_run": OWN_RUN,
        }
        return GitHub(**{**given, **changes})

    def person(self, token: str) -> Any:
        """The repository in a person's hands."""
        known = github.Github(
            auth=github.Auth.Token(token),
            base_url=self.server.api_url,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )
        return known.get_repo(self.name)

    def newcomer(self, login: str, role: str) -> Any:
        """The repository in the hands of somebody new."""
        token = self.server.add_user(login)
        self.server.set_role(self.name, login, role)
        return self.person(token)

    def open_issue(self, title: str, body: str = "") -> int:
        return int(self.ada.create_issue(title, body).number)

    def open_pull(self, branch: str, title: str) -> int:
        return int(self.ada.create_pull("main", branch, title=title, body="").number)

    def push(self, branch: str, files: Mapping[str, str | None]) -> str:
        refs = {ref.ref.removeprefix("refs/heads/"): ref for ref in self.ada.get_git_refs()}
        elements = [
            InputGitTreeElement(path, "100644", "blob", sha=None)
            if text is None
            else InputGitTreeElement(path, "100644", "blob", text)
            for path, text in files.items()
        ]
        before = self.ada.get_git_commit(refs.get(branch, refs["main"]).object.sha)
        tree = self.ada.create_git_tree(elements, before.tree)
        commit = str(self.ada.create_git_commit("change", tree, [before]).sha)
        if branch in refs:
            refs[branch].edit(commit)
        else:
            self.ada.create_git_ref(f"refs/heads/{branch}", commit)
        return commit

    def comments(self, place: int) -> list[Seen]:
        comments = self.ada.get_issue(place).get_comments()
        return [Seen(c.id, c.user.login, c.body) for c in comments]

    def set_role(self, login: str, role: str) -> None:
        self.newcomer(login, role)

    def run_workflow(self, number: int, status: str) -> None:
        self.server.record_workflow_run(self.name, {"id": number, "status": status})

    def check(self, commit: str) -> tuple[str, str, str]:
        run = next(iter(self.ada.get_commit(commit).get_check_runs(check_name="labhand")))
        return run.conclusion or run.status, run.output.title, run.output.summary


class FakeHub:
    """The fake forge, with the same people."""

    def __init__(self) -> None:
        self.fake = FakeForge(Scissors(), FILES)
        self.forge: Forge = self.fake

    def open_issue(self, title: str, body: str = "") -> int:
        return self.fake.add_issue(title, body)

    def open_pull(self, branch: str, title: str) -> int:
        return self.fake.add_pull(branch, title, "ada")

    def push(self, branch: str, files: Mapping[str, str | None]) -> str:
        made = self.fake.push(branch, {p: text for p, text in files.items() if text is not None})
        parent, texts = self.fake.commits[made]
        kept = {path: text for path, text in texts.items() if files.get(path, text) is not None}
        self.fake.branches[branch] = self.fake._store(parent, kept)
        return self.fake.branches[branch]

    def comments(self, place: int) -> list[Seen]:
        return [Seen(c.id, "labhand[bot]", c.body) for c in self.fake.said_at(place)]

    def set_role(self, login: str, role: str) -> None:
        self.fake.roles[login] = role

    def run_workflow(self, number: int, status: str) -> None:
        self.fake.live.discard(number)
        if status != "completed":
            self.fake.live.add(number)

    def check(self, commit: str) -> tuple[str, str, str]:
        return self.fake.checks[commit]
