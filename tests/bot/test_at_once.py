"""Two things at once: what others do right between two writes of a job, and what remains of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.board import ranked
from bot.events import Rang
from bot.handlers.recall import recall
from tests.bot.scene import Scene
from tests.bot.test_launching import configured, look, progress, queue, queued
from tests.fakes import FakeRun

WRITES = (
    "write_ledger", "say", "edit", "check", "set_schedule", "react", "create_branch", "commit",
    "open_pull", "prepare", "push", "take_back", "stop", "merge", "publish",
)  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository whose first baseline is released."""
    scene = Scene(tmp_path)
    scene.baseline()
    return scene


def launched(scene: Scene, title: str = "An idea", settings: str = "lr=0.02") -> int:
    """A PR whose three seeds are queued."""
    pull = scene.experiment(title, settings)
    scene.writes("ada", pull, "/launch")
    return pull


def training(scene: Scene) -> int:
    """A PR whose three seeds are being trained."""
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    return pull


def confirmed(scene: Scene) -> tuple[int, int]:
    """Two PRs that won, and whose held-out seeds have just been trained."""
    pulls = launched(scene, "One"), launched(scene, "Two")
    scene.rings()
    for pull in pulls:
        scene.writes("ada", pull, "/merge")
    scene.tracker.work()
    return pulls


def pushed(scene: Scene, text: str) -> None:
    """A new head of the PR, and its launch."""
    pull = max(scene.forge.pulls)
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": text})
    scene.writes("ada", pull, "/launch")


def running(scene: Scene) -> int:
    """How many runs W&B is training."""
    return sum(run.state == "running" for run in scene.tracker.runs.values())


def ring(scene: Scene) -> None:
    """The schedule rings while the job that is under way lives."""
    scene.forge.live.add(scene.world.environment.workflow_run)
    scene.run(Rang("schedule"))


def merged(scene: Scene, pulls: tuple[int, int]) -> list[int]:
    return [pull for pull in pulls if scene.forge.pull(pull).merge_commit]


def test_of_two_winners_one_is_merged_however_rings_fall_together(scene: Scene) -> None:
    pulls = confirmed(scene)
    scene.forge.scissors.meanwhile = {"merge": lambda: ring(scene)}
    scene.run(Rang("W&B"))
    scene.forge.live.clear()
    scene.run(Rang("schedule"))
    assert len(merged(scene, pulls)) == 1
    assert list(scene.forge.releases) == ["baseline-v1", "baseline-v2"]
    (left,) = {*pulls} - {*merged(scene, pulls)}
    assert "in between. Merge `main` into this branch" in scene.last(left).body


def test_a_winner_is_not_merged_upon_one_that_cannot_be_released(scene: Scene) -> None:
    pulls = confirmed(scene)
    scene.forge.scissors.refusals = {"publish": "There is such a tag already."}
    scene.run(Rang("W&B"))
    (first,) = merged(scene, pulls)
    (left,) = {*pulls} - {first}
    assert f"but #{first} was merged in between" in scene.last(left).body


def test_of_two_winners_the_second_is_merged_where_the_first_is_refused(scene: Scene) -> None:
    first, second = confirmed(scene)

    def moved() -> None:
        ring(scene)
        scene.forge.push(scene.forge.pull(first).branch, {"model.py": "layers = 9\n"})

    scene.forge.scissors.meanwhile = {"merge": moved}
    scene.run(Rang("W&B"))
    assert not scene.forge.pull(first).merge_commit
    scene.forge.live.clear()
    scene.run(Rang("schedule"))
    assert merged(scene, (first, second)) == [second]
    assert list(scene.forge.releases) == ["baseline-v1", "baseline-v2"]


def test_two_launches_at_once_queue_every_run_once(scene: Scene) -> None:
    one, two = scene.experiment("One", "lr=0.02"), scene.experiment("Two", "lr=0.03")
    before = len(scene.tracker.pushed)
    scene.forge.scissors.meanwhile = {"push": lambda: scene.writes("grace", two, "/launch")}
    scene.writes("ada", one, "/launch")
    assert len(scene.tracker.pushed) == before + 6
    scene.rings()
    assert scene.last(one).body.startswith("### ✅ WIN")
    assert scene.last(two).body.startswith("### ")


def test_a_stop_while_its_runs_are_being_queued_is_heeded(scene: Scene) -> None:
    pull = scene.experiment("An idea", "lr=0.02")
    scene.forge.scissors.meanwhile = {"push": lambda: scene.writes("grace", pull, "/stop")}
    scene.writes("ada", pull, "/launch")
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    look(scene)
    assert running(scene) == 0
    assert scene.last(pull).body.startswith("### ⬜ STOPPED")


def test_two_people_launch_one_head_at_once(scene: Scene) -> None:
    pull = scene.experiment("An idea", "lr=0.02")
    scene.forge.scissors.meanwhile = {
        "write_ledger": lambda: scene.writes("grace", pull, "/launch")
    }
    scene.writes("ada", pull, "/launch")
    assert queued(scene) == ["1", "2", "3"]
    known = scene.forge.read_ledger().at(pull)
    assert known
    assert [attempt.asked_by for attempt in known.attempts] == ["grace"]
    assert "othing was queued" in scene.last(pull).body


