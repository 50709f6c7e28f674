"""The trainer as a job runs it: a process, its exit code, and what W&B has of it afterwards."""

import json
import signal
from pathlib import Path

import torch

from trainer.track import KEYS

PATIENCE_SECONDS = 120
TINY = ("train.epochs=1", "data.copies=1", "model.width=16")


def one_record(folder: Path) -> dict:
    found = folder.glob("wandb/*/files/failure.json")
    (file,) = {file.resolve() for file in found}  # latest-run is a link to the run
    return json.loads(file.read_text())


def test_without_a_key_or_a_mode_it_refuses_and_says_what_to_set(start):
    process = start(*TINY)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert "WANDB_API_KEY" in err
    assert "WANDB_MODE=offline" in err
    assert out == ""


def test_a_w_and_b_that_gives_no_run_is_a_crash_with_a_record(start, tmp_path: Path, wandb_server):
    online = {"WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": "f" * 40}
    process = start(*TINY, **online)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "trainer: W&B gives no run" in err
    assert "Traceback" not in out + err
    record = json.loads((tmp_path / "wandb" / "failure.json").read_text())
    assert (record["kind"], record["step"], record["type"]) == ("crash", 0, "Unreachable")
    assert "user is not logged in" in record["message"]
    assert wandb_server.runs("digits") == []


def test_sigterm_ends_it_in_good_order(start, tmp_path: Path):
    process = start("train.epochs=100000", WANDB_MODE="offline")
    while not process.stdout.readline().startswith("epoch"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 143
    assert "failed (preempted)" in out
    record = one_record(tmp_path)
    assert (record["kind"], record["message"]) == ("preempted", "stopped by SIGTERM")
    (state,) = tmp_path.glob("runs/*/last.pt")
    assert torch.load(state)["progress"]["step"] == record["step"] > 0


def test_missing_digits_are_a_failure_of_the_data(start, tmp_path: Path, environment):
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").touch()
    path = f"{tmp_path}:{environment['PYTHONPATH']}"
    process = start(*TINY, PYTHONPATH=path, WANDB_MODE="disabled", TMPDIR=str(tmp_path))
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 3
    assert "digits.csv.gz" in one_record(tmp_path)["message"]


def test_w_and_b_has_everything_of_a_run(start, wandb_server):
    online = {"WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": wandb_server.api_key}
    given = json.dumps({"model": {"width": 8}, "train.lr": 0.02, "issue": 7})
    process = start(*TINY, WANDB_RUN_ID="good", WANDB_LAUNCH="true", WANDB_CONFIG=given, **online)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    (run,) = wandb_server.runs("digits")
    assert (run.id, run.state) == ("good", "finished")
    assert run.summary["run/status"] == "finished"
    row, shown = run.history
    assert {key for key in row if not key.startswith("_")} == {
        key for key, entry in KEYS.items() if entry.when == "epoch" and not entry.only
    }
    assert "val/samples" in shown
    assert row["val/acc"] == run.summary["val/acc"]
    assert any(line.startswith("epoch  1/1") for line in run.output)

    assert (run.config["model"]["width"], run.config["train"]["lr"]) == (8, 0.02)
    assert (run.config["train"]["epochs"], run.config["issue"]) == (1, 7)

    again = start(*TINY, "seed=2", WANDB_RUN_ID="good", **online)
    _, err = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 7
    assert "has been started before" in err
    (after,) = wandb_server.runs("digits")
    assert (after.state, after.summary, after.config) == (run.state, run.summary, run.config)


def test_w_and_b_shows_a_bad_setting_as_a_failed_run_with_its_record(start, wandb_server):
    online = {"WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": wandb_server.api_key}
    process = start("train.lrr=1", WANDB_RUN_ID="bad", **online)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    (run,) = wandb_server.runs("digits")
    assert (run.state, run.exit_code) == ("failed", 2)
    assert run.summary["failure/kind"] == "config"
    assert run.summary["failure/message"].endswith("did you mean train.lr?")
    record = json.loads((run.folder / "failure.json").read_text())
    assert record["kind"] == "config"
