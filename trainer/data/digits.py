"""digits-hard, the default data: part of the judge, which no experiment may edit."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import torch

from trainer.data.dataset import Dataset, Spec, Split
from trainer.health import DataError

PIXELS = 64
SPEC = Spec((1, 8, 8), tuple("0123456789"))
EVALUATION_COPIES = 8
"""Distorted copies of each validation and test original: more images, less noise in the score."""

SPLIT_SEED = 20
ROTATION_DEGREES, SCALE, SHIFT_PIXELS, NOISE = 15.0, 0.15, 0.6, 0.05
"""Largest distortion of a copy either way; noise is a standard deviation, full ink being 1."""


def load(copies: int) -> Dataset:
    """Makes the splits, the same on every call; 60, 20 and 20% of each class's originals.

    Args:
        copies: Distorted copies of each training original.

    Raises:
        DataError: scikit-learn's file is missing or is not the digits.
    """
    images, labels = _originals()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    order = order[np.argsort(labels[order], kind="stable")]
    fifth = np.arange(len(order)) % 5
    parts = {"train": fifth < 3, "validation": fifth == 3, "test": fifth == 4}
    splits = {}
    for stream, (name, members) in enumerate(parts.items()):
        chosen = np.repeat(order[members], copies if name == "train" else EVALUATION_COPIES)
        # A stream of its own for each split: more training copies leave the judge's data alone.
        copied = _distort(images[chosen], np.random.default_rng((SPLIT_SEED, stream)))
        splits[name] = Split(torch.from_numpy(copied), torch.from_numpy(labels[chosen]), chosen)
    return Dataset(SPEC, **splits)


def _originals() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) float64 from 0 to 1, and (1797,) int64 labels."""
    # Importing scikit-learn takes a second; the file that it ships is all we need of it.
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DataError("scikit-learn, which ships the digits, is not installed")
    file = Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    try:
        with gzip.open(file, "rt") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the digits: {error}") from error
    if table.shape != (1797, PIXELS + 1) or table.min() < 0 or table.max() > 16:
        raise DataError(f"{file.name} is not scikit-learn's digits: shape {table.shape}")
    return table[:, :PIXELS].reshape(-1, 8, 8) / 16, table[:, PIXELS].copy()


def _distort(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotates, scales and shifts each image by a random amount and adds noise.

    Args:
        images: (n, 8, 8), 0 to 1.
        rng: Where the amounts come from.

    Returns:
        (n, 1, 8, 8) float32, in steps of 1/128 so that no platform's rounding can show.
    """
    n, size, _ = images.shape
    angle = np.deg2rad(rng.uniform(-ROTATION_DEGREES, ROTATION_DEGREES, (n, 1, 1)))
    zoom = rng.uniform(1 - SCALE, 1 + SCALE, (n, 1, 1))
    shift_y, shift_x = rng.uniform(-SHIFT_PIXELS, SHIFT_PIXELS, (2, n, 1, 1))
    centre = (size - 1) / 2
    y, x = np.meshgrid(np.arange(size) - centre, np.arange(size) - centre, indexing="ij")
    source_y = (np.cos(angle) * y - np.sin(angle) * x) / zoom + centre + shift_y
    source_x = (np.sin(angle) * y + np.cos(angle) * x) / zoom + centre + shift_x
    copies = _bilinear(images, source_y, source_x) + rng.normal(0, NOISE, images.shape)
    return (np.rint(copies * 128) / 128).astype(np.float32)[:, None]


def _bilinear(images: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Samples (n, h, w) images at (n, h, w) pixel coordinates; there is paper outside."""
    margin = 2
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    last = padded.shape[1] - 1
    y, x = (np.clip(axis + margin, 0, last - 1e-6) for axis in (y, x))
    top, left = y.astype(int), x.astype(int)
    down, right = y - top, x - left
    image = np.arange(len(images))[:, None, None]
    upper = padded[image, top, left] * (1 - right) + padded[image, top, left + 1] * right
    lower = padded[image, top + 1, left] * (1 - right) + padded[image, top + 1, left + 1] * right
    return upper * (1 - down) + lower * down
