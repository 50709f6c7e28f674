"""The verb `quantise`: an exported model with 8-bit numbers, smaller and sometimes faster."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from trainer import artifact, saved
from trainer.data.dataset import Split
from trainer.deploy import bundle, runtimes
from trainer.deploy.bench import answers
from trainer.deploy.export import quiet, sample
from trainer.options import DataOptions

CALIBRATION_IMAGES = 512
BATCH = 64
SOURCE, DYNAMIC, STATIC = "model.onnx", "model.dynamic.onnx", "model.static.onnx"
PRODUCTS = ["MatMul", "Gemm"]
"""What is quantised dynamically: onnxruntime's integer convolution is slow where it runs at all."""


class _Options(DataOptions):
    model: Path


def main(arguments: list[str]) -> int:
    """Quantises an exported model in both ways; prints what that changes; returns 0.

    Raises:
        ConfigError: There is no exported model.
        DataError: The data that it was trained on cannot be had.
    """
    options = _Options.read(arguments)
    found = bundle.read(options.model)
    settings = saved.load(found.path(bundle.CHECKPOINT)).config
    dataset = saved.dataset(settings, options.path, artifact.fetch)
    quantise(found, sample(dataset.train, CALIBRATION_IMAGES), dataset.validation)
    print(f"{'file':<19} {'bytes':>9}  agrees on  largest difference")
    for name in (SOURCE, DYNAMIC, STATIC):
        file = found.files[name]
        print(f"{name:<19} {file.bytes:>9}  {file.agreement:>9.2%}  {file.difference:.3g}")
    return 0


def quantise(found: bundle.Bundle, training: np.ndarray, validation: Split) -> None:
    """Adds two files to a bundle: weights of 8 bits, and activations too.

    Dynamic quantisation finds the range of the activations in each batch anew, and is for matrix
    products; static quantisation has measured it on training images, and is for everything.

    Args:
        found: Whose ONNX file is quantised.
        training: (n, c, h, w) float32 from 0 to 1: what activations are measured on.
        validation: Where the answers are compared with the checkpoint's.
    """
    with TemporaryDirectory() as scratch, quiet():
        simple = Path(scratch, "simple.onnx")
        quant_pre_process(found.path(SOURCE), simple)
        quantization.quantize_dynamic(
            simple, found.folder / DYNAMIC, op_types_to_quantize=PRODUCTS, per_channel=True
        )
        quantization.quantize_static(
            simple, found.folder / STATIC, _Reader(training), per_channel=True
        )
    truth = answers(runtimes.load(found.path(bundle.CHECKPOINT)), validation)
    for name in (DYNAMIC, STATIC):
        logits = answers(runtimes.load(found.folder / name), validation)
        same = (logits.argmax(axis=1) == truth.argmax(axis=1)).mean()
        found.add(name, float(same), float(np.abs(logits - truth).max()))
    found.write()


class _Reader(quantization.CalibrationDataReader):
    """Gives onnxruntime the images in batches."""

    def __init__(self, images: np.ndarray) -> None:
        self._batches = iter(np.array_split(images, max(len(images) // BATCH, 1)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, or None when there are no more."""
        batch = next(self._batches, None)
        return None if batch is None else {"images": batch}
