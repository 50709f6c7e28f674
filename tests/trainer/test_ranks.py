"""Two processes that train together: one global batch, one set of weights, exact to go on from."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch

SETTINGS = (
    "model=resnet8x8", "model.widths=[4, 8]", "model.blocks=[1, 1]", "model.dropout=0.2",
    "data.copies=1", "train.epochs=3", "train.epoch_steps=5", "augment.affine=0.5", "optim=sgd",
)  # fmt: skip
MLP = ("data.copies=1", "train.epochs=2", "train.epoch_steps=5", "model.width=16", "optim=sgd")
PATIENCE_SECONDS = 240


def torchrun(
    environment: dict[str, str], folder: Path, run_id: str, *arguments: str, ranks: int = 2
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone",
         f"--nproc-per-node={ranks}", "-m", "trainer", *arguments],
        cwd=folder,
        env=environment | {"WANDB_MODE": "offline", "WANDB_RUN_ID": run_id, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, out
    return out


def last(folder: Path, run_id: str) -> dict:
    return torch.load(folder / "runs" / run_id / "last.pt")


def test_two_ranks_train_as_one_does(environment: dict[str, str], tmp_path: Path):
    for ranks in (1, 2):
        out = finished(torchrun(environment, tmp_path, f"mlp{ranks}", *MLP, ranks=ranks))
        assert out.count("epoch  2/2") == 1
    one, two = (last(tmp_path, f"mlp{ranks}")["model"] for ranks in (1, 2))
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-6)


def test_two_ranks_stopped_by_sigterm_go_on_bit_for_bit(
    environment: dict[str, str], tmp_path: Path
):
    finished(torchrun(environment, tmp_path, "straight", *SETTINGS))
    process = torchrun(environment, tmp_path, "stopped", *SETTINGS)
    for line in process.stdout:
        if line.startswith("epoch  1/3"):
            os.kill(process.pid, signal.SIGTERM)  # torchrun passes it on
            break
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "failed (preempted)" in out
    assert 5 <= last(tmp_path, "stopped")["progress"]["step"] < 15
    finished(torchrun(environment, tmp_path, "stopped", *SETTINGS))
    one, other = last(tmp_path, "straight"), last(tmp_path, "stopped")
    for name, weight in one["model"].items():
        assert torch.equal(weight, other["model"][name]), name
    assert one["progress"]["values"] == other["progress"]["values"]
