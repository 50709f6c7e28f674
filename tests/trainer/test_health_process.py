"""Each kind of failure in real processes, alone and under torchrun: code, record, what is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.config import resolve

FAULTY = str(Path(__file__).with_name("faulty.py"))
TORCHRUN = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"
SETTINGS = "train.epochs=2", "train.epoch_steps=5", "data.copies=1"
PATIENCE_SECONDS = 60


def failed(environment: dict[str, str], folder: Path, *command: str, **variables: str) -> tuple:
    """Its exit code, what it said, and the one record that W&B was given."""
    own = {"WANDB_MODE": "offline", "WANDB_RUN_ID": "ill", "OMP_NUM_THREADS": "1"} | variables
    done = subprocess.run(
        [sys.executable, *command, *SETTINGS],
        cwd=folder,
        env=environment | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    (file,) = folder.glob("wandb/offline-run-*/files/failure.json")
    return done.returncode, done.stdout, json.loads(file.read_text())


@pytest.mark.parametrize(
    ("fault", "code", "message", "advice"),
    [
        ("nan", 4, "loss nan", "train with the suggestion below"),
        ("crash", 1, "a shape that nobody expected", "the traceback names the line to mend"),
        ("oom", 5, "not even one image", "take a smaller model"),
        ("hang", 6, "no step for", "start again"),
    ],
)
def test_each_kind_has_its_exit_code_its_record_and_its_advice(
    environment, tmp_path: Path, fault: str, code: int, message: str, advice: str
):
    arguments = (FAULTY, "health.hang_seconds=2")
    found, said, record = failed(environment, tmp_path, *arguments, FAULT=fault)
    assert found == code, said
    assert (record["kind"], record["step"], record["epoch"]) == (fault, 3, 1)
    assert message in record["message"]
    assert f"failed ({fault})" in said
    assert f"what to do: {advice}" in said
    assert len(record["last"]["train/loss"]) == (3 if fault == "nan" else 2)
    assert (record["rank"], record["world"], record["resumable"]) == (0, 1, None)
    assert record["config_hash"] == resolve([*SETTINGS, *arguments[1:]]).hash()
    assert record["memory"]["rss_gb"] > 0.05
    if fault == "nan":
        assert record["first_nonfinite"] == "2.bias"
    if fault == "hang":
        assert any("faulty.py" in line for line in record["stacks"]["MainThread"])


def together(environment: dict[str, str], folder: Path, fault: str) -> tuple:
    """As `failed`, of two processes of which the second goes wrong."""
    arguments = (*TORCHRUN, FAULTY, "health.hang_seconds=20")
    return failed(environment, folder, *arguments, FAULT=fault, FAULTY_RANK="1")


def test_the_rank_whose_numbers_are_bad_names_the_tensor(environment, tmp_path: Path):
    code, said, record = together(environment, tmp_path, "nan")
    assert code == 1, said  # torchrun's own
    assert (record["kind"], record["step"], record["world"]) == ("nan", 3, 2)
    assert record["first_nonfinite"] == "2.bias"
    for rank in (0, 1):
        assert (tmp_path / "runs" / "ill" / f"failure.rank{rank}.json").exists()


def test_a_rank_that_crashes_is_the_cause_and_the_other_one_does_not_hang(
    environment, tmp_path: Path
):
    code, said, record = together(environment, tmp_path, "crash")
    assert code == 1, said
    assert (record["kind"], record["rank"], record["world"]) == ("crash", 1, 2)
    assert record["message"] == "a shape that nobody expected"
    other = json.loads((tmp_path / "runs" / "ill" / "failure.rank0.json").read_text())
    assert (other["kind"], other["step"]) == ("dist", 3)


def test_a_rank_that_was_killed_is_a_lost_peer(environment, tmp_path: Path):
    code, said, record = together(environment, tmp_path, "killed")
    assert code == 1, said
    assert (record["kind"], record["rank"], record["type"]) == ("dist", 0, "PeerLost")
    assert record["message"].startswith("another process is gone or silent")
    assert record["suggest"][0]["set"] == {}
