"""What people look at: sample predictions, learning curves, confusion matrix, the worst images.

Drawn with Pillow alone: importing a plotting library takes longer than a quarter of a short run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import wandb
from PIL import Image, ImageDraw
from torch import Tensor

from trainer.data.batches import as_shares
from trainer.data.dataset import Dataset
from trainer.score import confusion

SHOWN = 16
"""Images of each sort in the table."""
SIDE = 64
"""Pixels; smaller images are enlarged to about that."""
INK, PAPER, GRID = "#24292f", "#ffffff", "#d0d7de"
TRAIN, VALIDATION = "#8c959f", "#0969da"
MOST_CLASSES = 20
"""Above this a confusion matrix has no room for numbers."""


@dataclass(frozen=True)
class Example:
    """One image of the validation split and what was answered.

    Attributes:
        sort: `fixed` or `worst`.
        probability: Of the prediction.
    """

    sort: str
    image: Image.Image
    label: str
    prediction: str
    probability: float


def examples(logits: Tensor, dataset: Dataset) -> list[Example]:
    """The same images each time, spread over the split, then those with the smallest p(y).

    Args:
        logits: (n, classes) of the validation split.
        dataset: Whose validation split it is.
    """
    split, classes = dataset.validation, dataset.spec.classes
    shares = logits.softmax(dim=1)
    truth = shares.gather(1, split.labels[:, None])[:, 0]
    fixed = np.linspace(0, len(split) - 1, min(SHOWN, len(split))).astype(int).tolist()
    worst = truth.argsort(stable=True)[:SHOWN].tolist()
    found = []
    for sort, places in (("fixed", fixed), ("worst", worst)):
        for place in places:
            answer = int(shares[place].argmax())
            label = classes[int(split.labels[place])]
            share = shares[place, answer].item()
            image = _image(split.images[place])
            found.append(Example(sort, image, label, classes[answer], share))
    return found


def table(shown: Sequence[Example]) -> wandb.Table:
    """A row for each example."""
    rows = [
        [each.sort, wandb.Image(each.image), each.label, each.prediction, each.probability]
        for each in shown
    ]
    return wandb.Table(["sort", "image", "label", "prediction", "probability"], rows)


def figures(
    shown: Sequence[Example],
    logits: Tensor,
    dataset: Dataset,
    rows: Sequence[Mapping[str, float]],
) -> dict[str, Image.Image]:
    """All figures, by name.

    Args:
        shown: As `examples` gives them.
        logits: (n, classes) of the validation split.
        dataset: Whose validation split it is.
        rows: What each epoch has logged.
    """
    counts = confusion(logits, dataset.validation.labels).numpy()
    return {
        "curves": curves(rows),
        "confusion": matrix(counts, dataset.spec.classes),
        "worst": mosaic([each for each in shown if each.sort == "worst"]),
    }


def curves(rows: Sequence[Mapping[str, float]]) -> Image.Image:
    """Loss and accuracy of each epoch, side by side."""
    width, height, margin = 420, 300, 48
    sheet = Image.new("RGB", (2 * width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for panel, name in enumerate(("loss", "acc")):
        left, right = panel * width + margin, (panel + 1) * width - 16
        box = (left, 32, right, height - 32)
        lines = {key: [row[key] for row in rows] for key in (f"train/{name}", f"val/{name}")}
        _panel(draw, box, [row["epoch"] for row in rows], lines)
    return sheet


def _panel(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    epochs: Sequence[float],
    lines: Mapping[str, Sequence[float]],
) -> None:
    left, top, right, bottom = box
    values = [value for line in lines.values() for value in line]
    low, high = min(values), max(values)
    span, time = high - low or 1.0, epochs[-1] - epochs[0] or 1.0
    for part in range(5):
        y = bottom - part * (bottom - top) / 4
        draw.line([(left, y), (right, y)], GRID)
        draw.text((left - 6, y), f"{low + part * span / 4:.3g}", INK, anchor="rm")
    for epoch, x, anchor in ((epochs[0], left, "lt"), (epochs[-1], right, "rt")):
        draw.text((x, bottom + 6), f"epoch {epoch:g}", INK, anchor=anchor)
    for place, (key, line) in enumerate(lines.items()):
        colour = (TRAIN, VALIDATION)[place]
        points = [
            (
                left + (e - epochs[0]) / time * (right - left),
                bottom - (v - low) / span * (bottom - top),
            )
            for e, v in zip(epochs, line, strict=True)
        ]
        for pair in pairwise(points):
            draw.line(pair, colour, width=2)
        draw.text((left + 100 * place, top - 20), key, colour)


def matrix(counts: np.ndarray, classes: Sequence[str]) -> Image.Image:
    """How often each class (rows) was answered with each (columns); shades are shares of a row."""
    side, margin = (36, 80) if len(classes) <= MOST_CLASSES else (8, 16)
    size = margin + side * len(classes)
    sheet = Image.new("RGB", (size, size), PAPER)
    draw = ImageDraw.Draw(sheet)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    for (row, column), share in np.ndenumerate(shares):
        x, y = margin + column * side, margin + row * side
        shade = round(255 * (1 - share))
        draw.rectangle([x, y, x + side - 1, y + side - 1], (shade, shade, 255))
        if counts[row, column] and len(classes) <= MOST_CLASSES:
            colour = PAPER if share > 0.5 else INK
            centre = (x + side // 2, y + side // 2)
            draw.text(centre, str(counts[row, column]), colour, anchor="mm")
    if len(classes) <= MOST_CLASSES:
        for place, name in enumerate(classes):
            middle = margin + place * side + side // 2
            draw.text((margin - 6, middle), name[:12], INK, anchor="rm")
            draw.text((middle, margin - 6), name[:6], INK, anchor="ms")
        draw.text((4, 4), "rows: truth, columns: answer", INK)
    return sheet


def mosaic(shown: Sequence[Example]) -> Image.Image:
    """The images, four in a row, each under `truth as answer, its probability`."""
    columns, gap, words = 4, 12, 18
    tile = max(max(each.image.size) for each in shown)
    cell = max(tile, 120) + gap
    height = tile + words + gap
    sheet = Image.new("RGB", (columns * cell, -(-len(shown) // columns) * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, each in enumerate(shown):
        x, y = place % columns * cell + gap // 2, place // columns * height
        words_shown = f"{each.label[:8]} as {each.prediction[:8]}, {each.probability:.2f}"
        draw.text((x, y + 3), words_shown, INK)
        sheet.paste(each.image, (x, y + words))
    return sheet


def _image(image: Tensor) -> Image.Image:
    """From (c, h, w) to a picture of about SIDE pixels or more."""
    pixels = (as_shares(image).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    times = max(SIDE // max(picture.size), 1)
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
