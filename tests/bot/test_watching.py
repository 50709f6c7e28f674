"""What a ring finds in runs that train, and what people see of it."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.core.queue import Agent
from bot.core.runs import ObservedRun
from bot.core.watch import DEAD_SECONDS, FOLLOWED_SECONDS, STOP_SECONDS
from bot.ports import Outage
from tests.bot.scene import Scene
from tests.bot.test_launching import configured, look, progress, queued
from tests.fakes import FakeTracker

HOUR = 3600.0


def training(scene: Scene) -> int:
    """An experiment's PR whose three seeds are being trained."""
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    assert progress(scene, pull).count("🏃 running") == 3
    return pull


def launched(scene: Scene) -> int:
    """An experiment's PR whose three seeds are queued."""
    pull = scene.experiment("An idea", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    return pull


def seed(scene: Scene, number: int, **changes: Any) -> None:
    """Change what W&B says of one seed of the PR."""
    tracker: FakeTracker = scene.tracker
    name = next(n for n, r in tracker.runs.items() if r.config.get("lr") and f"-s{number}" in n)
    tracker.runs[name] = replace(tracker.runs[name], **changes)


def passes(scene: Scene, seconds: float) -> None:
    """Time passes, then the schedule rings."""
    scene.world.clock.sleep(seconds)
    look(scene)


def test_a_seed_that_turns_to_nan_stops_the_others(scene: Scene) -> None:
    pull = training(scene)
    seed(scene, 2, summary={"val/acc": "NaN"})
    look(scene)
    assert "Seeds 1 to 3 are asked to stop" in progress(scene, pull)
    look(scene)
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED · seed 2 of 3 had to be stopped")
    assert "seed 2 has diverged: val/acc is NaN" in report
    assert "trains seeds 1 to 3 again, same commit" in report
    scene.writes("ada", pull, "/launch only=failed")
    assert [launch.run_id[-3:] for _, launch in scene.tracker.queue] == ["-r1"] * 3


def test_a_seed_beyond_the_fence_stops_the_others_in_the_queue_too(scene: Scene) -> None:
    configured(scene, train={"fence": {"train/loss": 100.0}}, seeds={"canary": 1})
    pull = launched(scene)
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    assert queued(scene) == ["2", "3"]
    seed(scene, 1, summary={"train/loss": 1e6})
    look(scene)
    assert queued(scene) == []
    look(scene)
    report = scene.last(pull).body
    assert "seed 1 of 3 had to be stopped" in report
    assert report.count("by Labhand: seed 1 has diverged") >= 3


def test_a_run_that_takes_too_long_is_stopped(scene: Scene) -> None:
    configured(scene, train={"timeout": "3x"})
    pull = training(scene)
    seed(scene, 3, seconds=19.0)
    look(scene)
    scene.rings()
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED · seed 3 of 3 had to be stopped")
    assert "longer than the 0.3 minutes" in report
    scene.writes("ada", pull, "/launch only=failed")
    assert queued(scene) == ["3"]


def test_a_stop_that_nobody_confirms_ends_all_the_same(scene: Scene) -> None:
    configured(scene, train={"timeout": "3x"})
    pull = training(scene)
    scene.tracker.deaf = True
    for number in (1, 2, 3):
        seed(scene, number, seconds=19.0)
    look(scene)
    passes(scene, STOP_SECONDS)
    assert "W&B has not confirmed it yet" in progress(scene, pull)
    passes(scene, 1)
    assert scene.last(pull).body.startswith("### 🟥 FAILED")


def test_a_canary_that_ends_well_before_its_stop_is_followed(scene: Scene) -> None:
    configured(scene, train={"timeout": "3x"}, seeds={"canary": 1})
    pull = launched(scene)
    scene.tracker.begin()
    look(scene)
    scene.tracker.deaf = True
    seed(scene, 1, seconds=19.0)
    look(scene)
    scene.tracker.work()
    look(scene)
    assert queued(scene) == ["2", "3"]
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")


class LateTracker(FakeTracker):
    """W&B that tells of a run's end first, and of its summary with the next answer."""

    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        found = super().observe(run_ids)
        late = [name for name in found if name not in self.told]
        self.told.update(found)
        return {**found, **{name: replace(found[name], summary={}) for name in late}}


def test_a_canary_whose_metric_comes_late_leaves_the_others_to_a_launch(scene: Scene) -> None:
    tracker = LateTracker(scene.tracker.scissors, scene.tracker.outcome)
    tracker.runs, tracker.told = scene.tracker.runs, set(scene.tracker.runs)
    scene.world = replace(scene.world, tracker=tracker)
    configured(scene, seeds={"canary": 1})
    pull = launched(scene)
    scene.rings()
    assert scene.last(pull).body.startswith("### 🟥 FAILED · seeds 2 and 3 of 3")
    scene.writes("ada", pull, "/launch only=failed")
    assert queued(scene) == ["2", "3"]
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")


def test_a_run_with_a_dead_heart_has_crashed(scene: Scene) -> None:
    pull = training(scene)
    now = scene.world.clock.now()
    for number in (1, 2, 3):
        seed(scene, number, heard=now if number == 1 else now + DEAD_SECONDS)
    passes(scene, DEAD_SECONDS + 1)
    assert progress(scene, pull).count("not heard of for 30 minutes") == 1
    scene.rings()
    assert scene.last(pull).body.startswith("### 🟥 FAILED · seed 1 of 3 crashed")


def test_a_run_that_was_stopped_in_wandb_counts_as_missing(scene: Scene) -> None:
    pull = training(scene)
    seed(scene, 1, state="killed")
    scene.rings()
    report = scene.last(pull).body
    assert report.startswith("### ⬜ STOPPED · seed 1 of 3 got stopped by hand")
    assert "does not tell by whom" in report


def test_a_person_who_stops_is_named(scene: Scene) -> None:
    pull = training(scene)
    scene.writes("grace", pull, '/stop reason="wrong data"')
    look(scene)
    report = scene.last(pull).body
    assert report.startswith("### ⬜ STOPPED · all 3 seeds got stopped by hand")
    assert "🟥 stopped (by grace: wrong data)" in report


def test_runs_of_a_closed_pr_are_stopped_and_it_can_go_on(scene: Scene) -> None:
    pull = training(scene)
    seed(scene, 1, state="finished")
    scene.forge.pulls[pull] = replace(scene.forge.pull(pull), is_open=False)
    look(scene)
    assert "Labhand asks it to stop: its PR is not open any more" in progress(scene, pull)
    look(scene)
    assert scene.last(pull).body.startswith("**Closed: seeds 2 and 3 of attempt 1 were stopped")
    assert not any(r.state == "running" for r in scene.tracker.runs.values())
    listings = scene.tracker.listings
    look(scene)
    assert scene.tracker.listings == listings
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], is_open=True)
    scene.writes("ada", pull, "/launch")
    assert [launch.run_id[-6:] for _, launch in scene.tracker.queue] == ["-s2-r1", "-s3-r1"]


