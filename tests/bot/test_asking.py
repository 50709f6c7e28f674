"""What asks before it acts: dry runs, prices, and the `/yes` of whoever asked."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.commands import COMMANDS
from bot.sections import Queue
from tests.bot.hostile import refused
from tests.bot.scene import Scene

ACTING = [
    "/launch", "/launch seeds=5", "/launch only=failed", "/fix", "/merge", "/stop", "/lock",
    "/lock what=queue reason='x'", "/unlock what=baseline", "/experiment 'wider' lr=0.02",
    "/experiment 'a deeper one'", "/queue cancel=#{pull}", "/queue priority=high pr=#{pull}",
    "/runs tag=odd", "/runs note='odd curve' group=odd",
]  # fmt: skip
"""What is written on a PR."""
STAGES = {
    "fresh": ("lr=0.02", {"/launch"}),
    "queued": ("lr=0.02", {"/stop", "/queue", "/runs"}),
    "won": ("lr=0.02", {"/launch", "/merge", "/runs"}),
    "lost": ("model.width=1", {"/launch", "/runs"}),
    "failed": ("lr=9", {"/launch", "/fix", "/runs"}),
}
"""How far an experiment is: its settings, and what acts on it then besides `ALWAYS`."""
ALWAYS = {"/lock", "/unlock", "/experiment"}
IN_ISSUES = ["/pick", "/baseline seeds=8"]


def test_every_command_that_takes_a_dry_run_is_tried() -> None:
    tried = set[str]().union(*(acting for _, acting in STAGES.values()))
    tried |= ALWAYS | {body.split()[0] for body in IN_ISSUES}
    assert tried == {f"/{spec.name}" for spec in COMMANDS.values() if spec.dry}


@pytest.mark.parametrize("stage", STAGES)
def test_a_dry_run_touches_nothing_and_says_what_would_be(scene: Scene, stage: str) -> None:
    pull = scene.experiment("Another one", STAGES[stage][0])
    if stage != "fresh":
        scene.writes("ada", pull, "/launch")
    if stage not in ("fresh", "queued"):
        scene.rings()
    scene.writes("ada", pull, "/lock what=baseline")
    shown = set()
    for body in ACTING:
        line = body.format(pull=pull)
        before = scene.everything()
        scene.writes("ada", pull, f"{line} dry-run")
        assert scene.everything() == before
        if "ry run" in scene.last(pull).body:
            shown.add(line.split()[0])
    assert shown == ALWAYS | STAGES[stage][1]


@pytest.mark.parametrize("body", IN_ISSUES)
def test_a_dry_run_in_an_issue_touches_nothing(scene: Scene, body: str) -> None:
    place = scene.idea("Wider", settings="model.width=65")
    before = scene.everything()
    scene.writes("ada", place, f"{body} dry-run")
    assert scene.everything() == before
    assert scene.last(place).body.startswith("**Dry run, nothing was done")


def test_a_dear_command_waits_for_the_yes_of_whoever_wrote_it(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    assert scene.last(pull).body.startswith("**Waiting for your `/yes`, ada: 3 runs")
    assert not scene.tracker.queue
    (said,) = refused(scene, lambda: scene.writes("grace", pull, "/yes"))
    assert "waits for the `/yes` of ada" in said
    assert not refused(scene, lambda: scene.writes("linus", pull, "/yes"))
    scene.writes("ada", pull, "/yes")
    assert len(scene.tracker.queue) == 3
    assert any(c.body.startswith("**Queued: 3 runs") for c in scene.forge.said_at(pull))
    assert not scene.forge.read_ledger().desk.questions


def test_a_yes_that_comes_twice_and_a_command_that_comes_again_do_nothing(
    scene: Scene, pull: int
) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch", 700)
    for _ in range(3):
        scene.writes("ada", pull, "/yes", 701)
    scene.writes("ada", pull, "/launch", 700)
    scene.writes("ada", pull, "/yes", 701)
    assert len(scene.tracker.queue) == 3
    assert not scene.forge.read_ledger().desk.questions
    assert [c.key for c in scene.forge.said_at(pull)].count("reply:701") == 1


def test_a_yes_that_comes_late_does_nothing(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    scene.world.clock.sleep(3601)
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    assert "waited until" in said


def test_a_yes_without_a_question_says_so(scene: Scene, pull: int) -> None:
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    assert "Nothing here waits for a `/yes`." in said


def test_a_yes_holds_for_the_head_that_was_asked_about(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    assert "is not what `/launch` would do now" in said


def test_the_right_is_asked_again_for_the_yes(scene: Scene) -> None:
    place = scene.forge.add_issue("Again")
    scene.asks_first()
    scene.writes("ada", place, "/baseline seeds=8")
    scene.forge.roles["ada"] = "write"
    (said,) = refused(scene, lambda: scene.writes("ada", place, "/yes"))
    assert "needs the role `maintain`" in said


def test_dearer_than_configured_asks_first(scene: Scene, pull: int) -> None:
    scene.configure(budget={"ask_above_gpu_hours": 0.0001})
    scene.writes("ada", pull, "/launch")
    assert "3 runs, about 18 s of training" in scene.last(pull).body.split("\n")[0]
    assert not scene.tracker.queue


def test_a_yes_elsewhere_confirms_nothing(scene: Scene, pull: int) -> None:
    other = scene.experiment("Wider", "model.width=65")
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    refused(scene, lambda: scene.writes("ada", other, "/yes"))


def test_a_yes_confirms_nothing_once_the_right_is_gone(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    scene.forge.roles["ada"] = "triage"
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    scene.forge.roles["ada"] = "none"
    assert not refused(scene, lambda: scene.writes("ada", pull, "/yes"))


def test_a_yes_never_confirms_twice(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch")
    scene.writes("ada", pull, "/yes")
    refused(scene, lambda: scene.writes("ada", pull, "/yes"))


def queued_in(scene: Scene, queues: dict[str, Any]) -> None:
    given = {name: Queue.model_validate(queue) for name, queue in queues.items()}
    config = scene.world.config.model_copy(update={"queues": given})
    scene.world = replace(scene.world, config=config)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"local": {"usd_per_gpu_hour": 2.0}}, {"local": {"usd_per_gpu_hour": 20.0}}),
        ({"local": {"gpus": 1}}, {"local": {"gpus": 8}}),
        ({"local": {}}, {"other": {}}),
    ],
)
def test_a_yes_holds_for_the_price_that_was_asked_about(
    scene: Scene, pull: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    scene.asks_first()
    queued_in(scene, before)
    scene.writes("ada", pull, "/launch")
    queued_in(scene, after)
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/yes"))
    assert "or the price changed" in said
    queued_in(scene, before)
    scene.writes("ada", pull, "/yes")
    assert scene.tracker.queue


def test_a_yes_that_was_written_before_the_question_confirms_nothing(
    scene: Scene, pull: int
) -> None:
    """Its own job was lost, and a ring takes it up once somebody has asked."""
    scene.asks_first()
    scene.writes("ada", pull, "/launch", 700)
    (said,) = refused(scene, lambda: scene.writes("ada", pull, "/yes", 699))
    assert "This `/yes` is older than `/launch`" in said


def test_what_was_asked_about_notifies_nobody_in_the_lab_book(scene: Scene, pull: int) -> None:
    scene.asks_first()
    scene.writes("ada", pull, "/launch lr='@octocat fixes #1 [skip ci]'")
    assert scene.last(pull).body.startswith("**Waiting for your `/yes`")
    told = scene.forge.log[-1]
    assert "is asked about /launch" in told
    assert not re.search(r"@\w|fixes #|\[skip ci", told)
