"""The verb `serve`: an exported model behind HTTP, without torch."""

import logging
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import uvicorn
from fastapi import FastAPI, File, HTTPException, UploadFile
from pydantic import BaseModel, PositiveInt

from trainer import picture
from trainer.deploy import bundle, runtimes
from trainer.options import Options

MAX_BYTES = 10 << 20
"""Of a request; a larger one is answered before it has been read."""
MAX_PIXELS = 40_000_000
"""Of a picture: a small file can hold a large one."""
FORMATS = "PNG", "JPEG"

log = logging.getLogger("uvicorn.error")


class _Options(Options):
    model: Path
    file: str = "model.onnx"
    host: str = "127.0.0.1"
    port: int = 8000
    threads: PositiveInt = 1


class Prediction(BaseModel):
    """What a picture shows.

    Attributes:
        label: The class with the highest probability.
        probabilities: Of each class, the highest first; they add up to 1.
        milliseconds: From the uploaded file to the answer.
    """

    label: str
    probabilities: dict[str, float]
    milliseconds: float


class Health(BaseModel):
    """That the model is loaded, and which one it is."""

    status: str
    file: str
    sha256: str
    config_hash: str


def main(arguments: list[str]) -> int:
    """Serves until SIGINT, which gives 0, or SIGTERM, which ends the process.

    Raises:
        ConfigError: There is no exported model, or the file has changed since it was checked.
    """
    options = _Options.read(arguments)
    server = app(bundle.read(options.model), options.file, options.threads)
    uvicorn.run(server, host=options.host, port=options.port)
    return 0


def app(found: bundle.Bundle, file: str = "model.onnx", threads: int = 1) -> FastAPI:
    """The application: `POST /predict` with a picture, `GET /health`.

    Args:
        found: The exported model.
        file: Of the bundle, with the suffix .onnx.
        threads: For each request; requests are answered side by side.

    Raises:
        ConfigError: The bundle has no such file, or it has changed since it was checked.
    """
    run = runtimes.load(found.path(file), threads)
    run(np.zeros((1, *found.shape), dtype=np.float32))  # what is slow once is done before /health
    server = FastAPI(title="labhand model", max_body_size=MAX_BYTES)

    @server.get("/health")
    def health() -> Health:
        digest, config_hash = found.files[file].sha256, found.about["config_hash"]
        return Health(status="ok", file=file, sha256=digest, config_hash=config_hash)

    @server.post("/predict")
    def predict(
        image: Annotated[UploadFile, File(description="a PNG or JPEG of any size")],
    ) -> Prediction:
        started = time.perf_counter()
        pixels = _pixels(image, found.shape)
        chances = softmax(run(pixels[None].astype(np.float32) / 255)[0])
        order = np.argsort(-chances, kind="stable")
        names = {found.classes[label]: float(chances[label]) for label in order}
        spent = (time.perf_counter() - started) * 1000
        label = found.classes[order[0]]
        log.info("%s: %.4f in %.1f ms", label, chances[order[0]], spent)
        return Prediction(label=label, probabilities=names, milliseconds=spent)

    return server


def softmax(logits: np.ndarray) -> np.ndarray:
    """(classes,) float64 probabilities of (classes,) logits."""
    shares = np.exp(logits.astype(np.float64) - logits.max())
    return shares / shares.sum()


def _pixels(image: UploadFile, shape: tuple[int, int, int]) -> np.ndarray:
    """(c, h, w) uint8 of an upload, resized as training pictures are."""
    try:
        return picture.read(image.file, shape, FORMATS, MAX_PIXELS)
    except picture.TooLargeError as error:
        raise HTTPException(413, str(error)) from error
    except picture.UNREADABLE as error:
        raise HTTPException(415, "the upload is no PNG or JPEG that can be read") from error
