"""`verify-run`: runs that keep the contract pass, and each thing that one breaks is found."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainer import verify
from trainer.recorded import Recorded, read
from trainer.verify import Asked, check, main

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "lightning_style.py"
LABHAND = "--labhand", str(ROOT / ".github" / "labhand.yml")
PATIENCE_SECONDS = 120
TINY = ("train.epochs=2", "data.copies=1", "model.width=16")
GIVEN = {
    "WANDB_MODE": "offline",
    "WANDB_NAME": "labhand/exp/1/seed-1",
    "WANDB_RUN_GROUP": "lh-1-1",
    "WANDB_TAGS": "labhand,search",
    "WANDB_GIT_COMMIT": "c" * 40,
    "WANDB_GIT_REMOTE_URL": "https://github.com/acme/digits.git",
}
"""What a launch agent and the bot's command line set."""
RECORD = {
    "kind": "nan",
    "message": "the loss is no number",
    "step": 12,
    "suggest": [{"why": "a smaller step", "set": {"train.lr": 0.001}}],
}


def good() -> Recorded:
    return Recorded(
        state="finished",
        name="labhand/exp/1/seed-1",
        group="lh-1-1",
        tags=["labhand", "search"],
        commit="c" * 40,
        config={"train": {"lr": 1e-3, "nesterov": True}, "seed": 3, "optim": "adam"},
        summary={"val/acc": 0.9, "val/loss": 0.3, "run/status": "finished"},
        history=[{"val/acc": 0.5}, {"val/acc": float("nan")}, {"val/acc": 0.9}],
        files={"output.log": "epoch 1\n"},
    )


def failed(**changes: Any) -> Recorded:
    return replace(
        good(),
        state="failed",
        summary={f"failure/{name}": RECORD[name] for name in ("kind", "message", "step")}
        | {"run/status": "nan"},
        files={"output.log": "epoch 1\n", "failure.json": json.dumps(RECORD | changes)},
    )


def asked(**settings: str) -> Asked:
    return Asked({"val/acc": "best"}, ("val/loss",), settings)


def complaints(run: Recorded, **settings: str) -> list[tuple[str, str, bool]]:
    points = check(run, asked(**settings))
    return [(p.name, p.verdict, p.needed) for p in points if p.verdict != "ok"]


def test_every_metric_that_may_win_is_asked_for():
    found = check(good(), Asked({"val/acc": "best", "val/iou": "last"}, (), {}))
    broken = [(p.name, p.verdict, p.needed) for p in found if p.verdict != "ok"]
    assert broken == [("summary val/iou", "missing", True), ("curve val/iou", "missing", False)]


def test_what_keeps_it_passes():
    settings = {"train.lr": "1e-3", "train.nesterov": "true", "seed": "3", "optim": "adam"}
    assert complaints(good(), **settings) == []
    assert complaints(failed()) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"state": "running"}, ("run state", "wrong", True)),
        ({"state": "crashed"}, ("run state", "wrong", True)),
        ({"summary": {"val/loss": 1, "run/status": ""}}, ("summary val/acc", "missing", True)),
        (
            {"summary": {"val/acc": {"max": 0.9}, "val/loss": 1, "run/status": ""}},
            ("summary val/acc", "wrong", True),
        ),
        (
            {"summary": {"val/acc": float("nan"), "val/loss": 1, "run/status": ""}},
            ("summary val/acc", "wrong", True),
        ),
        ({"summary": {"val/acc": 0.9, "run/status": ""}}, ("summary val/loss", "missing", True)),
        ({"summary": {"val/acc": 1, "val/loss": 1}}, ("summary run/status", "missing", False)),
        ({"history": [{"val/acc": float("inf")}]}, ("curve val/acc", "missing", True)),
        ({"config": {}}, ("config seed", "missing", False)),
        ({"config": {"seed": 4}}, ("config seed", "wrong", True)),
        ({"name": "dainty-sun-1"}, ("run name", "missing", True)),
        ({"group": ""}, ("group", "missing", False)),
        ({"tags": ["mine"]}, ("tags", "missing", False)),
        ({"commit": ""}, ("commit", "missing", False)),
        ({"files": {}}, ("output.log", "missing", False)),
    ],
)
def test_each_thing_that_a_run_breaks_is_found(change: dict[str, Any], found: tuple):
    broken = complaints(replace(good(), **change), seed="3")
    assert found in broken
    unended = change.get("state") is not None  # then it is looked at as a failed one, too
    assert len(broken) == (5 if unended else 1)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "no JSON"),
        ("[1]", "valid dictionary"),
        (json.dumps(RECORD | {"kind": "tired"}), "kind: Input should be 'config'"),
        (json.dumps(RECORD | {"message": ""}), "message: String should have at least 1"),
        (json.dumps(RECORD | {"message": "x" * 2001}), "message: String should have at most 2000"),
        (json.dumps(RECORD | {"step": "12"}), "step: Input should be a valid integer"),
        (json.dumps(RECORD | {"step": float("nan")}), "NaN is no JSON"),
        (json.dumps(RECORD | {"suggest": [{"set": {"lr": 1}}]}), "suggest.0.why: Field required"),
        (json.dumps(RECORD | {"suggest": [{"why": "", "set": {"lr": [1]}}]}), "suggest.0.set.lr"),
    ],
)
def test_each_thing_that_a_failure_record_breaks_is_found(text: str, wrong: str):
    run = failed()
    run.files["failure.json"] = text
    (point,) = (p for p in check(run, asked()) if p.verdict != "ok")
    assert (point.name, point.verdict) == ("failure.json", "wrong")
    assert wrong in point.found


