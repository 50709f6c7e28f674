"""A sandbox's GitHub for all contract tests, and a repository in it for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox import github as sandbox
from bot.sandbox.faults import Faults
from bot.sandbox.serve import reserve, serve
from tests.contract.hub import Interference, SandboxHub


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
