"""The sweep: W&B takes it, and its own agent lets the trainer train what it says."""

import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox.wandb import Wandb
from trainer.config import FILE, resolve

SWEEP = FILE.parent / "sweep.yaml"
PATIENCE_SECONDS = 60
PROGRAM = """
from wandb.cli.cli import cli
from wandb.wandb_agent import Agent

Agent.POLL_INTERVAL = 0.1
cli()
"""
"""`wandb`, but its agent does not wait five seconds before it looks again."""


@pytest.fixture
def told() -> dict[str, Any]:
    return yaml.safe_load(SWEEP.read_text())


@pytest.fixture
def machine(environment: dict[str, str], wandb_server: Wandb) -> dict[str, str]:
    """The environment of somebody who has W&B, and whose `python` is ours."""
    return environment | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "WANDB_BASE_URL": wandb_server.url,
        "WANDB_API_KEY": wandb_server.api_key,
        "WANDB_ENTITY": wandb_server.entity,
    }


def test_it_is_the_grid_that_was_asked_for(told: dict[str, Any]):
    values = {name: given["values"] for name, given in told["parameters"].items()}
    assert values == {
        "train.lr": [1e-4, 3e-4, 1e-3],
        "train.weight_decay": [1e-4, 1e-3, 1e-2],
        "train.batch": [32, 64, 128],
        "optim.kind": ["adam", "adamw", "sgd"],
    }
    hashes = set()
    for chosen in product(*values.values()):
        words = [f"{name}={value}" for name, value in zip(values, chosen, strict=True)]
        hashes.add(resolve(words, dict(zip(values, chosen, strict=True))).hash())
    assert len(hashes) == 81


def test_the_real_agent_trains_a_combination(
    told: dict[str, Any], machine: dict[str, str], wandb_server: Wandb, tmp_path: Path
):
    tiny = {"train.epochs": 1, "data.copies": 1, "model.width": 8}
    told["parameters"] |= {name: {"value": value} for name, value in tiny.items()}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(told))
    made = wandb_program("sweep", "--project", "digits", "tiny.yaml", cwd=tmp_path, env=machine)
    name = made.split("wandb agent ")[1].split()[0]
    wandb_program("agent", "--count", "1", name, cwd=tmp_path, env=machine)

    (run,) = wandb_server.runs("digits")
    assert run.state == "finished"
    assert 0 < run.summary["val/acc"] < 1
    for setting, given in told["parameters"].items():  # the first value of each
        section, _, field = setting.partition(".")
        assert run.config[section][field] == given.get("value", given.get("values", [0])[0])


def wandb_program(*arguments: str, cwd: Path, env: dict[str, str]) -> str:
    """Runs W&B's own command line; everything that it said."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
