"""Data that lies in files: CIFAR-10, folders of pictures; and what is checked before training."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import data, schema
from trainer.data import checks
from trainer.data.cifar import CLASSES, TEST, TRAINING
from trainer.data.dataset import Dataset, Spec, Split
from trainer.health import DataError

PER_FILE = 40


def nowhere(name: str) -> Path:
    pytest.fail(f"nobody asked for the artifact {name}")


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in (*TRAINING, TEST):
        records = rng.integers(0, 256, (PER_FILE, 1 + 3 * 32 * 32), dtype=np.uint8)
        records[:, 0] = np.arange(PER_FILE) % 10
        (tmp_path / name).write_bytes(records.tobytes())
    return tmp_path


def test_cifar_is_read_as_its_authors_wrote_it(cifar: Path):
    found = data.load(schema.Cifar10(path=str(cifar)), nowhere)
    assert [len(split) for split in found.splits.values()] == [180, 20, 40]
    assert found.spec.classes == CLASSES
    first = np.frombuffer((cifar / TEST).read_bytes(), dtype=np.uint8)[1 : 1 + 3072]
    assert torch.equal(found.test.images[0], torch.from_numpy(first.reshape(3, 32, 32).copy()))
    assert found.test.labels.tolist() == [n % 10 for n in range(PER_FILE)]
    assert torch.bincount(found.validation.labels).tolist() == [2] * 10
    everything = np.concatenate([split.sources for split in found.splits.values()])
    assert sorted(everything) == list(range(240))
    shares = found.train.images.double() / 255
    assert found.spec.mean == pytest.approx(shares.mean(dim=(0, 2, 3)).tolist(), abs=1e-4)
    assert found.spec.std == pytest.approx(shares.std(dim=(0, 2, 3)).tolist(), abs=1e-3)
    again = data.load(schema.Cifar10(path=str(cifar)), nowhere)
    assert again.validation.digest() == found.validation.digest()


def test_an_artifact_is_fetched(cifar: Path):
    config = schema.Cifar10(artifact="team/cifar:v3")
    asked = []
    found = data.load(config, lambda name: asked.append(name) or cifar)
    assert asked == ["team/cifar:v3"]
    assert len(found.test) == PER_FILE


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot read data_batch_3.bin: No such file"),
        (b"x" * 3072, "data_batch_3.bin is cut off: 3072 bytes"),
        (b"", "data_batch_3.bin is cut off: 0 bytes"),
        (b"\x0b" * 3073, "data_batch_3.bin is no CIFAR-10 file: it has a label 11"),
    ],
)
def test_a_bad_cifar_file_is_named(cifar: Path, content: bytes | None, complaint: str):
    (cifar / TRAINING[2]).unlink()
    if content is not None:
        (cifar / TRAINING[2]).write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        data.load(schema.Cifar10(path=str(cifar)), nowhere)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """60 pictures of 20 patients, of all sizes, in three modes; the colour tells the class."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_path", "patient_id", "age", "diagnosis"])
        for number in range(60):
            height, width = rng.integers(10, 60, 2)
            shade = 200 if number % 3 else 50
            mode = ("RGB", "L", "P")[number % 7 % 3]
            colour = (shade, shade, shade) if mode == "RGB" else shade
            image.new(mode, (width, height), colour).convert("RGB").save(tmp_path / f"{number}.png")
            label = "ill" if number % 3 else "healthy"
            table.writerow([f"{number}.png", f"p{number // 3}", 40 + number, label])
    return tmp_path


def folder(path: Path, **settings: object) -> schema.Folder:
    return schema.Folder(path=str(path), size=16, **settings)


def test_a_folder_is_split_by_patient(pictures: Path):
    found = data.load(folder(pictures), nowhere)
    assert found.spec.classes == ("healthy", "ill")
    assert found.spec.shape == (3, 16, 16)
    assert [len(split) for split in found.splits.values()] == [36, 12, 12]
    patients = [set(split.sources) for split in found.splits.values()]
    assert set.union(*patients) == {f"p{n}" for n in range(20)}
    assert sum(map(len, patients)) == 20
    for split in found.splits.values():
        assert split.images.dtype == torch.uint8
    assert data.load(folder(pictures, channels=1), nowhere).train.images.shape == (36, 1, 16, 16)


