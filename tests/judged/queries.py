"""GitHub's GraphQL schema: what may be asked, and whether the sandbox's schema is a part of it."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    Undefined,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values


class Queries:
    """GitHub's GraphQL."""

    def __init__(self, schema: str) -> None:
        self._schema = build_schema(schema, assume_valid=True, assume_valid_sdl=True)
        self._judged: dict[str, list[str]] = {}

    def request(self, query: str, variables: dict[str, Any]) -> Iterator[str]:
        """What is wrong with a query or mutation, and with the variables sent along."""
        if query not in self._judged:
            self._judged[query] = self._query(query)
        yield from self._judged[query]
        if self._judged[query]:
            return
        for definition in parse(query).definitions:
            if isinstance(definition, OperationDefinitionNode):
                needed = definition.variable_definitions or ()
                found = get_variable_values(self._schema, needed, variables)
                if isinstance(found, list):
                    yield from (error.message for error in found)

    def _query(self, query: str) -> list[str]:
        try:
            return [error.message for error in validate(self._schema, parse(query))]
        except GraphQLError as error:
            return [error.message]

    def schema(self, ours: GraphQLSchema) -> Iterator[str]:
        """Where a schema is more than a part of GitHub's: its answers have GitHub's types then."""
        for name, kind in ours.type_map.items():
            if name.startswith("__"):
                continue
            theirs = self._schema.type_map.get(name)
            if type(theirs) is not type(kind):
                yield f"{name} is no such type of GitHub's"
                continue
            yield from _members(name, kind, theirs)


def _members(name: str, ours: Any, theirs: Any) -> Iterator[str]:
    match ours:
        case GraphQLEnumType():
            yield from _unknown(name, ours.values, theirs.values)
        case GraphQLUnionType():
            yield from _unknown(name, ours.types, theirs.types)
        case GraphQLInputObjectType():
            yield from _inputs(name, ours.fields, theirs.fields)
        case GraphQLObjectType() | GraphQLInterfaceType():
            yield from _unknown(name, ours.interfaces, theirs.interfaces)
            yield from _unknown(name, ours.fields, theirs.fields)
            for field in ours.fields.keys() & theirs.fields.keys():
                mine, its = ours.fields[field], theirs.fields[field]
                if str(mine.type) != str(its.type):
                    yield f"{name}.{field} is {mine.type}, not {its.type}"
                yield from _inputs(f"{name}.{field}", mine.args, its.args)


def _unknown(name: str, ours: Any, theirs: Any) -> Iterator[str]:
    known = set(map(str, theirs))
    yield from (
        f"{name} has {item}, which GitHub's has not" for item in map(str, ours) if item not in known
    )


def _inputs(name: str, ours: Any, theirs: Any) -> Iterator[str]:
    yield from _unknown(name, ours, theirs)
    for item, its in theirs.items():
        if item in ours and str(ours[item].type) != str(its.type):
            yield f"{name} takes {item} as {ours[item].type}, not {its.type}"
        if item not in ours and str(its.type).endswith("!") and its.default_value is Undefined:
            yield f"{name} does not ask for {item}"
