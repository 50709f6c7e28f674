"""What the trainer costs: by the step beside other loops, as a whole, and what a kill changes.

`python -m tests.bench.trainer` measures on the CPU, `--gpu` trains on CIFAR-shaped noise on a GPU
(or, to see that it works, on `--device cpu`). What is compared takes turns; every figure is a
median with the lowest and the highest. CPU time is the process's own, one thread: other programs
on the machine disturb it least.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch

from tests.bench.measure import ratios, show, spread
from trainer import config as configuration
from trainer import data

PEERS = Path(".cache/peers/bin/python")
PYTHON = {"hand": sys.executable, "ours": sys.executable, "lightning": PEERS, "accelerate": PEERS}
ROUNDS = 5
RUNS = 3
KILLS = 20
FEATURES = ("train.clip=1.0", "train.ema=0.99", "train.warmup_epochs=1.0", "device=cpu")
MODELS = {"MLP": FEATURES, "ResNet": ("model=resnet8x8", "train.epochs=2", *FEATURES)}
CIFAR_FILES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def main() -> None:
    """Measure everything; four minutes on the CPU, beside the peers' installation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="CIFAR-shaped noise instead")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="with --gpu")
    parser.add_argument("--images", default=10_000, type=int, help="in each file, with --gpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.gpu:
            on_gpu(folder, options.device, options.images)
            return
        by_the_step(folder)
        whole_run(folder)
        after_kills(folder)


class Loop:
    """A process of `tests.bench.trainer_loops`."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process, self._log = process, log

    def train(self, arguments: Sequence[str], images: Path) -> dict[str, list[float]]:
        """Trains once; milliseconds of a step by epoch, as CPU time and as wall time."""
        assert self._process.stdin
        assert self._process.stdout
        request = {"arguments": arguments, "data": str(images)}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(self._log.read_text())
        return json.loads(answer)


@contextmanager
def loops(folder: Path) -> Iterator[dict[str, Loop]]:
    """All ways to train, each in a process of its own until the block ends."""
    with ExitStack() as stack:
        started = {}
        for name, python in PYTHON.items():
            log = folder / f"{name}.log"
            process = subprocess.Popen(
                [python, "-m", "tests.bench.trainer_loops", name],
                env=environment(folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(log.open("w")),
                text=True,
            )
            started[name] = Loop(stack.enter_context(process), log)
        yield started


def environment(folder: Path) -> dict[str, str]:
    """An offline W&B that writes where nobody looks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    path = {"PYTHONPATH": str(Path.cwd()), "WANDB_MODE": "offline", "WANDB_DIR": str(folder)}
    return kept | path


def keep(arguments: Sequence[str], place: Path) -> Path:
    """Writes the training images that a configuration names, for loops that cannot read them."""
    split = data.load(configuration.resolve(arguments).data, Path).train
    torch.save({"images": split.images, "labels": split.labels}, place)
    return place


def by_the_step(folder: Path) -> None:
    """What one step costs: everything switched on here, a bare loop, and the peers."""
    images = keep((), folder / "digits.pt")
    with loops(folder) as started:
        for model, arguments in MODELS.items():
            title = f"One step of the {model}, 64 images, 1 thread, milliseconds"
            compare(title, started, arguments, images, ROUNDS)


def on_gpu(folder: Path, device: str, images: int) -> None:
    """Noise in the shape of CIFAR-10, which is read as CIFAR-10 is."""
    rng = np.random.default_rng(0)
    for name in CIFAR_FILES:
        records = rng.integers(0, 256, (images, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        records.tofile(folder / name)
    arguments = (
        "data=cifar10", f"data.path={folder}", "data.checks.min_per_class=1",
        "data.checks.max_imbalance=1000", "model=resnet18", "train.epochs=3", "train.batch=512",
        f"device={device}",
    )  # fmt: skip
    if device == "cpu":  # to see that it works, not how fast it is
        arguments += ("train.batch=32", "model.widths=[8, 8, 8, 8]", "train.epochs=2")
    place = keep(arguments, folder / "noise.pt")
    machine = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    with loops(folder) as started:
        title = f"One step of ResNet-18 on 3×32×32, {machine}, milliseconds"
        compare(title, started, arguments, place, RUNS if device == "cuda" else 1)


def compare(
    title: str, started: dict[str, Loop], arguments: Sequence[str], images: Path, rounds: int
) -> None:
    """Every loop trains once in every round."""
    found = [{name: loop.train(arguments, images) for name, loop in started.items()}
             for _ in range(rounds)]  # fmt: skip
    rows = []
    for name in started:
        row = [name]
        for kind, pick in (("cpu", statistics.mean), ("cpu", min), ("wall", min)):
            here, base = (
                [pick(figures[loop][kind]) for figures in found] for loop in (name, "hand")
            )
            row += [spread(here, ".2f"), spread(ratios(here, base), ".2f")]
        rows.append(row)
    kinds = "CPU, all epochs", "CPU, best epoch", "wall, best epoch"
    show(title, ("loop", *(cell for kind in kinds for cell in (kind, "÷ hand"))), rows)


def whole_run(folder: Path) -> None:
    """The default run: one command, from nothing to a tested model."""
    wall, cpu, share = [], [], []
    for number in range(RUNS):
        began, before = time.perf_counter(), os.times()
        subprocess.run(
            [sys.executable, "-m", "trainer"],
            env=environment(folder) | {"WANDB_RUN_ID": f"whole-{number}"},
            check=True,
            capture_output=True,
        )
        after = os.times()
        wall.append(time.perf_counter() - began)
        cpu.append(
            sum(after[place] - before[place] for place in (2, 3))  # of processes that have ended
        )
        share.append(tracking_share(folder / "runs" / f"whole-{number}"))
    rows = [["wall, s", spread(wall, ".1f")], ["CPU, s", spread(cpu, ".1f")],
            ["tracking, % of training's wall time", spread(share, ".2f")]]  # fmt: skip
    show("The default run", ("", "figure"), rows)


def tracking_share(run: Path) -> float:
    """Percent of the epochs' time that tracking took, as the run itself says."""
    rows = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return 100 * statistics.mean(row["perf/track_frac"] for row in rows if "val/acc" in row)


def after_kills(folder: Path) -> None:
    """Runs that are killed at a random step and go on: how many end with the same weights."""
    ways = {"ours": PYTHON["ours"], "lightning": PEERS, "accelerate": PEERS,
            "accelerate, seedable": PEERS}  # fmt: skip

    def count(name: str) -> list[str]:
        command = [ways[name], "-m", "tests.bench.trainer_resume", name, str(KILLS)]
        said = subprocess.run(command, env=environment(folder), check=True, capture_output=True)
        return [name, f"{json.loads(said.stdout)['equal']} of {KILLS}"]

    with ThreadPoolExecutor(len(ways)) as together:  # no time is taken here
        rows = list(together.map(count, ways))
    show("Killed at a random step, gone on", ("loop", "equal bit for bit"), rows)


if __name__ == "__main__":
    main()
