"""The loop as conversations: what people write, and what comes of it."""

import csv
import io
import json
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.events import Rang
from bot.handlers.setup import setup
from tests.bot.scene import Scene, failing, outcome


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository without a baseline."""
    return Scene(tmp_path)


@pytest.fixture
def measured(scene: Scene) -> Scene:
    """A repository whose first baseline is released."""
    scene.baseline()
    return scene


def test_baseline_is_measured_tagged_and_released(scene: Scene) -> None:
    place = scene.forge.add_issue("Measure the baseline")
    scene.writes("ada", place, "/baseline seeds=6")
    assert len(scene.tracker.queue) == 6
    assert "Queued: 6 runs" in scene.forge.said_at(place)[0].body
    assert scene.forge.schedule
    scene.rings()
    commit, _, assets = scene.forge.releases["baseline-v1"]
    held = json.loads(assets["baseline.json"])
    assert commit == scene.forge.branches["main"]
    assert [seed["seed"] for seed in held["seeds"]] == [1, 2, 3, 4, 5, 6]
    assert held["summary"]["val/acc"]["n"] == 6
    assert place in scene.forge.closed


def test_idea_that_changes_settings_becomes_a_draft_pr(measured: Scene) -> None:
    place = measured.idea("Larger learning rate", settings="lr=0.02")
    measured.labels("ada", place)
    pull = measured.forge.pull(max(measured.forge.pulls))
    assert pull.is_draft
    assert pull.branch == f"exp/{place}-larger-learning-rate"
    text = measured.forge.file("conf.yaml", pull.head)
    assert text == "lr: 0.02 # learning rate\nmodel:\n  width: 64\n"
    body = measured.forge.bodies[pull.number]
    assert "0.01" in body
    assert "0.02" in body
    assert f"#{pull.number}" in measured.last(place).body


def test_idea_of_an_outsider_waits_for_a_maintainer(measured: Scene) -> None:
    place = measured.idea("Larger learning rate", settings="lr=0.02")
    measured.labels("linus", place)
    assert "/pick" in measured.last(place).body
    assert not measured.forge.pulls
    measured.writes("grace", place, "/pick")
    assert measured.forge.pulls


def test_winner_goes_all_the_way(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    other = measured.experiment("Narrow", "model.width=1")
    measured.writes("ada", pull, "/launch")
    measured.writes("ada", other, "/launch")
    commands = [launch.command for _, launch in measured.tracker.queue[:3]]
    assert commands == [
        ("python", "-m", "trainer", "lr=0.02", f"seed={seed}") for seed in (1, 2, 3)
    ]
    measured.rings()
    assert measured.last(pull).body.startswith("### ✅ WIN")
    assert '"values": {"val/acc": 0.921' in measured.last(pull).body
    assert measured.last(other).body.startswith("### 🟥 LOSS")
    measured.writes("ada", pull, "/merge")
    assert sorted(launch.command[-1] for _, launch in measured.tracker.queue) == [
        "seed=101",
        "seed=102",
        "seed=103",
    ]
    tested = measured.forge.pull(pull).head
    measured.rings()
    merged = measured.forge.pull(pull).merge_commit
    assert merged == measured.forge.branches["main"]
    commit, notes, assets = measured.forge.releases["baseline-v2"]
    assert commit == merged
    held = json.loads(assets["baseline.json"])
    assert [seed["seed"] for seed in held["seeds"]] == [101, 102, 103]
    table = list(csv.DictReader(io.StringIO(assets["runs.csv"])))
    assert [row["seed"] for row in table] == ["101", "102", "103"]
    assert {row["commit"] for row in table} == {tested}
    assert {row["settings"] for row in table} == {'{"lr": "0.02"}'}
    assert [float(row["val/acc"]) for row in table] == [
        s["values"]["val/acc"] for s in held["seeds"]
    ]
    assert "baseline-v1" in notes
    assert "`git checkout baseline-v2 && python -m trainer lr=0.02 seed=101`" in notes
    assert any("Labhand-Verdict: WIN" in message for message in measured.forge.log)
    report = next(c for c in measured.forge.said_at(other) if c.key == "report:1")
    outdated, anew = report.body.split("\n")[:2]
    assert "baseline-v2" in outdated
    assert "`/launch` again (about 18 s of training)." in anew
    assert "### 🟥 LOSS" in report.body


def test_second_launch_of_the_same_commit_changes_nothing_and_says_so(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    measured.writes("ada", pull, "/launch")
    before = len(measured.tracker.queue)
    measured.writes("ada", pull, "/launch")
    assert len(measured.tracker.queue) == before
    assert "othing was queued" in measured.last(pull).body


def test_more_seeds_train_only_the_new_ones(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    measured.writes("ada", pull, "/launch")
    measured.rings()
    measured.writes("ada", pull, "/launch seeds=+3")
    assert [launch.command[-1] for _, launch in measured.tracker.queue] == [
        "seed=4",
        "seed=5",
        "seed=6",
    ]
    measured.rings()
    reports = [c for c in measured.forge.said_at(pull) if c.key.startswith("report:")]
    assert [c.minimized for c in reports] == [True, False]


def test_failure_is_reported_and_fixed(measured: Scene) -> None:
    pull = measured.experiment("Much larger learning rate", "lr=9")
    measured.writes("ada", pull, "/launch")
    measured.rings()
    assert measured.last(pull).body.startswith("### 🟥 FAILED")
    measured.writes("ada", pull, "/fix")
    head = measured.forge.pull(pull).head
    assert "lr: 0.003" in (measured.forge.file("conf.yaml", head) or "")
    assert len(measured.tracker.queue) == 3
    measured.rings()
    assert measured.last(pull).body.startswith("### 🟨 UNDECIDED")


def test_failed_baseline_says_how_to_train_only_what_failed(scene: Scene) -> None:
    place = scene.forge.add_issue("Measure the baseline")
    scene.writes("ada", place, "/baseline seeds=6")
    scene.tracker.outcome = failing("seed=4")
    scene.rings()
    assert "Next: `/baseline seeds=6` trains seed 4 again" in scene.last(place).body
    scene.tracker.outcome = outcome
    scene.writes("ada", place, "/baseline seeds=6")
    assert [launch.command[-1] for _, launch in scene.tracker.queue] == ["seed=4"]
    scene.rings()
    assert "baseline-v1" in scene.forge.releases
    assert scene.last(place).body.startswith("### ✅ RELEASED")


def test_failed_confirmation_says_how_to_train_only_what_failed(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    measured.writes("ada", pull, "/launch")
    measured.rings()
    measured.writes("ada", pull, "/merge")
    measured.tracker.outcome = failing("seed=102")
    measured.rings()
    assert "Next: `/merge` trains seed 102 again" in measured.last(pull).body
    assert "/fix" not in measured.last(pull).body
    measured.tracker.outcome = outcome
    measured.writes("ada", pull, "/merge")
    assert [launch.command[-1] for _, launch in measured.tracker.queue] == ["seed=102"]
    measured.rings()
    assert "baseline-v2" in measured.forge.releases


@pytest.mark.parametrize(
    ("person", "body", "said"),
    [
        ("ada", "/launch", "There is no baseline"),
        ("ada", "/lanch", "Did you mean `/launch`?"),
        ("ada", "/launch sedes=3", "Did you mean `seeds`?"),
        ("ada", "/launch seeds=many", "cannot be read"),
        ("ada", "/merge", "Nothing was trained here yet"),
        ("ada", "/fix", "no failed attempt"),
        ("ada", "/baseline", "is written in an issue"),
        ("grace", "/merge", "needs the role `maintain`"),
    ],
)
def test_what_cannot_be_done_gets_one_reply_that_says_why(
    scene: Scene, person: str, body: str, said: str
) -> None:
    scene.forge.push("mine", {"model.py": "layers = 3\n"})
    pull = scene.forge.add_pull("mine", "By hand", "grace")
    scene.writes(person, pull, body)
    (reply,) = scene.forge.said_at(pull)
    assert said in reply.body
    assert not scene.tracker.queue


@pytest.mark.parametrize("body", ["/launch", "/launch nonsense=1", "/lanch", "/deploy-prod"])
def test_stranger_gets_nothing(measured: Scene, body: str) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    before = len(measured.forge.comments)
    measured.writes("mallory", pull, body)
    assert len(measured.forge.comments) == before
    assert not measured.tracker.queue


@pytest.mark.parametrize(
    ("settings", "change", "said"),
    [
        ("_No response_", "_No response_", "The idea is empty"),
        ("lrr=0.1", "Try it.", "Did you mean `lr`?"),
        ("faster please", "Try it.", "is no setting"),
    ],
)
def test_idea_that_cannot_be_tried_is_answered(
    measured: Scene, settings: str, change: str, said: str
) -> None:
    place = measured.idea("Odd", change, settings)
    measured.labels("ada", place)
    assert said in measured.last(place).body
    assert not measured.forge.pulls


def test_code_of_a_fork_is_launched_only_where_a_maintainer_names_its_commit(
    measured: Scene,
) -> None:
    head = measured.forge.push("theirs", {"conf.yaml": "lr: 0.02\nmodel:\n  width: 64\n"})
    pull = measured.forge.add_pull("theirs", "From outside", "linus", is_fork=True)
    measured.writes("ada", pull, "/launch")
    assert f"`/launch commit={head}`" in measured.last(pull).body
    measured.writes("ada", pull, f"/launch commit={head[:12]}")
    measured.writes("grace", pull, f"/launch commit={head}")
    assert "needs the role `maintain`" in measured.last(pull).body
    assert not measured.tracker.queue
    measured.writes("ada", pull, f"/launch commit={head}")
    assert {job for job, _ in measured.tracker.queue} == {f"job:{head}"}


def test_change_of_the_judge_is_not_comparable(measured: Scene) -> None:
    measured.forge.push("mine", {"judge/eval.py": "return 1.0\n"})
    pull = measured.forge.add_pull("mine", "Better numbers", "grace")
    measured.writes("grace", pull, "/launch")
    measured.rings()
    assert "NOT_COMPARABLE" in measured.last(pull).body.split("\n")[0].replace(" ", "_")


def test_win_at_an_old_head_is_not_merged(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    measured.writes("ada", pull, "/launch")
    measured.rings()
    measured.forge.push(measured.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    measured.writes("ada", pull, "/merge")
    assert "`/launch` trains the new head" in measured.last(pull).body
    assert not measured.tracker.queue


def test_outage_of_a_write_is_tried_again(measured: Scene) -> None:
    pull = measured.experiment("Larger learning rate", "lr=0.02")
    measured.forge.scissors.outages = {"write_ledger": 1, "push": 1, "say": 1}
    measured.writes("ada", pull, "/launch")
    launched = {launch.run_id for _, launch in measured.tracker.queue}
    assert len(launched) == 3
    assert len([c for c in measured.forge.said_at(pull) if c.key.startswith("reply:")]) == 1


def test_hand_edit_of_the_ledger_is_a_clear_error(measured: Scene) -> None:
    measured.forge.book["ledger/open/7.json"] = "{}"
    with pytest.raises(UserError, match=r"ledger/open/7\.json"):
        measured.run(Rang("W&B"))


def test_setup_twice_changes_nothing(scene: Scene) -> None:
    assert len(setup(scene.world)) == 3
    assert setup(scene.world) == ()
