"""GitHub's REST operations: which one an address means, and what it takes and gives."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from jsonschema_rs import Draft202012Validator

from tests.judged.findings import findings
from tests.judged.schemas import Json, Schemas

JSON = "application/json"
# Any operation may refuse with these, as the page "Troubleshooting the REST API" tells; the
# description repeats them only here and there, and often without their schema.
GENERAL = {400, 401, 403, 404, 422, 429}
REFUSAL = {
    "oneOf": [
        {"$ref": f"#/components/schemas/{name}"}
        for name in ("basic-error", "validation-error", "validation-error-simple")
    ]
}
OCCASIONAL = {"Link"}  # there are no other pages, mostly
VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass
class Operation:
    """One operation, with its references to parameters and responses followed."""

    id: str
    address: re.Pattern[str]
    parameters: Mapping[str, Json]
    body: Json | None
    responses: Mapping[str, Json]
    checked: dict[str, Draft202012Validator] = field(default_factory=dict)


class Operations:
    """All operations of the description."""

    def __init__(self, description: Json) -> None:
        self._description = description
        self._schemas = Schemas(description)
        self._known: dict[str, list[Operation]] = {}
        for template, methods in sorted(description["paths"].items(), key=_vagueness):
            for method, given in methods.items():
                made = self._operation(template, given)
                self._known.setdefault(method.upper(), []).append(made)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a path means, still quoted; the most literal address wins."""
        known = self._known.get(method, ())
        return next((found for found in known if found.address.fullmatch(path)), None)

    def request(self, operation: Operation, query: str, body: Any) -> Iterator[str]:
        """What is wrong with a request that was taken."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        for name, text in given.items():
            if name in operation.parameters:
                schema = operation.parameters[name]["schema"]
                yield from self._wrong(operation, f"query {name}", schema, _typed(schema, text))
            else:
                yield f"query {name} is none that GitHub knows"
        for name, parameter in operation.parameters.items():
            if parameter.get("required") and name not in given:
                yield f"query {name} is missing"
        schema = _content(operation.body or {})
        if schema is not None and (body is not None or operation.body.get("required")):
            yield from self._wrong(operation, "body", schema, body)
        elif body and operation.body is None:
            yield "body where GitHub takes none"

    def answer(
        self, operation: Operation, status: int, headers: Mapping[str, str], body: Any
    ) -> Iterator[str]:
        """What is wrong with an answer."""
        known = operation.responses.get(str(status), {} if status in GENERAL else None)
        if known is None:
            yield f"{status} is no status that GitHub names"
            return
        for name in set(known.get("headers", ())) - OCCASIONAL:
            if name.lower() not in headers:
                yield f"{status} has no header {name}"
        schema = _content(known) or (REFUSAL if status >= 400 else None)
        if schema is None and body is not None:
            yield f"{status} has a body where GitHub sends none"
        elif schema is not None and headers.get("content-type", JSON).startswith(JSON):
            yield from self._wrong(operation, str(status), schema, body)

    def _wrong(self, operation: Operation, part: str, schema: Json, value: Any) -> Iterator[str]:
        if part not in operation.checked:
            operation.checked[part] = self._schemas.validator(schema)
        return (f"{part} {found}" for found in findings(operation.checked[part], value))

    def _operation(self, template: str, given: Json) -> Operation:
        parameters = [self._followed(item) for item in given.get("parameters", ())]
        wide = {item["name"] for item in parameters if item.get("x-multi-segment")}
        return Operation(
            given["operationId"],
            _address(template, wide),
            {item["name"]: item for item in parameters if item["in"] == "query"},
            given.get("requestBody"),
            {status: self._followed(item) for status, item in given["responses"].items()},
        )

    def _followed(self, item: Json) -> Json:
        if "$ref" not in item:
            return item
        _, _, kind, name = item["$ref"].split("/")
        return self._description["components"][kind][name]


def _vagueness(path: tuple[str, Json]) -> int:
    return -len(VARIABLE.sub("", path[0]))


def _address(template: str, wide: set[str]) -> re.Pattern[str]:
    """What fits an address; `wide` parameters take slashes."""
    pieces = VARIABLE.split(template)
    for at in range(1, len(pieces), 2):
        pieces[at] = ".*" if pieces[at] in wide else "[^/]+"
    for at in range(0, len(pieces), 2):
        pieces[at] = re.escape(pieces[at])
    return re.compile("".join(pieces))


def _typed(schema: Json, text: str) -> Any:
    """What the text of a query means, if it means something of the schema's type."""
    try:
        return json.loads(text) if schema.get("type") in ("integer", "boolean") else text
    except ValueError:
        return text


def _content(message: Json) -> Json | None:
    """The schema of a request's or answer's JSON, if it has any."""
    schema: Json | None = message.get("content", {}).get(JSON, {}).get("schema")
    return schema
