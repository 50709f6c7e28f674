"""What goes wrong in a sandbox, said and read over HTTP."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.sandbox.faults import Fault, Faults

FAULTS = TypeAdapter(list[Fault])
SEED = TypeAdapter(dict[Literal["seed"], int])


def control(faults: Faults, reset: Callable[[], None]) -> ASGIApp:
    """The application by which a person scripts faults.

    `GET /faults` lists what is planned, with how often it struck; `POST /faults` adds a list;
    `DELETE /faults` lets all be well again; `GET /log` says what struck; `POST /reset` begins
    anew, with `{"seed": 7}` to choose another seed.

    Args:
        faults: what is scripted.
        reset: brings the sandbox itself back to its beginning.
    """

    async def listed(_: Request) -> Response:
        return JSONResponse(
            [
                {**_shown(each.fault), "occasions": each.occasions, "struck": each.struck}
                for each in faults.planned
            ]
        )

    async def added(request: Request) -> Response:
        try:
            wanted = FAULTS.validate_json(await request.body())
        except ValidationError as error:
            return _refusal(error)
        faults.add(*wanted)
        return JSONResponse([_shown(fault) for fault in wanted], 201)

    async def cleared(_: Request) -> Response:
        await run_in_threadpool(faults.clear)
        return Response(status_code=204)

    async def log(_: Request) -> Response:
        return JSONResponse(
            [
                {
                    "service": struck.service,
                    "what": struck.what,
                    "occasion": struck.occasion,
                    "fault": _shown(struck.fault),
                }
                for struck in faults.log
            ]
        )

    async def begun_anew(request: Request) -> Response:
        try:
            seed = SEED.validate_json(await request.body() or b"{}").get("seed")
        except ValidationError as error:
            return _refusal(error)
        faults.reset(seed)
        await run_in_threadpool(reset)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/faults", listed),
            Route("/faults", added, methods=["POST"]),
            Route("/faults", cleared, methods=["DELETE"]),
            Route("/log", log),
            Route("/reset", begun_anew, methods=["POST"]),
        ]
    )


def _refusal(error: ValidationError) -> Response:
    """Says what is wrong where, and what a fault may say."""
    wrong = [
        {"where": ".".join(map(str, each["loc"])) or "body", "what": each["msg"]}
        for each in error.errors()
    ]
    allowed = Fault.model_json_schema()["properties"]
    return JSONResponse({"errors": wrong, "allowed": allowed}, 422)


def _shown(fault: Fault) -> dict[str, Any]:
    return fault.model_dump(exclude_defaults=True)
