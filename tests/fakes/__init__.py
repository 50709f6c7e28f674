"""The fakes: GitHub, W&B, a model and a clock in memory, behind the ports.

`tests/contract` runs the same tests against the fake forge and against the real client, so that
the fake stays honest. `Cut` stands for a job that is killed right behind one of its writes.
"""

from tests.fakes.forge import Comment, FakeForge
from tests.fakes.scissors import Cut, Scissors
from tests.fakes.tracker import FakeRun, FakeTracker
from tests.fakes.world import CONFIG, SETTINGS, FakeClock, world
from tests.fakes.writer import FakeWriter

__all__ = [
    "CONFIG",
    "SETTINGS",
    "Comment",
    "Cut",
    "FakeClock",
    "FakeForge",
    "FakeRun",
    "FakeTracker",
    "FakeWriter",
    "Scissors",
    "world",
]
