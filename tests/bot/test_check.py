"""The check "labhand" and the summary of a workflow run, over the life of a PR."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.comments import headline
from bot.events import PullMoved
from bot.ports import MOST_SUMMARY
from tests.bot.scene import Scene


def state(scene: Scene, commit: str) -> str:
    return scene.forge.checks[commit][0]


def head(scene: Scene, pull: int) -> str:
    return scene.forge.pull(pull).head


def test_a_pull_that_is_no_experiment_passes_at_once(scene: Scene) -> None:
    scene.forge.push("docs", {"README.md": "better"})
    number = scene.forge.add_pull("docs", "Better words", "grace")
    scene.run(PullMoved(number, head(scene, number)))
    assert scene.forge.checks[head(scene, number)][:2] == ("success", "no experiment")
    assert scene.forge.said_at(number) == []


def test_a_win_goes_from_waiting_to_success(scene: Scene) -> None:
    pull = scene.experiment("A larger rate", "lr=0.02")
    commit = head(scene, pull)
    assert scene.forge.checks[commit][:2] == ("queued", "not trained yet: /launch")
    scene.writes("grace", pull, "/launch")
    assert scene.forge.checks[commit][:2] == ("in_progress", "attempt 1 is being trained: 3 seeds")
    while state(scene, commit) == "in_progress":
        scene.rings()
    said, title, summary = scene.forge.checks[commit]
    (report,) = [c for c in scene.forge.said_at(pull) if c.key == "report:1"]
    assert (said, title, summary) == ("success", headline(report.body), report.body)
    assert title.startswith("✅ WIN · val/acc +0.02")


def test_the_confirmation_is_waited_for_and_passes_before_the_merge(scene: Scene) -> None:
    pull = scene.experiment("A larger rate", "lr=0.02")
    commit = head(scene, pull)
    scene.writes("grace", pull, "/launch")
    while state(scene, commit) == "in_progress":
        scene.rings()
    scene.writes("ada", pull, "/merge")
    assert state(scene, commit) == "in_progress"
    while state(scene, commit) == "in_progress":
        scene.rings()
    said, title, _ = scene.forge.checks[commit]
    assert (said, title[:43]) == ("success", "confirmed on held-out seeds: val/acc +0.020")


@pytest.mark.parametrize(
    ("settings", "expected"), [("model.width=1", "failure"), ("lr=9", "failure")]
)
def test_what_does_not_win_fails(scene: Scene, settings: str, expected: str) -> None:
    pull = scene.experiment("An idea", settings)
    scene.writes("grace", pull, "/launch")
    while state(scene, head(scene, pull)) == "in_progress":
        scene.rings()
    assert state(scene, head(scene, pull)) == expected


def test_a_new_head_of_an_experiment_waits_and_a_known_one_keeps_its_verdict(scene: Scene) -> None:
    scene.forge.push("mine", {"conf.yaml": "lr: 0.02\nmodel:\n  width: 64\n"})
    pull = scene.forge.add_pull("mine", "My own", "grace")
    first = head(scene, pull)
    scene.run(PullMoved(pull, first))
    scene.writes("grace", pull, "/launch")
    assert state(scene, first) == "in_progress"
    scene.run(PullMoved(pull, first))
    assert state(scene, first) == "in_progress"
    second = scene.forge.push("mine", {"conf.yaml": "lr: 0.03\nmodel:\n  width: 64\n"})
    scene.run(PullMoved(pull, second))
    assert state(scene, second) == "queued"
    scene.writes("grace", pull, "/launch")
    assert (state(scene, first), state(scene, second)) == ("cancelled", "in_progress")


def test_a_baseline_has_no_check(scene: Scene) -> None:
    assert scene.forge.checks == {}


def test_a_report_is_the_summary_of_its_workflow_run(scene: Scene, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    environment = scene.world.environment.model_copy(update={"summary_path": str(summary)})
    scene.world = replace(scene.world, environment=environment)
    pull = scene.experiment("A larger rate", "lr=0.02")
    scene.writes("grace", pull, "/launch")
    while state(scene, head(scene, pull)) == "in_progress":
        scene.rings()
    (report,) = [c for c in scene.forge.said_at(pull) if c.key == "report:1"]
    assert summary.read_text() == f"{report.body}\n"
    scene.world.summarise(report.body)
    scene.world.summarise("x" * MOST_SUMMARY)
    assert summary.read_text() == f"{report.body}\n"
    scene.world.summarise("short")
    assert summary.read_text() == f"{report.body}\nshort\n"


def test_an_attempt_that_cannot_be_judged_fails(scene: Scene) -> None:
    pull = scene.experiment("A larger rate", "lr=0.02")
    commit = head(scene, pull)
    scene.writes("grace", pull, "/launch")
    scene.tracker.work()
    for name, run in scene.tracker.runs.items():
        if run.commit == commit:
            scene.tracker.runs[name] = replace(run, config={**run.config, "lr": "0.5"})
    while state(scene, commit) == "in_progress":
        scene.rings()
    assert state(scene, commit) == "failure"
    _, title, summary = scene.forge.checks[commit]
    assert title.startswith("Seed 1 was asked for lr=0.02 and trained with 0.5.")
    assert summary.endswith("So there is no verdict.")