@pytest.mark.parametrize(
    ("agents", "said"),
    [(False, "no launch agent of the team"), (True, "it was started for another queue")],
)
def test_what_waits_for_too_long_says_on_whom(scene: Scene, agents: bool, said: str) -> None:
    pull = launched(scene)
    passes(scene, HOUR)
    assert "does not move" not in progress(scene, pull)
    if agents:
        scene.tracker.polling = (Agent("agent1", scene.world.clock.now()),)
    passes(scene, 1)
    assert said in progress(scene, pull)
    edits = [c.edits for c in scene.forge.comments]
    passes(scene, 1)
    assert [c.edits for c in scene.forge.comments][: len(edits)] == edits
    assert queued(scene) == ["1", "2", "3"]
    scene.tracker.begin(**{"val/acc": 0.5})
    look(scene)
    assert "does not move" not in progress(scene, pull)


def test_a_program_that_ends_before_its_run_begins_is_missing(scene: Scene) -> None:
    configured(scene, train={"timeout": "90"})
    pull = launched(scene)
    scene.tracker.queue.clear()
    passes(scene, HOUR + 1)
    assert "no W&B run has begun" in progress(scene, pull)
    passes(scene, HOUR)
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED · all 3 seeds vanished from W&B")
    assert "the program ended before wandb.init" in report


def test_an_item_that_somebody_deleted_is_missing(scene: Scene) -> None:
    pull = launched(scene)
    scene.tracker.queue.clear()
    scene.tracker.pushed.clear()
    passes(scene, HOUR + 1)
    assert "its item was deleted from the queue" in scene.last(pull).body


