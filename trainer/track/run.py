"""One W&B run: rows, summary, pictures, failure; and the same rows on disk, whatever W&B does."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import wandb

from trainer import health
from trainer.schema import Config
from trainer.track import identity
from trainer.track.artifacts import Artifacts
from trainer.track.keys import declared

if TYPE_CHECKING:  # they need torch, and a run is to start before that is imported
    from torch import Tensor

    from trainer.data.dataset import Dataset
    from trainer.state import Progress

ROWS = "metrics.jsonl"


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


class Pace:
    """Says when something may be done again, so that it takes 2% of the time at most."""

    SECONDS = 5.0
    """Between one time and the next, at least."""
    COSTS = 50
    """How often that time must be what the last one took."""

    def __init__(self) -> None:
        self.since, self._cost = time.perf_counter(), 0.0

    @property
    def due(self) -> bool:
        """Whether enough time has passed."""
        return time.perf_counter() - self.since > max(self.SECONDS, self.COSTS * self._cost)

    def done(self, began: float) -> None:
        """Says that it was done, and when that began."""
        self.since = time.perf_counter()
        self._cost = self.since - began


class Tracker:
    """One W&B run, and a folder that holds the same rows: `metrics.jsonl`, one call a line.

    Args:
        run: As `wandb.init` returns it.
        speaks: Whether this process is the one that tracks; the others say nothing.

    Attributes:
        seconds: Time that tracking has taken so far.
        rows: When the next row within an epoch is due.
        shows: When the next table of predictions is due.
        artifacts: Of the run.
    """

    def __init__(self, run: Any, speaks: bool = True) -> None:
        self._run, self._speaks = run, speaks
        self.seconds, self._before = 0.0, (0.0, 0)
        self.rows, self.shows = Pace(), Pace()
        self.artifacts = Artifacts(run, speaks)
        run.define_metric("*", step_metric="epoch")
        self.summary({"run/status": "running"})

    @property
    def given(self) -> dict[str, Any]:
        """The configuration that Launch or a sweep gave the run."""
        return dict(self._run.config)

    @property
    def folder(self) -> Path:
        """Where the run's checkpoints are: the same for every attempt at it, and for it alone."""
        return Path(self._run.settings.root_dir, "runs", self._run.id)

    def artifact(self, name: str) -> Path:
        """Fetches a W&B artifact that the run uses; its folder on this machine.

        Raises:
            DataError: W&B does not have it.
        """
        return self.artifacts.use(name)

    def configure(self, config: Config, job: str = "train") -> None:
        """Names the run and notes what is done: settings (nested), their hash, commit and machine.

        Args:
            config: The settings.
            job: train or eval.
        """
        identity.introduce(self._run, config, job)
        notes = {
            "config_hash": config.hash(),
            "commit": identity.commit(),
            "branch": self.given.get("branch") or identity.branch(),
            "environment": identity.environment(config),
        }
        # Launch and sweeps have set some of them; config.resolve has read those.
        self._run.config.update(config.model_dump() | notes, allow_val_change=True)

    def note(self, **facts: str) -> None:
        """Notes what is found out later of the machine: device, precision."""
        machine = dict(self._run.config.get("environment", {}))
        self._run.config.update({"environment": machine | facts}, allow_val_change=True)

    def epoch(self, values: Mapping[str, float]) -> None:
        """Logs one epoch."""
        self._log(declared(values, "epoch"))
        self._before = (0.0, 0)

    def window(self, epoch: float, lr: float, progress: "Progress") -> None:
        """Logs what has happened since the last row; to be called when one is due.

        Args:
            epoch: How far training is, in passes over the training split.
            lr: Of the last step.
            progress: Of the epoch so far.
        """
        loss, images = progress.loss - self._before[0], progress.images - self._before[1]
        values = {
            "epoch": epoch,
            "window/loss": loss / images,
            "window/grad_norm": progress.longest,
            "window/lr": lr,
            "window/samples_per_second": images / (time.perf_counter() - self.rows.since),
        }
        self._log(declared(values, "window"))
        self._before = (progress.loss, progress.images)

    def pictures(
        self,
        epoch: float,
        logits: "Tensor",
        dataset: "Dataset",
        rows: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """Logs what the validation images are answered.

        Args:
            epoch: How far training is.
            logits: (n, classes) of the validation split.
            dataset: What is trained on.
            rows: Of all epochs, if learning curves, confusion matrix and mosaic are wanted, too.
        """
        if not self._speaks:
            return
        from trainer.track import pictures  # Pillow and torch

        with self._spent() as began:
            examples = pictures.examples(logits, dataset)
            shown = {"epoch": epoch, "val/samples": pictures.table(examples)}
            if rows:
                drawn = pictures.figures(examples, logits, dataset, rows)
                for name, picture in drawn.items():
                    picture.save(self.folder / f"{name}.png")
                    shown[f"figure/{name}"] = wandb.Image(picture)
            self._run.log(declared(shown, "picture"))
        self.shows.done(began)

    def summary(self, values: Mapping[str, float | str | list[float]]) -> None:
        """Writes values that a run has once."""
        with self._spent():
            kept = declared(values, "summary")
            self._run.summary.update(kept)
            self._keep(kept)

    def fail(self, record: dict[str, Any]) -> None:
        """Keeps a failure's record: on disk first, then summary, file and artifact."""
        path = health.keep(record, Path(self._run.dir))
        failure = {f"failure/{name}": record[name] for name in ("kind", "step", "message")}
        patches = json.dumps(record["suggest"])
        self.summary({"run/status": record["kind"], **failure, "failure/suggest": patches})
        self._run.save(path, base_path=path.parent, policy="now")
        self.artifacts.failure(path)

    def finish(self, exit_code: int) -> None:
        """Ends the run and waits until W&B has everything."""
        self._run.finish(exit_code=exit_code)
        if self._speaks:
            self._disk.close()

    def _log(self, row: dict[str, float]) -> None:
        with self._spent() as began:
            self._run.log(row)
            self._keep(row)
        self.rows.done(began)

    def _keep(self, values: dict[str, Any]) -> None:
        if self._speaks:
            self._disk.write(json.dumps(values) + "\n")

    @cached_property
    def _disk(self) -> TextIO:
        """The rows on disk: each line is there once it is written, whatever happens next."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return (self.folder / ROWS).open("a", buffering=1)

    @contextmanager
    def _spent(self) -> Iterator[float]:
        began = time.perf_counter()
        yield began
        self.seconds += time.perf_counter() - began


def start() -> Tracker:
    """Starts the run that the environment names (WANDB_RUN_ID, WANDB_PROJECT, WANDB_MODE, ...).

    Of several processes that train together only rank 0 has it; the others track nothing.

    Raises:
        NotStarted: W&B is not set up, or another process has this run already.
        Unreachable: W&B gives no run.
    """
    try:
        # A queue can hold an item twice: the second process must not write into the first's run.
        # Launch says so when it starts the same run again, on purpose.
        resume = os.environ.get("WANDB_RESUME", "never")
        speaks = not int(os.environ.get("RANK", 0))
        mode = None if speaks else "disabled"
        run = wandb.init(resume=resume, mode=mode, group=identity.group())
        return Tracker(run, speaks)
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
