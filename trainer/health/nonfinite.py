"""Where a number first went bad: a step is done again, with a look at every tensor."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from trainer.data.batches import Batches

MOST_IMAGES = 16
"""Images that are named."""


def trace(
    model: nn.Module, batches: Batches, redo: Callable[[int, Tensor, Tensor], None], step: int
) -> tuple[str | None, list[int]]:
    """Says what was first not finite in a step, and which images are to blame.

    A GPU's numbers are read now and then: by the time that one is found bad, weights may be too.

    Args:
        model: In training mode, with the weights that the step began with.
        batches: What it is trained on.
        redo: Does a step's forward and backward pass once more, from its images and labels.
        step: Counted from 0.
    """
    images, labels = batches.at(step)
    name = first(model, images, lambda: redo(step, images, labels))
    return name, culprits(model, images, batches.ids(step)) if name else []


def first(model: nn.Module, images: Tensor, redo: Callable[[], None]) -> str | None:
    """Names the first tensor that is not finite.

    Args:
        model: With the weights that the step began with.
        images: Of the step.
        redo: Does the step's forward and backward pass once more.

    Returns:
        `images`, a parameter or buffer (`1.weight`), a module's output (`1.output`) or a gradient
        (`1.weight.grad`), in the order in which a step meets them; None if all are finite.
    """
    inputs = [("images", images), *model.named_parameters(), *model.named_buffers()]
    for name, tensor in inputs:
        if not _finite(tensor):
            return name
    found: list[str] = []

    def note(name: str, tensor: object) -> None:
        if not found and isinstance(tensor, Tensor) and not _finite(tensor):
            found.append(name)

    handles = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: note(f"{name}.output".lstrip("."), output)
        )
        for name, module in model.named_modules()
    ] + [
        parameter.register_post_accumulate_grad_hook(
            # Its length, because a step can be too long though each of its numbers is finite.
            lambda parameter, name=name: note(f"{name}.grad", parameter.grad.norm())
        )
        for name, parameter in model.named_parameters()
    ]
    try:
        redo()
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


@torch.no_grad()
def culprits(model: nn.Module, images: Tensor, ids: Sequence[int]) -> list[int]:
    """Names the images that are not finite, or else those whose answers are not.

    Args:
        model: In the mode in which it is trained.
        images: (n, c, h, w).
        ids: Of each image, its position in the training split.
    """
    bad = ~images.isfinite().flatten(1).all(dim=1)
    if not bad.any():
        bad = ~model(images).isfinite().all(dim=1)
    return [int(ids[place]) for place in bad.nonzero().flatten().tolist()[:MOST_IMAGES]]


def _finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())