@pytest.mark.parametrize("answers", [1, 100])
@pytest.mark.parametrize("by", ["/stop", "/launch"])
def test_an_item_whose_answer_was_lost_is_stopped_when_it_begins(
    scene: Scene, answers: int, by: str
) -> None:
    configured(scene, seeds={"canary": 1})
    pull = scene.experiment("An idea", "lr=0.02")
    scene.forge.scissors.lost = {"push": answers}
    with contextlib.suppress(Outage):
        scene.writes("ada", pull, "/launch")
    scene.forge.scissors.lost = {}
    unknown = scene.tracker.queue[0][1].run_id
    if by == "/launch":
        scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    scene.writes("ada", pull, by)
    passes(scene, STOP_SECONDS + 1)
    told = len(scene.forge.said_at(pull))
    assert scene.tracker.queue[0][1].run_id == unknown  # nobody could take it back
    assert scene.forge.schedule
    scene.tracker.begin(**{"val/acc": 0.5})
    passes(scene, HOUR)
    assert scene.tracker.runs[unknown].state == "killed"
    scene.rings()
    passes(scene, HOUR)
    assert not scene.forge.schedule
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    first, *_ = experiment.attempts[0].runs
    assert (first.id, first.state, first.unseen) == (unknown, "killed", False)
    assert len(scene.forge.said_at(pull)) == told + (by == "/launch")  # the newer one's report


def test_what_was_lost_is_waited_for_a_day_and_what_was_not_never(scene: Scene) -> None:
    configured(scene, seeds={"canary": 1})
    pull = scene.experiment("An idea", "lr=0.02")
    scene.forge.scissors.lost = {"push": 1}
    scene.writes("ada", pull, "/launch")
    scene.writes("ada", pull, "/stop")
    passes(scene, FOLLOWED_SECONDS - HOUR)
    assert scene.forge.schedule
    passes(scene, 2 * HOUR)
    assert not scene.forge.schedule
    scene.writes("ada", pull, "/launch only=failed")
    scene.writes("ada", pull, "/stop")
    passes(scene, 1)
    assert not scene.forge.schedule


def test_looking_costs_one_listing_however_many_train(scene: Scene) -> None:
    for _ in range(3):
        training(scene)
    listings, pulls = scene.tracker.listings, scene.forge.pull_listings
    look(scene)
    assert scene.tracker.listings == listings + 1
    assert scene.forge.pull_listings == pulls + 1


def worse(scene: Scene) -> int:
    """A PR of which two seeds have finished far below the baseline."""
    pull = training(scene)
    for number in (1, 2):
        seed(scene, number, state="finished", summary={"val/acc": 0.5 + number / 1000})
    look(scene)
    return pull


def test_a_win_that_is_out_of_reach_is_only_said(scene: Scene) -> None:
    pull = worse(scene)
    assert "`/stop` saves their time" in progress(scene, pull)
    look(scene)
    assert progress(scene, pull).count("🏃 running") == 1


def test_a_win_that_is_out_of_reach_stops_the_rest_where_that_is_configured(scene: Scene) -> None:
    configured(scene, seeds={"stop_when_futile": True})
    pull = worse(scene)
    look(scene)
    assert scene.last(pull).body.startswith("### 🟥 FAILED · seed 3 of 3 had to be stopped")
    assert "a WIN is next to impossible" in scene.last(pull).body


def test_a_win_that_is_within_reach_is_not_talked_about(scene: Scene) -> None:
    pull = training(scene)
    for number in (1, 2):
        seed(scene, number, state="finished", summary={"val/acc": 0.92 + number / 1000})
    look(scene)
    assert "saves their time" not in progress(scene, pull)


def test_seeds_that_the_baseline_does_not_have_make_no_pairs(scene: Scene) -> None:
    configured(scene, seeds={"experiment": (11, 12, 13)})
    pull = training(scene)
    ledger = scene.forge.read_ledger()
    experiment = ledger.at(pull)
    assert experiment
    assert experiment.frozen
    paired = experiment.but(frozen=experiment.frozen.but(method="paired"))
    scene.forge.write_ledger(ledger, ledger.put(paired), "Pairs")
    for number in (11, 12):
        seed(scene, number, state="finished", summary={"val/acc": 0.5 + number / 1000})
    look(scene)
    assert "saves their time" not in progress(scene, pull)


def test_the_seed_that_failed_suggests_the_fix_not_those_that_were_stopped(scene: Scene) -> None:
    pull = training(scene)
    seed(scene, 2, state="failed", summary={"failure/kind": "nan"})
    look(scene)
    look(scene)
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED · seed 2 of 3 turned to NaN")
    assert "by Labhand: seed 2 turned to NaN" in report
    scene.writes("ada", pull, "/fix")
    head = scene.forge.pull(pull).head
    assert "lr: 0.003" in (scene.forge.file("conf.yaml", head) or "")
