"""The verb `profile`: where a training step's time goes, and what makes it shorter here."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

import torch

from trainer import config
from trainer.data.dataset import Dataset
from trainer.schema import Config
from trainer.score import predict
from trainer.trial import Trial, prepare

WARM_UP, STEPS = 10, 50
PARTS = "data", "forward", "backward", "optimizer"
WORTH = 1.1
"""Times as fast: less is noise, or not worth a change."""
BATCHES = 2, 4
SLOW_DATA = 0.3
"""Of a step: from there on augmentation is worth a look."""


def main(arguments: list[str]) -> int:
    """Prints milliseconds for each part of a step, then suggestions with figures; returns 0."""
    settings = config.resolve(arguments)
    trial = prepare(settings)
    parts = measure(trial)
    parts |= {"validation": _validation(trial), "tracking": _tracking(trial)}
    print(table(parts, settings.train.batch))
    for line in suggestions(settings, trial.dataset, parts):
        print(line)
    return 0


def measure(trial: Trial, steps: int = STEPS) -> dict[str, float]:
    """Median seconds of each of PARTS over some steps, after a few that do not count."""
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}
    for step in range(WARM_UP + steps):
        took = dict(zip(PARTS, _step(trial, step), strict=True))
        for part in PARTS if step >= WARM_UP else ():
            seconds[part].append(took[part])
    return {part: statistics.median(values) for part, values in seconds.items()}


def _step(trial: Trial, step: int) -> Iterator[float]:
    """One step; seconds of each of PARTS. A GPU is waited for after each, as training does not."""
    began = time.perf_counter()

    def passed() -> float:
        nonlocal began
        trial.finish()
        took, began = time.perf_counter() - began, time.perf_counter()
        return took

    images, labels = trial.batches.at(step)
    yield passed()
    trial.optimizer.zero_grad()
    loss = trial.loss(images, labels)
    yield passed()
    loss.backward()
    yield passed()
    trial.optimizer.step(trial.config.train.lr, trial.optimizer.gradient_norm())
    yield passed()


def _validation(trial: Trial) -> float:
    """Seconds of an epoch's validation, spread over its steps."""
    return _quickest(lambda: predict(trial.model, trial.dataset.validation)) / _epoch(trial)


def _tracking(trial: Trial) -> float:
    """Seconds that W&B takes for an epoch's eight numbers, spread over its steps."""
    import wandb  # half a second

    numbers = {f"value/{number}": float(number) for number in range(8)}
    with TemporaryDirectory() as folder:
        quiet = wandb.Settings(silent=True, x_disable_stats=True)
        with wandb.init(mode="offline", dir=folder, settings=quiet) as run:
            return _quickest(lambda: run.log(numbers)) / _epoch(trial)


def _epoch(trial: Trial) -> int:
    return trial.batches.epoch_steps


def _quickest(act: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def table(parts: dict[str, float], batch: int) -> str:
    """Milliseconds and shares, and images per second."""
    whole = sum(parts.values())
    rows = [
        f"{part:<12}{1e3 * seconds:>9.3f} ms{seconds / whole:>8.1%}"
        for part, seconds in parts.items()
    ]
    total = f"{'step':<12}{1e3 * whole:>9.3f} ms{batch / whole:>9,.0f} images/s"
    return "\n".join([*rows, total])


def suggestions(settings: Config, dataset: Dataset, parts: dict[str, float]) -> Iterator[str]:
    """Gives settings that were tried and were faster, each with its figure; at least one line.

    Args:
        settings: That `parts` was measured with.
        dataset: Read once for all of them.
        parts: Seconds of each part of a step.
    """
    whole = sum(parts[part] for part in PARTS)
    found = False
    for name, value in _candidates(settings):
        changed = _changed(settings, name, value)
        tried, batch = prepare(changed, dataset), changed.train.batch
        faster = whole / sum(measure(tried, STEPS // 2).values()) * batch / settings.train.batch
        if faster >= WORTH:
            found = True
            note = ", with a learning rate of its own" if name == "train.batch" else ""
            yield f"try {name}={value}: {faster:.2f} × as many images per second{note}"
    if parts["data"] > SLOW_DATA * whole:
        found = True
        share = parts["data"] / whole
        yield f"{share:.0%} of a step is data: augment.* costs it, device=cuda would hide it"
    if not found:
        yield "nothing that was tried makes it 10% faster"


def _candidates(settings: Config) -> Iterator[tuple[str, object]]:
    """Gives each setting to try, with its value."""
    cores = os.cpu_count() or 1
    for threads in sorted({2, cores // 2, cores} - {0, settings.threads}):
        if threads <= cores:
            yield "threads", threads
    for factor in BATCHES:
        yield "train.batch", factor * settings.train.batch
    if not settings.train.compile and torch.cuda.is_available():
        yield "train.compile", True  # on a CPU it pays after minutes at best


def _changed(settings: Config, name: str, value: object) -> Config:
    tree = settings.model_dump()
    section, _, field = name.rpartition(".")
    (tree[section] if section else tree)[field] = value
    return Config.model_validate(tree)
