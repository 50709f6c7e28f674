"""A sandbox's GitHub for all contract tests, a repository in it for each, and W&B for a module."""

import queue
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wandb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.clients.wandb import Wandb
from bot.clients.wandb_connection import FOLDERS, load
from bot.ports import Forge
from bot.sandbox import github as sandbox
from bot.sandbox import wandb as sandbox_wandb
from bot.sandbox.faults import Faults
from bot.sandbox.serve import reserve, serve
from tests.contract.bees import Bees, Echo
from tests.contract.hub import FakeHub, Hub, Interference, SandboxHub
from tests.contract.sdk_operations import USED


@dataclass(frozen=True)
class Served:
    """A GitHub, what goes wrong with it, and who acts in between."""

    server: sandbox.GitHub
    faults: Faults
    interference: Interference


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    bound, url = reserve()
    # Everybody acts here within seconds, over and over.
    limits = sandbox.Limits().times(100)
    server = sandbox.GitHub(url, tmp_path_factory.mktemp("github"), limits=limits)
    faults = Faults()
    interference = Interference(faults.around("github", server.app))
    with serve(interference, bound):
        yield Served(server, faults, interference)
    server.close()


@pytest.fixture
def sandbox_hub(served: Served, tmp_path: Path) -> SandboxHub:
    return SandboxHub(served.server, tmp_path)


@pytest.fixture(params=["sandbox", "fake"])
def hub(request: pytest.FixtureRequest) -> Hub:
    """The fake forge must pass the same tests, so that it stays honest."""
    if request.param == "fake":
        return FakeHub()
    found: SandboxHub = request.getfixturevalue("sandbox_hub")
    return found


@pytest.fixture
def forge(hub: Hub) -> Forge:
    return hub.forge


@pytest.fixture
def faults(served: Served) -> Iterator[Faults]:
    """No faults yet; each that a test plans must strike as often as it says."""
    yield served.faults
    left = [each.fault for each in served.faults.planned if each.struck != each.fault.times]
    served.faults.reset()
    assert left == []


@pytest.fixture
def interference(served: Served) -> Interference:
    return served.interference


@pytest.fixture(scope="module")
def bees(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bees]:
    folder = tmp_path_factory.mktemp("wandb")
    rings: queue.Queue[tuple[Any, str]] = queue.Queue()
    bound, url = reserve()
    hook_bound, hook_url = reserve()

    async def ring(request: Request) -> Response:
        rings.put((await request.json(), request.headers["authorization"]))
        return Response(status_code=204)

    hook = Starlette(routes=[Route("/ring", ring, methods=["POST"])])
    server = sandbox_wandb.Wandb(url, folder / "server", secrets={"LABHAND_GITHUB": "ghp_1"})
    server.limit(sandbox_wandb.Limits(run_streams=20))  # for runs that last less than a second
    echo, faults = Echo(server.app), Faults()
    with pytest.MonkeyPatch.context() as environment, server:
        environment.setenv("WANDB_BASE_URL", url)
        environment.setenv("WANDB_API_KEY", server.api_key)
        for name in FOLDERS:
            environment.setenv(name, str(folder / "litter"))
        wandb.teardown()  # what an earlier module of this process set up
        load.cache_clear()
        with serve(faults.around("wandb", echo), bound), serve(hook, hook_bound):
            yield Bees(server, echo, faults, f"{hook_url}/ring", rings, folder)
            wandb.teardown()
        assert server.not_understood == {}
        assert sorted(server.operations.keys() - USED) == []


@pytest.fixture
def tracker(bees: Bees, sandbox_hub: SandboxHub) -> Wandb:
    return bees.tracker("retina", sandbox_hub)
