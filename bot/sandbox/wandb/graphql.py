"""GraphQL over the store: every query is validated against `schema.graphql` before it runs."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from bot.sandbox.wandb import (
    artifact_collections,
    artifact_files,
    artifacts,
    automations,
    files,
    history,
    launch,
    projects,
    runs,
    sweeps,
)
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.store import Resolver, Store

FIELDS: Mapping[str, Resolver] = {
    **projects.FIELDS,
    **runs.FIELDS,
    **history.FIELDS,
    **files.FIELDS,
    **launch.FIELDS,
    **sweeps.FIELDS,
    **artifacts.FIELDS,
    **artifact_collections.FIELDS,
    **artifact_files.FIELDS,
    **automations.FIELDS,
}


_NAME = re.compile(r"\b(?:query|mutation)\s+(\w+)")


class Answer(NamedTuple):
    """What goes back."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = {}


def answer(store: Store, request: Mapping[str, Any]) -> Answer:
    """Run one GraphQL request (`query`, `variables`, `operationName`).

    Returns:
        400 for a query that the schema does not allow, else what the first Refusal says, else 200.

    Raises:
        Refusal: 429, when the user has asked too often.
    """
    store.meter.query()
    document, errors = _checked(request["query"])
    name = _NAME.search(request["query"])
    store.asked.update(name.groups() if name else ())
    if document is None:
        store.not_understood.update(name.groups() if name else ())
        return Answer(400, {"errors": [error.formatted for error in errors]})
    result = execute_sync(
        _schema(),
        document,
        context_value=store,
        variable_values=request.get("variables") or {},
        operation_name=request.get("operationName") or None,
        field_resolver=_attribute,
        type_resolver=lambda value, _info, _abstract: type(value).__name__,
    )
    found = result.errors or []
    if found and result.data is None:
        return Answer(400, {"errors": [error.formatted for error in found]})
    for error in found:
        if isinstance(refusal := error.original_error, Refusal):
            return Answer(refusal.status, dict(result.formatted), refusal.headers)
    return Answer(200, dict(result.formatted))


@lru_cache(maxsize=256)
def _checked(query: str) -> tuple[DocumentNode | None, Sequence[GraphQLError]]:
    """The parsed query, or None and what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [error]
    errors = validate(_schema(), document)
    return (None, errors) if errors else (document, [])


@cache
def _schema() -> GraphQLSchema:
    schema = build_schema((Path(__file__).parent / "schema.graphql").read_text())
    for path, resolver in FIELDS.items():
        type_name, field_name = path.split(".")
        kind = schema.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        bind = _mutation if type_name == "Mutation" else _field
        kind.fields[field_name].resolve = bind(resolver)
    return schema


def _field(resolver: Resolver) -> Resolver:
    def resolve(source: Any, info: GraphQLResolveInfo[Store], **arguments: Any) -> Any:
        return resolver(info.context, source, **{_snake(k): v for k, v in arguments.items()})

    return resolve


def _mutation(resolver: Resolver) -> Resolver:
    def resolve(_source: Any, info: GraphQLResolveInfo[Store], **arguments: Any) -> Any:
        return resolver(info.context, arguments["input"])

    return resolve


def _attribute(source: Any, info: GraphQLResolveInfo[Store], **_arguments: Any) -> Any:
    """A field without a resolver is the key or attribute of that name; what is not set is null."""
    if isinstance(source, Mapping):
        return source.get(info.field_name)
    return getattr(source, _snake(info.field_name), None)


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", lambda match: "_" + match[0].lower(), name)
