"""The people of the story: they use GitHub as people do, through a real client and real git."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from github import Auth, Github

from bot.sandbox.github import GitHub

FORM = "experiment.yml"


class Person:
    """Somebody with an account and a token."""

    def __init__(self, login: str, token: str, server: GitHub, repository: str) -> None:
        self.login = login
        self.token = token
        self._server = server
        self._name = repository
        self._client = Github(
            auth=Auth.Token(token),
            base_url=server.api_url,
            per_page=100,
            lazy=True,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def opens_issue(self, title: str, body: str) -> int:
        """Open a plain issue; return its number."""
        return self._client.get_repo(self._name).create_issue(title, body).number

    def fills_form(self, title: str, answers: Mapping[str, str]) -> int:
        """File an idea through the issue form, in the browser; return the issue's number."""
        issue = self._server.submit_issue_form(self._name, self.token, FORM, answers, title=title)
        return issue.number

    def writes(self, place: int, text: str) -> int:
        """Comment on an issue or a PR; return the comment's id."""
        issue = self._client.get_repo(self._name).get_issue(place)
        return issue.create_comment(text).id

    def opens_pull(
        self, folder: Path, branch: str, title: str, body: str, edit: tuple[str, str, str]
    ) -> int:
        """Clone, change one file by hand, push a branch, open a PR; return its number.

        Args:
            folder: where to clone to.
            branch: its name.
            title: of the PR, and the commit's message.
            body: of the PR.
            edit: path, old text, new text.
        """
        remote = self._server.url.replace("://", f"://{self.login}:{self.token}@")
        self._git(folder.parent, "clone", "--quiet", f"{remote}/{self._name}.git", str(folder))
        self._git(folder, "switch", "--quiet", "--create", branch)
        path, old, new = edit
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        (folder / path).write_text(text.replace(old, new), encoding="utf-8")
        self._git(folder, "commit", "--quiet", "--all", "--message", title)
        self._git(folder, "push", "--quiet", "origin", branch)
        repository = self._client.get_repo(self._name)
        return repository.create_pull(base="main", head=branch, title=title, body=body).number

    def _git(self, folder: Path, *arguments: str) -> None:
        who = ("-c", f"user.name={self.login}", "-c", f"user.email={self.login}@acme.example")
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
