"""Optimizers over one vector, and the learning rate of each step."""

import math

import torch
from torch import Tensor, nn

from trainer import schema


class Optimizer:
    """What all optimizers share: weights, gradient and moments are one vector each.

    Parameters and their gradients become views of the vectors, so that a step, a norm, an average
    and the sum over processes are a handful of operations however many layers there are. Building
    the first optimizer of torch.optim imports torch._dynamo: 1.3 s, a quarter of a whole run here.

    Args:
        model: Whose parameters are trained; all of them must require a gradient.
        config: The optimizer's settings.
        weight_decay: Per step, and per unit of learning rate where it is decoupled.
        clip: Longest gradient norm that a step may use; 0 means any.

    Attributes:
        weights: All parameters.
        gradient: Of all parameters.
        extra: EXTRA numbers of the loop's own, right behind the gradient.
        sums: Gradient and extra numbers: all that processes add up in a step.
    """

    EXTRA = 3
    MOMENTS: tuple[str, ...] = ()

    def __init__(
        self, model: nn.Module, config: schema.Optim, weight_decay: float, clip: float
    ) -> None:
        self._parameters = self._sorted(model)
        self.weights = torch.cat([_memory(parameter) for parameter in self._parameters])
        count = len(self.weights)
        self.sums = self.weights.new_zeros(count + self.EXTRA)
        self.gradient, self.extra = self.sums[:count], self.sums[count:]
        self.moments = {name: torch.zeros_like(self.weights) for name in self.MOMENTS}
        self.steps = 0  # taken so far
        self._config, self._weight_decay, self._clip = config, weight_decay, clip
        views = zip(
            self._parameters, self._views(self.weights), self._views(self.gradient), strict=True
        )
        for parameter, weight, gradient in views:
            parameter.data, parameter.grad = weight, gradient

    def zero_grad(self) -> None:
        """Forgets the gradient, and what stands behind it, of the step before."""
        self.sums.zero_()

    def gradient_norm(self) -> Tensor:
        """Euclidean length of the gradient over all parameters, before clipping; shape ()."""
        return torch.linalg.vector_norm(self.gradient)

    def step(self, lr: float, norm: Tensor) -> None:
        """Moves the weights once.

        Args:
            lr: This step's learning rate.
            norm: What `gradient_norm` said.
        """
        self.steps += 1
        if self._clip:
            self.gradient.mul_((self._clip / norm).clamp(max=1))
        self._move(lr)

    def state_dict(self) -> dict[str, object]:
        """The moments, cut into the parameters' shapes, and the number of steps."""
        moments = {name: self._views(vector) for name, vector in self.moments.items()}
        return {"steps": self.steps, "moments": moments}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, object]) -> None:
        """Goes on from what `state_dict` gave."""
        self.steps = state["steps"]
        for name, vector in self.moments.items():
            for view, kept in zip(self._views(vector), state["moments"][name], strict=True):
                view.copy_(kept)

    def _sorted(self, model: nn.Module) -> list[nn.Parameter]:
        return list(model.parameters())

    def _views(self, vector: Tensor) -> list[Tensor]:
        """Cuts a vector into tensors of the parameters' shapes and memory formats."""
        pieces = vector.split([parameter.numel() for parameter in self._parameters])
        return [
            piece.as_strided(parameter.shape, parameter.stride(), piece.storage_offset())
            for piece, parameter in zip(pieces, self._parameters, strict=True)
        ]

    def _move(self, lr: float) -> None:
        raise NotImplementedError


class Sgd(Optimizer):
    """Gradient descent with momentum; weight decay is part of the gradient."""

    MOMENTS = ("mean",)

    def _move(self, lr: float) -> None:
        mean = self.moments["mean"]
        self.gradient.add_(self.weights, alpha=self._weight_decay)
        mean.mul_(self._config.momentum).add_(self.gradient)
        if self._config.nesterov:
            self.weights.add_(self.gradient, alpha=-lr)
            self.weights.add_(mean, alpha=-lr * self._config.momentum)
        else:
            self.weights.add_(mean, alpha=-lr)


