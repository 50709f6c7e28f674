"""The verb `eval`: scores a checkpoint, in a W&B run of its own."""

import math
from typing import Literal

import torch
from torch import Tensor

from trainer import job, saved
from trainer.options import DataOptions
from trainer.ranks import Ranks
from trainer.score import confusion, predict, score


class _Options(DataOptions):
    ckpt: str
    split: Literal["test", "validation"] = "test"


def main(arguments: list[str]) -> int:
    """Scores with the settings that the checkpoint holds; returns the exit code."""
    return job.start(arguments, evaluate)


def evaluate(work: job.Job) -> str:
    """Prints and tracks what a checkpoint scores on one split.

    Raises:
        ConfigError: There is no such checkpoint.
        DataError: Its data cannot be had.
    """
    options, tracker = _Options.read(work.arguments), work.tracker
    trained = saved.load(saved.find(options.ckpt, tracker.artifact))
    torch.set_num_threads(trained.config.threads)
    tracker.configure(trained.config, "eval")
    dataset = saved.dataset(trained.config, options.path, tracker.artifact)
    split = dataset.splits[options.split]
    logits = predict(trained.model.to(Ranks("auto").device), split)
    scores = score(logits, split.labels)
    if options.split == "test":
        error = math.sqrt(scores["acc"] * (1 - scores["acc"]) / len(split))
        tested = {"test/loss": scores["loss"], "test/acc": scores["acc"]}
        tracker.summary({**tested, "test/acc_se": error, "test/n": len(split)})
    else:
        values = {f"val/{name}": value for name, value in scores.items()}
        tracker.epoch({"epoch": trained.values["epoch"], **values})
    tracker.summary({"data/digest": dataset.validation.digest() + dataset.test.digest()})
    print(f"{trained.path} on {len(split)} images of {options.split}")
    print("\n".join(f"{name}: {value:.6g}" for name, value in scores.items()))
    print(table(confusion(logits, split.labels), dataset.spec.classes), flush=True)
    return "finished"


def table(counts: Tensor, classes: tuple[str, ...]) -> str:
    """For each class how many images it has, how many were found, and how many finds are right.

    Args:
        counts: (classes, classes) of images; rows are the truth, columns the answers.
        classes: Their names.
    """
    width = max(len("class"), *map(len, classes))
    lines = [f"{'class':<{width}}  images  recall  precision"]
    there, said, right = counts.sum(dim=1), counts.sum(dim=0), counts.diagonal()
    for number, name in enumerate(classes):
        recall, precision = (right[number] / all_[number].clamp(min=1) for all_ in (there, said))
        lines.append(f"{name:<{width}}  {there[number]:>6}  {recall:>6.4f}  {precision:>9.4f}")
    return "\n".join(lines)
