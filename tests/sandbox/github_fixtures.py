"""Fixtures of the tests of the sandbox's GitHub."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.github import GitHub, Limits
from bot.sandbox.serve import reserve, serve
from tests.sandbox.github_stage import ROLES, Home, Hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A GitHub with a person for each role, and a stranger, one for all tests of a file."""
    with opened(tmp_path_factory.mktemp("hub"), limits=Limits().times(100)) as made:
        yield made


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[Hub]:
    """Serve a GitHub with those people, until the block ends."""
    bound, url = reserve()
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    site = GitHub(url, folder / "git", **options)
    tokens = {login: site.add_user(login) for login in (*ROLES, "stranger")}
    made = Hub(site, folder / "source", tokens)
    site.listeners.append(made.hear)
    with serve(site.app, bound):
        yield made
    site.close()


@pytest.fixture
def home(hub: Hub) -> Home:
    """A public repository with three files on `main`."""
    return hub.home()


@pytest.fixture
def private(hub: Hub) -> Home:
    """The same, private."""
    return hub.home(private=True)
