"""Failures: each has its kind, its exit code and a record that says what to do."""

import json
import signal
import time
from pathlib import Path

import pytest
import torch

from trainer.config import resolve
from trainer.health import (
    EXITS,
    Evidence,
    NonFiniteError,
    Preempted,
    Stop,
    Watchdog,
    exit_code,
    forget,
    merge,
    out_of_memory,
    suggest,
)
from trainer.health.nonfinite import culprits, first
from trainer.job import run
from trainer.track import KEYS, Tracker

TINY = ["train.epochs=2", "data.copies=1", "model.width=16"]
FAILURE = {key for key in KEYS if key.startswith("failure/")}


def attempt(fake_run, *arguments: str, stop: Stop | None = None) -> int:
    return run([*TINY, *arguments], Tracker(fake_run), stop or Stop())


def record(fake_run) -> dict:
    assert fake_run.saved == [("failure.json", "now")]
    text = Path(fake_run.dir, "failure.json").read_text()
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_good_run_says_so(fake_run, capsys):
    assert attempt(fake_run) == 0
    assert fake_run.exit_code == 0
    assert fake_run.summary["run/status"] == "finished"
    assert FAILURE.isdisjoint(fake_run.summary)
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
    healthy = type(fake_run)(tmp_path / "second" / "files")
    assert attempt(healthy, "train.lr=1000", "model.width=192", *cure) == 0
    assert healthy.summary["test/acc"] > 0.5


@pytest.mark.parametrize("lr", [1e6, 10.0, 0.01, 1e-3])
def test_a_suggestion_always_lowers_the_rate_and_is_valid(lr: float):
    (patch,) = suggest("nan", {**resolve().flat(), "train.lr": lr})
    assert patch["set"].keys() <= resolve().flat().keys()
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


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_memory_that_is_used_up_is_known_in_all_its_shapes(error: BaseException):
    assert out_of_memory(error)
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_long_message_is_cut_and_an_unknown_error_is_a_crash():
    found = Evidence().record(ValueError("x" * 9999))
    assert (found["kind"], len(found["message"])) == ("crash", 2000)
    assert exit_code(ValueError()) == 1
    assert exit_code(NonFiniteError()) == 4


def test_each_code_has_a_meaning_and_an_advice():
    assert [way.code for way in EXITS] == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 130, 143]
    assert all(way.meaning and way.advice for way in EXITS)
    assert exit_code(Preempted(signal.SIGTERM)) == 143
    assert exit_code(Preempted(signal.SIGINT)) == 130
    assert exit_code(MemoryError()) == 5


@pytest.mark.parametrize(
    ("optim", "lr", "cure"),
    [
        ("sgd", 50.0, {"train.lr": 0.1, "train.clip": 1.0}),
        ("sgd", 0.05, {"train.lr": 0.015, "train.clip": 1.0, "train.warmup_epochs": 1.0}),
        ("muon", 50.0, {"train.lr": 0.01, "train.clip": 1.0}),
        ("adam", 0.002, {"train.lr": 0.0006, "train.clip": 1.0, "train.warmup_epochs": 1.0}),
    ],
)
def test_how_far_the_rate_is_lowered_depends_on_the_optimizer(optim: str, lr: float, cure: dict):
    settings = resolve([f"optim={optim}", f"train.lr={lr}"]).flat()
    assert suggest("nan", settings)[0]["set"] == cure


def test_images_that_are_no_numbers_are_not_cured_by_a_smaller_rate():
    assert suggest("nan", resolve().flat(), first_nonfinite="images") == []


