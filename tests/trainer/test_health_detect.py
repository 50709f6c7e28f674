"""Detectors: each at its threshold, and every remedy a configuration that is valid."""

import json
from pathlib import Path

import pytest
import torch

from trainer.config import resolve
from trainer.health import Stop, remedies, suggest
from trainer.health.detect import Ground, detect
from trainer.job import run
from trainer.schema import Config
from trainer.track import Tracker

GROUND = Ground.of([100] * 10, start=1.0)
"""1,000 validation images of ten classes: guessing gives up to 0.1 + 3 × 0.0095 + 0.02 = 0.148."""


def rows(**values: list[float]) -> list[dict[str, float]]:
    """An epoch for each value; what is not given is that of a run that gets better."""
    count = max(map(len, values.values()))
    better = [1.0 / (epoch + 1) for epoch in range(count)]
    named = {name.replace("_", "/", 1): given for name, given in values.items()}
    columns = {
        "epoch": list(range(1, count + 1)),
        "train/loss": better,
        "train/acc": [0.9] * count,
        "train/lr": [0.01] * count,
        "train/micro_batch": [64] * count,
        "val/loss": better,
        "val/acc": [0.9] * count,
    } | named
    return [{name: column[n] for name, column in columns.items()} for n in range(count)]


def kinds(found: list[dict]) -> list[str]:
    return [flag["kind"] for flag in found]


def look(history: list[dict[str, float]], *settings: str, ground: Ground = GROUND) -> list[dict]:
    """What stands at the end, having looked after every epoch as training does."""
    flags: list[dict] = []
    for epoch in range(1, len(history) + 1):
        flags = detect(history[:epoch], resolve(settings), ground, flags)
    return flags


def test_a_run_that_gets_better_has_no_flag():
    assert look(rows(val_acc=[0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.91, 0.92])) == []


@pytest.mark.parametrize(("late", "expected"), [(0.59, []), (0.61, ["overfit"])])
def test_validation_that_leaves_its_best_is_overfitting(late: float, expected: list[str]):
    history = rows(val_loss=[1.0, 0.5, late, late, late])
    assert kinds(look(history)) == expected
    assert look(history, "health.overfit_rise=0.3") == []


def test_one_noisy_epoch_is_no_overfitting():
    assert look(rows(val_loss=[1.0, 0.5, 0.9, 0.5, 0.9, 0.5])) == []


def test_validation_that_gets_worse_while_training_does_too_is_no_overfitting():
    assert "overfit" not in kinds(
        look(rows(val_loss=[0.5, 0.9, 0.9, 0.9], train_loss=[0.5, 0.6, 0.6, 0.6]))
    )


def test_overfitting_is_not_cured_by_what_comes_later_and_keeps_its_epoch():
    (flag,) = look(rows(val_loss=[1.0, 0.5, 0.7, 0.7, 0.7, 0.4, 0.4]))
    assert (flag["kind"], flag["epoch"]) == ("overfit", 5)
    assert "0.7 is 40% above its best, 0.5 in epoch 2" in flag["evidence"]


def test_losses_that_stay_where_they_are_are_a_stall():
    flat = [1.0] * 6
    assert kinds(look(rows(train_loss=flat, val_loss=flat))) == ["stall"]
    assert look(rows(train_loss=flat[:5], val_loss=flat[:5])) == []  # too soon to say
    assert look(rows(train_loss=flat, val_loss=[1.0] * 5 + [0.98])) == []
    assert look(rows(train_loss=[1.0] * 5 + [0.98], val_loss=flat)) == []


def test_what_has_learnt_all_or_hardly_moves_by_plan_is_no_stall():
    flat = {"train_loss": [1.0] * 6, "val_loss": [1.0] * 6}
    assert look(rows(**flat, train_acc=[0.99] * 6)) == []
    assert look(rows(**flat, train_lr=[0.001] * 6)) == []
    assert look(rows(**flat), "train.warmup_epochs=1") == []


@pytest.mark.parametrize(("accuracy", "expected"), [(0.148, ["chance"]), (0.149, [])])
def test_no_better_than_the_most_frequent_class_is_chance(accuracy: float, expected: list[str]):
    dull = {"val_acc": [accuracy] * 3, "train_acc": [0.1] * 3, "train_loss": [2.3] * 3}
    assert kinds(look(rows(**dull))) == expected
    assert look(rows(**dull), "train.warmup_epochs=1") == []


def test_chance_level_is_that_of_the_classes_as_they_are():
    uneven = Ground.of([900, 100], start=1.0)
    assert kinds(look(rows(val_acc=[0.92] * 3), ground=uneven)) == ["chance"]


def test_chance_is_over_once_it_learns():
    assert look(rows(val_acc=[0.1, 0.1, 0.1, 0.3])) == []


