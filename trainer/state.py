"""What a checkpoint holds, and how it gets to disk and back."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainer.data.dataset import Spec
from trainer.health import ConfigError
from trainer.optim import Optimizer
from trainer.ranks import told
from trainer.schema import Config

LAST = "last.pt"


@dataclass
class Progress:
    """How far training has come: all that is neither a weight nor a function of seed and step.

    Attributes:
        micro_batch: Images at once in each process; less than asked for once memory ran out.
        step: Steps taken.
        seconds: Wall time spent, in all attempts together.
        loss: Sum over the epoch's images so far, as are `correct` answers and `images`.
        longest: Gradient of the epoch so far, before clipping.
        steps: Of the epoch so far; `clipped` of them had a longer gradient than they may use.
        best: (val/acc, epoch) of the checkpoints that are kept, the best first.
        top: Best val/acc ever.
        best_seconds: Wall time when that was.
        waited: Epochs since then.
        values: What the last finished epoch logged.
        rows: What every epoch has logged.
        flags: What `health.detect` thinks of them.
    """

    micro_batch: int
    step: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    correct: float = 0.0
    images: int = 0
    longest: float = 0.0
    steps: int = 0
    clipped: int = 0
    best: list[tuple[float, int]] = field(default_factory=list)
    top: float = -1.0
    best_seconds: float = 0.0
    waited: int = 0
    values: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, float]] = field(default_factory=list)
    flags: list[dict[str, Any]] = field(default_factory=list)

    def take_in(self, loss: float, correct: float, norm: float, images: int, clip: float) -> None:
        """Adds a step: its mean loss, correct answers, gradient norm, images and longest norm."""
        self.loss += loss * images
        self.correct += correct
        self.images += images
        self.longest = max(self.longest, norm)
        self.steps += 1
        self.clipped += 0 < clip < norm

    def epoch_values(self, epoch: int, lr: float) -> dict[str, float]:
        """What an epoch that ends with this learning rate logs of its training."""
        return {
            "epoch": epoch,
            "train/loss": self.loss / self.images,
            "train/acc": self.correct / self.images,
            "train/grad_norm": self.longest,
            "train/clip_frac": self.clipped / self.steps,
            "train/lr": lr,
            "train/micro_batch": self.micro_batch,
        }

    def end_epoch(self, values: dict[str, float]) -> None:
        """Notes what an epoch has logged, and makes room for the next."""
        self.values = values
        self.rows.append(values)
        self.waited += 1
        if values["val/acc"] > self.top:
            self.top, self.best_seconds, self.waited = values["val/acc"], self.seconds, 0
        self.loss, self.correct, self.images, self.longest = 0.0, 0.0, 0, 0.0
        self.steps = self.clipped = 0


class Checkpoints:
    """The checkpoints of one run, in a folder of its own.

    `last.pt` is what training goes on from; `best-EPOCH.pt` and `epoch-EPOCH.pt` hold a model with
    everything that is needed to use it. All are read with `torch.load(..., weights_only=True)`.

    Args:
        folder: Where they are, made when the first one is written.
        config: What is trained.
        spec: What it is trained on.
        writes: Whether this process is the one that writes, and reads for all others.
    """

    def __init__(self, folder: Path, config: Config, spec: Spec, writes: bool = True) -> None:
        self.folder, self._config, self._spec, self._writes = folder, config, spec, writes

    def save_last(
        self, progress: Progress, model: nn.Module, optimizer: Optimizer, average: Tensor | None
    ) -> None:
        """Writes what training can go on from, bit for bit."""
        self._write(
            LAST,
            {
                "config": self._config.model_dump(),
                "progress": asdict(progress),
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "average": average,
            },
        )

    def load_last(
        self, progress: Progress, model: nn.Module, optimizer: Optimizer, average: Tensor | None
    ) -> Progress:
        """Goes on from `last.pt`, or gives `progress` back if there is none.

        Raises:
            ConfigError: It was trained with other settings.
        """
        there = self._writes and (self.folder / LAST).exists()
        # The other processes may be on machines that do not have it.
        kept = told(torch.load(self.folder / LAST, map_location="cpu") if there else None)
        if kept is None:
            return progress
        if Config.model_validate(kept["config"]).decisive() != self._config.decisive():
            raise ConfigError(f"{self.folder / LAST} was trained with other settings: move it away")
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        if average is not None:
            average.copy_(kept["average"])
        return Progress(**kept["progress"])

    def save_model(self, name: str, model: nn.Module, values: dict[str, float]) -> None:
        """Writes a model, its settings, what it was trained on and what it scored."""
        self._write(
            f"{name}.pt",
            {
                "config": self._config.model_dump(),
                "spec": asdict(self._spec),
                "values": values,
                "model": model.state_dict(),
            },
        )

    def keep_best(
        self, progress: Progress, epoch: int, model: nn.Module, values: dict[str, float]
    ) -> None:
        """Keeps the model if its val/acc is among the best; of equals the earlier one is better."""
        keep = self._config.train.keep_best
        best = sorted([*progress.best, (values["val/acc"], epoch)], key=lambda b: (-b[0], b[1]))
        progress.best, dropped = best[:keep], best[keep:]
        if any(kept == epoch for _, kept in progress.best):
            self.save_model(f"best-{epoch}", model, values)
        for _, gone in dropped if self._writes else ():
            (self.folder / f"best-{gone}.pt").unlink(missing_ok=True)

    def load_best(self, progress: Progress, model: nn.Module) -> None:
        """Gives a model the weights of the best checkpoint; without any it stays as it is."""
        if path := self.best(progress):
            model.load_state_dict(torch.load(path, map_location="cpu")["model"])

    def best(self, progress: Progress) -> Path | None:
        """The best checkpoint; None if none are kept."""
        return self.folder / f"best-{progress.best[0][1]}.pt" if progress.best else None

    def _write(self, name: str, content: dict[str, Any]) -> None:
        """Writes a file that is either whole or not there, whenever the process dies."""
        if not self._writes:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{name}.tmp"
        with draft.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)
