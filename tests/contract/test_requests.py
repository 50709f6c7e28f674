"""How much a report asks of GitHub and W&B: the real clients, and both sandboxes."""

from dataclasses import dataclass

import pytest
import wandb
from wandb.apis.public import Run as ApiRun

from bot import router
from bot.__main__ import build
from bot.config import parse
from bot.core.attempt import Attempt, Run
from bot.core.baseline import ASSET, Baseline, SeedResult
from bot.core.comparability import Effort, Judge, measures
from bot.core.experiment import Experiment
from bot.core.ledger import BaselineRef, Ledger
from bot.core.rules import Rules
from bot.environment import Environment
from bot.events import Rang
from bot.ports import World
from tests.contract.bees import Bees
from tests.contract.hub import OWN_RUN, Interference, SandboxHub

CONFIG = """
version: 1
metric: {name: val/acc, goal: maximize, value: best, min_effect: 0.002}
guards:
  val/loss: {goal: minimize, limit: 5%, value: last}
train: {command: "python -m trainer {overrides} seed={seed}", config: conf/config.yaml}
seeds: {experiment: 5, baseline: 10, held_out: [101, 102, 103], looks: 3}
judge: {paths: [src/metrics/**]}
wandb: {entity: acme, project: retina}
queues: {local: {}}
"""
SEEDS = (1, 2, 3, 4, 5)
RING = Rang("W&B")
MOST_GITHUB, MOST_WANDB = 7, 2
"""From ring to comment, beside one request for each run."""
MOST_IN_ALL = 15
"""With what follows the comment: progress, check, ledger, schedule, and what nobody answered."""


@dataclass
class Waiting:
    """An experiment whose runs have just finished, and who looks at it."""

    hub: SandboxHub
    bees: Bees
    interference: Interference
    pull: int

    def job(self) -> World:
        """What a new job begins with."""
        environment = Environment(
            repository=self.hub.name,
            api_url=self.hub.server.api_url,
            server_url=self.hub.server.url,
            workflow_run=OWN_RUN,
            folder="labhand",
            github_token=self.hub.token,
        )
        return build(environment, RING)


@pytest.fixture
def waiting(sandbox_hub: SandboxHub, bees: Bees, interference: Interference) -> Waiting:
    hub, forge = sandbox_hub, sandbox_hub.forge
    commit = hub.push("main", {".github/labhand.yml": CONFIG})
    rules = parse(CONFIG).rules
    forge.publish(
        "baseline-v1", commit, "baseline-v1", "notes", {ASSET: _baseline(commit, rules).text()}
    )
    forge.create_branch("exp/1-lr", commit)
    change = hub.push("exp/1-lr", {"conf/config.yaml": "lr: 0.2\n"})
    pull = hub.open_pull("exp/1-lr", "A larger learning rate")
    runs = tuple(Run(seed=seed, id=f"{hub.name[5:]}-s{seed}", state="running") for seed in SEEDS)
    for run in runs:
        _trained(bees, run)
    attempt = Attempt(
        number=1, purpose="search", commit=change, tree=forge.tree(change),
        overrides={"lr": "0.2"}, baseline="baseline-v1", judge="c0de", queue="local", runs=runs,
        asked_by="ada", comment_id=1, asked_at=1.8e9, queued=True,
    )  # fmt: skip
    experiment = Experiment(
        number=pull, kind="experiment", title="A larger learning rate", author="ada",
        branch="exp/1-lr", pull=pull, attempts=(attempt,), frozen=rules,
        progress_id=forge.say(pull, "progress", "being trained"),
    )  # fmt: skip
    ledger = Ledger(None).put(experiment)
    forge.write_ledger(
        Ledger(None), ledger.released(BaselineRef(tag="baseline-v1", commit=commit)), "begin"
    )
    forge.set_schedule(enabled=True)
    return Waiting(hub, bees, interference, pull)


def _baseline(commit: str, rules: Rules) -> Baseline:
    judge = Judge(code="c0de", paths=rules.judge_paths, measures=measures(rules), data="d1")
    effort = Effort(seconds=600, samples=1e6, memory_gb=31.2)
    seeds = tuple(
        SeedResult(
            seed=seed,
            run=f"b{seed}",
            url="https://x.org",
            values={"val/acc": 0.9 + seed / 1000, "val/loss": 0.3 + seed / 1000},
            curve=((1.0, 0.8), (2.0, 0.9 + seed / 1000)),
            effort=effort,
        )
        for seed in range(1, 11)
    )
    return Baseline(
        tag="baseline-v1", commit=commit, metric="val/acc", seeds=seeds, config={"lr": "0.1"},
        environment={"device": "A100"}, judge=judge, wall_seconds=600,
    )  # fmt: skip


def _trained(bees: Bees, run: Run) -> None:
    """Put a finished run into W&B, as a training program would have left it."""
    ApiRun.create(wandb.Api(), run.id, "retina", "acme", "finished")
    seen = next(each for each in bees.server.runs("retina") if each.id == run.id)
    value = 0.92 + run.seed / 1000
    seen.summary.update(
        {"val/acc": value, "val/loss": 0.25 + run.seed / 1000, "_runtime": 610, "_step": 9}
        | {"data/digest": "d1", "train/samples_seen": 1e6}
    )
    seen.history_rows.update(
        (step, {"_step": step, "val/acc": value - (9 - step) / 100, "val/loss": 0.3})
        for step in range(10)
    )


def test_a_report_asks_little(waiting: Waiting) -> None:
    """Counted from the start of the job: its configuration and the ledger are among it."""
    github, before = waiting.interference.asked, waiting.bees.server.operations.copy()
    github.clear()
    router.handle(RING, waiting.job())
    asked = [request.replace(waiting.hub.name, "R") for request in github]
    assert waiting.hub.comments(waiting.pull)[-1].body.startswith("### ✅ WIN · val/acc")
    until = asked.index(f"POST /api/v3/repos/R/issues/{waiting.pull}/comments") + 1
    assert until <= MOST_GITHUB, asked
    assert len(asked) <= MOST_IN_ALL, asked
    assert (waiting.bees.server.operations - before).total() <= MOST_WANDB + len(SEEDS)
