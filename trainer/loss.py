"""The loss that a model is trained with."""

from torch import Tensor
from torch.nn import functional


def training_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """The mean that training makes smaller; `score.score` measures with its own, fixed one.

    Args:
        logits: (n, classes).
        labels: (n,) int64.
        smoothing: Share of each label that is spread over all classes.
    """
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)