@pytest.mark.parametrize(
    ("loss", "train_acc", "settings", "cure"),
    [
        (99.0, 0.1, ("train.lr=5.0",), {"train.lr": 0.01, "train.clip": 1.0}),
        (2.3, 0.1, ("train.lr=1e-6",), {"train.lr": 1e-4}),
        (2.3, 0.1, ("train.lr=1e-3", "optim=sgd"), {"train.lr": 0.1}),
        (2.3, 0.1, ("model.dropout=0.95",), {"model.dropout": 0.2}),
        (2.3, 0.1, ("train.weight_decay=100",), {"train.weight_decay": 0.01}),
        (0.5, 0.8, (), {"augment.affine": 0.5}),
    ],
)
def test_the_remedy_for_chance_depends_on_how_it_came_about(
    loss: float, train_acc: float, settings: tuple[str, ...], cure: dict[str, float]
):
    history = rows(val_acc=[0.1] * 3, train_acc=[train_acc] * 3, train_loss=[loss] * 3)
    (flag,) = look(history, *settings)
    assert flag["suggest"][0]["set"] == cure


@pytest.mark.parametrize(("start", "expected"), [(1.29, []), (1.31, ["start"]), (0.69, ["start"])])
def test_a_first_loss_far_from_a_guess_is_a_flag(start: float, expected: list[str]):
    assert kinds(look(rows(val_acc=[0.9]), ground=Ground.of([100] * 10, start))) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.5, []), (0.51, ["slow_input"])])
def test_waiting_for_images_is_a_flag(share: float, expected: list[str]):
    waiting = Ground(0.1, 1000, 10, 1.0, data_share=share)
    assert kinds(look(rows(val_acc=[0.9]), ground=waiting)) == expected


def test_smaller_pieces_than_at_first_are_a_flag():
    (flag,) = look(rows(train_micro_batch=[64, 16]))
    assert (flag["kind"], flag["epoch"]) == ("memory", 2)
    assert flag["suggest"][0]["set"] == {"train.micro_batch": 16}


def every_remedy(config: Config) -> list[dict]:
    settings = config.flat()
    failures = [suggest(kind, settings, 7) for kind in ("nan", "oom", "hang", "preempted", "dist")]
    return [
        *(patch for patches in failures for patch in patches),
        *remedies.against_overfitting(settings),
        *remedies.against_stalling(settings),
        *remedies.against_chance(settings, diverged=True, learns=False),
        *remedies.against_chance(settings, diverged=False, learns=False),
        *remedies.against_chance(settings, diverged=False, learns=True),
        *remedies.against_a_bad_start(settings),
        *remedies.against_slow_input(settings),
        *remedies.against_small_pieces(16),
    ]


@pytest.mark.parametrize("model", ["mlp", "resnet", "resnet50", "vit", "vit-b"])
@pytest.mark.parametrize("optim", ["sgd", "adam", "adamw", "muon"])
def test_every_remedy_is_valid_and_changes_something(model: str, optim: str):
    words = [f"model={model}", f"optim={optim}", "threads=64", "train.compile=true", "train.lr=1e3"]
    config = resolve(words)
    patches = every_remedy(config)
    assert len(patches) >= 12
    for patch in patches:
        assert patch["why"]
        assert not patch["why"].endswith(".")
        assert "\n" not in patch["why"]
        cured = resolve([*words, *(f"{name}={value}" for name, value in patch["set"].items())])
        assert cured == resolve(words, patch["set"])
        assert (cured != config) == bool(patch["set"]), patch


def test_more_than_enough_of_everything_against_overfitting_ends_it_sooner():
    full = resolve(["augment.affine=0.5", "model.dropout=0.5", "train.weight_decay=0.1"])
    (patch,) = remedies.against_overfitting(full.flat())
    assert patch["set"] == {"train.patience": 5}


def test_a_run_with_a_flag_is_not_failed_and_says_what_to_try(fake_run, capsys):
    arguments = ["train.epochs=3", "data.copies=1", "model.width=16", "train.lr=1e-9"]
    assert run(arguments, Tracker(fake_run), Stop()) == 0
    assert fake_run.summary["run/status"] == "finished"
    (flag,) = json.loads(fake_run.summary["health/flags"])
    assert (flag["kind"], flag["epoch"]) == ("chance", 3)
    (patch,) = json.loads(fake_run.summary["health/suggest"])
    assert patch["set"] == {"train.lr": 1e-7}
    said = capsys.readouterr().out
    assert said.count("chance: val/acc") == 1
    assert "try train.lr=1e-07" in said


def test_a_run_without_a_flag_says_that_it_looked(fake_run):
    arguments = ["train.epochs=1", "data.copies=1", "model.width=16"]
    assert run(arguments, Tracker(fake_run), Stop()) == 0
    assert fake_run.summary["health/flags"] == fake_run.summary["health/suggest"] == "[]"


def test_flags_are_part_of_what_a_run_goes_on_from(fake_run):
    arguments = ["train.epochs=3", "data.copies=1", "model.width=16", "train.lr=1e-9"]
    run(arguments, Tracker(fake_run), Stop())
    kept = torch.load(Path(fake_run.dir).parent / "runs" / "fake" / "last.pt")["progress"]
    assert kinds(kept["flags"]) == ["chance"]
    assert [row["epoch"] for row in kept["rows"]] == [1, 2, 3]
