"""docs/contract.md on both sides: what the bot reads, and what the trainer's real runs hold."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import wandb

from bot import clients
from bot.clients import wandb_failure
from bot.clients.wandb import Wandb
from bot.config import parse
from bot.core import comparability
from bot.core.examples import KEY, MOST, kept, numbers
from bot.core.runs import value_of
from bot.core.settings import read_settings, with_settings
from bot.sandbox import wandb as sandbox
from bot.sandbox.serve import reserve, serve
from trainer import verify
from trainer.config import FILE, resolve
from trainer.data.digits import EVALUATION_COPIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contract.md").read_text()
CONFIG = parse((ROOT / ".github" / "labhand.yml").read_text())
TINY = ("train.epochs=2", "data.copies=1", "model.width=16")


WANDBS_OWN = {"_wandb", "e", "gpu", "python_version", "cli_version"}
"""What W&B's SDK notes in every run."""


def rows(section: str) -> list[str]:
    """The first column of one of the page's tables."""
    text = PAGE.split(f"<!-- {section}", 1)[1].split(f"<!-- {section} end", 1)[0]
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def asked_for() -> Iterator[str]:
    """Every text that the bot's W&B client passes to a `get`, and every text it matches."""
    for name in ("wandb.py", "wandb_failure.py", "wandb_runs.py"):
        tree = ast.parse((Path(clients.__file__).parent / name).read_text())
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(str(key)), *_]):
                    yield key
                case ast.MatchMapping(keys=keys):
                    yield from (key.value for key in keys)


def test_the_page_names_what_the_bot_reads_and_nothing_else():
    record = set(rows("record"))
    files = {wandb_failure.RECORD, wandb_failure.LOG}
    configured = {"metric.name", "guards", KEY.format("metric.name")}
    assert {*asked_for()} - {"why", "set"} - WANDBS_OWN == {
        key for key in [*rows("keys"), *record] if key not in files | configured
    }
    assert files | configured < set(rows("keys"))
    assert f"2 to {MOST:,}" in PAGE
    assert record == set(verify.FailureRecord.model_fields)
    assert get_args(verify.Kind) == wandb_failure.KINDS
    assert all(f"`{kind}`" in PAGE for kind in wandb_failure.KINDS)
    lines, characters = wandb_failure.MOST_LINES, wandb_failure.MOST_MESSAGE
    assert f"its last {lines} lines" in PAGE
    assert f"at most {characters:,} characters" in PAGE


def test_the_page_names_what_is_compared() -> None:
    names = {last[0] for last in comparability.ENVIRONMENT.values()} | {"global_batch"}
    assert set(rows("parity")) == {f"environment.{name}" for name in names} | {
        comparability.JUDGING_DATA,
        comparability.SAMPLES,
        comparability.MEMORY,
    }
    others = (*comparability.STEPS, *comparability.GLOBAL_BATCH, comparability.LOCAL_BATCH[0])
    assert all(f"`{name}`" in PAGE for name in others if name != "global_batch")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Wandb]:
    """A W&B with a finished and two failed runs of the trainer, which the SDK here knows, too."""
    folder = tmp_path_factory.mktemp("trained")
    bound, url = reserve()
    with sandbox.Wandb(url, folder / "server") as server, serve(server.app, bound):
        given = {
            "WANDB_BASE_URL": url,
            "WANDB_API_KEY": server.api_key,
            "WANDB_ENTITY": server.entity,
            "WANDB_PROJECT": CONFIG.wandb.project,
            "WANDB_RUN_GROUP": "lh-1-1",
            "WANDB_TAGS": "labhand,search",
            "WANDB_DIR": str(folder),
        }
        started = [
            train(given, "good", "train.lr=0.02", "seed=3"),
            train(given, "bad", "train.lrr=1"),
            train(given, "nan", "train.lr=1e30", "optim=sgd"),
        ]
        codes = [process.wait(timeout=120) for process in started]
        assert codes == [0, 2, 4]
        with pytest.MonkeyPatch.context() as environment:
            wandb.teardown()
            for name, value in given.items():
                environment.setenv(name, value)
            yield server
            wandb.teardown()


