"""Conversations about what makes figures comparable: the judge, the rules, another seed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.baseline import parse
from bot.events import Rang
from bot.handlers import judging, leaderboard
from bot.ports import Change, Launch
from tests.bot.scene import Scene, outcome
from tests.fakes import FakeRun

SEEDED = "lr: 0.01\nmodel:\n  width: 64\nseed: 1\n"


@pytest.fixture
def measured(tmp_path: Path) -> Scene:
    """A repository whose first baseline is released, and whose runs log their data's digest."""
    scene = Scene(tmp_path)
    scene.forge.push("main", {"conf.yaml": SEEDED})
    logging(scene, {"data/digest": 1, "train/samples_seen": 5000, "perf/gpu_mem_gb": 20})
    scene.baseline()
    return scene


def logging(scene: Scene, more: Mapping[str, float]) -> None:
    """From now on runs log this beside their metrics."""

    def logged(launch: Launch) -> FakeRun:
        run = outcome(launch)
        return replace(run, values={**run.values, **more})

    scene.tracker.outcome = logged


def launched(scene: Scene, files: Mapping[str, str]) -> int:
    """Somebody opens a PR with these files and launches it."""
    scene.forge.push("mine", files)
    pull = scene.forge.add_pull("mine", "My change", "grace")
    scene.writes("grace", pull, "/launch")
    return pull


def test_a_release_records_judge_machine_and_effort(measured: Scene) -> None:
    baseline = parse(measured.forge.baseline_asset("baseline-v1"))
    assert baseline.judge
    assert baseline.judge.code
    assert baseline.judge.paths == ("judge/**",)
    assert baseline.judge.data == "1"
    assert baseline.judge.measures == {
        "val/acc": "maximize, last",
        "train/minutes": "minimize, summary",
    }
    assert baseline.environment == {"torch": "2.13.0"}
    assert baseline.seeds[0].effort.model_dump() == {
        "seconds": 6.0,
        "samples": 5000.0,
        "memory_gb": 20.0,
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "It changes nothing: its files are the baseline's."),
        ({"conf.yaml": SEEDED.replace("seed: 1", "seed: 7")}, "nothing but the seed (`seed`)"),
    ],
)
def test_another_seed_is_refused_before_it_costs_anything(
    measured: Scene, files: dict[str, str], words: str
) -> None:
    pull = launched(measured, files)
    assert words in measured.last(pull).body
    assert measured.tracker.queue == []


def test_another_seed_that_slipped_through_is_no_gain(measured: Scene) -> None:
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    experiment = measured.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    same = experiment.with_attempt(experiment.latest.but(overrides={"seed": "7"}))
    found = judging.hindered(measured.world, same, (), Change("b", ()))
    assert found == ("INVALID", "It changes nothing but the seed (`seed`). What differs is luck.")
    assert judging.hindered(measured.world, experiment, (), Change("b", ())) is None


def test_other_data_are_not_comparable_until_a_baseline_was_measured(measured: Scene) -> None:
    logging(measured, {"data/digest": 2})
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    measured.rings()
    body = measured.last(pull).body
    assert "NOT COMPARABLE" in body.split("\n")[0]
    assert "evaluation data" in body
    assert "`/baseline`" in body


def test_what_is_configured_later_does_not_move_the_goal(measured: Scene) -> None:
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    config = measured.world.config
    harder = config.metric.model_copy(update={"min_effect": 9.0, "value": "best"})
    later = config.model_copy(update={"metric": harder, "guards": {}})
    measured.world = replace(measured.world, config=later)
    measured.rings()
    experiment = measured.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.frozen
    assert experiment.frozen.metric == config.metric
    assert experiment.frozen.most_seeds == 6
    body = measured.last(pull).body
    assert body.startswith("### ✅ WIN")
    assert "train/minutes" in body
    assert "min_effect: 0.002 → 9" in body


