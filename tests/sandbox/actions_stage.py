"""A repository with workflows on the sandbox's GitHub, and a person who makes things happen."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bot.sandbox.actions import Actions, JobResult
from bot.sandbox.github import Delivery, GitHub
from bot.sandbox.serve import reserve, serve

REPOSITORY = "acme/digits"
WORKFLOW = ".github/workflows/w.yml"
PATIENCE_SECONDS = 120


class Stage:
    """GitHub, the repository's Actions, and its maintainer Mona."""

    def __init__(self, github: GitHub, actions: Actions, mona: str) -> None:
        self.github = github
        self.actions = actions
        self.mona = mona
        self.commit = github.repository(REPOSITORY).git.refs["refs/heads/main"]

    @property
    def workflow_runs(self) -> dict[int, dict[str, Any]]:
        """What GitHub shows of workflow runs, by number."""
        return self.github.repository(REPOSITORY).workflow_runs

    def ask(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> int:
        """Send a request below the repository's address; return the status of the answer."""
        request = urllib.request.Request(
            f"{self.github.api_url}/repos/{REPOSITORY}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def send(
        self, event: str, payload: Mapping[str, Any] | None = None, *, by_job: bool = False
    ) -> None:
        """Let an event happen, and go on."""
        full = {"sender": {"login": "mona", "type": "User"}, **(payload or {})}
        self.actions(Delivery(event, full, REPOSITORY, triggers_workflows=not by_job))

    def run(
        self, event: str = "workflow_dispatch", payload: Mapping[str, Any] | None = None
    ) -> list[JobResult]:
        """Let an event happen, wait for all that follows, and return the jobs of it."""
        before = len(self.actions.jobs)
        named = {"workflow": WORKFLOW} if event == "workflow_dispatch" else {}
        self.send(event, {**named, **(payload or {})})
        self.actions.wait_idle(PATIENCE_SECONDS)
        return self.actions.jobs[before:]


class Play(Protocol):
    """Sets a stage whose only workflow is `w.yml`."""

    def __call__(
        self,
        workflow: str,
        files: Mapping[str, str] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        on_job: Callable[[JobResult], None] | None = None,
    ) -> Stage: ...


@contextmanager
def stage(
    root: Path,
    files: Mapping[str, str],
    *,
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    on_job: Callable[[JobResult], None] | None = None,
) -> Iterator[Stage]:
    """Serve a repository that holds `files`, with everything below `root`."""
    for path, text in files.items():
        file = root / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    machines = root / "machines"
    machines.mkdir()
    bound, url = reserve()
    github = GitHub(url, root / "github")
    mona = github.add_user("mona")
    github.add_repository(REPOSITORY, source=root / "files")
    github.set_role(REPOSITORY, "mona", "maintain")
    with (
        serve(github.app, bound),
        Actions(
            github, machines, secrets=secrets or {}, variables=variables or {}, on_job=on_job
        ) as actions,
    ):
        github.listeners.append(actions)
        yield Stage(github, actions, mona)
    github.close()
