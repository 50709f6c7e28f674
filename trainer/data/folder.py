"""Pictures of any size in a folder, and a CSV that says what each one shows and whose it is."""

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from trainer import picture, schema
from trainer.data.dataset import Dataset, Spec, Split, statistics
from trainer.health import DataError

SPLIT_SEED = 20
READERS = 4
"""Threads: Pillow decodes without Python's lock."""


def load(config: schema.Folder, folder: Path) -> Dataset:
    """Reads every picture once, resizes it, and splits so that no group is in two splits.

    All pictures are held in memory as bytes: `size`² × `channels` for each.

    Raises:
        DataError: The CSV is missing or lacks a column, or not one picture can be read.
    """
    rows, shape = _rows(config, folder), (config.channels, config.size, config.size)
    with ThreadPoolExecutor(READERS) as readers:
        read = list(readers.map(lambda row: _picture(folder / row[config.file], shape), rows))
    unreadable = [problem for problem in read if isinstance(problem, str)]
    kept = [
        (row, pixels)
        for row, pixels in zip(rows, read, strict=True)
        if isinstance(pixels, np.ndarray)
    ]
    if not kept:
        raise DataError(f"not one picture can be read: {unreadable[0]}")
    classes = tuple(sorted({row[config.label] for row, _ in kept}))
    everything = Split(
        torch.from_numpy(np.stack([pixels for _, pixels in kept])),
        torch.tensor([classes.index(row[config.label]) for row, _ in kept]),
        np.array([row[config.group] for row, _ in kept]),
    )
    parts = _parts(everything.sources, config)
    train, validation, test = (everything.part(parts == part) for part in range(3))
    spec = Spec(shape, classes, *statistics(train.images))
    return Dataset(spec, train, validation, test, unreadable)


def _rows(config: schema.Folder, folder: Path) -> list[dict[str, str]]:
    path = folder / config.metadata
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; set data.path") from error
    for name in ("file", "label", "group"):
        if (column := getattr(config, name)) not in (reader.fieldnames or ()):
            raise DataError(f"{config.metadata} has no column {column!r}: set data.{name}")
    if not rows:
        raise DataError(f"{config.metadata} names no pictures")
    return rows


def _picture(path: Path, shape: tuple[int, int, int]) -> np.ndarray | str:
    """(c, h, w) uint8, or what is wrong with the file."""
    try:
        return picture.read(path, shape)
    except (picture.TooLargeError, *picture.UNREADABLE) as error:
        return f"{path.name}: {error}"


def _parts(groups: np.ndarray, config: schema.Folder) -> np.ndarray:
    """(n,) 0, 1 or 2 for training, validation or test; a group goes one way as a whole."""
    names = np.random.default_rng(SPLIT_SEED).permutation(np.unique(groups))
    validation = max(round(config.val_share * len(names)), 1)
    test = max(round(config.test_share * len(names)), 1)
    if validation + test >= len(names):
        raise DataError(f"{len(names)} values of {config.group} are too few to split")
    parts = np.zeros(len(groups), dtype=np.int64)
    parts[np.isin(groups, names[:validation])] = 1
    parts[np.isin(groups, names[validation : validation + test])] = 2
    return parts
