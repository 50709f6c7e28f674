"""The training loop, from a configuration to a tested model."""

import math
import time

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer import data, models
from trainer.config import Config, Train
from trainer.health import Evidence, NonFiniteError, Stop
from trainer.optim import AdamW, cosine
from trainer.track import Tracker


def train(config: Config, tracker: Tracker, stop: Stop, evidence: Evidence) -> dict[str, float]:
    """Trains, validates after each epoch, and tests the last weights once.

    Raises:
        DataError: The digits cannot be had.
        NonFiniteError: The loss or its gradient stopped being a number.
        Preempted: The process was asked to end.
    """
    torch.set_num_threads(config.threads)
    digits = data.load(config.data.copies)
    print(digits.describe())
    torch.manual_seed(config.seed)
    model = models.build(config.model)
    optimizer = AdamW(model, config.train.weight_decay, config.train.clip)
    tracker.summary(
        {
            "data/digest": digits.validation.digest() + digits.test.digest(),
            "data/train_digest": digits.train.digest(),
            "model/parameters": len(optimizer.weights),
        }
    )
    started = time.perf_counter()
    for epoch in range(1, config.train.epochs + 1):
        evidence.epoch = epoch
        values = _train_epoch(model, optimizer, digits.train, config.train, stop, evidence)
        values["epoch"] = epoch
        values["val/loss"], values["val/acc"] = data.score(model, digits.validation)
        if not math.isfinite(values["val/loss"]):
            raise NonFiniteError(f"validation loss {values['val/loss']}")
        tracker.epoch(values)
        print(_line(values, config.train.epochs), flush=True)
    seconds = time.perf_counter() - started
    samples = config.train.epochs * len(digits.train.labels)
    summary = _tested(model, digits.test) | {
        "train/samples_seen": samples,
        "perf/train_seconds": seconds,
        "perf/samples_per_second": samples / seconds,
    }
    tracker.summary(summary)
    return values | summary


def _tested(model: nn.Module, split: data.Split) -> dict[str, float]:
    """The `test/` values of a model that is not trained any further."""
    loss, accuracy = data.score(model, split)
    return {"test/loss": loss, "test/acc": accuracy}


def _train_epoch(
    model: nn.Module,
    optimizer: AdamW,
    split: data.Split,
    config: Train,
    stop: Stop,
    evidence: Evidence,
) -> dict[str, float]:
    """Trains on every image once, in random order; returns the epoch's `train/` values."""
    model.train()
    count = len(split.labels)
    order = torch.randperm(count)
    images, labels = augment(split.images[order], config.augment), split.labels[order]
    steps = config.epochs * math.ceil(count / config.batch)
    loss_sum, correct, longest, lr = 0.0, 0, 0.0, 0.0
    for batch, target in zip(images.split(config.batch), labels.split(config.batch), strict=True):
        stop.check()
        lr = cosine(config.lr, evidence.step, steps)
        evidence.step += 1
        optimizer.zero_grad()
        logits = model(batch)
        loss = models.training_loss(logits, target)
        loss.backward()
        value, norm = loss.item(), optimizer.gradient_norm()
        evidence.see({"train/loss": value, "train/grad_norm": norm, "train/lr": lr})
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise NonFiniteError(f"loss {value:.3g}, gradient norm {norm:.3g}")
        optimizer.step(lr, norm)
        loss_sum += value * len(target)
        correct += (logits.argmax(dim=1) == target).sum().item()
        longest = max(longest, norm)
    return {
        "train/loss": loss_sum / count,
        "train/acc": correct / count,
        "train/grad_norm": longest,
        "train/lr": lr,
    }


def augment(images: Tensor, strength: float) -> Tensor:
    """Rotates, scales and shifts each image by a random amount.

    Args:
        images: (n, 1, 8, 8).
        strength: 1 for up to 20 degrees, 20% and one pixel either way; 0 for nothing.
    """
    if not strength:
        return images
    amount = strength * (2 * torch.rand(4, len(images)) - 1)
    angle, zoom = math.radians(20) * amount[0], 1 + 0.2 * amount[1]
    shift_x, shift_y = 0.25 * amount[2:]  # the width is 2 in torch's coordinates, so 1 px of 8
    cosines, sines = angle.cos() * zoom, angle.sin() * zoom
    rows = [cosines, -sines, shift_x, sines, cosines, shift_y]
    matrices = torch.stack(rows, dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def _line(values: dict[str, float], epochs: int) -> str:
    shown = ("train/loss", "train/acc", "val/loss", "val/acc", "train/grad_norm", "train/lr")
    numbers = "  ".join(f"{key} {values[key]:.4g}" for key in shown)
    return f"epoch {values['epoch']:>2}/{epochs}  {numbers}"