class Adam(Optimizer):
    """Adam (Kingma and Ba, arXiv 1412.6980); weight decay is part of the gradient."""

    MOMENTS = ("mean", "square")
    EPSILON = 1e-8
    SMALLEST = torch.finfo(torch.float32).tiny

    def _move(self, lr: float) -> None:
        self.gradient.add_(self.weights, alpha=self._weight_decay)
        self._adam(lr)

    def _adam(self, lr: float, start: int = 0) -> None:
        """Moves the weights from `start` on."""
        config, vectors = self._config, (self.weights, self.gradient, *self.moments.values())
        if start:
            vectors = tuple(vector[start:] for vector in vectors)
        weights, gradient, mean, square = vectors
        mean.lerp_(gradient, 1 - config.beta1)
        square.mul_(config.beta2).addcmul_(gradient, gradient, value=1 - config.beta2)
        scale = square.div(1 - config.beta2**self.steps)
        # The root of 0 takes ten times as long as any other; this one's is lost beside epsilon.
        scale.clamp_(min=self.SMALLEST).sqrt_().add_(self.EPSILON)
        rate = lr / (1 - config.beta1**self.steps)
        weights.addcdiv_(mean, scale, value=-rate)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101)."""

    def _move(self, lr: float) -> None:
        self.weights.mul_(1 - lr * self._weight_decay)
        self._adam(lr)


class Muon(AdamW):
    """Orthogonalised momentum for hidden matrices and filters, AdamW for all the rest.

    Jordan et al. 2024 (kellerjordan.github.io/posts/muon), each update scaled to the size of one
    of AdamW's (arXiv 2502.16982, equation 4), so that both take the same learning rate.
    """

    COEFFICIENTS = 3.4445, -4.7750, 2.0315
    ITERATIONS = 5

    def _sorted(self, model: nn.Module) -> list[nn.Parameter]:
        layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        # The first layer sees pixels and the last one gives answers: neither is hidden.
        self._hidden = [layer.weight for layer in layers[1:-1]]
        hidden = {id(parameter) for parameter in self._hidden}
        return self._hidden + [p for p in model.parameters() if id(p) not in hidden]

    def _move(self, lr: float) -> None:
        self.weights.mul_(1 - lr * self._weight_decay)
        self._adam(lr, start=sum(parameter.numel() for parameter in self._hidden))
        momentum, views = self._config.momentum, self._views(self.moments["mean"])
        for parameter, mean in zip(self._hidden, views, strict=False):
            mean.lerp_(parameter.grad, 1 - momentum)
            matrix = parameter.grad.lerp(mean, momentum).flatten(1)
            update = self._orthogonal(matrix) * (0.2 * math.sqrt(max(matrix.shape)))
            parameter.data.add_(update.view(parameter.shape), alpha=-lr)

    def _orthogonal(self, matrix: Tensor) -> Tensor:
        """The nearest matrix whose singular values are all near 1, by Newton–Schulz iteration."""
        a, b, c = self.COEFFICIENTS
        tall = matrix.shape[0] > matrix.shape[1]
        x = matrix.T if tall else matrix
        x = x / x.norm().clamp(min=1e-7)
        for _ in range(self.ITERATIONS):
            square = x @ x.T
            x = a * x + (b * square + c * square @ square) @ x
        return x.T if tall else x


OPTIMIZERS = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "muon": Muon}


def build(model: nn.Module, config: schema.Config) -> Optimizer:
    """The optimizer that the configuration names, over the model's parameters."""
    train = config.train
    return OPTIMIZERS[config.optim.kind](model, config.optim, train.weight_decay, train.clip)


def learning_rate(config: schema.Train, step: int, epoch_steps: int) -> float:
    """Learning rate of one step: up in a line, then down as half a cosine.

    Args:
        config: Peak, floor and warm-up.
        step: Counted from 0.
        epoch_steps: Steps of an epoch.
    """
    warmup = round(config.warmup_epochs * epoch_steps)
    if step < warmup:
        return config.lr * (step + 1) / warmup
    done = (step - warmup) / max(config.epochs * epoch_steps - warmup, 1)
    share = config.lr_floor + (1 - config.lr_floor) * (1 + math.cos(math.pi * done)) / 2
    return config.lr * share


def _memory(parameter: Tensor) -> Tensor:
    """A parameter's numbers in the order in which they lie in memory, as a vector."""
    flat = parameter.detach()
    return flat.as_strided((flat.numel(),), (1,), flat.storage_offset()).clone()
