"""The data: read, split and checked; augmentation and batches are functions of seed and step."""

from collections.abc import Callable
from pathlib import Path

from trainer import schema
from trainer.data import cifar, digits, folder
from trainer.data.dataset import Dataset


def load(config: schema.Data, fetch: Callable[[str], Path]) -> Dataset:
    """Reads the data that the configuration names.

    Args:
        config: Names it by its `kind`.
        fetch: Gives the folder of a W&B artifact.

    Raises:
        DataError: It cannot be had.
    """
    if isinstance(config, schema.Digits):
        return digits.load(config.copies)
    place = fetch(config.artifact) if config.artifact else Path(config.path)
    if isinstance(config, schema.Cifar10):
        return cifar.load(config, place)
    return folder.load(config, place)