def test_what_is_told_while_it_trains_is_the_metric_of_the_first_launch(measured: Scene) -> None:
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    measured.configure(metric={"name": "val/dice"})
    measured.tracker.begin(**{"val/acc": 0.9125, "val/dice": 0.3})
    measured.run(Rang("W&B"))
    body = measured.last(pull).body
    assert "| seed | state | step | val/acc |" in body
    assert "0.9125" in body
    measured.writes("grace", pull, "/runs")
    assert "val/acc" in measured.last(pull).body
    assert "val/dice" not in measured.last(pull).body


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"name": "val/dice"}, "baseline-v1 holds no values of `val/dice`."),
        ({"name": "zero", "min_effect": "5%"}, "`5%` of a baseline of zero is nothing."),
    ],
)
def test_what_could_not_be_judged_is_not_trained(
    tmp_path: Path, metric: dict[str, str], words: str
) -> None:
    scene = Scene(tmp_path)
    scene.forge.push("main", {"conf.yaml": SEEDED})
    logging(scene, {"zero": 0.0})
    scene.configure(metric={"name": metric["name"]} if "min_effect" in metric else {})
    scene.baseline()
    scene.configure(metric=metric)
    pull = launched(scene, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    assert words in scene.last(pull).body
    assert scene.tracker.queue == []
    idea = scene.idea("A larger rate", settings="lr=0.02")
    scene.labels("ada", idea)
    assert words in scene.last(idea).body


@pytest.mark.parametrize(
    ("seeds", "method"), [((1, 2, 3), "paired"), (range(1, 12), "paired"), ((1, 2, 101), "welch")]
)
def test_pairs_need_a_baseline_with_the_same_seeds(
    measured: Scene, seeds: Sequence[int], method: str
) -> None:
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    ledger = measured.forge.read_ledger()
    experiment = ledger.at(pull)
    assert experiment
    assert experiment.frozen
    paired = experiment.but(frozen=experiment.frozen.but(method="paired"))
    baseline = judging.current(measured.world, ledger)
    held = judging.freeze(measured.world, ledger, paired, baseline, seeds)
    assert held == experiment.frozen.but(method=method)


def test_a_metric_at_its_bound_in_every_run_is_the_same(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.forge.push("main", {"conf.yaml": SEEDED})
    logging(scene, {"val/acc": 1.0})
    scene.baseline()
    pull = launched(scene, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    scene.rings()
    body = scene.last(pull).body
    assert body.startswith("### 🟥 LOSS")
    assert "| **the same** 🟥" in body
    assert "No gain worth having: 0 at most" in body


def test_a_gain_by_another_metric_than_what_decides_now_is_told_as_such(measured: Scene) -> None:
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    measured.rings()
    measured.configure(metric={"name": "val/dice"})
    number = leaderboard.create(measured.world)
    assert number
    board = measured.forge.issues[number].body
    assert f"#{pull} My change leads: val/acc better by 0.02" in board
    assert " by val/acc | " in board


def test_effort_is_always_compared(measured: Scene) -> None:
    logging(measured, {"data/digest": 1, "train/samples_seen": 10_000, "perf/gpu_mem_gb": 20})
    pull = launched(measured, {"conf.yaml": SEEDED.replace("0.01", "0.02")})
    measured.rings()
    lines = [line for line in measured.last(pull).body.splitlines() if line.startswith("| ")]
    assert [line.split(" ↓")[0] for line in lines if "↓" in line] == [
        "| train/minutes", "| training time, s", "| samples seen", "| peak GPU memory, GB",
    ]  # fmt: skip
    seen = next(line for line in lines if "samples seen" in line)
    assert "5,000" in seen
    assert "10,000" in seen
    assert "| training time, s ↓ | the same | 6 ± 0 | 6 ± 0 |" in [
        line.replace("\u00a0", " ") for line in lines
    ]
    assert '"name": "training time, min"' in measured.last(pull).body
