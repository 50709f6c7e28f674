"""Commits by compare-and-set, and the lab book that is written with them."""

import base64
from collections.abc import Mapping
from dataclasses import replace

from bot.clients.github_connection import Connection, Expecting, answered
from bot.core import ledger
from bot.core.ledger import Ledger
from bot.ports import Stale

# The commit is asked for first: should the branch move meanwhile, writing finds it stale.
READ = f"""query($owner: String!, $name: String!) {{
  repository(owner: $owner, name: $name) {{
    ref(qualifiedName: "refs/heads/{ledger.BRANCH}") {{ target {{ oid }} }}
    open: object(expression: "{ledger.BRANCH}:{ledger.OPEN}") {{
      ... on Tree {{ entries {{ name object {{ ... on Blob {{ text }} }} }} }}
    }}
    baselines: object(expression: "{ledger.BRANCH}:{ledger.BASELINES}") {{
      ... on Blob {{ text }}
    }}
  }}
}}"""


class LabBook(Connection):
    """The branch `labbook`, where one decision is one commit."""

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
        owner, name = self._name.split("/")
        found = self._query(READ, {"owner": owner, "name": name})["repository"]
        if found["ref"] is None:
            return Ledger(None)
        entries = (found["open"] or {}).get("entries", [])
        files = {f"{ledger.OPEN}/{e['name']}": e["object"].get("text") or "" for e in entries}
        if found["baselines"]:
            files[ledger.BASELINES] = found["baselines"]["text"] or ""
        return ledger.parse(found["ref"]["target"]["oid"], files)

    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        """Write the difference; what is closed by it is no part of the ledger returned."""
        files = ledger.difference(before, after)
        if not files:
            return replace(after, head=before.head)
        text = f"{message}\n\n[skip ci]"
        if before.head is None:
            head = self._begin(text, {path: t for path, t in files.items() if t is not None})
        else:
            head = self.commit(ledger.BRANCH, before.head, text, files)
        still_open = {
            number: experiment
            for number, experiment in after.experiments.items()
            if f"{ledger.CLOSED}/{number}.json" not in files
        }
        return replace(after, head=head, experiments=still_open)

    @answered
    def _begin(self, message: str, files: Mapping[str, str]) -> str:
        """Make the branch, with a commit that has no parent."""
        from github import InputGitTreeElement

        blobs = [InputGitTreeElement(path, "100644", "blob", text) for path, text in files.items()]
        tree = self._repository.create_git_tree(blobs)
        made = self._repository.create_git_commit(message, tree, [])
        with Expecting(422) as answer:
            self._repository.create_git_ref(f"refs/heads/{ledger.BRANCH}", made.sha)
            return made.sha
        raise Stale(answer.reason)