def test_pictures_that_cannot_be_read_are_counted_and_named(pictures: Path):
    (pictures / "7.png").write_bytes(b"no picture")
    (pictures / "8.png").unlink()
    found = data.load(folder(pictures), nowhere)
    assert [problem.split(":")[0] for problem in found.unreadable] == ["7.png", "8.png"]
    assert sum(map(len, found.splits.values())) == 58
    with pytest.raises(DataError, match=r"max_unreadable +2 +0 +FAILED(.|\n)*unreadable: 7\.png"):
        checks.require(found, schema.Checks(max_duplicates=1.0, min_per_class=0))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"label": "verdict"}, "has no column 'verdict': set data.label"),
        ({"metadata": "none.csv"}, "cannot read .*none.csv: No such file"),
        ({"group": "diagnosis"}, "2 values of diagnosis are too few to split"),
    ],
)
def test_a_bad_table_is_explained(pictures: Path, settings: dict[str, str], complaint: str):
    with pytest.raises(DataError, match=complaint):
        data.load(folder(pictures, **settings), nowhere)


def made(train: list[int], validation: int = 40, same: int = 0) -> Dataset:
    """Images that all differ but for the first `same` of training and validation."""
    sizes = [sum(train), validation, 10]
    numbers = torch.arange(sum(sizes), dtype=torch.int64)
    images = torch.stack([numbers // 256, numbers % 256], dim=1).to(torch.uint8).view(-1, 1, 1, 2)
    labels = torch.cat([torch.full((size,), label) for label, size in enumerate(train)])
    labels = torch.cat([labels, torch.zeros(sum(sizes[1:]), dtype=torch.int64)])
    parts = [
        Split(part, label, number.numpy())
        for part, label, number in zip(
            *(t.split(sizes) for t in (images, labels, numbers)), strict=True
        )
    ]
    parts[1].images[:same] = parts[0].images[:same]
    return Dataset(Spec((1, 1, 2), tuple("ab")), *parts)


def failed(dataset: Dataset, **limits: float) -> list[str]:
    findings = checks.check(dataset, schema.Checks(**{"min_per_class": 20, **limits}))
    return [finding.setting for finding in findings if not finding.passed]


def doubled(dataset: Dataset, count: int) -> Dataset:
    images = dataset.train.images.clone()
    images[-count:] = images[:count]
    return replace(dataset, train=replace(dataset.train, images=images))


@pytest.mark.parametrize(
    ("inside", "outside", "setting"),
    [
        (made([200, 20], validation=60), made([201, 20], validation=60), "max_imbalance"),
        (made([100, 20]), made([100, 19]), "min_per_class"),
        (made([100, 100]), made([100, 101]), "min_val_share"),
        (doubled(made([100, 100]), 2), doubled(made([100, 100]), 3), "max_duplicates"),
        (made([100, 100]), made([100, 100], same=1), "max_leaked"),
        (made([100, 100]), replace(made([100, 100]), unreadable=["x.png: gone"]), "max_unreadable"),
    ],
)
def test_each_threshold_has_an_inside_and_an_outside(
    inside: Dataset, outside: Dataset, setting: str
):
    assert failed(inside) == []
    assert failed(outside) == [setting]
    assert setting in {
        line.split()[0].rpartition(".")[2] for line in table(outside) if "FAILED" in line
    }


def table(dataset: Dataset) -> list[str]:
    with pytest.raises(DataError, match="not fit to train on") as caught:
        checks.require(dataset, schema.Checks(min_per_class=20))
    return str(caught.value).splitlines()


def test_a_patient_in_two_splits_is_a_leak():
    dataset = made([100, 100])
    shared = replace(dataset.test, sources=dataset.train.sources[:10])
    assert failed(replace(dataset, test=shared)) == ["max_leaked"]


def test_a_threshold_can_be_moved():
    assert failed(made([100, 101]), min_val_share=0.1) == []
