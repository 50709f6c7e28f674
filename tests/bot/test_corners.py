"""What goes wrong in real laboratories: two at once, cut off, deleted, replayed, overtaken."""

from dataclasses import replace
from pathlib import Path

from bot.core.attempt import Folded
from bot.ports import Launch
from tests.bot.scene import Scene
from tests.fakes import FakeRun


def winner(scene: Scene, title: str = "Larger learning rate", settings: str = "lr=0.02") -> int:
    """A PR that won."""
    pull = scene.experiment(title, settings)
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")
    return pull


def test_second_of_two_winners_is_not_merged_against_an_old_baseline(scene: Scene) -> None:
    first = scene.experiment("One", "lr=0.02")
    second = scene.experiment("Two", "lr=0.02")
    for pull in (first, second):
        scene.writes("ada", pull, "/launch")
    scene.rings()
    for pull in (first, second):
        scene.writes("ada", pull, "/merge")
    scene.rings()
    assert list(scene.forge.releases) == ["baseline-v1", "baseline-v2"]
    merged = [pull for pull in (first, second) if scene.forge.pull(pull).merge_commit]
    assert len(merged) == 1
    (left,) = {first, second} - set(merged)
    assert any("baseline-v2 was released in between" in c.body for c in scene.forge.said_at(left))
    scene.writes("ada", left, "/merge")
    assert "the baseline is baseline-v2 now" in scene.last(left).body


def test_win_that_does_not_come_back_is_not_merged(scene: Scene) -> None:
    pull = winner(scene)
    lucky = scene.tracker.outcome
    scene.tracker.outcome = lambda launch: (
        FakeRun("finished", {"val/acc": 0.9, "train/minutes": 1.0})
        if "seed=10" in launch.command[-1]
        else lucky(launch)
    )
    scene.writes("ada", pull, "/merge")
    scene.rings()
    assert not scene.forge.pull(pull).merge_commit
    assert list(scene.forge.releases) == ["baseline-v1"]
    scene.writes("ada", pull, "/merge")
    assert "did not come back" in scene.last(pull).body


def test_a_held_out_seed_that_was_trained_long_ago_is_held_out_no_more(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    ledger = scene.forge.read_ledger()
    known = ledger.at(pull)
    assert known
    assert known.latest
    run = known.latest.runs[0]
    long_ago = known.latest.but(runs=(run.but(seed=101, id=run.id.replace("-s1", "-s101")),))
    folded = known.but(folded=(Folded.of(long_ago),))
    scene.forge.write_ledger(ledger, ledger.put(folded), "as it is after many attempts")
    scene.writes("ada", pull, "/merge")
    seeds = [launch.command[-1] for _, launch in scene.tracker.queue]
    assert seeds == ["seed=102", "seed=103", "seed=104"]


def test_held_out_run_that_trained_something_else_confirms_nothing(scene: Scene) -> None:
    pull = winner(scene)
    scene.writes("ada", pull, "/merge")
    scene.tracker.work()
    for name, run in list(scene.tracker.runs.items()):
        if "-s10" in name:
            scene.tracker.runs[name] = replace(run, commit="deadbeef" * 5)
    scene.rings()
    assert not scene.forge.pull(pull).merge_commit
    assert "`deadbee`" in scene.last(pull).body


def test_failed_confirmation_says_the_command_that_works(scene: Scene) -> None:
    pull = winner(scene)
    well = scene.tracker.outcome
    scene.tracker.outcome = lambda _: FakeRun("failed")
    scene.writes("ada", pull, "/merge")
    scene.rings()
    report = scene.last(pull).body
    assert report.startswith("### 🟥 FAILED")
    assert report.split("\n")[1].startswith("Next: `/merge`")
    scene.tracker.outcome = well
    scene.writes("ada", pull, "/merge")
    scene.rings()
    assert scene.forge.pull(pull).merge_commit


def test_pull_request_by_hand_can_win_and_be_merged(scene: Scene) -> None:
    scene.forge.push("mine", {"conf.yaml": "lr: 0.02 # more\nmodel:\n  width: 64\n"})
    pull = scene.forge.add_pull("mine", "By hand", "grace")
    scene.writes("grace", pull, "/launch")
    scene.rings()
    assert "WIN" in scene.last(pull).body.split("\n")[0]
    scene.writes("ada", pull, "/merge")
    scene.rings()
    assert scene.forge.pull(pull).merge_commit
    assert "baseline-v2" in scene.forge.releases


def test_pull_request_to_another_branch_is_refused(scene: Scene) -> None:
    scene.forge.push("mine", {"model.py": "layers = 3\n"})
    pull = scene.forge.add_pull("mine", "By hand", "grace")
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], base_branch="release")
    scene.writes("grace", pull, "/launch")
    assert "goes to `release`" in scene.last(pull).body
    assert not scene.tracker.queue


