"""How a model is scored: part of the judge, which no experiment may edit."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.data.batches import as_shares
from trainer.data.dataset import Dataset, Split

CHUNK_PIXELS = 1 << 22
"""Pixels that are looked at together: a bound on memory, far above a whole digits split."""
BINS = 15
"""Of confidence, for the calibration error: as many as Guo et al. 2017 use."""


@torch.no_grad()
def predict(model: nn.Module, split: Split) -> Tensor:
    """(n, classes) float32 logits on the CPU, in evaluation mode."""
    model.eval()
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    chunks = split.images.split(max(CHUNK_PIXELS // split.images[0].numel(), 1))
    return torch.cat([model(as_shares(chunk.to(device))).float().cpu() for chunk in chunks])


def score(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """All that answers are judged by.

    Args:
        logits: (n, classes), as `predict` gives them.
        labels: (n,) int64.

    Returns:
        loss: Mean cross-entropy, no smoothing, in nats.
        acc: Share of correct answers.
        macro_f1: As `macro_f1` says.
        ece: As `calibration_error` says.
    """
    return {
        "loss": functional.cross_entropy(logits, labels).item(),
        "acc": (logits.argmax(dim=1) == labels).sum().item() / len(labels),
        "macro_f1": macro_f1(confusion(logits, labels)),
        "ece": calibration_error(logits, labels),
    }


def by_source(logits: Tensor, labels: Tensor, sources: np.ndarray) -> str | list[float]:
    """What the accuracy is the mean of, once for each source: its images are right together.

    Args:
        logits: (n, classes), as `predict` gives them.
        labels: (n,) int64.
        sources: (n,) what each image stems from.

    Returns:
        Of each source, in their order, correct answers × sources ÷ images; where every image is a
        source of its own, that as a text with a 0 or 1 for each.
    """
    _, members = np.unique(sources, return_inverse=True)
    correct = torch.bincount(torch.from_numpy(members)[logits.argmax(dim=1) == labels])
    correct = functional.pad(correct, (0, members.max() + 1 - len(correct)))
    if len(correct) == len(labels):
        return "".join(map(str, correct.tolist()))
    return (correct * (len(correct) / len(labels))).tolist()


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """(classes, classes) int64 counts; rows are the truth, columns the answers."""
    classes = logits.shape[1]
    pairs = labels * classes + logits.argmax(dim=1)
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def macro_f1(counts: Tensor) -> float:
    """Mean of 2PR ÷ (P + R) over the classes that occur as truth or answer (arXiv 1911.03347).

    Args:
        counts: As `confusion` gives them.
    """
    occurring = (counts.sum(dim=0) + counts.sum(dim=1)).double()
    f1 = 2 * counts.diagonal() / occurring
    return f1[occurring > 0].mean().item()


def calibration_error(logits: Tensor, labels: Tensor) -> float:
    """Mean distance of confidence from accuracy in equal bins (arXiv 1706.04599, equation 3)."""
    confidence, answers = logits.double().softmax(dim=1).max(dim=1)
    bins = ((confidence.nan_to_num() * BINS).ceil().long() - 1).clamp(min=0)
    surplus = confidence - (answers == labels).double()
    return torch.bincount(bins, surplus, BINS).abs().sum().item() / len(labels)


def baselines(model: nn.Module, dataset: Dataset) -> dict[str, float]:
    """What the validation split gives a model that has learnt nothing.

    Args:
        model: Before its first step.
        dataset: What it is to be trained on.

    Returns:
        majority_acc: Share of correct answers if each is the training split's largest class.
        init_loss_ratio: The model's loss ÷ ln classes, which is that of equal shares for all.
    """
    classes, labels = len(dataset.spec.classes), dataset.validation.labels
    largest = torch.bincount(dataset.train.labels, minlength=classes).argmax()
    loss = functional.cross_entropy(predict(model, dataset.validation), labels).item()
    return {
        "majority_acc": (labels == largest).sum().item() / len(labels),
        "init_loss_ratio": loss / math.log(classes),
    }
