"""CIFAR-10 from its binary version (cs.toronto.edu/~kriz/cifar.html)."""

from pathlib import Path

import numpy as np
import torch

from trainer import schema
from trainer.data.dataset import Dataset, Spec, Split, statistics
from trainer.health import DataError

SHAPE = 3, 32, 32
RECORD_BYTES = 1 + 3 * 32 * 32
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
TRAINING = [f"data_batch_{number}.bin" for number in range(1, 6)]
TEST = "test_batch.bin"
SPLIT_SEED = 20


def load(config: schema.Cifar10, folder: Path) -> Dataset:
    """Reads the files; a fixed share of each class's training images becomes validation.

    Raises:
        DataError: A file is missing or is no CIFAR-10 file.
    """
    images, labels = zip(*(_read(folder / name) for name in TRAINING), strict=True)
    training, test = (torch.cat(images), torch.cat(labels)), _read(folder / TEST)
    sources = np.arange(len(training[1]) + len(test[1]))
    known = Split(*training, sources[: len(training[1])])
    held_out = _held_out(known.labels.numpy(), config.val_share)
    train = known.part(~held_out)
    return Dataset(
        Spec(SHAPE, CLASSES, *statistics(train.images)),
        train,
        known.part(held_out),
        Split(*test, sources[len(known) :]),
    )


def _read(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, 3, 32, 32) uint8 images and (n,) int64 labels of one file."""
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"cannot read {path.name}: {error.strerror}; set data.path") from error
    if not len(content) or len(content) % RECORD_BYTES:
        raise DataError(f"{path.name} is cut off: {len(content)} bytes, not n × {RECORD_BYTES}")
    records = content.reshape(-1, RECORD_BYTES)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        raise DataError(f"{path.name} is no CIFAR-10 file: it has a label {labels.max()}")
    images = records[:, 1:].reshape(-1, *SHAPE)
    return torch.from_numpy(images.copy()), torch.from_numpy(labels)


def _held_out(labels: np.ndarray, share: float) -> np.ndarray:
    """(n,) bool: whether each image is validation, the same share of each class."""
    chosen = np.zeros(len(labels), dtype=bool)
    rng = np.random.default_rng(SPLIT_SEED)
    for label in range(len(CLASSES)):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(share * len(members))]] = True
    return chosen
