"""What a run tells W&B: every key, its meaning, and nothing that is not declared here."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import wandb

from trainer import health
from trainer.config import Config

RECORD = "failure.json"


@dataclass(frozen=True)
class Key:
    """One metric.

    Attributes:
        when: Logged each epoch, or written once to the summary.
        formula: How it is calculated, with its unit where it has one.
    """

    when: Literal["epoch", "summary"]
    formula: str


KEYS = {
    "epoch": Key("epoch", "passes over the training split, from 1"),
    "train/loss": Key("epoch", "mean of models.training_loss over the epoch's images, as trained"),
    "train/acc": Key("epoch", "share of the epoch's images answered correctly, as trained"),
    "train/grad_norm": Key("epoch", "longest gradient of the epoch's steps, before clipping"),
    "train/lr": Key("epoch", "learning rate of the epoch's last step"),
    "val/loss": Key("epoch", "mean cross-entropy of the validation split, no smoothing"),
    "val/acc": Key("epoch", "share of the validation split answered correctly"),
    "test/loss": Key("summary", "as val/loss, on the test split, once, after the last epoch"),
    "test/acc": Key("summary", "as val/acc, on the test split, once, after the last epoch"),
    "train/samples_seen": Key("summary", "images trained on: sum of the batch sizes of all steps"),
    "perf/train_seconds": Key("summary", "wall time of all epochs, training and validation, s"),
    "perf/samples_per_second": Key("summary", "train/samples_seen ÷ perf/train_seconds"),
    "model/parameters": Key("summary", "trained numbers in the model"),
    "data/digest": Key("summary", "SHA-256 of the validation and test splits, 2 × 12 digits"),
    "data/train_digest": Key("summary", "SHA-256 of the training split, 12 digits"),
    "run/status": Key("summary", "running, finished, or the failure's kind"),
    "failure/kind": Key("summary", "crash, config, data, nan or preempted"),
    "failure/step": Key("summary", "steps begun when it failed"),
    "failure/message": Key("summary", "what went wrong, in one line"),
    "failure/suggest": Key("summary", "JSON: configuration patches [{why, set: {key: value}}]"),
}


class UndeclaredKeyError(KeyError):
    """A key was logged that KEYS does not explain, or at another time than it says."""


class NotStarted(Exception):
    """There is no run to train in.

    Attributes:
        exit_code: 2 if W&B is not set up, 7 if another process has this run already.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Unreachable(health.Failure):
    """W&B is set up and gives no run all the same: nobody answers, or the key is not taken."""


class Tracker:
    """One W&B run.

    Args:
        run: As `wandb.init` returns it.
    """

    def __init__(self, run: Any) -> None:
        self._run = run
        run.define_metric("*", step_metric="epoch")
        self.summary({"run/status": "running"})

    @property
    def given(self) -> dict[str, Any]:
        """The configuration that Launch or a sweep gave the run."""
        return dict(self._run.config)

    def configure(self, config: Config) -> None:
        """Notes what is trained: settings (nested), their hash, the commit and the machine."""
        self._run.config.update(
            {
                **config.model_dump(),
                "config_hash": config.hash(),
                "commit": _commit(),
                "environment": {
                    **health.versions(),
                    "platform": platform.platform(),
                    "device": "cpu",
                },
            },
            # Launch and sweeps have set some of them; config.resolve has read those.
            allow_val_change=True,
        )

    def epoch(self, values: Mapping[str, float]) -> None:
        """Logs one epoch."""
        self._run.log(_declared(values, "epoch"))

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Writes values that a run has once."""
        self._run.summary.update(_declared(values, "summary"))

    def fail(self, record: dict[str, Any]) -> None:
        """Keeps a failure's record: on disk first, then in the summary and the run's files."""
        path = keep(record, Path(self._run.dir))
        failure = {f"failure/{name}": record[name] for name in ("kind", "step", "message")}
        patches = json.dumps(record["suggest"])
        self.summary({"run/status": record["kind"], **failure, "failure/suggest": patches})
        self._run.save(path, base_path=path.parent, policy="now")

    def finish(self, exit_code: int) -> None:
        """Ends the run and waits until W&B has everything."""
        self._run.finish(exit_code=exit_code)


def start() -> Tracker:
    """Starts the run that the environment names (WANDB_RUN_ID, WANDB_PROJECT, WANDB_MODE, ...).

    Raises:
        NotStarted: W&B is not set up, or another process has this run already.
        Unreachable: W&B gives no run.
    """
    try:
        # A queue can hold an item twice: the second process must not write into the first's run.
        return Tracker(wandb.init(resume="never"))
    except wandb.errors.UsageError as error:
        if "already exists" in str(error):
            raise NotStarted(
                f"run {os.environ.get('WANDB_RUN_ID')} has been started before", 7
            ) from error
        hint = "set WANDB_API_KEY, or WANDB_MODE=offline or disabled"
        raise NotStarted(f"W&B is not set up: {error} ({hint})", 2) from error
    except wandb.errors.Error as error:
        raise Unreachable(f"W&B gives no run: {error}") from error


def local_folder() -> Path:
    """Where W&B writes on this machine, as it was told (WANDB_DIR)."""
    return Path(os.environ.get("WANDB_DIR", ""), "wandb")


def keep(record: dict[str, Any], folder: Path) -> Path:
    """Writes a failure's record into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORD
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n")
    return path


def _declared(values: Mapping[str, Any], when: str) -> dict[str, Any]:
    for key in values:
        if key not in KEYS or KEYS[key].when != when:
            raise UndeclaredKeyError(f"{key} is not declared for the {when} in trainer/track.py")
    return dict(values)


def _commit() -> str:
    """The commit that is trained, with `-dirty` if files differ from it."""
    if commit := os.environ.get("WANDB_GIT_COMMIT"):
        return commit  # a job that runs from an image has no clone to ask
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    folder = Path(__file__).parent
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
