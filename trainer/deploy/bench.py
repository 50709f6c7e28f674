"""The verb `bench`: an exported model's files beside each other, as a Markdown table."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import PositiveInt

from trainer import artifact, saved
from trainer.data.batches import as_shares
from trainer.data.dataset import Split
from trainer.deploy import bundle, runtimes
from trainer.deploy.export import sample
from trainer.options import DataOptions

BATCHES = 1, 256
WARM_UP = 5
NAMES = {
    bundle.CHECKPOINT: "PyTorch, eager",
    "model.pt2": "torch.export",
    "model.ts": "TorchScript (deprecated)",
    "model.onnx": "onnxruntime",
    "model.dynamic.onnx": "onnxruntime, 8 bits, dynamic",
    "model.static.onnx": "onnxruntime, 8 bits, static",
}


class _Options(DataOptions):
    model: Path
    threads: PositiveInt = 1
    rounds: PositiveInt = 100


@dataclass(frozen=True)
class Row:
    """What one file is worth.

    Attributes:
        accuracy: Share of the images answered correctly.
        times: Milliseconds of each round, by images in a batch.
    """

    name: str
    bytes: int
    accuracy: float
    times: dict[int, list[float]]


def main(arguments: list[str]) -> int:
    """Measures all files of an exported model on the test split; prints a table; returns 0.

    Raises:
        ConfigError: There is no exported model.
        DataError: The data that it was trained on cannot be had.
    """
    options = _Options.read(arguments)
    found = bundle.read(options.model)
    settings = saved.load(found.path(bundle.CHECKPOINT)).config
    test = saved.dataset(settings, options.path, artifact.fetch).test
    rows = measure(found, test, options.threads, options.rounds)
    print(f"{len(test)} test images, {options.threads} threads, {options.rounds} rounds\n")
    print(table(rows))
    return 0


def measure(found: bundle.Bundle, split: Split, threads: int, rounds: int) -> list[Row]:
    """Runs every file on the same batches, in turns, so that a busy moment is everybody's.

    Args:
        found: Whose files are run.
        split: Images to run them on.
        threads: That each may use.
        rounds: Batches of each size that each is timed on.
    """
    torch.set_num_threads(threads)
    names = [name for name in NAMES if name in found.files]
    runs = {name: runtimes.load(found.path(name), threads) for name in names}
    times = {name: {size: [] for size in BATCHES} for name in runs}
    for size in BATCHES:
        batch = np.resize(sample(split, size), (size, *found.shape))  # again and again if too few
        for round_ in range(-WARM_UP, rounds):
            for name, run in runs.items():
                started = time.perf_counter()
                run(batch)
                if round_ >= 0:
                    times[name][size].append((time.perf_counter() - started) * 1000)
    return [
        Row(NAMES[name], found.files[name].bytes, _accuracy(run, split), times[name])
        for name, run in runs.items()
    ]


def table(rows: list[Row]) -> str:
    """The rows in Markdown: accuracy, size, and latency in milliseconds."""
    latencies = [f"batch {size}, {part}" for size in BATCHES for part in ("p50", "p95")]
    heads = ["", "accuracy", "KB", *(f"{head}, ms" for head in latencies)]
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
    for row in rows:
        cells = [row.name, f"{row.accuracy:.4f}", f"{row.bytes / 1000:.0f}"]
        for size in BATCHES:
            twentieths = statistics.quantiles(row.times[size], n=20, method="inclusive")
            cells += [f"{twentieths[9]:.3f}", f"{twentieths[18]:.3f}"]
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def answers(run: runtimes.Run, split: Split) -> np.ndarray:
    """(n, classes) logits of all images."""
    pieces = split.images.split(BATCHES[-1])
    return np.concatenate([run(as_shares(piece).numpy()) for piece in pieces])


def _accuracy(run: runtimes.Run, split: Split) -> float:
    return float((answers(run, split).argmax(axis=1) == split.labels.numpy()).mean())
