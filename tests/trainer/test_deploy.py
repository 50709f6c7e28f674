"""Exported models: equal to the checkpoint or refused, small, measured, and what they were."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import models, saved
from trainer.__main__ import main
from trainer.config import resolve
from trainer.data.dataset import Spec
from trainer.deploy import bundle, runtimes
from trainer.deploy.bench import NAMES
from trainer.deploy.export import ParityError, export, parity
from trainer.health import ConfigError
from trainer.state import Checkpoints

EXPORTS = ["model.pt", "model.pt2", "model.onnx", "model.ts"]
QUANTISED = ["model.dynamic.onnx", "model.static.onnx"]
MODELS = {
    "resnet": ("model=resnet8x8", "model.widths=[4, 8]", "model.blocks=[1, 1]"),
    "vit": (
        "model=vit", "model.depth=1", "model.width=12", "model.stem=conv",
        "model.positions=relative",
    ),
}  # fmt: skip
SPEC = Spec((3, 8, 8), ("cat", "dog", "yak"), mean=(0.3, 0.4, 0.5), std=(0.2, 0.3, 0.2))


def kept(folder: Path, *arguments: str) -> saved.Saved:
    """A checkpoint of an untrained model whose normalisation matters."""
    config = resolve(["data=folder", *arguments])
    torch.manual_seed(3)
    model = models.build(config.model, SPEC)
    Checkpoints(folder, config, SPEC).save_model("best-1", model, {"epoch": 1, "val/acc": 0.5})
    return saved.load(folder / "best-1.pt")


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, *SPEC.shape), dtype=np.float32)


@pytest.mark.parametrize("kind", MODELS)
def test_every_file_answers_as_the_model_does_for_any_batch(kind: str, tmp_path: Path):
    trained = kept(tmp_path, *MODELS[kind])
    found = export(trained, images(8), tmp_path / "out")
    assert list(found.files) == EXPORTS
    for name in EXPORTS:
        run = runtimes.load(found.path(name))
        for count in (1, 3, 7):
            with torch.no_grad():
                expected = trained.model(torch.from_numpy(images(count))).numpy()
            np.testing.assert_allclose(run(images(count)), expected, atol=1e-4)


def test_the_page_says_what_the_files_are(exported: Path, checkpoint: Path):
    page = json.loads((exported / "model.json").read_text())
    trained = saved.load(checkpoint)
    assert page["shape"] == [1, 8, 8]
    assert page["classes"] == list("0123456789")
    assert page["values"] == trained.values
    assert page["config"] == json.loads(json.dumps(trained.config.model_dump()))
    assert page["config_hash"] == trained.config.hash()
    assert list(page["files"]) == EXPORTS + QUANTISED
    for name, file in page["files"].items():
        assert file["bytes"] == (exported / name).stat().st_size


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda logits: logits + 0.01, "up to 0.01, 0 of 4 answers are others"),
        (lambda logits: logits[:, ::-1], "4 of 4 answers are others"),
        (lambda logits: logits * np.nan, "up to nan"),
    ],
)
def test_a_file_that_answers_otherwise_is_refused(change, problem: str):
    def right(images: np.ndarray) -> np.ndarray:
        return np.tile(np.float32([0.0, 1.0, 2.0, 3.0]), (len(images), 1))

    truth = right(images(4))
    assert parity("model.onnx", right, images(4), truth) == 0
    with pytest.raises(ParityError, match=problem):
        parity("model.onnx", lambda images: change(right(images)), images(4), truth)


def test_an_export_that_is_refused_leaves_nothing_that_can_be_served(tmp_path: Path):
    trained = kept(tmp_path, "model.width=8")
    with torch.no_grad():
        trained.model[1][-1].bias[0] += 1  # what is exported is not what was saved
    with pytest.raises(ParityError, match=r"model\.pt2 is not the checkpoint's equal"):
        export(trained, images(8), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over(exported: Path, checkpoint: Path, capsys):
    before = {file: file.stat().st_mtime_ns for file in exported.iterdir()}
    assert main(["export", f"ckpt={checkpoint}", f"to={exported}"]) == 2
    assert "is not empty: nothing is written over" in capsys.readouterr().err
    assert {file: file.stat().st_mtime_ns for file in exported.iterdir()} == before


def test_a_file_that_has_changed_is_not_used(exported: Path, tmp_path: Path):
    copied = bundle.read(shutil.copytree(exported, tmp_path / "copy"))
    assert copied.path("model.onnx").read_bytes() == (exported / "model.onnx").read_bytes()
    with copied.path("model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ConfigError, match="is not the file that was checked"):
        copied.path("model.onnx")
    with pytest.raises(ConfigError, match=r"has no other\.onnx, only model\.pt"):
        copied.path("other.onnx")


def test_eight_bits_are_smaller_and_answer_nearly_the_same(exported: Path):
    files = bundle.read(exported).files
    for name in QUANTISED:
        assert files[name].bytes < files["model.onnx"].bytes / 1.5
        assert 0.97 < files[name].agreement < 1
        assert 0 < files[name].difference < 5


def test_the_bench_scores_every_file_on_the_test_split(exported: Path, trained, capsys):
    assert main(["bench", f"model={exported}", "rounds=2"]) == 0
    first, _, _, _, *lines = capsys.readouterr().out.splitlines()
    assert first == "2872 test images, 1 threads, 2 rounds"
    cells = [line.strip("| ").split(" | ") for line in lines]
    rows = {name: [float(cell) for cell in numbers] for name, *numbers in cells}
    assert list(rows) == list(NAMES.values())
    for file, name in NAMES.items():
        accuracy, *others = rows[name]
        bound = 0.02 if file in QUANTISED else 5e-5  # of rounding
        assert accuracy == pytest.approx(trained.summary["test/acc"], abs=bound)
        assert min(others) > 0
