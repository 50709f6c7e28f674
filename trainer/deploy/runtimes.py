"""What can run a model's files: each gives a function from a batch of images to its logits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

Run = Callable[[np.ndarray], np.ndarray]
"""From (n, c, h, w) float32 images, 0 to 1, to (n, classes) float32 logits."""


def load(path: Path, threads: int = 1) -> Run:
    """Makes a file ready to be run, by the program that its suffix names.

    Args:
        path: Of the file.
        threads: Of onnxruntime; torch's are the whole process's: `torch.set_num_threads`.
    """
    if path.suffix == ".onnx":
        return _onnxruntime(path, threads)
    return _torch(path)


def _onnxruntime(path: Path, threads: int) -> Run:
    import onnxruntime  # only who runs ONNX needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0]


def _torch(path: Path) -> Run:
    import warnings

    import torch  # a server has none

    from trainer import saved

    if path.suffix == ".pt2":
        model = torch.export.load(path).module()
    elif path.suffix == ".ts":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # see export.py
            model = torch.jit.load(path)
    else:
        model = saved.load(path).model

    def run(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(images)).numpy()

    return run
