"""The models: each is built from its settings, its weights from torch's global generator."""

import torch
from torch import Tensor, nn

from trainer.data.dataset import Spec
from trainer.models.mlp import Mlp
from trainer.models.resnet import ResNet
from trainer.models.vit import Vit
from trainer.schema import Model

MODELS = {"mlp": Mlp, "resnet": ResNet, "vit": Vit}


def build(config: Model, spec: Spec) -> nn.Module:
    """A model from (n, *spec.shape) images to (n, classes) logits.

    Images are float32 from 0 to 1: what they are normalised with is a part of the model, so that
    nobody who uses it can normalise in another way. Seed torch's global generator first.

    Args:
        config: Names the model by its `kind`.
        spec: What it is built for.

    Raises:
        ConfigError: The model cannot take images of that size.
    """
    model = MODELS[config.kind](config, spec.shape, len(spec.classes))
    if not any(spec.mean) and set(spec.std) == {1.0}:
        return model
    return nn.Sequential(Normalise(spec), model)


class Normalise(nn.Module):
    """Gives each channel the mean 0 and the standard deviation 1 that the training images have."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(spec.mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(spec.std).view(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """From (n, c, h, w) to the same shape."""
        return (images - self.mean) / self.std
