"""GitHub's webhooks: what each of them brings."""

from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator

from tests.judged.findings import findings
from tests.judged.schemas import Json, Schemas

BY_NAME = {"repository_dispatch"}  # the sender of the event chooses its action


class Events:
    """All webhooks of the description."""

    def __init__(self, description: Json) -> None:
        self._schemas = Schemas(description)
        self._webhooks: Json = {}
        for given in description["webhooks"].values():
            # `issue-comment/created`, or `push`, which has no actions.
            event, _, action = given["post"]["operationId"].replace("-", "_").partition("/")
            self._webhooks[event, "" if event in BY_NAME else action] = given["post"]
        self._checked: dict[tuple[str, str], Draft202012Validator] = {}

    def payload(self, event: str, payload: Any) -> Iterator[str]:
        """What is wrong with a webhook's body."""
        key = event, "" if event in BY_NAME else payload.get("action", "")
        if key not in self._webhooks:
            yield "is no event of GitHub's"
            return
        if key not in self._checked:
            schema = self._webhooks[key]["requestBody"]["content"]["application/json"]["schema"]
            self._checked[key] = self._schemas.validator(schema)
        yield from findings(self._checked[key], payload)
