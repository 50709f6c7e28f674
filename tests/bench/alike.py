"""Verdicts on real runs that differ in nothing but the seed: `python -m tests.bench.alike [SEEDS]`.

Every seed of a small configuration of the trainer is trained once; .cache/alike.json keeps what it
gave. Then 200 times one change that changes nothing is compared with a baseline, on seeds drawn
without repeating one: whatever is called better or worse is called so wrongly.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from scipy import stats

from bot.core.many import exceeds
from bot.core.spending import ALPHA
from tests.bench.null import DEFAULT, Array, called
from tests.bench.verdicts import head, row

KEPT = Path(".cache/alike.json")
ARGUMENTS = (
    "train.epochs=5", "data.copies=1", "model.width=16", "train.save_seconds=0", "device=cpu",
)  # fmt: skip
METRICS = {"val/acc": 1, "val/loss": -1, "test/acc": 1}
"""What a run is judged by, and whether more of it is better."""
COMPARISONS = 200
MANY = 20_000
"""Comparisons that take the chance of drawing out: what is left is that of the runs themselves."""


def train(seeds: int) -> dict[str, list[float]]:
    """The metrics of seeds 1 to `seeds`, each trained once ever."""
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    if KEPT.exists():
        found = json.loads(KEPT.read_text())
    first = len(found["val/acc"]) + 1
    if first > seeds:
        return found
    from tests.bench.trainer_loops import tracker
    from trainer import config, loop
    from trainer.health import Evidence, Stop

    began = time.perf_counter()
    for seed in range(first, seeds + 1):
        settings = config.resolve([*ARGUMENTS, f"seed={seed}"], {})
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
            results = loop.train(settings, tracker(), Stop(), Evidence(), Path(folder))
        for name in METRICS:
            found[name].append(results[name])
    print(f"{seeds + 1 - first} runs in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(found))
    return found


def compared(values: Array, random: np.random.Generator, times: int) -> tuple[Array, Array]:
    """Seeds for every comparison, 15 of the change and 10 of the baseline, none of them twice."""
    drawn = np.array([random.permutation(values)[:25] for _ in range(times)])
    return drawn[:, :15], drawn[:, 15:]


def share(wrong: np.ndarray) -> str:
    """How many were wrong, with the interval of a share (C. J. Clopper and E. S. Pearson, 1934)."""
    bounds = stats.binomtest(int(wrong.sum()), len(wrong)).proportion_ci(0.95)
    return f"{wrong.sum()}: {wrong.mean():.1%} ({bounds.low:.1%} to {bounds.high:.1%})"


def main(seeds: int) -> None:
    """Print a line for each metric and error."""
    found = train(seeds)
    print(f"{seeds} seeds, {COMPARISONS} comparisons of two arms that are the same\n")
    head("metric", "mean ± deviation", "skewness", "wrong", "5 v 10, one look",
         "5, 10, 15 v 10", f"the same, {MANY:,} times",
         "1 v 1, any gain")  # fmt: skip
    for name, sign in METRICS.items():
        values = np.array(found[name][:seeds])
        random = np.random.default_rng(7)
        after, before = compared(sign * values, random, COMPARISONS)
        many = compared(sign * values, random, MANY)
        for word, way in (("win", 1), ("loss", -1)):
            once = exceeds(way * after[:, :5], way * before, ALPHA, 0.0, "welch")
            looks = called(way * after, way * before, DEFAULT, DEFAULT.levels)
            single = way * after[:, 0] > way * before[:, 0]
            limit = called(way * many[0], way * many[1], DEFAULT, DEFAULT.levels)
            row(name, f"{values.mean():.4f} ± {values.std(ddof=1):.4f}",
                f"{stats.skew(values):+.1f}", word, share(once), share(looks),
                f"{limit.mean():.1%}", share(single))  # fmt: skip


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": folder}
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