def test_money_that_two_ask_for_at_once_is_given_once(scene: Scene) -> None:
    pulls = scene.experiment("One", "lr=0.02"), scene.experiment("Two", "lr=0.03")
    priced = scene.world.config.queues["local"].model_copy(update={"usd_per_gpu_hour": 600.0})
    config = scene.world.config.model_copy(update={"queues": {"local": priced}})
    scene.world = replace(scene.world, config=config)
    scene.configure(budget={"month": 4.0})  # an attempt is three runs of a dollar each
    first = {"write_ledger": lambda: scene.writes("grace", pulls[1], "/launch")}
    scene.forge.scissors.meanwhile = first
    scene.writes("ada", pulls[0], "/launch")
    assert len(scene.tracker.queue) == 3
    assert "the budget of everybody this month is $4" in scene.last(pulls[0]).body


def test_what_is_decided_while_the_schedule_is_switched_off_is_rung_for(scene: Scene) -> None:
    pull = scene.experiment("An idea", "lr=0.02")
    act = {"set_schedule": lambda: scene.writes("ada", pull, "/launch")}
    scene.forge.scissors.meanwhile = act
    scene.run(Rang("schedule"))
    assert queued(scene)
    assert scene.forge.schedule


@pytest.mark.parametrize("labelled", [False, True])
def test_an_outage_behind_a_decision_leaves_the_schedule_on(
    scene: Scene, *, labelled: bool
) -> None:
    pull, place = scene.experiment("One", "lr=0.02"), scene.idea("Two", settings="lr=0.03")
    scene.run(Rang("schedule"))
    assert not scene.forge.schedule
    scene.forge.scissors.outages = {"set_schedule": 1}
    if labelled:
        scene.labels("ada", place)
    else:
        scene.writes("ada", pull, "/launch")
    assert scene.forge.schedule


def test_a_pr_that_changes_its_page_while_they_are_listed_is_open(scene: Scene) -> None:
    reported = launched(scene, "Another", "lr=0.03")
    scene.rings()
    pull = training(scene)
    scene.forge.unlisted = {pull, reported}
    scene.run(Rang("schedule"))
    found = [scene.forge.read_ledger().at(each) for each in (pull, reported)]
    assert [each and each.phase for each in found] == ["open", "open"]
    assert running(scene) == 3


def test_a_newer_commit_ends_what_waits_and_what_runs(scene: Scene) -> None:
    configured(scene, seeds={"canary": 1})
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    assert queued(scene) == ["2", "3"]
    scene.tracker.deaf = True
    pushed(scene, "layers = 9\n")
    assert queued(scene) == ["1"], "of the newer one alone"
    assert running(scene) == 1
    scene.tracker.deaf = False
    scene.run(Rang("schedule"))
    assert running(scene) == 0, "it is asked again"
    scene.rings()
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    known = recall(scene.world, scene.forge.read_ledger(), pull)
    assert known
    assert [run.state for run in known.attempts[0].runs] == ["killed"] * 3


def test_each_of_three_commits_in_a_row_ends_the_one_before(scene: Scene) -> None:
    pull = training(scene)
    queue(scene, image="hub/digits:{commit}", wait_for="build")
    pushed(scene, "layers = 8\n")
    pushed(scene, "layers = 9\n")
    look(scene)
    assert running(scene) == 0
    assert "before the check `build`" in progress(scene, pull)


def test_a_canary_whose_followers_the_queue_refuses_is_kept_in_view(scene: Scene) -> None:
    configured(scene, seeds={"canary": 1})
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    scene.tracker.room = 0
    look(scene)
    assert "takes nothing into the queue" in scene.last(pull).body
    scene.tracker.room = None
    scene.run(Rang("schedule"))
    assert scene.forge.schedule, "its canary trains on"
    scene.rings()
    assert not scene.forge.schedule
    assert "🏃" not in progress(scene, pull)
    scene.writes("ada", pull, "/launch")
    assert queued(scene) == ["2", "3"]
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    known = scene.forge.read_ledger().at(pull)
    assert known
    hours = [attempt.spent.gpu_hours for attempt in known.attempts if attempt.spent]
    assert hours == [pytest.approx(6 / 3600, abs=1e-5), pytest.approx(12 / 3600, abs=1e-5)]


def test_a_job_that_knows_less_does_not_leave_an_old_progress_comment(scene: Scene) -> None:
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    scene.forge.scissors.meanwhile = {"edit": scene.rings}
    look(scene)
    assert scene.last(pull).body.startswith("### ✅ WIN")
    assert "**Attempt 1 has ended: WIN.** 3 of 3 runs finished" in progress(scene, pull)


