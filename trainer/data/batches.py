"""Which images a step trains on: a function of the seed and the step, so it can start anywhere."""

import hashlib
import math

import torch
from torch import Tensor

from trainer.data.augment import DRAWS, augment
from trainer.data.dataset import Split, count
from trainer.schema import Augment, Config

RESIDENT_BYTES = 8 << 30
"""Splits up to this size live on the GPU, where no loader can be too slow for it."""


class Batches:
    """The training split, step by step.

    Each process takes every `world`th image of the same global batch, from `rank` on, with the
    changes that the image gets in that batch whoever takes it: the number of processes changes
    no image.

    Args:
        split: What is trained on.
        config: Seed, batch size and augmentation.
        device: Where batches are wanted.
        rank: This process, from 0.
        world: How many processes there are.

    Attributes:
        epoch_steps: Steps of an epoch.
    """

    def __init__(
        self, split: Split, config: Config, device: torch.device, rank: int = 0, world: int = 1
    ) -> None:
        resident = split.images.nbytes <= RESIDENT_BYTES
        self._images = split.images.to(device) if resident else split.images
        self._labels, self._device = split.labels.to(device), device
        self._mine = slice(rank, None, world)
        self._seed, self._batch = config.seed, config.train.batch
        self._augment = None if config.augment == Augment() else config.augment
        self._weights = _balance(split) if getattr(config.data, "balanced", False) else None
        self._count = len(split)
        steps = math.ceil(self._count / config.train.batch)
        self.epoch_steps = min(steps, config.train.epoch_steps or steps)
        self._epoch, self._order = -1, torch.empty(0)

    def size(self, step: int) -> int:
        """Images of a step's global batch: fewer in the last step of a whole epoch."""
        return min(self._batch, self._count - step % self.epoch_steps * self._batch)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """One step's (n, c, h, w) float32 images and (n,) labels of this process.

        Args:
            step: Counted from 0 over the whole training.
        """
        epoch, position = divmod(step, self.epoch_steps)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        start = position * self._batch
        chosen = self._order[start : start + self._batch]
        mine = chosen[self._mine]
        images = self._images.index_select(0, mine)
        images = as_shares(images.to(self._device, non_blocking=True))
        if self._augment:
            draws = torch.rand(len(chosen), DRAWS, generator=generator(self._seed, "augment", step))
            images = augment(images, self._augment, draws[self._mine].to(self._device))
        return images, self._labels.index_select(0, mine.to(self._device))

    def ids(self, step: int) -> list[int]:
        """Where the step's images of this process stand in the training split."""
        epoch, position = divmod(step, self.epoch_steps)
        start = position * self._batch
        return self._shuffled(epoch)[start : start + self._batch][self._mine].tolist()

    def _shuffled(self, epoch: int) -> Tensor:
        """(n,) positions in the split; with balance, some twice and some not at all."""
        source = generator(self._seed, "order", epoch)
        if self._weights is None:
            order = torch.randperm(self._count, generator=source)
        else:
            order = torch.multinomial(self._weights, self._count, True, generator=source)
        return order.to(self._images.device)


def as_shares(images: Tensor) -> Tensor:
    """Images as float32, from 0 to 1 where they were bytes."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def generator(seed: int, purpose: str, number: int) -> torch.Generator:
    """A fresh source of random numbers for one purpose at one step or epoch."""
    return torch.Generator().manual_seed(mixed(seed, purpose, number))


def mixed(seed: int, purpose: str, *numbers: int) -> int:
    """A 63-bit seed of its own for each purpose and number."""
    text = f"{seed}/{purpose}/{numbers}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def _balance(split: Split) -> Tensor:
    """(n,) float64: how often each image is drawn, so that all classes are drawn alike."""
    counts = torch.tensor(count(split, int(split.labels.max()) + 1), dtype=torch.float64)
    return (1 / counts)[split.labels]