def train(given: dict[str, str], run_id: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Starts the trainer as the bot's command line and a launch agent do."""
    own = {"WANDB_RUN_ID": run_id, "WANDB_NAME": f"labhand/exp/{run_id}", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", *TINY, *arguments],
        cwd=given["WANDB_DIR"],
        env=os.environ | given | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def tracker(server: sandbox.Wandb) -> Wandb:
    return Wandb(server.entity, CONFIG.wandb.project, "acme/digits", "http://127.0.0.1:9", "none")


def test_the_bot_measures_the_trainers_run(tracker: Wandb):
    run = tracker.observe(["good"])["good"]
    assert run.state == "finished"
    curve = tracker.curves("good", [CONFIG.primary.name])[CONFIG.primary.name]
    assert len(curve) == 2
    assert value_of(CONFIG.primary, run, curve) == curve[-1][1] == run.summary["val/acc"]
    examples = numbers(kept(run.summary[KEY.format(CONFIG.primary.name)], curve[-1][1]))
    assert len(examples) == run.summary["data/n_val"] / EVALUATION_COPIES == 359
    assert {*examples} <= {part / EVALUATION_COPIES for part in range(EVALUATION_COPIES + 1)}
    assert all(isinstance(run.summary[name], int | float) for name in CONFIG.guards)
    assert (run.config["train.lr"], run.config["seed"]) == (0.02, 3)
    assert run.seconds is not None
    assert comparability.digest([run], comparability.JUDGING_DATA) == run.summary["data/digest"]
    environment = comparability.environment([run.config])
    assert environment.keys() == {*comparability.ENVIRONMENT, "global batch"}
    assert environment["global batch"] == f"{run.config['train.batch']}"
    effort = comparability.effort(run)
    assert effort.samples == run.summary["train/samples_seen"]


def test_the_bot_understands_the_trainers_failures(tracker: Wandb):
    bad, nan = tracker.failure("bad"), tracker.failure("nan")
    assert (bad.kind, bad.step) == ("config", 0)
    assert bad.message == "unknown setting train.lrr: did you mean train.lr?"
    assert bad.message in bad.last_lines
    assert nan.kind == "nan"
    assert nan.step is not None
    assert nan.step >= 1
    assert nan.message
    assert nan.why
    assert not nan.why.endswith(".")
    assert {run.state for run in tracker.observe(["bad", "nan"]).values()} == {"failed"}


def test_what_the_trainer_suggests_can_be_committed_and_trained(tracker: Wandb, tmp_path: Path):
    """As `/fix` does it: into the file that `train.config` names, character by character."""
    assert CONFIG.train.config == str(FILE.relative_to(ROOT))
    suggestion = tracker.failure("nan").suggestion
    assert suggestion
    known = read_settings(FILE.read_text())
    offered = {name: value for name, value in suggestion.items() if name in known}
    (tmp_path / "config.yaml").write_text(with_settings(FILE.read_text(), offered))
    fixed = resolve(file=tmp_path / "config.yaml").flat()
    assert {name: fixed[name] for name in offered} == {
        name: type(fixed[name])(float(text)) for name, text in offered.items()
    }
    assert offered


def test_the_checker_says_the_same_of_w_and_bs_run(
    server: sandbox.Wandb, capsys: pytest.CaptureFixture[str]
):
    labhand = "--labhand", str(ROOT / ".github" / "labhand.yml")
    path = f"{server.entity}/{CONFIG.wandb.project}"
    assert verify.main([f"{path}/good", *labhand, "train.lr=0.02", "seed=3"]) == 0
    assert verify.main([f"{path}/good", *labhand, "train.lr=0.03"]) == 1
    assert verify.main([f"{path}/nan", *labhand]) == 0
    assert verify.main([f"{path}/bad", *labhand]) == 0
    assert verify.main([f"{path}/none", *labhand]) == 2
    assert "W&B has no such run" in capsys.readouterr().err
