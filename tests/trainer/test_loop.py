"""Training: exact for a seed, honest in what it logs."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from trainer import models
from trainer.config import resolve
from trainer.health import Evidence, OutOfMemory, Stop
from trainer.loop import _gradient, train
from trainer.schema import Config
from trainer.track import Tracker, UndeclaredKeyError

TIMES = {"perf/train_seconds", "perf/seconds_to_best", "perf/samples_per_second"}


def numbers(config: Config, run) -> tuple[list[dict], dict]:
    run.history.clear()
    with tempfile.TemporaryDirectory() as folder:
        train(config, Tracker(run), Stop(), Evidence(), Path(folder))
    return list(run.history), {key: run.summary[key] for key in run.summary.keys() - TIMES}


@pytest.mark.parametrize("setting", ["seed=1", "augment.affine=0.5", "model.dropout=0.3"])
def test_a_seed_gives_the_same_numbers_again(tiny: Callable[..., Config], fake_run, setting: str):
    once = numbers(tiny(setting), fake_run)
    torch.rand(7)
    assert numbers(tiny(setting), fake_run) == once


def test_another_seed_gives_other_numbers(tiny: Callable[..., Config], fake_run):
    (_, first), (_, second) = (numbers(tiny(f"seed={n}"), fake_run) for n in (1, 2))
    assert first["test/loss"] != second["test/loss"]
    assert first["data/train_digest"] == second["data/train_digest"]


@pytest.mark.parametrize(
    "setting",
    [
        "train.lr=0.02",
        "train.batch=32",
        "train.weight_decay=0.5",
        "train.clip=0.1",
        "train.epoch_steps=5",
        "train.lr_floor=0.5",
        "train.warmup_epochs=0.5",
        "train.label_smoothing=0.1",
        "train.ema=0.9",
        "augment.flip=true",
        "augment.crop=1",
        "augment.brightness=0.2",
        "augment.contrast=0.2",
        "augment.cutout=2",
        "optim=sgd",
        "optim=adam",
        "optim=muon",
        "optim.beta1=0.8",
        "optim.beta2=0.9",
        "augment.affine=0.5",
        "train.epochs=3",
        "model.width=17",
        "model.depth=3",
        "model.dropout=0.1",
        "data.copies=2",
    ],
)
def test_every_setting_is_real(tiny: Callable[..., Config], fake_run, setting: str):
    _, plain = numbers(tiny(), fake_run)
    _, changed = numbers(tiny(setting), fake_run)
    assert changed["test/loss"] != plain["test/loss"]


def test_threads_are_those_that_were_asked_for(tiny: Callable[..., Config], fake_run):
    numbers(tiny("threads=2"), fake_run)
    assert torch.get_num_threads() == 2
    numbers(tiny(), fake_run)
    assert torch.get_num_threads() == 1


def test_what_decays_below_the_smallest_normal_number_becomes_zero(
    tiny: Callable[..., Config], fake_run
):
    smallest = torch.full((8,), torch.finfo(torch.float32).tiny)
    assert (smallest / 2).any()
    numbers(tiny(), fake_run)
    assert not (smallest / 2).any()


def test_one_row_per_epoch_and_it_learns(tiny: Callable[..., Config], fake_run):
    rows, summary = numbers(tiny("train.epochs=3", "model.width=32"), fake_run)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["val/loss"] < rows[0]["val/loss"] < math.log(10)
    assert rows[-1]["val/acc"] > 0.3
    assert rows[0]["train/lr"] > rows[-1]["train/lr"] > 0
    assert summary["train/samples_seen"] == 3 * 1079
    assert summary["model/parameters"] == 64 * 32 + 32 + 32 * 32 + 32 + 32 * 10 + 10


@pytest.mark.parametrize("setting", ["seed=2", "train.ema=0.9", "train.patience=1"])
def test_the_last_accuracy_is_the_mean_of_the_examples(
    tiny: Callable[..., Config], fake_run, setting: str
):
    rows, summary = numbers(tiny("train.epochs=3", setting), fake_run)
    examples = summary["examples/val/acc"]
    assert len(examples) == 359
    assert sum(examples) / 359 == pytest.approx(rows[-1]["val/acc"], abs=1e-9)


def test_clipping_acts_on_the_step_and_not_on_what_is_logged(tiny: Callable[..., Config], fake_run):
    rows, _ = numbers(tiny("train.clip=0.001"), fake_run)
    assert rows[0]["train/grad_norm"] > 0.1


@pytest.mark.parametrize("key", ["val/accuracy", "test/acc"])
def test_a_key_that_is_not_declared_for_an_epoch_raises(fake_run, key: str):
    with pytest.raises(UndeclaredKeyError, match=key):
        Tracker(fake_run).epoch({"val/acc": 0.9, key: 0.9})
    assert fake_run.history == []


def test_a_key_that_is_not_declared_for_the_summary_raises(fake_run):
    with pytest.raises(UndeclaredKeyError, match="val/acc"):
        Tracker(fake_run).summary({"val/acc": 0.9})


class Modest(torch.nn.Sequential):
    """One layer."""

    def __init__(self) -> None:
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, 10))


class Insatiable(Modest):
    """Never has enough memory to train."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            torch.empty(1 << 60)  # more than any machine has
        return super().forward(images)


