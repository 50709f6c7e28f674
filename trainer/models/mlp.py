"""The multilayer perceptron."""

import math

from torch import nn

from trainer import schema


class Mlp(nn.Sequential):
    """Linear layers with ReLU and dropout between them, over the flattened image."""

    def __init__(self, config: schema.Mlp, shape: tuple[int, int, int], classes: int) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = math.prod(shape)
        for _ in range(config.depth):
            layers += [nn.Linear(inputs, config.width), nn.ReLU(), nn.Dropout(config.dropout)]
            inputs = config.width
        super().__init__(*layers, nn.Linear(inputs, classes))
