"""A run that only remembers, a real W&B on this machine, and the trainer as a process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import wandb

from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb
from trainer.__main__ import main
from trainer.config import resolve
from trainer.health import Stop
from trainer.job import run
from trainer.schema import Config
from trainer.track import Tracker

ROOT = Path(__file__).parents[2]
TINY = ["train.epochs=2", "data.copies=1", "model.width=16", "health.data_share=1.0"]
"""Steps so small wait for images as long as they compute, or not: that is no news."""


class FakeConfig(dict[str, Any]):
    """Refuses to change a value unless that is asked for, as W&B's does."""

    def update(self, values: dict[str, Any], allow_val_change: bool = False) -> None:
        changed = [key for key in values if key in self and self[key] != values[key]]
        assert allow_val_change or not changed, f"not allowed to change {changed}"
        super().update(values)


class FakeRun:
    """As much of an offline W&B run as `Tracker` uses; logging raises `log_error` if one is set.

    Attributes:
        logged: Every row.
        history: Those of the epochs, without times and memory, which differ from run to run.
    """

    offline = True
    project = "digits"

    def __init__(self, folder: Path) -> None:
        self.dir = str(folder)
        self.id = "fake"
        self.settings = SimpleNamespace(root_dir=str(folder.parent))
        self.config = FakeConfig()
        self.summary: dict[str, Any] = {}
        self.logged: list[dict[str, Any]] = []
        self.history: list[dict[str, float]] = []
        self.artifacts: dict[str, tuple[wandb.Artifact, list[str]]] = {}
        self.log_error: BaseException | None = None
        self.saved: list[tuple[str, str]] = []
        self.exit_code: int | None = None

    def define_metric(self, name: str, step_metric: str) -> None:
        assert (name, step_metric) == ("*", "epoch")

    def log(self, values: dict[str, Any]) -> None:
        if self.log_error:
            raise self.log_error
        self.logged.append(values)
        if "val/acc" in values:
            times = {key for key in values if key.startswith("perf/")}
            self.history.append({key: values[key] for key in values.keys() - times})

    def log_artifact(self, artifact: wandb.Artifact, aliases: list[str]) -> None:
        self.artifacts[artifact.name] = artifact, aliases

    def save(self, path: Path, base_path: Path, policy: str) -> None:
        self.saved.append((str(path.relative_to(base_path)), policy))

    def finish(self, exit_code: int) -> None:
        self.exit_code = exit_code


@pytest.fixture(autouse=True)
def usual_arithmetic() -> Iterator[None]:
    """Training counts subnormal numbers as zero, for the whole process: not so the next test."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def fake_run(tmp_path: Path) -> FakeRun:
    return FakeRun(tmp_path / "files")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> FakeRun:
    """A small model that has been trained: its run, whose checkpoints are in runs/fake."""
    done = FakeRun(tmp_path_factory.mktemp("trained") / "files")
    arguments = ["train.epochs=3", "data.copies=1", "model.width=64"]
    assert run(arguments, Tracker(done), Stop()) == 0
    return done


@pytest.fixture(scope="session")
def checkpoint(trained: FakeRun) -> Path:
    (best,) = Path(trained.dir).parent.glob("runs/fake/best-*.pt")
    return best


@pytest.fixture(scope="session")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with its exported and quantised files; not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    assert main(["export", f"ckpt={checkpoint}", f"to={folder}"]) == 0
    assert main(["quantise", f"model={folder}"]) == 0
    return folder


@pytest.fixture
def tiny() -> Callable[..., Config]:
    return lambda *arguments: resolve([*TINY, *arguments])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a trainer that finds no W&B but a dead port, and writes under the test's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    return kept | {
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "WANDB_BASE_URL": "http://127.0.0.1:9",
        "WANDB_DIR": str(tmp_path),
        "WANDB_PROJECT": "digits",
    }


@pytest.fixture
def start(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m trainer` with arguments, and environment variables as keywords."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "trainer", *arguments],
            cwd=tmp_path,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:  # closes its pipes
            process.kill()


@pytest.fixture
def wandb_server(tmp_path: Path) -> Iterator[Wandb]:
    bound, url = reserve()
    wandb = Wandb(url, tmp_path / "wandb-server")
    with serve(wandb.app, bound):
        yield wandb