class Greedy(Modest):
    """Has memory for 20 images at once in training, and no more."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training and len(images) > 20:
            torch.empty(1 << 60)
        return super().forward(images)


def test_memory_that_runs_out_halves_the_pieces_and_changes_no_result(
    tiny: Callable[..., Config], fake_run, monkeypatch: pytest.MonkeyPatch
):
    def trained(greedy: bool, *arguments: str) -> tuple[list[dict], dict]:
        with monkeypatch.context() as patch:
            patch.setitem(models.MODELS, "mlp", lambda *_: Greedy() if greedy else Modest())
            return numbers(tiny(*arguments), fake_run)

    rows, summary = trained(True)
    assert [row["train/micro_batch"] for row in rows] == [16, 16]
    plain, expected = trained(False)
    assert [row["train/micro_batch"] for row in plain] == [64, 64]
    assert rows[-1]["val/loss"] == pytest.approx(plain[-1]["val/loss"], rel=1e-5)
    assert summary["train/samples_seen"] == expected["train/samples_seen"]


def test_one_image_that_does_not_fit_is_a_failure_of_its_own(
    tiny: Callable[..., Config], fake_run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(models.MODELS, "mlp", lambda *_: Insatiable())
    with pytest.raises(OutOfMemory):
        numbers(tiny(), fake_run)


@pytest.mark.parametrize("micro_batch", [1, 7, 64, 500])
def test_pieces_give_the_gradient_of_the_whole(
    tiny: Callable[..., Config], fake_run, micro_batch: int
):
    settings = ("train.epochs=1", "train.epoch_steps=4")
    (whole,), _ = numbers(tiny(*settings), fake_run)
    (pieces,), _ = numbers(tiny(*settings, f"train.micro_batch={micro_batch}"), fake_run)
    assert pieces["train/micro_batch"] == min(micro_batch, 64)
    for key in ("train/loss", "train/grad_norm", "val/loss"):
        assert pieces[key] == pytest.approx(whole[key], rel=1e-5)


def test_a_process_without_an_image_adds_nothing():
    model, found = Modest(), torch.zeros(3)
    _gradient(model, torch.empty(0, 1, 8, 8), torch.empty(0).long(), 4, 1, 0.0, found)
    assert found.tolist() == [0, 0, 0]
    assert model[1].weight.grad is None


def test_it_stops_early_once_nothing_gets_better(tiny: Callable[..., Config], fake_run):
    rows, summary = numbers(tiny("train.epochs=30", "train.lr=1e-9", "train.patience=2"), fake_run)
    best = max(range(len(rows)), key=lambda place: rows[place]["val/acc"])
    assert len(rows) == best + 3 < 30
    assert summary["train/samples_seen"] == len(rows) * 1079


def test_averaged_weights_are_scored_and_the_trained_ones_go_on(
    tiny: Callable[..., Config], fake_run
):
    plain, _ = numbers(tiny(), fake_run)
    averaged, _ = numbers(tiny("train.ema=0.99"), fake_run)
    assert [row["train/loss"] for row in plain] == [row["train/loss"] for row in averaged]
    assert plain[-1]["val/loss"] != averaged[-1]["val/loss"]


@pytest.mark.parametrize("group", ["model=resnet8x8", "model=vit"])
def test_other_models_train_on_the_same_data(fake_run, group: str):
    small = ("train=fast_dev", "train.epochs=2", "augment=strong", "augment.cutout=2")
    rows, _ = numbers(resolve([group, *small]), fake_run)
    assert rows[-1]["train/loss"] < rows[0]["train/loss"]


def test_filters_lie_in_memory_as_convolutions_like_them(fake_run, tmp_path: Path):
    config = resolve(["model=resnet8x8", "train=fast_dev"])
    train(config, Tracker(fake_run), Stop(), Evidence(), tmp_path)
    (best,) = tmp_path.glob("best-*.pt")
    filters = [kept for kept in torch.load(best)["model"].values() if kept.ndim == 4]
    assert len(filters) > 3
    assert all(kept.is_contiguous(memory_format=torch.channels_last) for kept in filters)


def test_the_shipped_configuration_is_valid():
    assert resolve().seed == 1
