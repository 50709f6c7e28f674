"""Commits by compare-and-set, and the lab book that is written with them."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.clients.github_connection import Connection, Expecting, answered
from bot.core import book
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.ports import Stale

TIP = f"refs/heads/{book.BRANCH}"
"""In full, for a tag may have the branch's name."""
COMMITS = 10
"""Of the last commits, so many are read: some of them may be a person's."""


def ledger_at(commit: str) -> str:
    """What to ask a repository for, to read the lab book at its tip or at a commit.

    The commit is asked for first: should the branch move meanwhile, writing finds it stale.
    """
    return f"""fragment ledger on Repository {{
  book: object(expression: "{commit}") {{
    oid ... on Commit {{ history(first: {COMMITS}) {{ nodes {{ message }} }} }}
  }}
  open: object(expression: "{commit}:{book.OPEN}") {{ ...texts }}
  side: object(expression: "{commit}:{book.FOLDER}") {{ ...texts }}
}}
fragment texts on Tree {{
  entries {{ name oid object {{ ... on Blob {{ oid isTruncated text }} }} }}
}}"""


LEDGER = ledger_at(TIP)
READ = """query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { ...ledger }
}
"""


class LabBook(Connection):
    """The branch `labbook`, where one decision is one commit."""

    _workflow_run: int

    @answered
    def commit(
        self, branch: str, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        headline, _, body = message.partition("\n")
        given = {
            "branch": {"repositoryNameWithOwner": self._name, "branchName": branch},
            "expectedHeadOid": parent,
            "message": {"headline": headline, "body": body.strip()},
            "fileChanges": {
                "additions": [
                    {"path": path, "contents": base64.b64encode(text.encode()).decode()}
                    for path, text in files.items()
                    if text is not None
                ],
                "deletions": [{"path": path} for path, text in files.items() if text is None],
            },
        }
        made = self._mutate("createCommitOnBranch", given, "commit { oid }")
        return str(made["commit"]["oid"])

    @answered
    def read_ledger(self) -> Ledger:
        found = self._came_along.pop("ledger", None) or self._ledger_at(TIP)
        if found["book"] is None:
            return Ledger(None)
        try:
            return self._ledger(found)
        except UserError:  # its folders are read one by one, and somebody may write in between
            return self._ledger(self._ledger_at(found["book"]["oid"]))

    def _ledger_at(self, commit: str) -> Any:
        owner, name = self._name.split("/")
        query = READ + ledger_at(commit)
        return self._query(query, {"owner": owner, "name": name})["repository"]

    def _ledger(self, found: Mapping[str, Any]) -> Ledger:
        trees = {
            folder: (found[name] or {}).get("entries", [])
            for folder, name in ((book.OPEN, "open"), (book.FOLDER, "side"))
        }
        files = {
            f"{folder}/{entry['name']}": self._text(entry["object"])
            for folder, entries in trees.items()
            for entry in entries
            if "text" in entry["object"]
        }
        folders = {f"{book.FOLDER}/{entry['name']}": entry["oid"] for entry in trees[book.FOLDER]}
        messages = [commit["message"] for commit in found["book"]["history"]["nodes"]]
        return book.parse(found["book"]["oid"], files, folders.get(book.CLOSED, ""), messages)

    def _text(self, blob: Mapping[str, Any]) -> str:
        """A file's whole text: GraphQL cuts it off behind 512,000 bytes."""
        if not blob["isTruncated"]:
            return blob["text"] or ""
        return base64.b64decode(self._repository.get_git_blob(blob["oid"]).content).decode()

    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        """Write the difference; what is closed by it is no part of the ledger returned."""
        files = book.difference(before, after)
        if not files:
            return replace(after, head=before.head)
        text = book.signed(message, self._workflow_run, files)
        if before.head is None:
            head = self._begin(text, {path: t for path, t in files.items() if t is not None})
        else:
            head = self.commit(book.BRANCH, before.head, text, files)
        return book.written(after, head, files)

    @answered
    def _begin(self, message: str, files: Mapping[str, str]) -> str:
        """Make the branch, with a commit that has no parent."""
        from github import InputGitTreeElement

        blobs = [InputGitTreeElement(path, "100644", "blob", text) for path, text in files.items()]
        tree = self._repository.create_git_tree(blobs)
        made = self._repository.create_git_commit(message, tree, [])
        with Expecting(422) as answer:
            self._repository.create_git_ref(f"refs/heads/{book.BRANCH}", made.sha)
            return made.sha
        raise Stale(answer.reason)
