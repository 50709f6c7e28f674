"""Runs, tables, figures and artifacts as the real SDK sends them, and going on from them."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import wandb

from tests.sandbox.wandb_stage import Bench
from trainer.config import resolve
from trainer.health import DataError, Evidence, Preempted, Stop
from trainer.loop import train
from trainer.track import KEYS, Tracker

pytest_plugins = ("tests.sandbox.wandb_fixtures",)

TINY = ("train.epochs=2", "train.epoch_steps=4", "data.copies=1", "model.width=16")
SECRETS = {"HF_TOKEN": "hf_kept0to0oneself", "KAGGLE_KEY": "kaggle1kept2to3oneself"}


def folder_of(bench: Bench, run_id: str) -> Path:
    return bench.folder / "runs" / run_id


def trained(bench: Bench, run_id: str, *arguments: str, stop: Stop | None = None) -> Tracker:
    """Trains in a run that is still open."""
    tracker = Tracker(bench.init(run_id, resume="allow"))
    config = resolve([*TINY, *arguments])
    tracker.configure(config)
    train(config, tracker, stop or Stop(), Evidence(), tracker.folder)
    return tracker


def artifact(bench: Bench, name: str) -> Any:
    return wandb.Api().artifact(f"acme/{bench.project}/{name}")


def test_what_a_run_logs_is_what_is_declared(bench: Bench, monkeypatch):
    for name in ("WANDB_NAME", "WANDB_TAGS"):
        monkeypatch.delenv(name, raising=False)
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    trained(bench, "whole").finish(0)
    run = bench.seen("whole")
    logged = {key for row in [*run.history, run.summary] for key in row if key[0] != "_"}
    always = {name for name, key in KEYS.items() if not key.only or "figures" in key.only}
    assert always <= logged <= KEYS.keys()
    for row in run.history:
        whens = {KEYS[key].when for key in row if key[0] != "_" and key != "epoch"}
        assert whens in ({"epoch"}, {"picture"})
    assert [row["epoch"] for row in run.history] == [1, 2, 2]

    assert (run.name, run.tags) == (
        "mlp-16x2-digits-seed1",
        ["train", "digits", "mlp-16x2"],
    )
    config = resolve(TINY)
    assert run.config["config_hash"] == config.hash()
    assert run.config["track"] == {"samples_every": 10, "figures": True, "upload_seconds": 600}
    machine = {"device": "cpu", "precision": "fp32", "threads": 1, "world_size": 1}
    assert machine.items() <= run.config["environment"].items()
    assert {"torch", "wandb", "python", "platform"} <= run.config["environment"].keys()

    sent = json.dumps([run.config, run.summary, run.history, list(run.output)])
    files = [file.read_bytes() for file in run.folder.rglob("*") if file.is_file()]
    for secret in (*SECRETS.values(), bench.server.api_key):
        assert secret not in sent
        assert not any(secret.encode() in content for content in files)


def test_the_table_and_the_figures_arrive(bench: Bench, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WANDB_ARTIFACT_DIR", str(tmp_path))
    trained(bench, "seen").finish(0)
    summary = bench.seen("seen").summary
    found = next(a for a in bench.api_run("seen").logged_artifacts() if a.type == "run_table")
    rows = found.get("val/samples")
    assert rows.columns == ["sort", "image", "label", "prediction", "probability"]
    assert (len(rows.data), summary["val/samples"]["nrows"]) == (32, 32)
    assert all(row[1].image.size == (64, 64) and 0 < row[4] <= 1 for row in rows.data)
    names = {file.name for file in bench.api_run("seen").files()}
    assert {summary[f"figure/{name}"]["path"] for name in ("curves", "confusion", "worst")} < names


def test_data_and_model_are_artifacts(bench: Bench, tmp_path: Path):
    tracker = trained(bench, "kept")
    tracker.finish(0)
    data = artifact(bench, "data-digits:latest")
    assert data.type == "dataset"
    assert data.metadata["test"]["digest"] == bench.seen("kept").summary["data/digest"][12:]
    model = artifact(bench, f"model-{bench.project}:best")
    content = torch.load(Path(model.download(str(tmp_path))) / "model.pt")
    (best,) = tracker.folder.glob("best-*.pt")
    assert content["values"] == torch.load(best)["values"]
    assert model.metadata == {"val/acc": content["values"]["val/acc"]}
    assert {"latest", "best"} <= set(model.aliases)
    assert model.logged_by().id == "kept"
    trained(bench, "same-data", "seed=2").finish(0)
    assert artifact(bench, "data-digits:latest").version == "v0"


def test_the_best_model_stays_the_best(bench: Bench, tmp_path: Path):
    for number, accuracy in enumerate((0.8, 0.9, 0.7)):
        file = tmp_path / "best-1.pt"
        file.write_text(str(accuracy))
        tracker = Tracker(bench.init(f"r{number}"))
        tracker.artifacts.model(file, accuracy)
        tracker.finish(0)
    name = f"model-{bench.project}"
    assert artifact(bench, f"{name}:best").metadata == {"val/acc": 0.9}
    assert artifact(bench, f"{name}:latest").metadata == {"val/acc": 0.7}


class StopAt(Stop):
    """A signal that comes in the course of the step after a number of looks."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._left = step

    @property
    def asked(self) -> bool:
        self._left -= 1
        if not self._left:
            self.signum = signal.SIGTERM
        return super().asked


