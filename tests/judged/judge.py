"""One line of a record against GitHub's own descriptions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.judged.events import Events
from tests.judged.operations import Operations
from tests.judged.queries import Queries
from tests.judged.schemas import Json

TREES = ("/api/v3", "/api/uploads")  # api.github.com and uploads.github.com


class Finding(NamedTuple):
    """A deviation: at which operation or event, and what it is."""

    place: str
    what: str


class Judge:
    """GitHub's descriptions of REST, webhooks and GraphQL."""

    def __init__(self, folder: Path) -> None:
        self.operations = Operations(_json(folder / "rest.json"))
        self.events = Events(_json(folder / "webhooks.json"))
        self.queries = Queries((folder / "schema.graphql").read_text(encoding="utf-8"))

    def findings(self, line: Json) -> Iterator[Finding]:
        """What deviates in an exchange or an event, see `bot.sandbox.record`."""
        if "event" in line:
            found = self.events.payload(line["event"], line["payload"])
            place = " ".join(filter(None, ("event", line["event"], line["payload"].get("action"))))
            return (Finding(place, what) for what in found)
        if line["path"] == "/api/graphql":
            return (Finding("graphql", what) for what in self._graphql(line))
        return self._rest(line)

    def _rest(self, line: Json) -> Iterator[Finding]:
        path = line["path"]
        for tree in TREES:
            path = path.removeprefix(tree)
        operation = self.operations.find(line["method"], path)
        if operation is None:
            if line["status"] != 404:
                yield Finding(f"{line['method']} {path}", "is no operation of GitHub's")
            return
        # Tests ask wrongly on purpose; only what is taken has to be right.
        if line["status"] < 400:
            for what in self.operations.request(operation, line["query"], line["body"]):
                yield Finding(operation.id, what)
        answer = line["status"], line["answer_headers"], line["answer"]
        for what in self.operations.answer(operation, *answer):
            yield Finding(operation.id, what)

    def _graphql(self, line: Json) -> Iterator[str]:
        """The answer has GitHub's types because the sandbox's schema is a part of GitHub's."""
        if line["status"] == 200 and "errors" not in line["answer"]:
            asked = line["body"]
            yield from self.queries.request(asked["query"], asked.get("variables") or {})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
