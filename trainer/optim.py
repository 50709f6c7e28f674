"""AdamW and its learning rate, written out because torch.optim is slow to start."""

import math

import torch
from torch import nn


class AdamW:
    """AdamW (Loshchilov and Hutter, arXiv 1711.05101), equal to torch.optim's.

    Building the first optimizer of torch.optim imports torch._dynamo: 1.3 s, a quarter of a whole
    run here. Parameters and gradients become views of one vector each, so that a step is a
    handful of operations however many layers there are.

    Args:
        model: Whose parameters are trained; all of them must require a gradient.
        weight_decay: Per step and unit of learning rate.
        clip: Longest gradient norm that a step may use; 0 means any.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, model: nn.Module, weight_decay: float, clip: float) -> None:
        parameters = list(model.parameters())
        self.weights = torch.cat([parameter.detach().flatten() for parameter in parameters])
        self.gradient = torch.zeros_like(self.weights)
        self._mean = torch.zeros_like(self.weights)
        self._square = torch.zeros_like(self.weights)
        self._weight_decay, self._clip, self._steps = weight_decay, clip, 0
        start = 0
        for parameter in parameters:
            place = slice(start, start + parameter.numel())
            parameter.data = self.weights[place].view_as(parameter)
            parameter.grad = self.gradient[place].view_as(parameter)
            start = place.stop

    def zero_grad(self) -> None:
        """Forgets the gradient of the step before."""
        self.gradient.zero_()

    def gradient_norm(self) -> float:
        """Euclidean length of the gradient over all parameters, before clipping."""
        return float(self.gradient.norm())

    def step(self, lr: float, norm: float) -> None:
        """Moves the weights once.

        Args:
            lr: This step's learning rate.
            norm: What `gradient_norm` said.
        """
        self._steps += 1
        if self._clip and norm > self._clip:
            self.gradient.mul_(self._clip / norm)
        self._mean.lerp_(self.gradient, 1 - self.BETA1)
        self._square.mul_(self.BETA2).addcmul_(self.gradient, self.gradient, value=1 - self.BETA2)
        scale = self._square.div(1 - self.BETA2**self._steps).sqrt_().add_(self.EPSILON)
        self.weights.mul_(1 - lr * self._weight_decay)
        self.weights.addcdiv_(self._mean, scale, value=-lr / (1 - self.BETA1**self._steps))


def cosine(peak: float, step: int, steps: int) -> float:
    """Learning rate of one step, counted from 0: from the peak down to zero at `steps`."""
    return peak * (1 + math.cos(math.pi * step / steps)) / 2
