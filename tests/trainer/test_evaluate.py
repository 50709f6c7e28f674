"""Scoring a checkpoint: with its own settings, in a run of its own, to the same numbers."""

import shutil
from pathlib import Path

import pytest
import torch

from trainer import saved
from trainer.evaluate import evaluate, table
from trainer.health import ConfigError, Stop
from trainer.job import run
from trainer.track import Tracker


def scored(fake_run, *arguments: str) -> int:
    return run(list(arguments), Tracker(fake_run), Stop(), evaluate)


def test_it_finds_what_training_found(fake_run, trained, checkpoint: Path, capsys):
    assert scored(fake_run, f"ckpt={checkpoint}") == 0
    for key in ("test/acc", "test/acc_se", "test/n", "test/loss", "data/digest"):
        assert fake_run.summary[key] == trained.summary[key]
    assert fake_run.summary["run/status"] == "finished"
    assert fake_run.tags[0] == "eval"
    assert fake_run.config["model"] == trained.config["model"]
    assert fake_run.config["config_hash"] == trained.config["config_hash"]
    printed = capsys.readouterr().out.splitlines()
    assert f"acc: {trained.summary['test/acc']:.6g}" in printed
    assert sum(int(line.split()[1]) for line in printed[-10:]) == 2872


def test_the_folder_of_a_run_stands_for_its_best_model(fake_run, trained, checkpoint: Path):
    assert scored(fake_run, f"ckpt={checkpoint.parent}", "split=validation") == 0
    (row,) = fake_run.history
    best = max(trained.history, key=lambda row: row["val/acc"])
    assert {key: best[key] for key in row} == row
    assert row.keys() >= {"epoch", "val/acc", "val/loss"}


def test_the_best_of_several_checkpoints_is_taken(checkpoint: Path, tmp_path: Path):
    kept = torch.load(checkpoint)
    for name, accuracy in (("best-1", 0.2), ("best-2", 0.4), ("epoch-3", 0.3)):
        torch.save(kept | {"values": {"val/acc": accuracy}}, tmp_path / f"{name}.pt")
    shutil.copy(checkpoint.with_name("last.pt"), tmp_path)
    assert saved.find(str(tmp_path), fetch=None) == tmp_path / "best-2.pt"


def test_what_the_run_was_given_cannot_change_the_model(fake_run, trained, checkpoint: Path):
    fake_run.config["model"] = {"width": 8}
    assert scored(fake_run, f"ckpt={checkpoint}") == 0
    assert fake_run.summary["test/acc"] == trained.summary["test/acc"]
    assert scored(fake_run, f"ckpt={checkpoint}", "model.width=8") == 2
    assert "there is no model.width=" in fake_run.summary["failure/message"]


def test_a_model_that_another_run_logged_is_fetched(start, wandb_server):
    online = {"WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": wandb_server.api_key}
    for run_id, words in (
        ("trained", ("train.epochs=1", "data.copies=1", "model.width=16")),
        ("judged", ("eval", "ckpt=model-digits:latest")),
    ):
        process = start(*words, WANDB_RUN_ID=run_id, **online)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    trained, judged = wandb_server.runs("digits")
    assert judged.id == "judged"
    assert judged.summary["test/acc"] == trained.summary["test/acc"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda kept: kept.pop("spec"), "holds no trained model"),
        (lambda kept: kept["config"]["model"].update(colour=1), "was trained by other code"),
        (lambda kept: kept["config"]["model"].update(width=65), "was trained by other code"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    checkpoint: Path, tmp_path: Path, change, problem
):
    kept = torch.load(checkpoint)
    change(kept)
    torch.save(kept, tmp_path / "other.pt")
    with pytest.raises(ConfigError, match=problem):
        saved.load(tmp_path / "other.pt")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "broken.pt").write_bytes(content)
    with pytest.raises(ConfigError, match="is no checkpoint"):
        saved.load(tmp_path / "broken.pt")


def test_as_a_process_it_is_a_run_of_its_own(start, checkpoint: Path, tmp_path: Path):
    process = start("eval", f"ckpt={checkpoint}", WANDB_MODE="offline", WANDB_RUN_ID="judge")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.startswith(f"{checkpoint} on 2872 images of test\n")
    assert len(list(tmp_path.glob("wandb/offline-run-*-judge/*.wandb"))) == 1


def test_the_table_counts_what_was_found_and_what_was_right():
    counts = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    lines = table(counts, ("cat", "elephant", "yak")).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["cat", "4", "0.7500", "1.0000"],
        ["elephant", "4", "1.0000", "0.8000"],
        ["yak", "0", "0.0000", "0.0000"],
    ]
    assert len({len(line) for line in lines}) == 1
