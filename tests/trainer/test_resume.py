"""Going on: wherever a run is stopped, it ends with the numbers of one that never was."""

import signal
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.config import resolve
from trainer.health import ConfigError, Evidence, Preempted, Stop
from trainer.loop import train
from trainer.track import Tracker

EPOCH_STEPS, EPOCHS = 5, 3
STEPS = EPOCH_STEPS * EPOCHS
SETTINGS = (
    f"train.epochs={EPOCHS}", f"train.epoch_steps={EPOCH_STEPS}", "data.copies=1", "train.ema=0.9",
    "train.micro_batch=24", "train.warmup_epochs=0.5", "augment.affine=0.5", "augment.crop=1",
    "health.data_share=1.0",
)  # fmt: skip
MODELS = {
    "mlp": ("model.width=16", "model.dropout=0.2"),
    "resnet": ("model=resnet8x8", "model.widths=[4, 8, 8]", "model.dropout=0.2", "optim=sgd"),
    "vit": ("model=vit", "model.width=12", "model.depth=1", "model.dropout=0.1", "optim=muon"),
}
TIMES = {"perf/train_seconds", "perf/seconds_to_best", "perf/samples_per_second"}


class StopAt(Stop):
    """A signal that comes in the course of a step."""

    def __init__(self, evidence: Evidence, step: int) -> None:
        super().__init__()
        self._evidence, self._step = evidence, step

    @property
    def asked(self) -> bool:
        if self._evidence.step == self._step:
            self.signum = signal.SIGTERM
        return super().asked


def attempt(run, folder: Path, *arguments: str, stop_at: int = 0) -> None:
    evidence = Evidence()
    config = resolve([*SETTINGS, *arguments])
    train(config, Tracker(run), StopAt(evidence, stop_at), evidence, folder)


def last(folder: Path) -> dict:
    return torch.load(folder / "last.pt")


def assert_equal(one: object, other: object, place: str = "") -> None:
    """Bit for bit, whatever they are nested in."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, Mapping):
        assert one.keys() == other.keys(), place
        for key in one.keys() - {"seconds", "best_seconds"}:
            assert_equal(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for position, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_equal(left, right, f"{place}[{position}]")
    else:
        assert one == other, place


@pytest.mark.parametrize("model", MODELS)
def test_a_run_stopped_again_and_again_ends_as_one_that_was_not(
    fake_run, tmp_path: Path, model: str
):
    attempt(fake_run, tmp_path / "straight", *MODELS[model])
    rows = list(fake_run.history)
    summary = {key: fake_run.summary[key] for key in fake_run.summary.keys() - TIMES}
    fake_run.history.clear()
    stops = np.random.default_rng(len(model)).permutation(np.arange(1, STEPS))[:3]
    for stop_at in sorted(stops.tolist()):
        with pytest.raises(Preempted):
            attempt(fake_run, tmp_path / "stopped", *MODELS[model], stop_at=stop_at)
        assert last(tmp_path / "stopped")["progress"]["step"] == stop_at
        torch.rand(3)
    attempt(fake_run, tmp_path / "stopped", *MODELS[model])
    assert_equal(last(tmp_path / "straight"), last(tmp_path / "stopped"))
    assert fake_run.history == rows
    assert {key: fake_run.summary[key] for key in fake_run.summary.keys() - TIMES} == summary


def test_a_signal_in_the_last_step_comes_too_late_to_matter(fake_run, tmp_path: Path):
    attempt(fake_run, tmp_path, *MODELS["mlp"], stop_at=STEPS)
    assert len(fake_run.history) == EPOCHS
    assert "test/acc" in fake_run.summary


def test_a_run_that_is_over_is_only_tested_again(fake_run, tmp_path: Path):
    attempt(fake_run, tmp_path, *MODELS["mlp"])
    first = fake_run.summary["test/acc"]
    fake_run.history.clear()
    attempt(fake_run, tmp_path, *MODELS["mlp"])
    assert fake_run.history == []
    assert fake_run.summary["test/acc"] == first


def test_a_run_that_stopped_early_does_not_go_on(fake_run, tmp_path: Path):
    settings = (*MODELS["mlp"], "train.epochs=30", "train.lr=1e-9", "train.patience=1")
    attempt(fake_run, tmp_path, *settings)
    assert 1 < len(fake_run.history) < 30
    fake_run.history.clear()
    attempt(fake_run, tmp_path, *settings)
    assert fake_run.history == []


def test_another_configuration_does_not_go_on_from_here(fake_run, tmp_path: Path):
    attempt(fake_run, tmp_path, *MODELS["mlp"])
    with pytest.raises(ConfigError, match="was trained with other settings"):
        attempt(fake_run, tmp_path, *MODELS["mlp"], "train.lr=0.5")


def test_the_best_checkpoints_are_kept_and_the_very_best_is_tested(fake_run, tmp_path: Path):
    attempt(fake_run, tmp_path, *MODELS["mlp"], "train.keep_best=2", "train.save_epochs=2")
    kept = {file.name for file in tmp_path.glob("*.pt")}
    accuracies = [row["val/acc"] for row in fake_run.history]
    ranked = sorted(range(1, EPOCHS + 1), key=lambda epoch: -accuracies[epoch - 1])
    assert kept == {"last.pt", "epoch-2.pt", *(f"best-{epoch}.pt" for epoch in ranked[:2])}
    best = torch.load(tmp_path / f"best-{ranked[0]}.pt")
    assert best["values"]["val/acc"] == max(accuracies)
    assert best["spec"]["shape"] == (1, 8, 8)
    assert best["config"]["model"]["kind"] == "mlp"


def test_a_write_that_was_cut_off_leaves_the_state_before(fake_run, tmp_path: Path):
    with pytest.raises(Preempted):
        attempt(fake_run, tmp_path, *MODELS["mlp"], stop_at=7)
    (tmp_path / "last.pt.tmp").write_bytes(b"half of a")
    attempt(fake_run, tmp_path, *MODELS["mlp"])
    assert [row["epoch"] for row in fake_run.history] == [1, 2, 3]


def test_a_killed_process_is_started_again_and_loses_nothing(start, tmp_path: Path):
    arguments = (*SETTINGS, *MODELS["mlp"], "train.save_seconds=0", "train.epochs=40")
    folder = tmp_path / "runs" / "killed"
    process = start(*arguments, WANDB_MODE="offline", WANDB_RUN_ID="killed")
    for line in process.stdout:
        if line.startswith("epoch  2/"):
            break
    process.kill()  # SIGKILL: nothing can be written any more
    process.communicate(timeout=120)
    assert EPOCH_STEPS <= last(folder)["progress"]["step"] < 40 * EPOCH_STEPS
    for run_id in ("killed", "straight"):
        process = start(*arguments, WANDB_MODE="offline", WANDB_RUN_ID=run_id)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert_equal(last(folder), last(tmp_path / "runs" / "straight"))
