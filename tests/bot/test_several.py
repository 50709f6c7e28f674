"""Several metrics of which any may win, from the configuration to the release."""

import json
from functools import partial
from pathlib import Path

import pytest

from bot.core.baseline import parse
from bot.core.board import ranked
from bot.core.results import as_json
from bot.events import Rang
from bot.handlers import results
from bot.handlers.setup import setup
from tests.bot.scene import Scene
from tests.bot.several import ALTERNATIVES, configure, launched, lines, repository, without
from tests.fakes.world import CONFIG


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository without a baseline, where a change may win by accuracy or by overlap."""
    return repository(tmp_path)


@pytest.fixture
def measured(scene: Scene) -> Scene:
    """The same with a baseline."""
    scene.baseline()
    return scene


def test_a_gain_by_one_does_not_pay_for_another_that_is_worse(measured: Scene) -> None:
    body = measured.last(launched(measured, "0.03")).body
    assert body.startswith("### 🟥 LOSS · val/acc −0.0296")
    assert "That is a LOSS, whatever it gains by val/iou." in body
    gained = next(line for line in lines(body) if line.startswith("| val/iou"))
    assert "✅ a gain" in gained.replace("\N{NO-BREAK SPACE}", " ")


def test_the_first_metric_wins_as_ever_and_leads(measured: Scene) -> None:
    body = measured.last(launched(measured, "0.04")).body
    assert body.startswith("### ✅ WIN · val/acc +0.02")
    assert "| **val/acc** ↑" in body


def test_what_may_still_win_by_any_is_undecided(measured: Scene) -> None:
    pull = launched(measured, "0.05")
    body = measured.last(pull).body
    assert body.startswith("### 🟨 UNDECIDED · val/acc")
    assert "| `/launch seeds=+3` |" in body


def test_the_report_is_data_too(measured: Scene) -> None:
    pull = launched(measured, "0.02")
    data = json.loads(as_json(results.last_report(measured.world, f"#{pull}")))
    deciding = [m for m in data["metrics"] if m["decides"]]
    assert [(m["name"], m["verdict"]) for m in deciding] == [
        ("val/iou", "WIN"), ("val/acc", "UNDECIDED")
    ]  # fmt: skip
    assert data["min_effect"] == 0.003
    alphas = {m["interval"]["alpha"] for m in deciding}
    assert len(alphas) == 1
    assert alphas.pop() < 0.025
    measured.writes("grace", pull, "/results")
    figures = measured.last(pull).body
    assert figures.startswith("**val/iou 0.73")
    assert "| val/acc ↑ |" in figures


def test_what_cannot_be_compared_says_nothing_of_any_of_them(measured: Scene) -> None:
    measured.forge.push("mine", {"judge/eval.py": "y\n"})
    pull = measured.forge.add_pull("mine", "Another judge", "grace")
    measured.writes("grace", pull, "/launch")
    measured.rings()
    body = measured.last(pull).body
    assert body.startswith("### ⬜ NOT COMPARABLE")
    assert "undecided" not in body
    data = json.loads(body.partition("```json")[2].partition("```")[0])
    assert [m["verdict"] for m in data["metrics"] if m["decides"]] == ["NOT_COMPARABLE"] * 2


def test_the_leaderboard_says_by_which_metric(measured: Scene) -> None:
    setup(measured.world)
    one, other = launched(measured, "0.04"), launched(measured, "0.02")
    measured.run(Rang("the schedule"))
    (number,) = measured.forge.pinned
    body = measured.forge.issues[number].body
    rows = lines(body)[1:]
    assert body.startswith(f"**#{other} Learning rate 0.02 leads: val/iou better by")
    assert [row.split(" ")[1] for row in rows[:2]] == [f"#{other}", f"#{one}"]
    assert "by val/iou" in rows[0]
    assert "by val" not in rows[1]


def test_gains_of_before_their_metric_was_recorded_are_ranked_with_the_others(
    measured: Scene,
) -> None:
    old, new = launched(measured, "0.04"), launched(measured, "0.02")
    book = measured.forge.read_ledger()
    experiment = book.at(old)
    assert experiment
    assert experiment.searched
    assert experiment.searched.gain
    unnamed = experiment.searched.gain.but(metric="", worth=None)
    book = book.put(experiment.with_attempt(experiment.searched.but(gain=unnamed)))
    assert [(row.place, row.gain.metric) for row in ranked(book)] == [
        (new, "val/iou"), (old, "val/acc")
    ]  # fmt: skip
    assert ranked(book)[1].gain.worth == 0.002


def test_arms_are_compared_by_all_of_them(measured: Scene) -> None:
    pull = launched(measured, "0.02")
    measured.writes("grace", pull, f"/compare baseline-v1 #{pull}")
    rows = lines(measured.last(pull).body)
    assert any(row.startswith("| | val/iou ↑: difference (interval)") for row in rows)
    assert f"| #{pull} − baseline-v1 | +0.03" in "".join(rows)


def test_an_idea_is_told_by_what_it_may_win(measured: Scene) -> None:
    place = measured.idea("Larger learning rate", settings="lr=0.02")
    measured.labels("ada", place)
    body = measured.last(place).body
    assert "Or by `val/iou` (last value of each run, more is better)" in body
    assert "A WIN by one of these metrics is enough" in body


def test_a_baseline_without_one_of_them_is_told_before_anything_is_spent(scene: Scene) -> None:
    configure(scene, CONFIG)
    scene.tracker.outcome = partial(without, "val/iou")
    scene.baseline()
    configure(scene, CONFIG.replace("guards:", ALTERNATIVES))
    scene.forge.push("mine", {"model.py": "layers = 3\n"})
    pull = scene.forge.add_pull("mine", "By hand", "grace")
    scene.writes("grace", pull, "/launch")
    assert "baseline-v1 holds no values of `val/iou`" in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_baseline_whose_runs_did_not_log_one_of_them_is_not_released(scene: Scene) -> None:
    scene.tracker.outcome = partial(without, "val/iou")
    scene.baseline()
    assert not scene.forge.releases
    assert any("no finite number for `val/iou`" in comment.body for comment in scene.forge.comments)


def test_a_run_that_did_not_log_one_of_them_gets_no_verdict(measured: Scene) -> None:
    measured.tracker.outcome = partial(without, "val/iou")
    pull = launched(measured, "0.02")
    assert "gave no finite number for `val/iou`" in measured.last(pull).body


def test_rules_of_before_there_were_several_still_hold(measured: Scene) -> None:
    configure(measured, CONFIG)
    pull = measured.experiment("Learning rate", "lr=0.04")
    measured.writes("ada", pull, "/launch")
    experiment = measured.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.frozen
    assert "alternatives" not in experiment.frozen.model_dump(exclude_defaults=True)
    configure(measured, CONFIG.replace("guards:", ALTERNATIVES))
    measured.rings()
    body = measured.last(pull).body
    assert body.startswith("### ✅ WIN · val/acc +0.02")
    assert "alternative val/iou: none → maximize, last, min_effect 0.003" in body
    assert "metrics that may win" not in body


def test_one_metric_alone_leaves_no_trace_of_several(scene: Scene) -> None:
    configure(scene, CONFIG)
    scene.baseline()
    pull = launched(scene, "0.04")
    body = scene.last(pull).body
    assert body.startswith("### ✅ WIN · val/acc +0.02")
    assert "val/iou" not in body
    assert "may win" not in body
    (shown,) = [
        json.loads(line.strip(" ,")) for line in body.splitlines() if '"decides": true' in line
    ]
    assert "verdict" not in shown
    assert "curves" not in scene.forge.baseline_asset("baseline-v1")


def test_a_baseline_keeps_the_curves_of_all_of_them(measured: Scene) -> None:
    (seed, *_) = parse(measured.forge.baseline_asset("baseline-v1")).seeds
    assert seed.curve[-1][1] == seed.values["val/acc"]
    assert {name: curve[-1][1] for name, curve in seed.curves.items()} == {
        "val/iou": seed.values["val/iou"]
    }
