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


class Control:
    """The application by which a person scripts faults.

    `GET /faults` lists what is planned, with how often it struck; `POST /faults` adds a list;
    `DELETE /faults` lets all be well again; `GET /log` says what struck; `POST /reset` begins
    anew, with `{"seed": 7}` to choose another seed.
    """

    def __init__(self, faults: Faults, reset: Callable[[], None]) -> None:
        """Take what is scripted, and what brings the sandbox itself back to its beginning."""
        self._faults = faults
        self._reset = reset
        self.app: ASGIApp = Starlette(
            routes=[
                Route("/faults", self._list),
                Route("/faults", self._add, methods=["POST"]),
                Route("/faults", self._clear, methods=["DELETE"]),
                Route("/log", self._log),
                Route("/reset", self._begin_anew, methods=["POST"]),
            ]
        )

    async def _list(self, _: Request) -> Response:
        return JSONResponse(
            [
                {**_shown(each.fault), "occasions": each.occasions, "struck": each.struck}
                for each in self._faults.planned
            ]
        )

    async def _add(self, request: Request) -> Response:
        try:
            wanted = FAULTS.validate_json(await request.body())
        except ValidationError as error:
            return _refusal(error)
        self._faults.add(*wanted)
        return JSONResponse([_shown(fault) for fault in wanted], 201)

    async def _clear(self, _: Request) -> Response:
        await run_in_threadpool(self._faults.clear)
        return Response(status_code=204)

    async def _log(self, _: Request) -> Response:
        return JSONResponse(
            [
                {
                    "service": struck.service,
                    "what": struck.what,
                    "occasion": struck.occasion,
                    "fault": _shown(struck.fault),
                }
                for struck in self._faults.log
            ]
        )

    async def _begin_anew(self, request: Request) -> Response:
        try:
            seed = SEED.validate_json(await request.body() or b"{}").get("seed")
        except ValidationError as error:
            return _refusal(error)
        self._faults.reset(seed)
        await run_in_threadpool(self._reset)
        return Response(status_code=204)


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
