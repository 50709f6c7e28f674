"""How a picture file becomes pixels: the same for training and for serving, which has no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

UNREADABLE = OSError, ValueError, SyntaxError
"""What Pillow raises for files that are no pictures."""


class TooLargeError(Exception):
    """The picture has more pixels than are decoded."""


def read(
    file: Path | BinaryIO,
    shape: tuple[int, int, int],
    formats: Sequence[str] | None = None,
    max_pixels: int = 0,
) -> np.ndarray:
    """A (c, h, w) uint8 picture of that shape: grey for one channel, colour for three.

    Args:
        file: What to read.
        shape: Channels, height and width that are wanted.
        formats: Those that Pillow may try; None: all that it knows.
        max_pixels: The largest picture that is decoded; 0: up to Pillow's own limit.

    Raises:
        TooLargeError: It has more pixels than that; none of them has been decoded.
        OSError, ValueError, SyntaxError: It is missing or no picture.
    """
    from PIL import Image  # only who reads pictures needs Pillow

    channels, height, width = shape
    try:
        with Image.open(file, formats=formats) as picture:
            if max_pixels and picture.width * picture.height > max_pixels:
                raise TooLargeError(f"{picture.width} × {picture.height} are too many pixels")
            coloured = picture.convert("RGB" if channels == 3 else "L")
            pixels = np.asarray(coloured.resize((width, height), Image.Resampling.BILINEAR))
    except Image.DecompressionBombError as error:
        raise TooLargeError(str(error)) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
