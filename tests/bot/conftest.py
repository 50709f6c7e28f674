"""Where most conversations begin."""

from pathlib import Path

import pytest

from tests.bot.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository whose first baseline is released."""
    return Scene.measured(tmp_path)


@pytest.fixture
def pull(scene: Scene) -> int:
    """An experiment's PR."""
    return scene.experiment("Larger learning rate", "lr=0.02")
