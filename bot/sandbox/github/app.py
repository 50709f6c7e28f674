"""The ASGI application: routes, tokens, errors and headers."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github import (
    apps,
    assets,
    checks,
    comments,
    commits,
    contents,
    forks,
    graph,
    hooks,
    issues,
    labelling,
    labels,
    merges,
    objects,
    people,
    protection,
    pulls,
    reactions,
    refs,
    releases,
    repositories,
    reviews,
    smart_http,
    statuses,
    variables,
    workflows,
)
from bot.sandbox.github.auth import Actor
from bot.sandbox.github.call import Answer, Call, Handler, Refused, not_found
from bot.sandbox.github.limits import Ask, Exceeded
from bot.sandbox.github.site import Request, Site

# The first that fits answers: longer addresses stand before those that swallow slashes.
ROOMS = (
    *(reactions, comments, labelling, labels, issues),
    *(pulls, merges, reviews, checks, statuses),
    *(commits, contents, protection, refs, objects),
    *(assets, releases, apps, people, workflows, variables, hooks, forks, repositories),
)
SERVICES = (("GET", "info/refs"), ("POST", "git-upload-pack"), ("POST", "git-receive-pack"))
API, GRAPHQL = "/api/", "/api/graphql"
MUTATION = re.compile(r"(?:^|\})\s*mutation\b")
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
        try:
            with site.meter.in_flight(request.headers.get("authorization", "")):
                return await run_in_threadpool(_respond, site, handler, status, request, body)
        except Exceeded as limit:
            return _response(Answer(limit.status, limit.body, limit.headers), {})

    return endpoint


def _respond(
    site: Site, handler: Handler, status: int, request: HttpRequest, body: bytes
) -> Response:
    path = request.url.path
    with site.outbox.transaction():
        answer = Answer(500)
        call = Call(
            site=site,
            actor=Actor(),
            method=request.method,
            url=f"{site.url}{path}",
            path=request.path_params,
            query=dict(request.query_params),
            headers=request.headers,
            body=body,
        )
        try:
            call.actor = _actor(site, request.headers.get("authorization", ""))
            if path.startswith(API):
                site.meter.spend(call.actor, _ask(call, path))
            found = handler(call)
            answer = found if isinstance(found, Answer) else Answer(status, found)
        except (Refused, Exceeded) as refusal:
            answer = Answer(refusal.status, refusal.body, refusal.headers)
        finally:
            login = call.actor.user.login if call.actor.user else ""
            site.requests.append(Request(request.method, path, answer.status, login))
        told = _told(call, path) if path.startswith(API) else {}
    return _response(answer, told)


def _ask(call: Call, path: str) -> Ask:
    """What a request counts as.

    GitHub does not say what exactly creates content. Here all that is posted or put does, so that
    the sandbox is not the kinder one.
    """
    if path == GRAPHQL:
        query = call.fields.get("query")
        writes = isinstance(query, str) and MUTATION.search(query) is not None
        # Without a token nothing is answered there, and so nothing is counted.
        return Ask("graphql", writes, creates=writes, free=call.actor.user is None)
    writes, creates = call.method not in ("GET", "HEAD"), call.method in ("POST", "PUT")
    return Ask("core", writes, creates, free=path.endswith("/rate_limit"))


def _told(call: Call, path: str) -> dict[str, str]:
    """What every answer of the API says about the hour and the token of whoever asks."""
    resource, actor = "graphql" if path == GRAPHQL else "core", call.actor
    rate = call.site.meter.rate(actor, resource)
    told = {f"x-ratelimit-{name}": str(value) for name, value in rate.items()}
    told["x-ratelimit-resource"] = resource
    if actor.expires_at is not None and not actor.is_robot:
        end = datetime.fromtimestamp(actor.expires_at, UTC)
        told["github-authentication-token-expiration"] = f"{end:%Y-%m-%d %H:%M:%S} UTC"
    return told


def _response(answer: Answer, told: Mapping[str, str]) -> Response:
    headers = {
        "content-type": "application/json; charset=utf-8",
        "x-github-media-type": "github.v3; format=json",
        **told,
        **{name.lower(): value for name, value in answer.headers.items()},
    }
    if answer.status == 201 and isinstance(answer.body, dict) and "url" in answer.body:
        headers["location"] = answer.body["url"]
    if answer.status == 204:
        return Response(status_code=204, headers=headers)
    content = answer.body
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return Response(content, answer.status, headers=headers)


def _actor(site: Site, header: str) -> Actor:
    """Whose token a header carries: `Bearer`, `token`, or the password of `Basic`.

    Raises:
        Refused: 401, for what is no token, or none any more.
    """
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
    if token.count(".") == 2:
        return apps.speaker(site, token)
    found = site.actor(token)
    if found is None:
        raise Refused(401, "Bad credentials")
    return found
