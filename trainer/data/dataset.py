"""What is trained on: images with labels in three splits, and what a model must know of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Spec:
    """What images and labels look like; a model is built for it and served with it.

    Attributes:
        shape: Channels, height and width.
        classes: Their names, by label.
        mean: Of each channel, paper or black being 0 and full ink or white 1.
        std: Of each channel, in the same unit.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class Split:
    """Images and their labels.

    Attributes:
        images: (n, c, h, w) float32, or uint8 from 0 to 255.
        labels: (n,) int64, from 0.
        sources: (n,) what each image stems from (an original, a patient), known in one split only.
    """

    images: Tensor
    labels: Tensor
    sources: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """12 hex digits of what the split holds."""
        content = self.images.numpy().tobytes() + self.labels.numpy().tobytes()
        return hashlib.sha256(content).hexdigest()[:12]

    def part(self, members: np.ndarray) -> "Split":
        """Those images whose positions are named."""
        return Split(self.images[members], self.labels[members], self.sources[members])


@dataclass(frozen=True)
class Dataset:
    """The three splits.

    Attributes:
        spec: What their images look like.
        unreadable: Files that are missing or hold no picture, with the reason.
    """

    spec: Spec
    train: Split
    validation: Split
    test: Split
    unreadable: Sequence[str] = field(default=())

    @property
    def splits(self) -> dict[str, Split]:
        """Each split by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def describe(self) -> str:
        """Sizes and class counts, to be read before anything is trained."""
        return "\n".join(
            f"{name}: {len(split)} images, per class "
            + " ".join(map(str, count(split, len(self.spec.classes))))
            for name, split in self.splits.items()
        )


def count(split: Split, classes: int) -> list[int]:
    """Images of each class."""
    return torch.bincount(split.labels, minlength=classes).tolist()


def statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of (n, c, h, w) uint8 images, as shares of 255.

    One channel at a time: a float64 copy of all would be eight times as large as the images.
    """
    channels = [images[:, channel].double() / 255 for channel in range(images.shape[1])]
    mean = tuple(round(channel.mean().item(), 4) for channel in channels)
    std = tuple(max(round(channel.std().item(), 4), 1e-4) for channel in channels)
    return mean, std
