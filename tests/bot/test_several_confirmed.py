"""A win by one of several metrics is confirmed by that one alone, and by none that is worse."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.events import Rang
from tests.bot.scene import Scene
from tests.bot.several import launched, lines, outcome, repository, without


@pytest.fixture
def measured(tmp_path: Path) -> Scene:
    """A repository with a baseline, where a change may win by accuracy or by overlap."""
    scene = repository(tmp_path)
    scene.baseline()
    return scene


def confirmed_as(scene: Scene, rate: str) -> str:
    """What is said of a win by overlap whose held-out seeds come out as of another rate."""
    pull = launched(scene, "0.02")
    scene.writes("ada", pull, "/merge")
    scene.tracker.outcome = lambda launch: outcome(
        replace(launch, command=tuple(w.replace("lr=0.02", f"lr={rate}") for w in launch.command))
    )
    scene.rings()
    assert "baseline-v2" not in scene.forge.releases
    return scene.last(pull).body


def test_a_win_by_the_second_metric_goes_all_the_way(measured: Scene) -> None:
    pull = launched(measured, "0.02")
    body = measured.last(pull).body
    first, second = body.splitlines()[:2]
    assert first.startswith("### ✅ WIN · val/iou +0.03")
    assert "`/merge` first trains 3 held-out seeds" in second
    rows = [line.split(" | ")[0] for line in lines(body) if "↑" in line]
    assert rows[0].startswith("| **val/iou** ↑ `")
    assert rows[1] == "| val/acc ↑"
    assert "shared by the 2 metrics that may win" in body
    assert 'y-axis "val/iou"' in body
    searched = measured.forge.read_ledger().at(pull)
    assert searched
    assert searched.searched
    assert searched.searched.gain
    assert searched.searched.gain.metric == "val/iou"
    assert measured.forge.checks[searched.searched.commit][0] == "success"

    measured.writes("ada", pull, "/merge")
    measured.rings()
    commit, notes, assets = measured.forge.releases["baseline-v2"]
    assert commit == measured.forge.pull(pull).merge_commit
    assert notes.startswith("# baseline-v2 · val/iou 0.73")
    assert "| **val/iou** ↑ |" in notes
    assert "| val/acc ↑ |" in notes
    assert any("Labhand-Verdict: WIN val/iou" in message for message in measured.forge.log)
    assert json.loads(assets["baseline.json"])["metric"] == "val/acc"
    assert measured.last(pull).body.startswith("### ✅ MERGED · val/iou +0.03")
    kept = measured.forge.read_ledger().baseline
    assert kept
    assert (kept.metric, kept.mean) == ("val/acc", pytest.approx(0.9, abs=0.002))


def test_a_win_by_the_second_metric_that_does_not_come_back_is_not_merged(measured: Scene) -> None:
    body = confirmed_as(measured, "0.01")
    assert body.startswith("### 🟥 NOT CONFIRMED · val/iou ")
    assert "The win did not come back on held-out seeds 101 to 103" in body


def test_a_win_that_costs_another_metric_on_held_out_seeds_is_not_merged(measured: Scene) -> None:
    body = confirmed_as(measured, "0.03")
    assert body.startswith("### 🟥 NOT CONFIRMED · val/acc −0.0")
    assert "so nothing was merged, whatever it gains by `val/iou`" in body
    assert "| seed | val/acc |" in body


def test_a_win_by_one_is_not_confirmed_by_another(measured: Scene) -> None:
    body = confirmed_as(measured, "0.04")
    assert body.startswith("### 🟥 NOT CONFIRMED · val/iou ")


def test_while_a_win_is_confirmed_its_metric_is_shown(measured: Scene) -> None:
    pull = launched(measured, "0.02")
    measured.writes("ada", pull, "/merge")
    measured.tracker.begin(**{"val/acc": 0.9125, "val/iou": 0.7375})
    measured.run(Rang("W&B"))
    (progress,) = [c for c in measured.forge.said_at(pull) if c.key == "progress"]
    assert "| seed | state | step | val/iou |" in progress.body
    assert "0.7375" in progress.body


def test_held_out_seeds_that_did_not_log_one_of_them_confirm_nothing(measured: Scene) -> None:
    pull = launched(measured, "0.02")
    measured.writes("ada", pull, "/merge")
    measured.tracker.outcome = partial(without, "val/acc")
    measured.rings()
    assert "`val/acc`" in measured.last(pull).body
    assert measured.forge.pull(pull).merge_commit is None
