"""A repository to be filled, and the requests that are timed on it."""

import itertools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.client import Client
from tests.bench.served import REPOSITORY

HOME = f"/api/v3/repos/{REPOSITORY}"
SPARE = 40  # branches without a pull request, for those that are opened while time is taken
LONG = 100  # comments on the first issue, in every repository
TEXT = "A comment of some length, as people write them. " * 6
QUERY = """query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      title isDraft headRefOid mergeable
      comments(first: 10) { nodes { body isMinimized } }
    }
  }
}"""
Act = Callable[[], object]


@dataclass(frozen=True)
class Contents:
    """How much is in a repository."""

    issues: int
    pulls: int
    comments: int


class Place:
    """One served repository, as somebody uses it with a client and with git.

    Args:
        url: The server's address.
        token: Whose.
        folder: For a clone.
    """

    def __init__(self, url: str, token: str, folder: Path) -> None:
        self._client = Client(url, token)
        self._clone = folder
        remote = f"{url.replace('://', f'://ada:{token}@')}/{REPOSITORY}.git"
        subprocess.run(["git", "clone", "--quiet", remote, str(folder)], check=True)
        self._commits = itertools.count()
        self._spare: Iterator[str] = iter(())
        self._pull = 0

    def fill(self, wanted: Contents) -> None:
        """Make issues, comments, branches and pull requests."""
        ask = self._client.ask
        ask("POST", f"{HOME}/labels", {"name": "rare", "color": "ffffff"})
        for number in range(wanted.issues):
            labels = ["rare" if number < SPARE else "bug"]
            body = {"title": f"Issue {number}", "body": TEXT, "labels": labels}
            ask("POST", f"{HOME}/issues", body)
        for number in range(wanted.comments):
            place = 1 if number < LONG else 2 + number % (wanted.issues - 1)
            ask("POST", f"{HOME}/issues/{place}/comments", {"body": TEXT})
        branches = [f"branch-{number}" for number in range(wanted.pulls + SPARE)]
        stream = "".join(_commit(branch, branch) for branch in branches)
        self._git("fast-import", "--quiet", stdin=stream)
        self._git("push", "--quiet", "origin", "refs/heads/branch-*")
        self._client.close()  # no server keeps a connection for as long as that may take
        self._spare = iter(branches)
        for _ in range(wanted.pulls):
            self.open_pull()
        self._pull = wanted.issues + wanted.pulls // 2
        self._client.close()

    def reads(self) -> dict[str, Act]:
        """Requests that change nothing."""
        owner, _, name = REPOSITORY.partition("/")
        variables = {"owner": owner, "name": name, "number": self._pull}
        paths = {
            "get issue": "/issues/2",
            "get PR": f"/pulls/{self._pull}",
            "list open PRs": "/pulls?per_page=30",
            "list an issue's comments": "/issues/1/comments?per_page=30",
            "issues with a label": "/issues?labels=rare&per_page=30",
            "get contents": "/contents/README.md",
            "list refs": "/git/matching-refs/heads/branch-1?per_page=10",
        }
        return {
            **{name: partial(self._client.ask, "GET", HOME + path) for name, path in paths.items()},
            "GraphQL, a PR": partial(self._client.graphql, QUERY, **variables),
        }

    def writes(self) -> dict[str, Act]:
        """Requests that make something."""
        return {
            "create comment": self.comment,
            "create PR": self.open_pull,
            "git push": self.push,
        }

    def comment(self) -> None:
        """Comment on the third issue."""
        self._client.ask("POST", f"{HOME}/issues/3/comments", {"body": TEXT})

    def open_pull(self) -> None:
        """Open a pull request from the next branch that has none."""
        body = {"title": "A change", "body": TEXT, "head": next(self._spare), "base": "main"}
        self._client.ask("POST", f"{HOME}/pulls", body)

    def push(self) -> None:
        """Push one new commit to a branch of its own."""
        text = f"content {next(self._commits)}"
        self._git("fast-import", "--quiet", "--force", stdin=_commit("pushed", text))
        self._git("push", "--quiet", "--force", "origin", "refs/heads/pushed")

    def write(self, branch: str, files: Mapping[str, str]) -> None:
        """Push a branch that holds these files and nothing else, as one commit."""
        head = "committer Ada <ada@acme.example> 1700000000 +0000\ndata 5\nfiles\n"
        texts = [
            f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n"
            for path, text in files.items()
        ]
        stream = f"commit refs/heads/{branch}\n{head}{''.join(texts)}"
        self._git("fast-import", "--quiet", stdin=stream)
        self._git("push", "--quiet", "origin", f"refs/heads/{branch}")

    def _git(self, *arguments: str, stdin: str = "") -> None:
        command = ["git", "-C", str(self._clone), *arguments]
        subprocess.run(command, input=stdin, check=True, text=True, capture_output=True)


def _commit(branch: str, text: str) -> str:
    """A commit on top of `main` that changes one file, as `git fast-import` reads it."""
    return (
        f"commit refs/heads/{branch}\ncommitter Ada <ada@acme.example> 1700000000 +0000\n"
        f"data {len(text)}\n{text}\nfrom refs/remotes/origin/main\n"
        f"M 100644 inline conf/train.yaml\ndata {len(text)}\n{text}\n"
    )