def test_a_run_goes_on_from_its_artifact_on_another_disk(bench: Bench, monkeypatch):
    trained(bench, "straight").finish(0)
    tracker = Tracker(bench.init("moved"))
    with pytest.raises(Preempted):
        train(resolve(TINY), tracker, StopAt(6), Evidence(), tracker.folder)
    tracker.finish(143)
    there, straight = folder_of(bench, "moved"), folder_of(bench, "straight")
    sent = {file.name for file in there.glob("*.pt")}
    assert sent == {"last.pt", "best-1.pt"}
    assert torch.load(there / "last.pt")["progress"]["step"] == 6
    shutil.rmtree(there)

    monkeypatch.setenv("WANDB_RESUME", "must")
    trained(bench, "moved").finish(0)
    rows = bench.seen("moved").history
    assert [row["epoch"] for row in rows if "val/acc" in row] == [1, 2]
    assert not (there / "fetched.tmp").exists()
    moved, expected = torch.load(there / "last.pt"), torch.load(straight / "last.pt")
    assert moved["progress"]["rows"] == expected["progress"]["rows"]
    assert all(torch.equal(moved["model"][key], expected["model"][key]) for key in moved["model"])
    summaries = [bench.seen(run_id).summary for run_id in ("moved", "straight")]
    assert summaries[0]["test/loss"] == summaries[1]["test/loss"]


def test_nothing_is_fetched_unless_the_run_is_to_go_on(bench: Bench, monkeypatch, tmp_path: Path):
    run = bench.init("again")
    tracker = Tracker(run)
    (tmp_path / "last.pt").write_text("state")
    tracker.artifacts.state(tmp_path)
    tracker.finish(0)
    tracker = Tracker(bench.init("again", resume="allow"))
    empty = tmp_path / "empty"
    empty.mkdir()
    tracker.artifacts.restore(empty)
    assert list(empty.iterdir()) == []
    monkeypatch.setenv("WANDB_RESUME", "allow")
    tracker.artifacts.restore(empty)
    assert (empty / "last.pt").read_text() == "state"
    (empty / "last.pt").write_text("newer")
    tracker.artifacts.restore(empty)
    assert (empty / "last.pt").read_text() == "newer"
    tracker.finish(0)


def test_a_run_that_never_sent_a_state_begins_anew(bench: Bench, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WANDB_RESUME", "allow")
    tracker = Tracker(bench.init("fresh"))
    tracker.artifacts.restore(tmp_path)
    assert list(tmp_path.iterdir()) == []
    tracker.finish(0)


def test_a_state_is_sent_again_only_after_a_while(bench: Bench, tmp_path: Path):
    tracker = Tracker(bench.init("often"))
    (tmp_path / "last.pt").write_text("1")
    tracker.artifacts.state(tmp_path, after_seconds=1e6)
    tracker.finish(0)
    assert not wandb.Api().artifact_exists(f"acme/{bench.project}/ckpt-often:latest")


def test_an_artifact_that_is_not_there_is_a_failure_of_the_data(bench: Bench):
    tracker = Tracker(bench.init("lost"))
    with pytest.raises(DataError, match="no artifact pictures:v3"):
        tracker.artifact("pictures:v3")
    tracker.finish(3)
