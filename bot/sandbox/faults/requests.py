"""Requests that go wrong on their way to an application of the sandbox, or on the way back."""

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.language import FieldNode
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.claude_answers import ACT, error
from bot.sandbox.faults import processes
from bot.sandbox.faults.fault import Fault, Service
from bot.sandbox.serve import HANG_UP

ROOT = re.compile(r"/api(/v3)?(?=/)")
READS = ("GET", "HEAD", "OPTIONS")
FETCHES = "/git-upload-pack"


async def read(scope: Scope, receive: Receive) -> tuple[tuple[str, ...], Receive]:
    """The names that a request goes by, most telling first, and its body as if it were unread."""
    method, path = scope["method"], ROOT.sub("", scope["path"], count=1)
    request = f"{method} {path}"
    if path != "/graphql":
        reads = method in READS or path.endswith(FETCHES)
        return (request, "read" if reads else "write"), receive
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    operations = _operations(body)
    writes = any(name.startswith("mutation ") for name in operations)
    return (*operations, request, "write" if writes else "read"), again


def _operations(body: bytes) -> tuple[str, ...]:
    """What GraphQL is asked for: each field on top and the operation's own name, by their kind."""
    try:
        document = parse(json.loads(body)["query"])
    except (ValueError, LookupError, TypeError, GraphQLError):
        return ()
    names = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            kind, fields = operation.operation.value, operation.selection_set.selections
            names += [f"{kind} {each.name.value}" for each in fields if isinstance(each, FieldNode)]
            names += [f"{kind} {operation.name.value}"] if operation.name else []
    return tuple(names)


async def strike(
    fault: Fault, service: Service, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let a request go wrong."""
    await asyncio.sleep(fault.delay_seconds)
    if fault.act:
        scope = {**scope, ACT: fault.act}
    if fault.cut == "before":
        await _hang_up(fault, scope, receive)
    elif fault.status and not fault.effect:
        await _refusal(fault, service)(scope, receive, send)
    elif fault.status or fault.cut or fault.pace_seconds:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await app(scope, receive, keep)
        await _answer(fault, service, answer, scope, receive, send)
    else:
        await app(scope, receive, send)


async def _answer(
    fault: Fault,
    service: Service,
    answer: list[Message],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send what is left of an answer, once the request has had its effect."""
    if fault.status:
        await _refusal(fault, service)(scope, receive, send)
        return
    if fault.cut == "midway":
        answer = _half(answer)
    for message in answer if fault.cut != "after" else ():
        await send(message)
        await asyncio.sleep(fault.pace_seconds)
    if fault.cut:
        await _hang_up(fault, scope, receive)


def _half(answer: list[Message]) -> list[Message]:
    """The first half of an answer's bytes, which promises more."""
    body = b"".join(message.get("body", b"") for message in answer)
    half = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
    return [answer[0], half]


async def _hang_up(fault: Fault, scope: Scope, receive: Receive) -> None:
    if fault.kill:
        await run_in_threadpool(processes.kill_writer, scope["client"], scope["server"])
    scope["extensions"][HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(fault: Fault, service: Service) -> Response:
    assert fault.status
    body = fault.body if fault.body is not None else _said(service, fault.status)
    if isinstance(body, str):
        return HTMLResponse(body, fault.status, fault.headers)
    return JSONResponse(body, fault.status, fault.headers)


def _said(service: Service, status: int) -> Any:
    """What a service says along with a status."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Overloaded"
    match service:
        case "github":
            return {"message": phrase, "documentation_url": "https://docs.github.com/rest"}
        case "wandb":
            return {"errors": [{"message": phrase}]}
        case "claude":
            return error(status, phrase)
