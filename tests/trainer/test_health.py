"""Failures: each has its kind, its exit code and a record that says what to do."""

import json
from pathlib import Path

import pytest

from trainer.__main__ import run
from trainer.config import FIELDS, resolve
from trainer.health import Evidence, NonFiniteError, Stop, exit_code, suggest
from trainer.track import KEYS, Tracker

TINY = ["train.epochs=2", "data.copies=1", "model.width=16"]
FAILURE = {key for key in KEYS if key.startswith("failure/")}


def attempt(fake_run, *arguments: str, stop: Stop | None = None) -> int:
    return run([*TINY, *arguments], Tracker(fake_run), stop or Stop())


def record(fake_run) -> dict:
    assert fake_run.saved == [("failure.json", "now")]
    text = Path(fake_run.dir, "failure.json").read_text()
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_good_run_says_so_and_logs_every_key_but_failures(fake_run, capsys):
    assert attempt(fake_run) == 0
    assert fake_run.exit_code == 0
    assert fake_run.summary["run/status"] == "finished"
    logged = set(fake_run.summary) | {key for row in fake_run.history for key in row}
    assert logged == set(KEYS) - FAILURE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("train: 1079 images")
    assert sum(line.startswith("epoch ") for line in lines) == 2
    shown = dict(line.split(": ") for line in lines if line.startswith("test/"))
    assert float(shown["test/acc"]) == pytest.approx(fake_run.summary["test/acc"], rel=1e-5)


def test_what_was_trained_is_in_the_configuration(fake_run):
    fake_run.config.update({"train.lr": 0.02, "issue": 7, "seed": 5})
    attempt(fake_run, "seed=4")
    config = fake_run.config
    assert (config["seed"], config["train"]["lr"], config["model"]["width"]) == (5, 0.02, 16)
    assert config["issue"] == 7
    assert config["config_hash"] == resolve([*TINY, "train.lr=0.02"]).hash()
    assert {"python", "torch", "wandb", "platform", "device"} <= set(config["environment"])


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_huge_learning_rate_is_not_a_number_soon_whatever_the_seed(fake_run, seed: int):
    code = attempt(fake_run, "train.lr=1000", "model.width=192", f"seed={seed}")
    assert code == fake_run.exit_code == 4
    found = record(fake_run)
    assert (found["schema"], found["kind"], found["type"]) == (1, "nan", "NonFiniteError")
    assert found["step"] < 20
    assert found["epoch"] in (1, 2)
    assert found["config_hash"] == resolve([*TINY, "model.width=192", "train.lr=1000"]).hash()
    assert len(found["last"]["train/loss"]) == 8
    assert {found["last"]["train/loss"][-1], found["last"]["train/grad_norm"][-1]} & {"nan", "inf"}
    assert set(found["versions"]) == {"python", "torch", "numpy", "wandb"}
    assert fake_run.summary["run/status"] == fake_run.summary["failure/kind"] == "nan"
    assert fake_run.summary["failure/step"] == found["step"]
    assert json.loads(fake_run.summary["failure/suggest"]) == found["suggest"]


def test_weights_that_break_at_the_last_step_are_found_by_validation(fake_run):
    assert attempt(fake_run, "train.epochs=1", "train.batch=5000", "train.lr=1e30") == 4
    assert record(fake_run)["message"].startswith("validation loss")
    assert fake_run.history == []


def test_the_suggestion_is_a_configuration_that_trains(fake_run, tmp_path):
    attempt(fake_run, "train.lr=1000", "model.width=192")
    (patch,) = record(fake_run)["suggest"]
    assert patch["why"].startswith("training diverged at train.lr=1000; ")
    assert not patch["why"].endswith(".")
    assert "\n" not in patch["why"]
    cure = [f"{name}={value}" for name, value in patch["set"].items()]
    healthy = type(fake_run)(tmp_path / "second")
    assert attempt(healthy, "train.lr=1000", "model.width=192", *cure) == 0
    assert healthy.summary["test/acc"] > 0.5


@pytest.mark.parametrize("lr", [1e6, 10.0, 0.01, 1e-3])
def test_a_suggestion_always_lowers_the_rate_and_is_valid(lr: float):
    (patch,) = suggest("nan", {**resolve().flat(), "train.lr": lr})
    assert patch["set"].keys() <= FIELDS.keys()
    assert patch["set"]["train.lr"] < lr
    assert resolve([f"{name}={value}" for name, value in patch["set"].items()]).train.clip == 1.0


def test_a_suggestion_never_loosens_the_clipping():
    (patch,) = suggest("nan", resolve(["train.clip=0.5"]).flat())
    assert patch["set"]["train.clip"] == 0.5


def test_only_what_configuration_can_cure_gets_a_patch():
    assert suggest("crash", resolve().flat()) == []


def test_a_bad_setting_fails_the_run_before_anything_is_trained(fake_run, capsys):
    assert attempt(fake_run, "train.lrr=1") == fake_run.exit_code == 2
    found = record(fake_run)
    assert (found["kind"], found["step"], found["suggest"]) == ("config", 0, [])
    assert found["message"] == "unknown setting train.lrr: did you mean train.lr?"
    assert fake_run.summary["failure/message"] == found["message"]
    assert fake_run.history == []
    told = capsys.readouterr().out
    assert found["message"] in told
    assert fake_run.dir not in told


def test_a_crash_leaves_its_last_lines(fake_run, capsys):
    fake_run.log_error = OSError("no space left on device")
    assert attempt(fake_run) == fake_run.exit_code == 1
    found = record(fake_run)
    assert (found["kind"], found["type"]) == ("crash", "OSError")
    assert found["traceback"][-1] == "OSError: no space left on device"
    assert len(found["traceback"]) <= 20
    assert fake_run.summary["run/status"] == "crash"
    assert "OSError: no space left on device" in capsys.readouterr().err


def test_leaving_early_is_a_crash_too(fake_run):
    fake_run.log_error = SystemExit(0)
    assert attempt(fake_run) == fake_run.exit_code == 1
    assert record(fake_run)["type"] == "SystemExit"


def test_every_failure_key_is_written(fake_run):
    attempt(fake_run, "train.lr=1000", "model.width=192")
    assert FAILURE <= set(fake_run.summary) <= set(KEYS)


def test_a_signal_that_came_before_training_ends_it_at_the_first_step(fake_run):
    stop = Stop()
    stop.signum = 2
    assert attempt(fake_run, stop=stop) == fake_run.exit_code == 130
    assert record(fake_run)["message"] == "stopped by SIGINT"
    assert fake_run.summary["run/status"] == "preempted"


def test_a_long_message_is_cut_and_an_unknown_error_is_a_crash():
    found = Evidence().record(ValueError("x" * 9999))
    assert (found["kind"], len(found["message"])) == ("crash", 2000)
    assert exit_code(ValueError()) == 1
    assert exit_code(NonFiniteError()) == 4
