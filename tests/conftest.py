"""Which tests are slow: all that start servers, train, or cut jobs off; and the fork server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.zygote import Zygote
from tests.zygote import zygote as begin_zygote

# Found examples are tried the same way on every machine, however slow it is.
settings.register_profile("labhand", deadline=None, derandomize=True, database=None)
settings.load_profile("labhand")

FOLDERS = ("sandbox", "contract", "judged", "faults", "trainer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave them out of `make quick` by the folder in which they stand."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in FOLDERS:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Starts the bot's jobs, for all tests."""
    with begin_zygote() as forking:
        yield forking
