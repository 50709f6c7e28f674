"""Which tests are slow: all that start servers, train, or run other programs."""

from pathlib import Path

import pytest

FOLDERS = ("sandbox", "contract", "trainer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave them out of `make quick` by the folder in which they stand."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in FOLDERS:
            item.add_marker(pytest.mark.slow)
