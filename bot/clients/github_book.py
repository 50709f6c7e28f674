"""Commits by compare-and-set, and the lab book that is written with them."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.clients.github_connection import Connection, Expecting, answered
from bot.core import book
from bot.core.ledger import Ledger
from bot.ports import Stale

# The commit is asked for first: should the branch move meanwhile, writing finds it stale.
LEDGER = f"""fragment ledger on Repository {{
  ref(qualifiedName: "refs/heads/{book.BRANCH}") {{ target {{ oid }} }}
  open: object(expression: "{book.BRANCH}:{book.OPEN}") {{ ...texts }}
  side: object(expression: "{book.BRANCH}:{book.FOLDER}") {{ ...texts }}
}}
fragment texts on Tree {{
  entries {{ name object {{ ... on Blob {{ oid isTruncated text }} }} }}
}}"""
READ = f"""query($owner: String!, $name: String!) {{
  repository(owner: $owner, name: $name) {{ ...ledger }}
}}
{LEDGER}"""


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
        if (found := self._came_along.pop("ledger", None)) is None:
            owner, name = self._name.split("/")
            found = self._query(READ, {"owner": owner, "name": name})["repository"]
        if found["ref"] is None:
            return Ledger(None)
        files = {
            f"{folder}/{entry['name']}": self._text(entry["object"])
            for folder, tree in ((book.OPEN, found["open"]), (book.FOLDER, found["side"]))
            for entry in (tree or {}).get("entries", [])
            if "text" in entry["object"]
        }
        return book.parse(found["ref"]["target"]["oid"], files)

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
        text = book.signed(message, self._workflow_run)
        if before.head is None:
            head = self._begin(text, {path: t for path, t in files.items() if t is not None})
        else:
            head = self.commit(book.BRANCH, before.head, text, files)
        return after.written(head)

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
