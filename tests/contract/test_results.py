"""`bot results` in a terminal: the real clients, and both sandboxes."""

import csv
import io

import pytest
import wandb
from wandb.apis.public import Run as ApiRun

from bot.__main__ import main
from bot.core.attempt import Attempt, Run
from bot.core.baseline import ASSET, Baseline, SeedResult
from bot.core.experiment import Experiment
from bot.core.ledger import BaselineRef, Ledger
from tests.contract.bees import Bees
from tests.contract.hub import SandboxHub, head

CONFIG = """
version: 1
metric: {name: val/acc, goal: maximize, value: summary, min_effect: 0.002}
train: {command: "python -m trainer {overrides} seed={seed}", config: conf/config.yaml}
wandb: {entity: acme, project: retina}
queues: {local: {}}
"""


@pytest.fixture
def terminal(bees: Bees, sandbox_hub: SandboxHub, monkeypatch: pytest.MonkeyPatch) -> SandboxHub:
    """A repository with a baseline and an experiment of three seeds, one of which is trained."""
    forge = sandbox_hub.forge
    commit = sandbox_hub.push("main", {".github/labhand.yml": CONFIG})
    seeds = tuple(
        SeedResult(seed=seed, run=f"b{seed}", url="https://x.org", values={"val/acc": seed / 10})
        for seed in (1, 2, 3)
    )
    baseline = Baseline(
        tag="baseline-v1", commit=commit, metric="val/acc", seeds=seeds, config={},
        environment={}, wall_seconds=60,
    )  # fmt: skip
    forge.publish("baseline-v1", commit, "baseline-v1", "notes", {ASSET: baseline.text()})
    name = sandbox_hub.name.replace("/", "-")
    ApiRun.create(wandb.Api(), f"{name}-s1", "retina", "acme", "finished")
    seen = next(run for run in bees.server.runs("retina") if run.id == f"{name}-s1")
    seen.summary.update({"val/acc": 0.25, "_runtime": 30})
    runs = tuple(
        Run(seed=seed, id=f"{name}-s{seed}", state="finished" if seed == 1 else "queued")
        for seed in (1, 2, 3)
    )
    attempt = Attempt(
        number=1, purpose="search", commit=head(forge), tree="", baseline="baseline-v1",
        queue="local", runs=runs, asked_by="ada", comment_id=1, asked_at=1.8e9, queued=True,
    )  # fmt: skip
    experiment = Experiment(
        number=7, kind="experiment", title="=EMA", author="ada", branch="exp/7-ema",
        attempts=(attempt,),
    )  # fmt: skip
    ledger = Ledger(None).put(experiment).released(BaselineRef(tag="baseline-v1", commit=commit))
    forge.write_ledger(Ledger(None), ledger, "begin")
    monkeypatch.setenv("GITHUB_REPOSITORY", sandbox_hub.name)
    monkeypatch.setenv("GITHUB_API_URL", sandbox_hub.server.api_url)
    monkeypatch.setenv("GITHUB_SERVER_URL", sandbox_hub.server.url)
    monkeypatch.setenv("LABHAND_GITHUB_TOKEN", sandbox_hub.token)
    return sandbox_hub


def test_figures_are_shown_as_text(
    terminal: SandboxHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", "--pr", "7"]) == 0
    assert "val/acc 0.25 over 1 of 3 seeds; no verdict yet" in capsys.readouterr().out
    assert main(["results", "--branch", "main"]) == 0
    assert "over 3 seeds" in capsys.readouterr().out
    run_id = f"{terminal.name.replace('/', '-')}-s1"
    assert main(["results", "--run", run_id]) == 0
    assert "val/acc 0.25 over 1 seed" in capsys.readouterr().out


def test_runs_are_written_as_csv(terminal: SandboxHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["seed"], row["state"], row["val/acc"]) for row in rows] == [
        ("1", "finished", "0.25"),
        ("2", "queued", ""),
        ("3", "queued", ""),
    ]
    assert all(terminal.name.replace("/", "-") in row["url"] for row in rows)


@pytest.mark.usefixtures("terminal")
def test_what_is_wrong_is_said_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--pr", "7", "--json"]) == 2
    assert "There is no verdict on `#7` yet" in capsys.readouterr().err
    assert main(["results", "--pr", "99", "--csv"]) == 2
    assert "Nothing was launched for #99" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["results"])
    assert "--pr" in capsys.readouterr().err
