"""The verb `lr-find`: raises the learning rate until training breaks, and says which to take.

Smith's range test (arXiv 1506.01186, section 3.3), in equal factors and with a smoothed loss.
"""

import math
from itertools import pairwise

from trainer import config
from trainer.trial import Trial, prepare

STEPS = 100
LOWEST, HIGHEST = 1e-6, 10.0
MEMORY = 0.9
"""Of the smoothed loss."""
LAG = round(MEMORY / (1 - MEMORY))
"""Steps by which it is late."""
BROKEN = 4.0
"""Times the lowest loss so far: from there on there is nothing to be seen."""
MARGIN = 10
"""Below where the loss is lowest: there it is already about to rise."""
ROWS = 20


def main(arguments: list[str]) -> int:
    """Prints the loss over the learning rate, and two suggestions; returns 0."""
    trial = prepare(config.resolve(arguments))
    curve = sweep(trial)
    print(table(curve))
    lowest, steepest = suggest(curve)
    print(f"\ntrain.lr={lowest:.2g}, a tenth of where the loss is lowest")
    print(f"train.lr={steepest:.2g}, where it falls fastest")
    return 0


def sweep(trial: Trial, steps: int = STEPS) -> list[tuple[float, float]]:
    """The smoothed loss at each learning rate, up to where it breaks.

    The weights are put back; what normalisation layers have averaged and the optimizer's moments
    are not.
    """
    before = trial.optimizer.weights.clone()
    curve: list[tuple[float, float]] = []
    mean = 0.0
    for step in range(steps):
        lr = LOWEST * (HIGHEST / LOWEST) ** (step / (steps - 1))
        trial.optimizer.zero_grad()
        loss = trial.loss(*trial.batches.at(step))
        loss.backward()
        mean = MEMORY * mean + (1 - MEMORY) * loss.item()
        smoothed = mean / (1 - MEMORY ** (step + 1))  # the first ones would lean towards zero
        lowest = min((value for _, value in curve), default=smoothed)
        if not smoothed < BROKEN * lowest:  # NaN, too
            break
        curve.append((lr, smoothed))
        trial.optimizer.step(lr, trial.optimizer.gradient_norm())
    trial.optimizer.weights.copy_(before)
    return curve


def suggest(curve: list[tuple[float, float]]) -> tuple[float, float]:
    """A tenth of where the loss is lowest, and where it falls fastest, the better one first.

    Args:
        curve: (learning rate, loss), at equal factors between the rates.
    """
    lowest = min(range(len(curve)), key=lambda place: curve[place][1])
    falls = [after[1] - before[1] for before, after in pairwise(curve[: lowest + 1])]
    steepest = min(range(len(falls)), key=falls.__getitem__, default=0)
    return curve[lowest][0] / MARGIN, curve[max(steepest - LAG, 0)][0]


def table(curve: list[tuple[float, float]]) -> str:
    """The curve in about ROWS lines, each with a bar."""
    low, high = (pick(loss for _, loss in curve) for pick in (min, max))
    unit = max(high - low, 1e-12) / 30
    rows = [
        f"{lr:<12.2e}{loss:<10.4g}{'█' * round((loss - low) / unit)}"
        for lr, loss in curve[:: math.ceil(len(curve) / ROWS)]
    ]
    return "\n".join([f"{'train.lr':<12}{'loss':<10}", *rows])
