"""GraphQL: the endpoint, and how fields are found on the sandbox's records."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from bot.sandbox.github import mutations, queries
from bot.sandbox.github.call import Call, Json, Refused, Routes
from bot.sandbox.github.nodes import GitNode, Problem, RefNode
from bot.sandbox.github.queries import Resolver
from bot.sandbox.github.state import Comment, Issue, Label, Pull, Release, Repository, User

routes = Routes()
Info = GraphQLResolveInfo[Call]
SCHEMA = build_schema(Path(__file__).with_name("schema.graphql").read_text())
TYPES = {
    Pull: "PullRequest",
    Issue: "Issue",
    Comment: "IssueComment",
    Repository: "Repository",
    Release: "Release",
    Label: "Label",
    RefNode: "Ref",
}
ERROR_TYPES = {404: "NOT_FOUND", 403: "FORBIDDEN", 401: "FORBIDDEN"}
# Fields whose record calls them something else; all others are only spelled differently.
ALIASES = {
    "id": "node_id",
    "databaseId": "id",
    "nameWithOwner": "full_name",
    "isPrivate": "private",
    "isDraft": "draft",
    "isPrerelease": "prerelease",
    "url": "html_url",
    "headRefName": "head_ref",
    "headRefOid": "head_sha",
    "baseRefName": "base_ref",
    "baseRefOid": "base_sha",
}


@dataclass(frozen=True)
class Document:
    """A parsed query, or why it is none."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


@lru_cache(maxsize=256)
def _document(query: str) -> Document:
    try:
        node = parse(query)
    except GraphQLError as error:
        return Document(None, (error,))
    return Document(node, tuple(validate(SCHEMA, node)))


def _connect(resolvers: dict[str, Resolver]) -> None:
    for name, resolver in resolvers.items():
        owner, _, field = name.partition(".")
        found = SCHEMA.type_map[owner]
        assert isinstance(found, GraphQLObjectType)
        found.fields[field].resolve = _adapted(resolver)


def _adapted(resolver: Resolver) -> Callable[..., Any]:
    def resolve(source: Any, info: Info, **args: Any) -> Any:
        return resolver(source, info.context, args)

    return resolve


def _resolve_field(source: Any, info: Info, **_: Any) -> Any:
    if isinstance(source, dict):
        return source[info.field_name]
    spelled = re.sub("([A-Z])", r"_\1", info.field_name).lower()
    return getattr(source, ALIASES.get(info.field_name, spelled))


def _resolve_type(source: Any, *_: Any) -> str:
    if isinstance(source, GitNode):
        return source.kind.capitalize()
    if isinstance(source, User):
        return source.kind
    if isinstance(source, dict):
        return str(source["__typename"])
    return TYPES[type(source)]


def _shown(error: GraphQLError) -> Json:
    shown: Json = dict(error.formatted)
    shown.pop("extensions", None)
    cause = error.original_error
    if isinstance(cause, Problem):
        return {"type": cause.type, **shown}
    if isinstance(cause, Refused):
        return {"type": ERROR_TYPES.get(cause.status, "UNPROCESSABLE"), **shown}
    if cause is not None:
        raise cause
    return shown


@routes("POST", "/graphql")
def answer(call: Call) -> Any:
    """Run one query or mutation; whatever goes wrong in it is told with a 200."""
    assert call.user
    document = _document(call.text("query"))
    if document.node is None or document.errors:
        return {"errors": [_shown(error) for error in document.errors]}
    result = execute_sync(
        SCHEMA,
        document.node,
        context_value=call,
        variable_values=call.fields.get("variables") or {},
        operation_name=call.optional("operationName"),
        field_resolver=_resolve_field,
        type_resolver=_resolve_type,
    )
    shown: Json = {"data": result.data}
    if result.errors:
        shown["errors"] = [_shown(error) for error in result.errors]
    return shown


_connect({**queries.RESOLVERS, **mutations.RESOLVERS})
