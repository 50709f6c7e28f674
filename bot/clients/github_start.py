"""What every job asks for at its start, in one question."""

from bot.clients.github_book import LEDGER, LabBook
from bot.clients.github_connection import Expecting, answered, unchanging
from bot.errors import UserError
from bot.events import LABEL

HEAD = "HEAD"
START = """query($owner: String!, $name: String!, $file: String!) {
  viewer { databaseId }
  repository(owner: $owner, name: $name) {
    isPrivate
    defaultBranchRef { name }
    file: object(expression: $file) { ... on Blob { isTruncated text } }
    ...ledger %s
  }
}"""
OPEN = f"""
fragment open on Repository {{
  pullRequests(first: 100, states: OPEN) {{ nodes {{ number }} pageInfo {{ hasNextPage }} }}
  issues(first: 100, states: OPEN, labels: ["{LABEL}"]) {{
    nodes {{ number updatedAt }} pageInfo {{ hasNextPage }}
  }}
}}"""


class Start(LabBook):
    """The repository's facts, and its files."""

    _default_branch = ""
    _is_private: bool | None = None

    @property
    @answered
    def default_branch(self) -> str:
        return self._default_branch or self._repository.default_branch

    @property
    @answered
    def is_private(self) -> bool:
        return self._repository.private if self._is_private is None else self._is_private

    @unchanging(commits=1)
    @answered
    def file(self, path: str, ref: str) -> str | None:
        with Expecting(404):
            # Without a ref GitHub takes the default branch, whatever its name is.
            where = {} if ref == HEAD else {"ref": ref}
            found = self._repository.get_contents(path, **where)
            if isinstance(found, list) or found.type != "file":
                return None
            try:
                return found.decoded_content.decode()
            except (AssertionError, UnicodeDecodeError) as error:
                raise UserError(f"`{path}` is no text, or is larger than 1 MB.") from error
        return None

    @answered
    def start(self, path: str, *, rings: bool = False) -> str | None:
        """A file of the default branch, with what most jobs would ask for behind it.

        Who we are and what the repository is are not asked for again; the ledger, and what is open,
        are not at first. Should the ledger have moved by then, writing finds it stale.

        Args:
            path: the file's.
            rings: whether the job looks at everything that is open. Others may not even have a
                token that could list it.

        Returns:
            The file's text; None if it is not there.
        """
        owner, name = self._name.split("/")
        given = {"owner": owner, "name": name, "file": f"{HEAD}:{path}"}
        question = START % ("...open" if rings else "") + LEDGER + (OPEN if rings else "")
        answer = self._query(question, given)
        found = answer["repository"]
        self._bot_id = int(answer["viewer"]["databaseId"])
        self._is_private = found["isPrivate"]
        self._default_branch = (found["defaultBranchRef"] or {}).get("name", "")
        self._came_along["ledger"] = found
        for listed in ("pullRequests", "issues") if rings else ():
            if not found[listed]["pageInfo"]["hasNextPage"]:
                self._came_along[listed] = found[listed]["nodes"]
        blob = found["file"]
        if blob is None:
            return None
        if blob.get("text") is None or blob["isTruncated"]:
            return self.file(path, HEAD)  # no file, no text, or too large for GraphQL
        return str(blob["text"])
