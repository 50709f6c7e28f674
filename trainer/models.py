"""The model and the loss that it is trained with."""

from torch import Tensor, nn
from torch.nn import functional

from trainer.config import Model
from trainer.data import CLASSES, PIXELS


def build(config: Model) -> nn.Module:
    """A multilayer perceptron from (n, 1, 8, 8) images to (n, 10) logits.

    Its weights come from torch's global generator: seed that first.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = PIXELS
    for _ in range(config.depth):
        layers += [nn.Linear(inputs, config.width), nn.ReLU(), nn.Dropout(config.dropout)]
        inputs = config.width
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))


def training_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean that training makes smaller; `data.score` measures with its own, fixed one."""
    return functional.cross_entropy(logits, labels)
