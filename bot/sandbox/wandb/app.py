"""The sandbox's W&B as an ASGI application: GraphQL, file streams, uploads and downloads."""

import base64
import binascii
import copy
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.faults import Carry
from bot.sandbox.wandb import files, graphql, runs, stream
from bot.sandbox.wandb.limits import Limits, Meter
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Delivery, Entity, Run
from bot.sandbox.wandb.store import Store
from bot.sandbox.wandb.webhooks import Webhooks

T = TypeVar("T")
API_KEY = "5ab0c2d47e19f6835ab0c2d47e19f6835ab0c2d4"


class Wandb:
    """The sandbox's W&B: its state, and the application (`app`) that serves it.

    Args:
        url: Its own address, without a final slash.
        root: A folder for uploaded files.
        entity: The one team.
        api_key: The one key; any other is answered 401.
        secrets: The team's secrets by name, which in W&B only the web page can make.
        heartbeat_seconds: A running run that is silent for longer has crashed.
        now: The clock, in epoch seconds.
    """

    def __init__(
        self,
        url: str,
        root: Path,
        *,
        entity: str = "acme",
        api_key: str = API_KEY,
        secrets: Mapping[str, str] = {},
        heartbeat_seconds: float = 120.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.url, self.entity, self.api_key = url, entity, api_key
        self.secrets = dict(secrets)
        team = Entity("RW50aXR5OjE=", entity)
        self._store = Store(url, root, team, self.secrets, heartbeat_seconds, now, Meter(now))
        self._lock = threading.RLock()
        self._webhooks = Webhooks(self._store)
        self.app = Starlette(
            routes=[
                Route("/graphql", self._graphql, methods=["POST"]),
                Route(
                    "/files/{entity}/{project}/{run}/file_stream", self._stream, methods=["POST"]
                ),
                Route("/files/{entity}/{project}/{run}/{name:path}", self._download),
                Route("/storage/{name:path}", self._get),
                Route("/storage/{name:path}", self._put, methods=["PUT"]),
            ],
            exception_handlers={Refusal: _refused},
        )

    def runs(self, project: str) -> list[Run]:
        """A copy of the project's runs, oldest first; none when there is no such project."""

        def copies(store: Store) -> list[Run]:
            known = store.projects.get(project)
            return [copy.copy(run) for run in known.runs.values()] if known else []

        return self._locked(copies)

    @property
    def starts(self) -> Counter[tuple[str, str, str]]:
        """How often a training process began each run, by (entity, project, run id)."""
        with self._lock:
            return self._store.starts.copy()

    @property
    def operations(self) -> Counter[str]:
        """How often each GraphQL operation was asked for, by its name."""
        with self._lock:
            return self._store.asked.copy()

    @property
    def not_understood(self) -> Counter[str]:
        """How often each that the schema does not allow: a sign that the SDK has moved on."""
        with self._lock:
            return self._store.not_understood.copy()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook post so far, oldest first."""
        return list(self._webhooks.deliveries)

    def stick(self, run_pattern: str) -> None:
        """Let runs with such ids (`*` and `?` as in file names) stay `running` for ever.

        Their end is swallowed and their heartbeat stays fresh, as of a run that W&B lost track of.
        """
        with self._lock:
            self._store.stuck.add(run_pattern)

    def unstick(self) -> None:
        """Let every run end again; one whose process has gone will be found `crashed`."""
        with self._lock:
            self._store.stuck.clear()

    def limit(self, limits: Limits) -> None:
        """Let one ask so often from now on."""
        with self._lock:
            self._store.meter.limits = limits

    def rest_automations(self, seconds: float) -> None:
        """Let an automation that fired skip what follows within so many seconds.

        W&B says that there is such a cooldown, and not how long it is: at first there is none.
        """
        with self._lock:
            self._store.cooldown_seconds = seconds

    def carry_mail_by(self, carry: Carry) -> None:
        """Let somebody else carry the webhooks' posts."""
        self._webhooks.carry = carry

    def close(self) -> None:
        """Deliver what is due and end the thread that does it."""
        self._webhooks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    async def _graphql(self, request: Request) -> Response:
        self._authorize(request)
        given = await run_in_threadpool(self._locked, graphql.answer, await request.json())
        return JSONResponse(given.body, given.status, given.headers)

    async def _stream(self, request: Request) -> Response:
        self._authorize(request)
        where = request.path_params
        body = await request.body()
        sent = json.loads(body)

        def receive(store: Store) -> dict[str, Any]:
            run = store.demand_run(where["entity"], where["project"], where["run"])
            store.meter.stream(where["project"], where["run"], len(body))
            return stream.receive(store, run, sent)

        return JSONResponse(await run_in_threadpool(self._locked, receive))

    def _locked(self, act: Callable[..., T], *arguments: Any) -> T:
        """Let `act` have the store while nobody else has it, then send what has become due."""
        with self._lock:
            runs.expire(self._store)
            result = act(self._store, *arguments)
            self._webhooks.send(self._store.due)
            self._store.due = []
            return result

    async def _download(self, request: Request) -> Response:
        self._authorize(request)
        where = request.path_params
        run = self._store.demand_run(where["entity"], where["project"], where["run"])
        return self._file(run.folder.relative_to(self._store.root) / where["name"])

    async def _get(self, request: Request) -> Response:
        return self._file(request.path_params["name"])

    def _file(self, name: str | Path) -> Response:
        path = files.stored_at(self._store, str(name))
        if not path.is_file():
            raise Refusal(404, "file not found")
        return FileResponse(path)

    async def _put(self, request: Request) -> Response:
        path = files.stored_at(self._store, request.path_params["name"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(await request.body())
        return Response()

    def _authorize(self, request: Request) -> None:
        """The key comes as the password of HTTP's basic authentication."""
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        try:
            _, _, key = base64.b64decode(credentials).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            key = ""
        if kind.lower() != "basic" or key != self.api_key:
            raise Refusal(401, "user is not logged in")


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"errors": [{"message": str(error)}]}, error.status, error.headers)
