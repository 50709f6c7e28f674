"""A served GitHub with people in it, for the tests of every area."""

import base64
import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import github
from github.Repository import Repository as Client

from bot.sandbox.github import Delivery, GitHub, Repository

ROLES = {
    "boss": "admin",
    "mona": "maintain",
    "ada": "write",
    "tess": "triage",
    "rita": "read",
}
FILES = {
    "README.md": "# Retina\n",
    "conf/train.yaml": "lr: 0.1\nepochs: 10\n",
    "src/model.py": "def width():\n    return 48\n\n\ndef depth():\n    return 4\n",
}


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass
class Home:
    """One repository, fresh for one test, and what happened in it."""

    hub: "Hub"
    state: Repository
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.state.full_name

    def seen_by(self, login: str) -> Client:
        return self.hub.client(login).get_repo(self.name)

    def job(self, **permissions: str) -> str:
        """A job's token; `pull_requests` stands for `pull-requests`."""
        named = {scope.replace("_", "-"): level for scope, level in permissions.items()}
        return self.hub.github.job_token(self.name, named)

    def ask(self, method: str, path: str, who: str = "", body: Any = None, **more: Any) -> Reply:
        return self.hub.ask(method, f"/repos/{self.name}{path}", who, body, **more)

    def branch(self, name: str, files: dict[str, str | None], start: str = "main") -> str:
        """Put one commit with these files on a branch, made from `start` if it is new."""
        git = self.state.git
        if f"refs/heads/{name}" not in git.refs:
            sha = git.refs[f"refs/heads/{start}"]
            self.ask("POST", "/git/refs", "ada", {"ref": f"refs/heads/{name}", "sha": sha})
        changes = {
            "additions": [
                {"path": path, "contents": base64.b64encode(text.encode()).decode()}
                for path, text in files.items()
                if text is not None
            ],
            "deletions": [{"path": path} for path, text in files.items() if text is None],
        }
        reply = self.commit("ada", name, git.refs[f"refs/heads/{name}"], changes, "Change")
        assert "errors" not in reply.body, reply.body
        return str(reply.body["data"]["createCommitOnBranch"]["commit"]["oid"])

    def commit(
        self, who: str, branch: str, expected: str, changes: dict[str, Any], headline: str
    ) -> Reply:
        query = """mutation ($input: CreateCommitOnBranchInput!) {
          createCommitOnBranch(input: $input) { commit { oid } ref { name } } }"""
        where = {"repositoryNameWithOwner": self.name, "branchName": branch}
        data = {
            "branch": where,
            "expectedHeadOid": expected,
            "fileChanges": changes,
            "message": {"headline": headline},
        }
        return self.hub.graphql(who, query, input=data)

    def events(self, *names: str) -> list[tuple[str, str | None]]:
        """(event, action) of what happened, of these events or of all."""
        return [
            (item.event, item.payload.get("action"))
            for item in self.deliveries
            if not names or item.event in names
        ]


@dataclass
class Hub:
    """A served GitHub."""

    github: GitHub
    folder: Path
    tokens: dict[str, str]
    homes: dict[str, Home] = field(default_factory=dict)

    def client(self, login: str) -> github.Github:
        return github.Github(
            auth=github.Auth.Token(self.tokens.get(login, login)),
            base_url=self.github.api_url,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def home(self, *, private: bool = False, files: dict[str, str] | None = None) -> Home:
        name = f"acme/retina-{len(self.homes)}"
        source = self.folder / name
        for path, text in {**FILES, **(files or {})}.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        state = self.github.add_repository(name, source=source, private=private)
        for login, role in ROLES.items():
            self.github.set_role(name, login, role)
        self.homes[name] = Home(self, state)
        return self.homes[name]

    def hear(self, delivery: Delivery) -> None:
        if home := self.homes.get(delivery.repository):
            home.deliveries.append(delivery)

    def ask(
        self,
        method: str,
        path: str,
        who: str = "",
        body: Any = None,
        accept: str = "application/vnd.github+json",
    ) -> Reply:
        """One request; `who` is a login, a token, or nobody."""
        url = path if path.startswith("http") else self.github.api_url + path
        headers = {"Accept": accept, "Content-Type": "application/json"}
        if who:
            headers["Authorization"] = f"Bearer {self.tokens.get(who, who)}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data=None if body is None else data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return _reply(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.headers, error.read())

    def graphql(self, who: str, query: str, **variables: Any) -> Reply:
        body = {"query": query, "variables": variables}
        return self.ask("POST", self.github.graphql_url, who, body)


def _reply(status: int, headers: Any, content: bytes) -> Reply:
    named = {name.lower(): value for name, value in headers.items()}
    is_json = "json" in named.get("content-type", "") and "raw" not in named["content-type"]
    return Reply(status, named, json.loads(content) if content and is_json else content)


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real git as a person would."""
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    return subprocess.run(
        ["git", *person, "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"},
        timeout=120,
    )
