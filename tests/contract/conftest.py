"""A sandbox's GitHub for all contract tests, and a repository in it for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox import github as sandbox
from bot.sandbox.serve import reserve, serve
from tests.contract.hub import Faults, SandboxHub


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sandbox.GitHub, Faults]]:
    bound, url = reserve()
    server = sandbox.GitHub(url, tmp_path_factory.mktemp("github"))
    faults = Faults(server.app)
    with serve(faults, bound):
        yield server, faults
    server.close()


@pytest.fixture
def sandbox_hub(served: tuple[sandbox.GitHub, Faults], tmp_path: Path) -> SandboxHub:
    return SandboxHub(served[0], tmp_path)


@pytest.fixture
def faults(served: tuple[sandbox.GitHub, Faults]) -> Iterator[Faults]:
    yield served[1]
    assert served[1].planned == []