def test_newer_commit_supersedes_what_is_still_queued(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    old = {launch.run_id for _, launch in scene.tracker.queue}
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    scene.writes("ada", pull, "/launch")
    new = {launch.run_id for _, launch in scene.tracker.queue}
    assert len(new) == 3
    assert not new & old
    scene.rings()
    assert scene.last(pull).body.startswith("### ✅ WIN")


def test_empty_commit_is_no_new_change(scene: Scene) -> None:
    pull = scene.experiment("Wider", "model.width=65")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.forge.push(scene.forge.pull(pull).branch, {})
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert "Look 2 of 2" in scene.last(pull).body


def test_too_many_seeds_are_refused(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch seeds=99")
    assert "more than the 6" in scene.last(pull).body
    assert not scene.tracker.queue


def test_baseline_that_is_measured_already_is_refused(scene: Scene) -> None:
    place = scene.forge.add_issue("Again")
    scene.writes("ada", place, "/baseline seeds=6")
    assert "it is baseline-v1, with 6 seeds" in scene.last(place).body
    scene.writes("ada", place, "/baseline seeds=8")
    assert [launch.command[-1] for _, launch in scene.tracker.queue][-2:] == ["seed=7", "seed=8"]


def test_command_that_is_delivered_again_after_the_end_changes_nothing(scene: Scene) -> None:
    place = scene.forge.add_issue("Measure again")
    scene.forge.push("main", {"model.py": "layers = 4\n"})
    scene.writes("ada", place, "/baseline", 700)
    scene.rings()
    released = dict(scene.forge.releases)
    comments = len(scene.forge.comments)
    scene.writes("ada", place, "/baseline", 700)
    scene.rings()
    assert scene.forge.releases == released
    assert len(scene.forge.comments) == comments


def test_five_deliveries_of_one_launch_are_one(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    for _ in range(5):
        scene.writes("ada", pull, "/launch", 700)
    assert len(scene.tracker.queue) == 3
    assert len([c for c in scene.forge.said_at(pull) if c.key == "reply:700"]) == 1


def test_idea_that_was_picked_is_told_so(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    place = next(n for n, issue in scene.forge.issues.items() if issue.title.startswith("Larger"))
    scene.writes("ada", place, "/pick")
    assert f"see #{pull}" in scene.last(place).body


def test_run_that_was_deleted_holds_up_nobody_else(scene: Scene) -> None:
    pull = scene.experiment("Wider", "model.width=65")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    other = scene.experiment("Larger learning rate", "lr=0.02")
    gone = next(r for r in scene.tracker.runs if scene.tracker.runs[r].config.get("model.width"))
    del scene.tracker.runs[gone]
    scene.writes("ada", pull, "/launch seeds=+3")
    scene.writes("ada", other, "/launch")
    scene.rings()
    assert "WIN" in scene.last(other).body.split("\n")[0]
    assert "WIN" not in scene.last(pull).body.split("\n")[0]
    assert any(launch.endswith("-s1-r1") for launch in scene.tracker.runs)


def test_run_that_ends_in_nan_is_never_counted(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.tracker.work()
    name = next(r for r in scene.tracker.runs if scene.tracker.runs[r].config.get("lr"))
    run = scene.tracker.runs[name]
    scene.tracker.runs[name] = replace(run, summary={**run.summary, "val/acc": "NaN"})
    scene.rings()
    assert "`NaN`" in scene.last(pull).body
    assert not any("WIN" in c.body for c in scene.forge.said_at(pull))


def test_metric_that_only_the_baseline_logs_makes_it_invalid(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    well = scene.tracker.outcome

    def silent(launch: Launch) -> FakeRun:
        run = well(launch)
        return FakeRun(run.state, {"val/acc": run.values["val/acc"]})

    scene.tracker.outcome = silent
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert "INVALID" in scene.last(pull).body.split("\n")[0]
    assert "train/minutes" in scene.last(pull).body


def test_gain_with_a_guard_that_cannot_be_told_is_undecided(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    well = scene.tracker.outcome

    def noisy(launch: Launch) -> FakeRun:
        run = well(launch)
        seed = int(launch.command[-1].removeprefix("seed="))
        return FakeRun(run.state, {**run.values, "train/minutes": 1.0 + seed % 3})

    scene.tracker.outcome = noisy
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert "UNDECIDED" in scene.last(pull).body.split("\n")[0]
    assert "whether `train/minutes` holds is not known yet" in scene.last(pull).body
    assert "settles it with a chance of more than 99%" not in scene.last(pull).body


def test_bounds_that_bound_nothing_are_not_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.configure(seeds={"experiment": (1, 2)})
    scene.writes("ada", scene.forge.add_issue("Measure the baseline"), "/baseline seeds=2")
    scene.rings()
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    assert "−infinity to +infinity" in scene.last(pull).body
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.searched
    assert experiment.searched.gain is None


def test_a_report_says_when_its_attempt_was_asked_for_queued_and_trained(scene: Scene) -> None:
    scene.configure(seeds={"canary": 1})
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.world.clock.sleep(3600)
    scene.rings()
    scene.tracker.work()
    now = scene.world.clock.now()
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    for number, run in enumerate(experiment.latest.runs):
        scene.tracker.runs[run.id] = replace(
            scene.tracker.runs[run.id], heard=now + 60 * number if number else now - 60
        )
    scene.rings()
    said = scene.last(pull).body
    assert "asked for by ada on 15 January 2027, 08:00, all queued by 09:00, finished 09:02" in said
    scene.writes("ada", pull, "/launch seeds=+1")
    scene.rings()
    scene.rings()
    assert "| 15 January 2027, 08:00 |" in scene.last(pull).body
