"""What the tests of the sandbox share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.actions_stage import WORKFLOW, Play, Stage, stage


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """A stage for Actions, taken down after the test."""
    with ExitStack() as stack:

        def set_up(workflow: str, files: dict[str, str] | None = None, **options: Any) -> Stage:
            everything = {WORKFLOW: workflow, **(files or {})}
            return stack.enter_context(stage(tmp_path, everything, **options))

        yield set_up
