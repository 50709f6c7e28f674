"""Training: exact for a seed, honest in what it logs."""

import math
from collections.abc import Callable

import pytest
import torch

from trainer.config import Config, resolve
from trainer.health import Evidence, Stop
from trainer.loop import augment, train
from trainer.optim import AdamW, cosine
from trainer.track import KEYS, Tracker, UndeclaredKeyError

TIMES = {"perf/train_seconds", "perf/samples_per_second"}


def numbers(config: Config, run) -> tuple[list[dict], dict]:
    run.history.clear()
    train(config, Tracker(run), Stop(), Evidence())
    return list(run.history), {key: run.summary[key] for key in run.summary.keys() - TIMES}


@pytest.mark.parametrize("setting", ["seed=1", "train.augment=0.5", "model.dropout=0.3"])
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
        "train.augment=0.5",
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


def test_one_row_per_epoch_and_it_learns(tiny: Callable[..., Config], fake_run):
    rows, summary = numbers(tiny("train.epochs=3", "model.width=32"), fake_run)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["val/loss"] < rows[0]["val/loss"] < math.log(10)
    assert rows[-1]["val/acc"] > 0.3
    assert rows[0]["train/lr"] > rows[-1]["train/lr"] > 0
    assert summary["train/samples_seen"] == 3 * 1079
    assert summary["model/parameters"] == 64 * 32 + 32 + 32 * 32 + 32 + 32 * 10 + 10


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


def test_every_declared_epoch_key_is_logged_every_epoch(tiny: Callable[..., Config], fake_run):
    rows, _ = numbers(tiny(), fake_run)
    declared = {key for key, entry in KEYS.items() if entry.when == "epoch"}
    assert all(set(row) == declared for row in rows)


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_our_adamw_is_that_of_torch(clip: float):
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Linear(5, 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimizer = AdamW(ours, weight_decay=0.1, clip=clip)
    reference = torch.optim.AdamW(theirs.parameters(), weight_decay=0.1)
    for step in range(20):
        inputs, lr = torch.randn(8, 5), cosine(0.05, step, 20)
        optimizer.zero_grad()
        ours(inputs).square().mean().backward()
        optimizer.step(lr, optimizer.gradient_norm())
        reference.zero_grad()
        theirs(inputs).square().mean().backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip)
        reference.param_groups[0]["lr"] = lr
        reference.step()
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.bias, theirs.bias, rtol=1e-4, atol=1e-6)


def test_the_cosine_falls_from_peak_to_zero():
    rates = [cosine(0.3, step, 10) for step in range(11)]
    assert rates[0] == 0.3
    assert rates[5] == pytest.approx(0.15)
    assert rates[10] == pytest.approx(0)
    assert rates == sorted(rates, reverse=True)


def test_augmentation_moves_each_image_its_own_way_and_only_a_little():
    torch.manual_seed(0)
    blob = torch.zeros(200, 1, 8, 8)
    blob[:, :, 3:5, 3:5] = 1
    moved = augment(blob, 1.0)
    assert moved.shape == blob.shape
    assert len(torch.unique(moved.flatten(1), dim=0)) == 200
    rows = moved.sum((1, 3)) @ torch.arange(8.0) / moved.sum((1, 2, 3))
    assert 0.5 < (rows - 3.5).abs().max() < 1.6
    assert (augment(blob, 0.2) - blob).abs().mean() < (moved - blob).abs().mean() / 2
    assert augment(blob, 0.0) is blob


def test_the_shipped_configuration_is_valid():
    assert resolve().seed == 1