def test_a_failure_without_a_record_is_found():
    run = replace(failed(), files={"output.log": "x"})
    assert complaints(run) == [("failure.json", "missing", True)]


def test_the_trainers_own_runs_keep_it(
    start: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = ["--train.lr=3e-3", "seed=2"]
    processes = [
        start(*TINY, *given, **GIVEN, WANDB_DIR=str(tmp_path / "good")),
        start("train.lrr=1", **GIVEN, WANDB_DIR=str(tmp_path / "bad")),
    ]
    for process, code in zip(processes, (0, 2), strict=True):
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == code, err
    good, bad = (str(tmp_path / name / "wandb" / "latest-run") for name in ("good", "bad"))
    assert main([good, *LABHAND, *given]) == 0
    said = capsys.readouterr().out
    assert "verdict: ok" in said
    assert "advice" not in said
    assert main([good, *LABHAND, "train.lr=3e-4"]) == 1
    assert "not ok: config train.lr" in capsys.readouterr().out
    assert main([bad, *LABHAND]) == 0
    assert "ok      summary failure/kind          config" in capsys.readouterr().out


def test_the_lightning_style_example_keeps_it(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = {"good": ["lr=0.2", "seed=3"], "nan": ["--lr=50"], "crash": ["lr=oops"]}
    processes = []
    for name, arguments in given.items():
        (tmp_path / name).mkdir()
        own = environment | GIVEN | {"WANDB_DIR": str(tmp_path / name)}
        command = [sys.executable, EXAMPLE, *arguments]
        processes.append(subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL))
    assert [process.wait(PATIENCE_SECONDS) for process in processes] == [0, 1, 1]
    good, nan, crash = (str(tmp_path / name / "wandb" / "latest-run") for name in given)
    assert main([good, *LABHAND, *given["good"]]) == 0
    assert "ok      curve val/acc                 5 points" in capsys.readouterr().out
    assert main([nan, *LABHAND, *given["nan"]]) == 0
    record = json.loads(read(nan).files["failure.json"])
    assert (record["kind"], record["suggest"][0]["set"]) == ("nan", {"lr": 5.0})
    assert main([crash, *LABHAND]) == 0
    assert json.loads(read(crash).files["failure.json"])["kind"] == "crash"


def test_a_long_log_is_read_over_its_blocks(tmp_path: Path, environment: dict[str, str]):
    program = """
import wandb
with wandb.init(config={"text": "é" * 70_000}) as run:
    for step in range(400):
        run.log({"value": step, "word": "x" * (step % 97) * 7, "deep": {"er": step / 2}})
"""
    subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment | GIVEN, check=True
    )
    run = read(str(tmp_path / "wandb" / "latest-run"))
    assert [row["value"] for row in run.history] == list(range(400))
    assert run.history[-1]["deep"] == {"er": 199.5}
    assert run.config["text"] == "é" * 70_000
    assert run.summary["value"] == 399


def test_what_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(tmp_path), *LABHAND]) == 2
    assert "no W&B run's folder" in capsys.readouterr().err
    assert main([]) == 2
    assert capsys.readouterr().err.startswith(verify.USAGE)
    (tmp_path / "run.wandb").touch()
    assert main([str(tmp_path), "--labhand", "none.yml"]) == 2
    assert "none.yml names no metric" in capsys.readouterr().err
