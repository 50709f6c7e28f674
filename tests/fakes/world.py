"""All fakes in one world, for a team with one queue."""

from collections.abc import Callable, Mapping

from bot import config as configuration
from bot.config import Config
from bot.environment import Environment
from bot.ports import Launch, World
from tests.fakes.forge import FakeForge
from tests.fakes.scissors import Scissors
from tests.fakes.tracker import FakeRun, FakeTracker

CONFIG = """
version: 1
metric: {name: val/acc, goal: maximize, value: last, min_effect: 0.002}
guards:
  train/minutes: {goal: minimize, limit: 50%}
train:
  command: python -m trainer {overrides} seed={seed}
  config: conf.yaml
seeds: {experiment: 3, baseline: 6, held_out: [101, 102, 103], looks: 2, canary: 0}
judge: {paths: [judge/**]}
wandb: {entity: acme, project: digits}
queues: {local: {}}
"""
SETTINGS = "lr: 0.01 # learning rate\nmodel:\n  width: 64\n"


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def world(
    outcome: Callable[[Launch], FakeRun], folder: str, files: Mapping[str, str] | None = None
) -> World:
    """A world of fakes."""
    scissors = Scissors()
    given = files or {"conf.yaml": SETTINGS, "model.py": "layers = 2\n", "judge/eval.py": "x\n"}
    config: Config = configuration.parse(CONFIG)
    environment = Environment(
        repository="acme/digits",
        api_url="https://hub/api",
        server_url="https://hub",
        workflow_run=1,
        folder=folder,
    )
    return World(
        FakeForge(scissors, given), FakeTracker(scissors, outcome), FakeClock(), config, environment
    )