@pytest.mark.parametrize("write", WRITES)
def test_a_ring_beside_any_write_changes_nothing(scene: Scene, write: str) -> None:
    configured(scene, seeds={"canary": 1})
    scene.forge.scissors.meanwhile = {write: lambda: ring(scene)}
    pull = launched(scene)
    number = next(iter(scene.forge.read_ledger().experiments))
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    pushed(scene, "layers = 9\n")
    scene.rings()
    scene.forge.live.clear()
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.rings()
    scene.forge.live.clear()
    scene.rings()
    assert not scene.forge.scissors.meanwhile, "it rang"
    said = [(comment.place, comment.key) for comment in scene.forge.comments]
    assert len({*said}) == len(said)
    assert list(scene.forge.releases) == ["baseline-v1", "baseline-v2"]
    assert "has ended" in progress(scene, pull)
    known = recall(scene.world, scene.forge.read_ledger(), number)
    assert known
    spent = [attempt.spent.gpu_hours for attempt in known.attempts if attempt.spent]
    assert len(spent) == 3
    assert known.spent.gpu_hours == pytest.approx(sum(spent))
    scene.run(Rang("schedule"))
    assert not scene.forge.schedule


def test_a_closed_pr_ends_the_canary_of_an_attempt_that_was_given_up(scene: Scene) -> None:
    configured(scene, seeds={"canary": 1})
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    scene.tracker.room = 0
    look(scene)
    assert running(scene) == 1
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], is_open=False)
    scene.run(Rang("schedule"))
    scene.run(Rang("schedule"))
    assert running(scene) == 0
    scene.rings()
    assert "closed" in scene.last(pull).body
    assert scene.forge.read_ledger().at(pull) is None
    assert not scene.forge.schedule


def test_a_closed_pr_where_nothing_can_be_said_is_paid_and_may_come_back(scene: Scene) -> None:
    pull = training(scene)
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], is_open=False)
    scene.run(Rang("schedule"))
    scene.forge.scissors.refusals = {"say": "The conversation is locked."}
    scene.rings()
    assert not scene.forge.read_ledger().experiments
    scene.forge.scissors.refusals = {}
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], is_open=True)
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    known = scene.forge.read_ledger().at(pull)
    assert known
    assert all(attempt.spent for attempt in known.attempts)


def test_what_a_newer_commit_ended_is_paid_also_if_that_is_released_first(scene: Scene) -> None:
    pull = training(scene)
    number = next(iter(scene.forge.read_ledger().experiments))
    scene.tracker.deaf = True
    pushed(scene, "layers = 9\n")
    left, scene.tracker.training = scene.tracker.training, []
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.rings()
    assert "baseline-v2" in scene.forge.releases
    assert not ranked(scene.forge.read_ledger()), "it is no open experiment"
    assert running(scene) == len(left) == 3
    scene.tracker.deaf = False
    scene.run(Rang("schedule"))
    assert running(scene) == 0
    scene.run(Rang("schedule"))
    assert not scene.forge.schedule
    assert not scene.forge.read_ledger().experiments
    known = recall(scene.world, scene.forge.read_ledger(), number)
    assert known
    assert all(attempt.spent for attempt in known.attempts)


def test_a_run_that_w_b_does_not_stop_holds_up_nobody_else(scene: Scene) -> None:
    stuck = training(scene)
    other = launched(scene, "Another", "lr=0.03")
    scene.forge.scissors.refusals = {"stop": "W&B refuses."}
    scene.writes("ada", stuck, "/stop")
    waiting, scene.tracker.training = scene.tracker.training, []
    scene.rings()
    assert scene.last(other).body.startswith("### ")
    assert len(waiting) == running(scene) == 3


def test_a_release_that_is_gone_holds_up_nobody_else(scene: Scene) -> None:
    pull = training(scene)
    for name in [name for name, run in scene.tracker.runs.items() if run.state == "running"][:2]:
        run = scene.tracker.runs[name]
        scene.tracker.runs[name] = replace(run, state="finished", summary={"val/acc": 0.92})
    other = launched(scene, "Another", "lr=0.03")
    del scene.forge.releases["baseline-v1"]
    look(scene)
    assert "2 of 3 runs finished" in progress(scene, pull)
    scene.tracker.outcome = lambda _: FakeRun("failed")
    scene.rings()
    assert scene.last(other).body.startswith("### 🟥 FAILED")


def test_what_a_person_wrote_on_the_branch_of_an_idea_can_be_launched(scene: Scene) -> None:
    """No model could write it."""
    place = scene.idea("Wider", change="Make it wider.")
    scene.labels("ada", place)
    scene.new_job()
    scene.run(Rang("schedule"))  # the job with the model was cut off
    known = scene.forge.read_ledger().at(place)
    assert known
    assert known.phase == "stalled"
    scene.forge.push(known.branch, {"conf.yaml": "lr: 0.02\nmodel:\n  width: 64\n"})
    pull = scene.forge.add_pull(known.branch, "Wider, by hand", "grace")
    scene.writes("grace", pull, "/launch")
    assert queued(scene) == ["1", "2", "3"]
