"""A run's artifacts: the data it was trained on, the state to go on from, and the model."""

import json
import math
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wandb

from trainer import health
from trainer.schema import Data
from trainer.track import identity

if TYPE_CHECKING:  # it needs torch, and a run is to start before that is imported
    from trainer.data.dataset import Dataset

LAST = "last.pt"


class Artifacts:
    """The artifacts of one run.

    Args:
        run: As `wandb.init` returns it.
        speaks: Whether this process is the one that tracks.
    """

    def __init__(self, run: Any, speaks: bool) -> None:
        self._run, self._speaks = run, speaks
        self._online = speaks and not (run.offline or run.disabled)
        self._uploaded = time.perf_counter()

    def use(self, name: str) -> Path:
        """Fetches an artifact that the run uses; its folder on this machine.

        Raises:
            DataError: W&B does not have it.
        """
        try:
            return Path(self._run.use_artifact(name).download())
        except (wandb.errors.Error, ValueError, TypeError) as error:  # TypeError: offline
            raise health.DataError(f"no artifact {name}: {error}") from error

    def data(self, config: Data, dataset: "Dataset") -> None:
        """Logs `data-<kind>`: sizes, classes and digests; the same data is the same version.

        Data that came as an artifact are known to W&B already.
        """
        if getattr(config, "artifact", ""):
            return
        facts = {
            name: {"images": len(split), "digest": split.digest()}
            for name, split in dataset.splits.items()
        }
        artifact = wandb.Artifact(f"data-{config.kind}", "dataset", metadata=facts)
        with artifact.new_file("data.json") as file:
            json.dump({"classes": dataset.spec.classes, "splits": facts}, file, indent=2)
        self._log(artifact, [])

    def folder(self, name: str, folder: Path) -> None:
        """Logs a folder of data; its files are read where they are, not copied first."""
        artifact = wandb.Artifact(name, "dataset")
        artifact.add_dir(str(folder), policy="immutable")
        self._log(artifact, [])

    def state(self, folder: Path, after_seconds: float = 0.0) -> None:
        """Logs `ckpt-<run>` if the last time is long enough ago: all that `restore` needs.

        Args:
            folder: The run's.
            after_seconds: Since the last time; what has not changed is not sent again.
        """
        if time.perf_counter() - self._uploaded < after_seconds:
            return
        self._uploaded = time.perf_counter()
        artifact = wandb.Artifact(f"ckpt-{self._run.id}", "checkpoint")
        for file in folder.glob("*.pt"):
            artifact.add_file(str(file))
        self._log(artifact, [])

    def restore(self, folder: Path) -> None:
        """Fetches what `state` logged, if the run is to go on and this disk has nothing of it.

        The last state is put into place last: whoever dies meanwhile has fetched nothing.
        """
        wanted = os.environ.get("WANDB_RESUME", "never") != "never"
        if not (wanted and self._online) or (folder / LAST).exists():
            return
        name = f"{self._run.entity}/{self._run.project}/ckpt-{self._run.id}:latest"
        api = wandb.Api()
        if not api.artifact_exists(name):
            return
        draft = folder / "fetched.tmp"
        shutil.rmtree(draft, ignore_errors=True)
        api.artifact(name).download(str(draft))
        for file in sorted(draft.iterdir(), key=lambda file: file.name == LAST):
            file.replace(folder / file.name)
        draft.rmdir()

    def model(self, file: Path, accuracy: float) -> None:
        """Logs `model-<project>`: the run's best checkpoint, and its val/acc.

        Its aliases are `latest`, the branch, and `best` if W&B knows of none with a better one.
        """
        name = f"model-{self._run.project}"
        artifact = wandb.Artifact(name, "model", metadata={"val/acc": accuracy})
        artifact.add_file(str(file), name="model.pt")
        branch = identity.branch()
        aliases = ["latest", *([f"branch-{branch.replace('/', '-')}"] if branch else [])]
        if accuracy >= self._best(name):
            aliases.append("best")
        self._log(artifact, aliases)

    def failure(self, record: Path) -> None:
        """Logs `failure-<run>`: the record of a run that failed."""
        artifact = wandb.Artifact(f"failure-{self._run.id}", "failure")
        artifact.add_file(str(record))
        self._log(artifact, [])

    def _best(self, name: str) -> float:
        """The val/acc of the project's best model: -inf before the first, inf if W&B is silent."""
        if not self._online:
            return math.inf
        api, path = wandb.Api(), f"{self._run.entity}/{self._run.project}/{name}:best"
        try:
            return (
                api.artifact(path).metadata["val/acc"] if api.artifact_exists(path) else -math.inf
            )
        except wandb.errors.Error as error:  # no reason to lose a run that is trained
            print(f"W&B does not say which model is the best so far: {error}", flush=True)
            return math.inf

    def _log(self, artifact: wandb.Artifact, aliases: list[str]) -> None:
        if self._speaks:
            self._run.log_artifact(artifact, aliases=aliases)
