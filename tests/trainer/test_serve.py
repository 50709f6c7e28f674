"""The server: a picture in, probabilities out, the same as eager; and what it refuses."""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from trainer import data, picture, saved
from trainer.__main__ import main
from trainer.deploy import bundle
from trainer.deploy.serve import MAX_BYTES, app, softmax

SHAPE = 1, 8, 8
THREADS, REQUESTS = 8, 20
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client(exported: Path) -> Iterator[TestClient]:
    with TestClient(app(bundle.read(exported))) as client:
        yield client


@pytest.fixture(scope="module")
def eager(checkpoint: Path) -> Callable[[bytes], np.ndarray]:
    """(classes,) probabilities that PyTorch gives a picture file."""
    model = saved.load(checkpoint).model

    def answer(content: bytes) -> np.ndarray:
        pixels = torch.from_numpy(picture.read(io.BytesIO(content), SHAPE).copy())
        with torch.no_grad():
            return model(pixels[None].float() / 255).softmax(dim=1)[0].numpy()

    return answer


@pytest.fixture(scope="module")
def digits() -> list[bytes]:
    """PNG files of test images, one of each class."""
    test = data.digits.load(1).test
    chosen = [int((test.labels == label).nonzero()[0]) for label in range(10)]
    pixels = (test.images[chosen, 0].clamp(0, 1) * 255).byte().numpy()
    return [encoded(Image.fromarray(image)) for image in pixels]


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def ask(client: httpx.Client, content: bytes) -> httpx.Response:
    return client.post("/predict", files={"image": ("picture", content)})


def assert_same(answer: dict, chances: np.ndarray) -> None:
    assert answer["label"] == str(chances.argmax())
    values = answer["probabilities"]
    assert list(values.values()) == sorted(values.values(), reverse=True)
    assert sum(values.values()) == pytest.approx(1)
    np.testing.assert_allclose([values[str(label)] for label in range(10)], chances, atol=1e-5)


def test_it_answers_as_eager_does(client: TestClient, eager, digits):
    labels = []
    for content in digits:
        answer = ask(client, content)
        assert answer.status_code == 200
        assert_same(answer.json(), eager(content))
        labels.append(answer.json()["label"])
    assert len(set(labels)) > 5


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "1")])
def test_pictures_of_other_sizes_and_colours_are_fitted_as_in_training(
    client: TestClient, eager, kind: str, mode: str
):
    noise = np.random.default_rng(4).integers(0, 256, (40, 90, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise).convert(mode), kind)
    assert_same(ask(client, content).json(), eager(content))


def truncated() -> bytes:
    return encoded(Image.new("L", (300, 300), 7))[:-40]


@pytest.mark.parametrize(
    ("content", "status", "problem"),
    [
        (lambda: b"hello", 415, "no PNG or JPEG that can be read"),
        (lambda: b"", 415, "no PNG or JPEG that can be read"),
        (truncated, 415, "no PNG or JPEG that can be read"),
        (lambda: encoded(Image.new("L", (8, 8)), "GIF"), 415, "no PNG or JPEG"),
        (lambda: encoded(Image.new("1", (8000, 6000))), 413, "8000 × 6000 are too many pixels"),
        (lambda: encoded(Image.new("1", (20000, 10000))), 413, "exceeds limit"),
        (lambda: bytes(MAX_BYTES), 413, "Content Too Large"),
    ],
)
def test_what_is_no_picture_is_refused(client: TestClient, content, status: int, problem: str):
    answer = ask(client, content())
    assert answer.status_code == status
    assert problem in answer.text


def test_a_request_without_a_picture_is_told_what_is_missing(client: TestClient):
    answer = client.post("/predict", files={"photo": ("picture", b"x")})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "image"]


def test_health_says_which_model_it_is(client: TestClient, exported: Path):
    page = json.loads((exported / "model.json").read_text())
    assert client.get("/health").json() == {
        "status": "ok",
        "file": "model.onnx",
        "sha256": page["files"]["model.onnx"]["sha256"],
        "config_hash": page["config_hash"],
    }


def test_a_quantised_file_can_be_served_instead(exported: Path, digits, eager):
    with TestClient(app(bundle.read(exported), "model.static.onnx")) as client:
        assert client.get("/health").json()["file"] == "model.static.onnx"
        chances = ask(client, digits[0]).json()["probabilities"]
    assert [chances[str(label)] for label in range(10)] != eager(digits[0]).tolist()


def test_a_file_that_was_not_checked_is_not_served(exported: Path, tmp_path: Path, capsys):
    copied = shutil.copytree(exported, tmp_path / "copy")
    shutil.copy(copied / "model.static.onnx", copied / "model.onnx")
    assert main(["serve", f"model={copied}"]) == 2
    assert "is not the file that was checked" in capsys.readouterr().err


def test_softmax_bears_large_logits():
    np.testing.assert_allclose(softmax(np.float32([1e4, 1e4, 0])), [0.5, 0.5, 0])


def test_a_server_needs_neither_torch_nor_w_and_b():
    forbidden = "{'torch', 'wandb', 'yaml', 'onnx'}"
    code = (
        f"import sys, trainer.__main__, trainer.deploy.serve; print({forbidden} & {{*sys.modules}})"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_the_image_installs_nothing_that_is_not_pinned():
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.M))
    for kind in ("serve", "train"):
        text = (ROOT / f"trainer/docker/Dockerfile.{kind}").read_text()
        (installed,) = re.findall(r"requirements\.txt \\\n +(.+)\n", text)
        assert set(installed.split()) <= pinned


def test_many_at_once_are_all_answered(start, exported: Path, digits, eager):
    process = start("serve", f"model={exported}", "port=0")
    for line in process.stderr:
        if address := re.search(r"running on (http://\S+)", line):
            break
    expected = {content: eager(content) for content in digits}

    def visit(thread: int) -> list[tuple[bytes, httpx.Response]]:
        order = [digits[(thread + turn) % len(digits)] for turn in range(REQUESTS)]
        with httpx.Client(base_url=address[1], timeout=60) as client:
            return [(content, ask(client, content)) for content in order]

    with ThreadPoolExecutor(THREADS) as threads:
        answers = [pair for pairs in threads.map(visit, range(THREADS)) for pair in pairs]
    assert len(answers) == THREADS * REQUESTS
    for content, answer in answers:
        assert answer.status_code == 200
        assert_same(answer.json(), expected[content])
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert out.count("POST /predict") + err.count("POST /predict") == THREADS * REQUESTS
