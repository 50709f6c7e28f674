"""Fresh changes of training images: pure functions of the images and of random numbers."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from trainer.schema import Augment

DRAWS = 11
"""Random numbers that each image takes, whatever is switched on."""


def augment(images: Tensor, config: Augment, draws: Tensor) -> Tensor:
    """Changes each image in its own way.

    Args:
        images: (n, c, h, w) float32, paper or black being 0 and full ink or white 1.
        config: What may be changed, and how far.
        draws: (n, DRAWS) uniform from 0 to 1.
    """
    if config.affine:
        images = _affine(images, config.affine * (2 * draws[:, :4] - 1))
    if config.crop:
        images = _crop(images, config.crop, draws[:, 4:6])
    if config.flip:
        images = torch.where(draws[:, 6, None, None, None] < 0.5, images.flip(3), images)
    if config.brightness:
        images = images + config.brightness * (2 * draws[:, 7, None, None, None] - 1)
    if config.contrast:
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        images = images.lerp(mean, config.contrast * (2 * draws[:, 8, None, None, None] - 1))
    if config.cutout:
        images = _cutout(images, config.cutout, draws[:, 9:11])
    return images


def _affine(images: Tensor, amount: Tensor) -> Tensor:
    """Rotates up to 20 degrees, scales up to 20% and shifts up to an eighth, either way.

    Args:
        images: (n, c, h, w).
        amount: (n, 4) from -1 to 1: of rotation, scale, and shift in x and y.
    """
    angle, zoom = math.radians(20) * amount[:, 0], 1 + 0.2 * amount[:, 1]
    shift_x, shift_y = 0.25 * amount[:, 2:].T  # the width is 2 in torch's coordinates
    cosines, sines = angle.cos() * zoom, angle.sin() * zoom
    rows = [cosines, -sines, shift_x, sines, cosines, shift_y]
    matrices = torch.stack(rows, dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def _crop(images: Tensor, most: int, draws: Tensor) -> Tensor:
    """Shifts by whole pixels, up to `most` either way; zeros come in."""
    _, _, height, width = images.shape
    padded = functional.pad(images, (most, most, most, most))
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # a view: every shift there is
    row, column = (draws * (2 * most + 1)).long().unbind(dim=1)
    return windows[torch.arange(len(images), device=images.device), :, row, column]


def _cutout(images: Tensor, side: int, draws: Tensor) -> Tensor:
    """Sets a square to zero, which may reach over the edge (arXiv 1708.04552)."""
    _, _, height, width = images.shape
    size = torch.tensor([height, width], device=images.device)
    start = (draws * size).long() - side // 2
    rows = torch.arange(height, device=images.device) - start[:, :1]
    columns = torch.arange(width, device=images.device) - start[:, 1:]
    inside_rows, inside_columns = ((axis >= 0) & (axis < side) for axis in (rows, columns))
    hole = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
    return images.masked_fill(hole, 0)
