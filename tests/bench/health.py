"""Detectors judged: are they silent in healthy runs, and do they see what is wrong with ill ones?

`python -m tests.bench.health`: 40 short trainings, about two minutes.
"""

import contextlib
import csv
import gzip
import io
import random
import sys
import tempfile
from collections.abc import Iterator
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from tests.bench.measure import show
from tests.trainer.conftest import FakeRun
from trainer.config import resolve
from trainer.health import Evidence, Failure, Stop
from trainer.health.failure import kind_of
from trainer.loop import train
from trainer.track import Tracker

MLP = "train.epochs=30"
SMALL = "train.epochs=12"
RESNET = "model=resnet8x8 model.widths=[8,16] model.blocks=[1,1] train.epochs=8 data.copies=1"
VIT = "model=vit model.width=32 model.depth=2 model.heads=2 train.epochs=12 data.copies=1"
HEALTHY = (
    *(f"{MLP} seed={seed}" for seed in range(1, 6)),
    *(f"{MLP} augment.affine=0.5 seed={seed}" for seed in range(1, 4)),
    f"{MLP} model.dropout=0.3",
    f"{MLP} train.label_smoothing=0.1",
    f"{MLP} train.ema=0.95",
    f"{MLP} optim=sgd train.lr=0.1",
    f"{MLP} optim=sgd train.lr=0.05 train.warmup_epochs=2",
    f"{MLP} optim=muon train.lr=0.005",
    f"{MLP} optim=adam train.lr=0.002 train.weight_decay=0",
    f"{SMALL} train.lr=0.001 train.batch=32",
    f"{RESNET} seed=1",
    f"{RESNET} seed=2 augment.affine=0.3",
    f"{RESNET} optim=sgd train.lr=0.1",
    f"{VIT} train.lr=0.003 train.warmup_epochs=2",
)
ILL = (
    (f"{SMALL} train.lr=10", 0),
    (f"{SMALL} train.lr=3 seed=2", 0),
    (f"{SMALL} optim=sgd train.lr=10", 0),
    (f"{SMALL} optim=muon train.lr=10", 0),
    (f"{RESNET} train.lr=30", 0),
    (f"{SMALL} train.lr=1e-7", 0),
    (f"{SMALL} optim=sgd train.lr=1e-5", 0),
    (f"{SMALL} optim=adam train.lr=1e-6", 0),
    (f"{RESNET} optim=sgd train.lr=1e-6", 0),
    (f"{SMALL} train.lr=1000", 0),
    (f"{SMALL} optim=sgd train.lr=1e6", 0),
    (f"{SMALL} train.weight_decay=100", 0),
    (f"{SMALL} model.width=2 model.depth=8", 0),
    (f"{SMALL} model.dropout=0.95", 0),
    (f"{MLP} seed=1", 1.0),
    (f"{MLP} optim=sgd train.lr=0.1 seed=2", 1.0),
    (f"{MLP} seed=3", 0.4),
    (f"{MLP} data.copies=1 train.weight_decay=0 seed=4", 0.4),
    (f"{MLP} model.width=512 train.lr=0.003 train.weight_decay=0 seed=5", 0.3),
    (f"{MLP} optim=muon train.lr=0.005 data.copies=1 seed=6", 0.3),
)
"""Settings, and the share of labels that are drawn by lot."""
CASES = {"healthy": [(words, 0.0) for words in HEALTHY], "ill": list(ILL)}


def main() -> None:
    """Train all, and show what was seen."""
    rows, right = [], dict.fromkeys(CASES, 0)
    for state, (words, wrong) in [(s, case) for s, cases in CASES.items() for case in cases]:
        seen, accuracy = observed(words, wrong)
        right[state] += bool(seen) == (state == "ill")
        shown = words + (f" ({wrong:.0%} wrong labels)" if wrong else "")
        rows.append((f"`{shown}`", state, ", ".join(seen) or "–", f"{accuracy:.3f}"))
    show("Detectors", ("settings", "state", "seen", "last val/acc"), rows)
    silent, seen = (f"{right[state]} of {len(of)}" for state, of in CASES.items())
    print(f"\nsilent: {silent} healthy runs; seen: {seen} ill ones")


def observed(words: str, wrong: float) -> tuple[list[str], float]:
    """Train once; kinds of flags or of the failure, and the last val/acc."""
    config, evidence = resolve(words.split()), Evidence()
    with tempfile.TemporaryDirectory() as folder, mislabelled(Path(folder), wrong):
        tracker = Tracker(FakeRun(Path(folder, "files")))
        with contextlib.redirect_stdout(io.StringIO()) as told:
            try:
                values = train(config, tracker, Stop(), evidence, Path(folder))
            except Failure as failure:
                return [kind_of(failure)], float("nan")
    lines = told.getvalue().splitlines()
    kinds = ("overfit", "stall", "chance", "start", "slow_input", "memory")
    return [line.partition(":")[0] for line in lines if line.startswith(kinds)], values["val/acc"]


@contextlib.contextmanager
def mislabelled(folder: Path, share: float) -> Iterator[None]:
    """Let the digits' file be one whose labels are drawn by lot, for a share of its rows."""
    source = find_spec("sklearn")
    assert source is not None
    assert source.origin is not None
    place = folder / "sklearn" / "datasets" / "data"
    place.mkdir(parents=True)
    (folder / "sklearn" / "__init__.py").touch()
    lot = random.Random(1)
    with gzip.open(Path(source.origin).parent / "datasets/data/digits.csv.gz", "rt") as file:
        table = list(csv.reader(file))
    for row in table:
        if lot.random() < share:
            row[-1] = str(lot.randrange(10))
    with gzip.open(place / "digits.csv.gz", "wt") as file:
        csv.writer(file).writerows(table)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))


if __name__ == "__main__":
    main()
