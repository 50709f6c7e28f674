"""The verb `export`: a checkpoint as files for other programs, each checked against it."""

import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from trainer import artifact, health, saved
from trainer.data.batches import as_shares
from trainer.data.dataset import Split
from trainer.deploy import runtimes
from trainer.deploy.bundle import CHECKPOINT, Bundle
from trainer.health import ConfigError, Failure
from trainer.options import DataOptions

IMAGES = 128
"""Validation images that exports are checked on."""
TOLERANCE = 1e-4
"""Largest distance of two logits that are called equal, as a share of the largest logit or 1."""


class ParityError(Failure):
    """An exported file does not answer as the checkpoint does."""


class _Options(DataOptions):
    ckpt: str
    to: Path


def main(arguments: list[str]) -> int:
    """Exports a checkpoint; prints its files; returns 0.

    Raises:
        ConfigError: There is no such checkpoint, or the folder is in use.
        DataError: Its data, which it is checked on, cannot be had.
        ParityError: A file does not answer as the checkpoint does.
    """
    options = _Options.read(arguments)
    trained = saved.load(saved.find(options.ckpt, artifact.fetch))
    dataset = saved.dataset(trained.config, options.path, artifact.fetch)
    bundle = export(trained, sample(dataset.validation, IMAGES), options.to)
    print(f"{'file':<12}  {'bytes':>9}  largest difference on {IMAGES} images")
    for name, file in bundle.files.items():
        print(f"{name:<12}  {file.bytes:>9}  {file.difference:.2g}")
    return 0


def export(trained: saved.Saved, images: np.ndarray, folder: Path) -> Bundle:
    """Writes a model as itself, for torch.export, for ONNX and as TorchScript.

    TorchScript is deprecated: torch 2.13 warns and points to torch.export. It is here for programs
    that still load it.

    Args:
        trained: The model; what it is normalised with is a part of it.
        images: (n, c, h, w) float32 from 0 to 1, at least two, which every file must answer alike.
        folder: Empty, or made here; it is gone again if a file is refused.

    Raises:
        ConfigError: The folder is in use.
        ParityError: A file does not answer as the checkpoint does.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty: nothing is written over")
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "values": trained.values,
        "config": trained.config.model_dump(),
        "config_hash": trained.config.hash(),
        "versions": health.versions(),
    }
    bundle = Bundle(folder, trained.spec.shape, trained.spec.classes, about)
    try:
        shutil.copyfile(trained.path, folder / CHECKPOINT)
        with quiet():
            _write(trained.model, torch.from_numpy(images[:2]), folder)
        truth = runtimes.load(folder / CHECKPOINT)(images)
        for name in (CHECKPOINT, "model.pt2", "model.onnx", "model.ts"):
            run = runtimes.load(folder / name)
            bundle.add(name, 1.0, parity(name, run, images, truth))
        bundle.write()
    except BaseException:
        shutil.rmtree(folder)
        raise
    return bundle


def parity(name: str, run: runtimes.Run, images: np.ndarray, truth: np.ndarray) -> float:
    """The largest distance of a logit from the truth.

    One image is asked alone and the others together, so that a fixed batch size is found out.

    Raises:
        ParityError: It is too large, or an answer is another class.
    """
    answers = np.concatenate([run(images[:1]), run(images[1:])])
    difference = float(np.abs(answers - truth).max())
    others = int((answers.argmax(axis=1) != truth.argmax(axis=1)).sum())
    # Not "difference > ...": that is false for what is no number.
    if others or not difference <= TOLERANCE * max(1.0, float(np.abs(truth).max())):
        raise ParityError(
            f"{name} is not the checkpoint's equal: logits differ by up to {difference:.3g}, "
            f"{others} of {len(images)} answers are others"
        )
    return difference


def sample(split: Split, count: int) -> np.ndarray:
    """Up to `count` images from all over a split: (n, c, h, w) float32 from 0 to 1."""
    chosen = torch.linspace(0, len(split) - 1, min(count, len(split))).long()
    return as_shares(split.images[chosen]).numpy()


def _write(model: nn.Module, example: Tensor, folder: Path) -> None:
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(model, (example,), dynamic_shapes=batch)
    torch.export.save(program, folder / "model.pt2")
    names = {"input_names": ["images"], "output_names": ["logits"]}
    onnx = torch.onnx.export(program, (example,), dynamic_shapes=batch, verbose=False, **names)
    onnx.save(folder / "model.onnx")
    with torch.no_grad():
        torch.jit.freeze(torch.jit.trace(model, example)).save(folder / "model.ts")


@contextmanager
def quiet() -> Iterator[None]:
    """Without what the libraries say of their own code and of others that are not installed."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
