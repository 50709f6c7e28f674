"""The ASGI application: routes, tokens, errors and headers."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github import (
    assets,
    checks,
    comments,
    commits,
    contents,
    graph,
    hooks,
    issues,
    labels,
    merges,
    objects,
    people,
    pulls,
    reactions,
    refs,
    releases,
    repositories,
    reviews,
    smart_http,
    variables,
    workflows,
)
from bot.sandbox.github.auth import Actor
from bot.sandbox.github.call import Answer, Call, Handler, Refused, not_found
from bot.sandbox.github.site import Request, Site

# The first that fits answers: longer addresses stand before those that swallow slashes.
ROOMS = (
    *(reactions, comments, labels, issues),
    *(pulls, merges, reviews, checks),
    *(commits, contents, refs, objects),
    *(assets, releases, people, workflows, variables, hooks, repositories),
)
SERVICES = (("GET", "info/refs"), ("POST", "git-upload-pack"), ("POST", "git-receive-pack"))
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build(site: Site) -> Starlette:
    """The application that serves a site: REST, GraphQL, uploads, downloads and git."""
    routes: list[BaseRoute] = []
    for method, path, handler, status in graph.routes.found:
        routes.append(_route(site, method, f"/api{path}", handler, status))
    for room in ROOMS:
        for method, path, handler, status in room.routes.found:
            prefix = "/api" if path.startswith("/uploads/") else "/api/v3"
            routes.append(_route(site, method, prefix + path, handler, status))
    download = "/{owner}/{repo}/releases/download/{tag:path}/{name}"
    routes.append(_route(site, "GET", download, assets.download, 200))
    for method, service in SERVICES:
        path = f"/{{owner}}/{{repo}}/{service}"
        routes.append(_route(site, method, path, smart_http.serve, 200))
    routes.append(Route("/{rest:path}", _endpoint(site, _nothing, 200), methods=METHODS))
    return Starlette(routes=routes)


def _nothing(_: Call) -> Any:
    raise not_found()


def _route(site: Site, method: str, path: str, handler: Handler, status: int) -> Route:
    return Route(path, _endpoint(site, handler, status), methods=[method])


def _endpoint(site: Site, handler: Handler, status: int) -> Any:
    async def endpoint(request: HttpRequest) -> Response:
        body = await request.body()
        return await run_in_threadpool(_respond, site, handler, status, request, body)

    return endpoint


def _respond(
    site: Site, handler: Handler, status: int, request: HttpRequest, body: bytes
) -> Response:
    with site.outbox.transaction():
        answer = Answer(500)
        call = Call(
            site=site,
            actor=Actor(),
            method=request.method,
            url=f"{site.url}{request.url.path}",
            path=request.path_params,
            query=dict(request.query_params),
            headers=request.headers,
            body=body,
        )
        try:
            call.actor = _actor(site, request.headers.get("authorization", ""))
            found = handler(call)
            answer = found if isinstance(found, Answer) else Answer(status, found)
        except Refused as refusal:
            answer = Answer(refusal.status, refusal.body, refusal.headers)
        finally:
            login = call.actor.user.login if call.actor.user else ""
            site.requests.append(Request(request.method, request.url.path, answer.status, login))
        site.spent[call.actor.token] += 1
        rate = repositories.limit(call)
    return _response(answer, rate)


def _response(answer: Answer, rate: Mapping[str, int]) -> Response:
    headers = {
        "content-type": "application/json; charset=utf-8",
        "x-github-media-type": "github.v3; format=json",
        **{f"x-ratelimit-{name}": str(value) for name, value in rate.items()},
        "x-ratelimit-resource": "core",
        **{name.lower(): value for name, value in answer.headers.items()},
    }
    if answer.status == 204:
        return Response(status_code=204, headers=headers)
    content = answer.body
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return Response(content, answer.status, headers=headers)


def _actor(site: Site, header: str) -> Actor:
    """Whose token a header carries: `Bearer`, `token`, or the password of `Basic`."""
    if not header:
        return Actor()
    scheme, _, credentials = header.partition(" ")
    token = credentials.strip()
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, password = "", ""
        token = unquote(password or name)
    if token not in site.tokens:
        raise Refused(401, "Bad credentials")
    return site.tokens[token]