@pytest.mark.parametrize(
    ("model", "settings", "cure"),
    [
        ("mlp", (), {"model.width": 96}),
        ("vit", ("model.width=192", "model.heads=3"), {"model.width": 96}),
        ("vit", ("model.width=6", "model.heads=6"), {"model.width": 6}),
        ("resnet", (), {"model.widths": [8, 16, 32]}),
    ],
)
def test_memory_that_is_too_small_for_one_image_needs_a_smaller_model(model, settings, cure):
    assert suggest("oom", resolve([f"model={model}", *settings]).flat())[0]["set"] == cure


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    linear = torch.nn.Linear
    return torch.nn.Sequential(torch.nn.Flatten(), linear(4, 3), torch.nn.ReLU(), linear(3, 2))


def spoilt(name: str) -> tuple[torch.nn.Module, torch.Tensor]:
    model, images = network(), torch.rand(3, 1, 2, 2)
    with torch.no_grad():
        match name:
            case "images":
                images[1, 0, 0, 0] = float("nan")
            case "3.weight":
                model[3].weight[0, 0] = float("inf")
            case "1.output":
                model[1].weight.fill_(3e38)
            case "3.weight.grad":
                model[1].weight.fill_(1e22)
                model[3].weight.fill_(1e-22)
    return model, images


@pytest.mark.parametrize("name", ["images", "3.weight", "1.output", "3.weight.grad", None])
def test_the_first_tensor_that_is_not_finite_is_named(name: str | None):
    model, images = spoilt(name or "")

    def redo() -> None:
        torch.nn.functional.cross_entropy(model(images), torch.tensor([0, 1, 1])).backward()

    assert first(model, images, redo) == name
    assert not any(module._forward_hooks for module in model.modules())


def test_the_images_to_blame_are_named_by_their_place_in_the_split():
    model, images = spoilt("images")
    assert culprits(model, images, [70, 80, 90]) == [80]
    images = torch.rand(3, 1, 2, 2)
    images[2] = 1e38  # a number, but too large for the sum
    with torch.no_grad():
        model[1].weight.fill_(1.0)
        model[3].weight.fill_(2.0)
    assert culprits(model, images, [70, 80, 90]) == [90]


def test_a_gradient_that_broke_is_traced_in_a_run(fake_run):
    attempt(fake_run, "train.lr=1000", "model.width=192")
    name = record(fake_run)["first_nonfinite"]
    layer, _, rest = name.partition(".")
    assert layer in {"1", "4", "7"}
    assert rest in {"output", "weight.grad", "bias.grad"}


def told(rank: int, kind: str, second: int, **more: object) -> dict:
    found = {"rank": rank, "world": 2, "kind": kind, "time": f"2026-01-01T00:00:0{second}"}
    return found | {"step": 3, "first_nonfinite": None, "bad_sample_ids": []} | more


def test_the_first_cause_wins_whoever_ends_last(tmp_path: Path):
    crash, later = told(1, "crash", 5), told(0, "dist", 4)
    for number, order in enumerate([(crash, later), (later, crash)]):
        folder = tmp_path / str(number)
        for one in order:
            merge(one, folder)
        kept = json.loads((folder / "failure.json").read_text())
        assert (kept["kind"], kept["rank"]) == ("crash", 1)
        forget(folder)
        assert list(folder.iterdir()) == []


def test_the_rank_that_saw_the_bad_tensor_names_it_for_all(tmp_path: Path):
    merge(told(0, "crash", 1, step=1, world=1), tmp_path)
    assert not tmp_path.joinpath("failure.json").exists()  # one alone has nothing to merge
    merge(told(1, "nan", 2, first_nonfinite="1.output", bad_sample_ids=[7]), tmp_path)
    merged = merge(told(0, "nan", 1), tmp_path)
    assert (merged["rank"], merged["first_nonfinite"]) == (0, "1.output")
    assert merged["bad_sample_ids"] == [7]


def test_the_watchdog_leaves_those_alone_who_start_or_have_ended():
    evidence, ends = Evidence(), []
    with Watchdog(0.1, evidence, ends.append):
        time.sleep(0.3)  # not armed yet: starting may take long
    evidence.alive = time.monotonic() - 9
    time.sleep(0.2)
    assert ends == []
