"""A repository where a change may win by accuracy or by overlap."""

from dataclasses import replace
from pathlib import Path

from bot import config as configuration
from bot.ports import Launch
from tests.bot.scene import NOISE, Scene
from tests.fakes import FakeRun
from tests.fakes.world import CONFIG

ALTERNATIVES = "alternatives:\n  val/iou: {goal: maximize, value: last, min_effect: 0.003}\nguards:"
GAINS: dict[str, tuple[float, float]] = {
    "0.01": (0.0, 0.0),
    "0.02": (0.0, 0.03),
    "0.03": (-0.03, 0.03),
    "0.04": (0.02, 0.0),
    "0.05": (0.0, 0.001),
}
"""Learning rate to what is gained by accuracy and by overlap."""


def outcome(launch: Launch) -> FakeRun:
    """What a run logs at its end, by its learning rate and seed."""
    words = dict(word.split("=", 1) for word in launch.command if "=" in word)
    seed, (accuracy, overlap) = int(words["seed"]), GAINS[words.get("lr", "0.01")]
    luck = NOISE[seed % len(NOISE)], NOISE[(seed + 2) % len(NOISE)]
    values = {"val/acc": 0.9 + accuracy + luck[0], "val/iou": 0.7 + overlap + luck[1]}
    return FakeRun("finished", {**values, "train/minutes": 1 + seed / 100})


def repository(tmp_path: Path) -> Scene:
    """The repository, without a baseline."""
    scene = Scene(tmp_path)
    configure(scene, CONFIG.replace("guards:", ALTERNATIVES))
    scene.tracker.outcome = outcome
    return scene


def without(metric: str, launch: Launch) -> FakeRun:
    """What such a run gives that does not log a metric."""
    run = outcome(launch)
    return replace(run, values={n: v for n, v in run.values.items() if n != metric})


def configure(scene: Scene, text: str) -> None:
    """A commit to the default branch changes the configuration."""
    scene.world = replace(scene.world, config=configuration.parse(text))


def launched(scene: Scene, rate: str) -> int:
    """Somebody launches an idea, and it is trained."""
    pull = scene.experiment(f"Learning rate {rate}", f"lr={rate}")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    return pull


def lines(body: str) -> list[str]:
    """The lines of a comment's tables."""
    return [line for line in body.splitlines() if line.startswith("| ")]
