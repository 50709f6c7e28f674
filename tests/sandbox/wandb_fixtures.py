"""Fixtures: a W&B served for a module, and an SDK that knows no other."""

import queue
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.faults import Faults
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Limits, Wandb
from tests.sandbox.wandb_stage import Bench, Clock, Hook

FOLDERS = ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")
SPACIOUS = Limits(run_streams=20)
"""For runs that last less than a second, which the SDK tells of more often than W&B allows."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("wandb")
    bound, url = reserve()
    clock = Clock()
    with (
        pytest.MonkeyPatch.context() as environment,
        Wandb(url, folder / "server", secrets={"HOOK_TOKEN": "ghs_secret"}, now=clock) as server,
        serve((faults := Faults()).around("wandb", server.app), bound),
    ):
        faults.govern(wandb=server)
        variables = {
            "WANDB_BASE_URL": url,
            "WANDB_API_KEY": server.api_key,
            "WANDB_ENTITY": "acme",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            **dict.fromkeys(FOLDERS, str(folder)),
        }
        wandb.teardown()  # what an earlier module of this process set up
        environment.delenv("WANDB_SERVICE", raising=False)
        for name, value in variables.items():
            environment.setenv(name, value)
        path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder)}
        yield Bench(server, faults, clock, folder, path | variables, "none")
        wandb.teardown()
        assert server.not_understood == {}


@pytest.fixture
def bench(served: Bench) -> Iterator[Bench]:
    served.project = f"p{uuid.uuid4().hex[:8]}"
    served.server.limit(SPACIOUS)
    yield served
    served.server.rest_automations(0)
    served.clock.ahead, served.clock.stopped = 0.0, None
    served.faults.reset()


@pytest.fixture
def hook() -> Iterator[Hook]:
    bound, url = reserve()
    rings: queue.Queue[tuple[Any, str | None]] = queue.Queue()

    async def ring(request: Request) -> Response:
        rings.put((await request.json(), request.headers.get("authorization")))
        return Response(status_code=204)

    with serve(Starlette(routes=[Route("/ring", ring, methods=["POST"])]), bound):
        yield Hook(f"{url}/ring", rings)
