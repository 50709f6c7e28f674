"""Rights, locks, confirmation, what a command is bound to, and that none is lost or done twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot import router
from bot.errors import UserError
from bot.events import CommentWritten, FormSent
from bot.ports import Stale
from tests.bot.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A repository whose first baseline is released."""
    scene = Scene(tmp_path)
    scene.baseline()
    return scene


@pytest.fixture
def pull(scene: Scene) -> int:
    """An experiment's PR."""
    return scene.experiment("Larger learning rate", "lr=0.02")


def asking(scene: Scene) -> None:
    """Let every launch ask first."""
    scene.configure(budget={"ask_above_seeds": 1})


# Rights


def test_a_single_command_can_need_another_role(scene: Scene, pull: int) -> None:
    scene.configure(rights={"commands": {"launch": "maintain"}})
    scene.writes("grace", pull, "/launch")
    assert "`/launch` needs the role `maintain`" in scene.last(pull).body
    assert not scene.tracker.queue
    scene.writes("ada", pull, "/launch")
    assert scene.tracker.queue


def test_the_role_is_asked_each_time(scene: Scene, pull: int) -> None:
    scene.forge.roles["grace"] = "read"
    scene.writes("grace", pull, "/launch")
    assert not scene.tracker.queue
    scene.forge.roles["grace"] = "write"
    scene.writes("grace", pull, "/launch")
    assert scene.tracker.queue


def test_a_strangers_typo_gets_no_answer(scene: Scene, pull: int) -> None:
    before = len(scene.forge.comments)
    for body in ("/lanch", "/launch seeds=many", "/launch", "/help"):
        scene.writes("linus", pull, body)
    assert len(scene.forge.comments) == before
    assert not any(reaction for reaction in scene.forge.reactions if reaction[0] > 20)


def test_an_app_may_command_only_where_the_configuration_lists_it(scene: Scene, pull: int) -> None:
    scene.forge.roles["app[bot]"] = "admin"
    event = CommentWritten(pull, 900, "app[bot]", "/launch", is_pull=True, is_bot=True)
    scene.run(event)
    assert not scene.tracker.queue
    scene.configure(commands={"bots": {"app[bot]": "triage"}})
    scene.run(event)
    assert "needs the role `write`" in scene.last(pull).body
    scene.configure(commands={"bots": {"app[bot]": "write"}})
    scene.run(replace(event, comment_id=901))
    assert scene.tracker.queue


def test_a_label_that_the_form_set_for_a_stranger_starts_nothing(scene: Scene) -> None:
    place = scene.idea("Mine", settings="lr=0.02")
    scene.labels("linus", place)
    assert scene.last(place).body.startswith("Thank you")
    assert scene.forge.read_ledger().at(place) is None


# What a command is bound to


def test_a_head_that_moved_since_is_told_and_not_launched(scene: Scene, pull: int) -> None:
    branch = scene.forge.pull(pull).branch
    seen = scene.forge.pull(pull).head
    scene.forge.push(branch, {"model.py": "layers = 9\n"})
    scene.forge.overtaken[branch] = seen
    scene.writes("ada", pull, "/launch")
    assert f"pointed at `{seen[:7]}` when you wrote this" in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_commit_that_is_named_is_exact(scene: Scene, pull: int) -> None:
    seen = scene.forge.pull(pull).head
    branch = scene.forge.pull(pull).branch
    new = scene.forge.push(branch, {"model.py": "layers = 9\n"})
    scene.forge.overtaken[branch] = seen
    scene.writes("ada", pull, f"/launch commit={seen[:7]}")
    assert f"The head of this PR is `{new[:7]}`" in scene.last(pull).body
    scene.writes("ada", pull, f"/launch commit={new[:7]}")
    assert scene.tracker.queue


# Dry runs, questions and /yes


def state(scene: Scene) -> tuple[object, ...]:
    forge = scene.forge
    return (
        dict(forge.book), list(forge.log), dict(forge.branches), dict(forge.pulls),
        dict(forge.issues), list(scene.tracker.queue), dict(scene.tracker.runs), forge.schedule,
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    ["/launch", "/launch seeds=5", "/lock reason='x'", "/experiment 'wider' lr=0.02"],
)
def test_a_dry_run_touches_nothing_and_says_what_would_be(
    scene: Scene, pull: int, body: str
) -> None:
    before = state(scene)
    scene.writes("ada", pull, f"{body} dry-run")
    assert state(scene) == before
    assert "ry run" in scene.last(pull).body


@pytest.mark.parametrize("body", ["/pick", "/baseline seeds=8"])
def test_a_dry_run_in_an_issue_touches_nothing(scene: Scene, body: str) -> None:
    place = scene.idea("Wider", settings="model.width=65")
    before = state(scene)
    scene.writes("ada", place, f"{body} dry-run")
    assert state(scene) == before
    assert scene.last(place).body.startswith("**Dry run, nothing was done")


def test_a_dear_command_waits_for_the_yes_of_whoever_wrote_it(scene: Scene, pull: int) -> None:
    asking(scene)
    scene.writes("ada", pull, "/launch")
    assert scene.last(pull).body.startswith("**Waiting for your `/yes`, ada: 3 runs")
    assert not scene.tracker.queue
    scene.writes("grace", pull, "/yes")
    assert "waits for the `/yes` of ada" in scene.last(pull).body
    assert not scene.tracker.queue
    scene.writes("ada", pull, "/yes")
    assert len(scene.tracker.queue) == 3
    assert any(c.body.startswith("**Queued: 3 runs") for c in scene.forge.said_at(pull))
    assert not scene.forge.read_ledger().desk.questions


def test_a_yes_that_comes_twice_and_a_command_that_comes_again_do_nothing(
    scene: Scene, pull: int
) -> None:
    asking(scene)
    scene.writes("ada", pull, "/launch", 700)
    for _ in range(3):
        scene.writes("ada", pull, "/yes", 701)
    scene.writes("ada", pull, "/launch", 700)
    scene.writes("ada", pull, "/yes", 701)
    assert len(scene.tracker.queue) == 3
    assert not scene.forge.read_ledger().desk.questions
    assert [c.key for c in scene.forge.said_at(pull)].count("reply:701") == 1


def test_a_yes_that_comes_late_does_nothing(scene: Scene, pull: int) -> None:
    asking(scene)
    scene.writes("ada", pull, "/launch")
    scene.world.clock.sleep(3601)
    scene.writes("ada", pull, "/yes")
    assert "waited until" in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_yes_without_a_question_says_so(scene: Scene, pull: int) -> None:
    scene.writes("ada", pull, "/yes")
    assert "Nothing here waits for a `/yes`." in scene.last(pull).body


def test_a_yes_holds_for_the_head_that_was_asked_about(scene: Scene, pull: int) -> None:
    asking(scene)
    scene.writes("ada", pull, "/launch")
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    scene.writes("ada", pull, "/yes")
    assert "is not what `/launch` would do now" in scene.last(pull).body
    assert not scene.tracker.queue


def test_the_right_is_asked_again_for_the_yes(scene: Scene) -> None:
    place = scene.forge.add_issue("Again")
    asking(scene)
    scene.writes("ada", place, "/baseline seeds=8")
    scene.forge.roles["ada"] = "write"
    scene.writes("ada", place, "/yes")
    assert "needs the role `maintain`" in scene.last(place).body
    assert not scene.tracker.queue


def test_dearer_than_configured_asks_first(scene: Scene, pull: int) -> None:
    scene.configure(budget={"ask_above_gpu_hours": 0.0001})
    scene.writes("ada", pull, "/launch")
    assert "3 runs, about 18 s of training" in scene.last(pull).body.split("\n")[0]
    assert not scene.tracker.queue


# Locks


@pytest.mark.parametrize("what", ["pr", "queue"])
def test_a_lock_holds_everybody_but_its_owner(scene: Scene, pull: int, what: str) -> None:
    scene.writes("grace", pull, f'/lock what={what} reason="@all moving *today*"')
    assert "locked" in scene.last(pull).body
    scene.writes("ada", pull, "/launch")
    answer = scene.last(pull).body
    assert "[locked](https://hub/acme/digits/issues/" in answer
    assert "@all" not in answer
    assert f"`/unlock what={what}`" in answer
    assert not scene.tracker.queue
    scene.writes("grace", pull, "/launch")
    assert scene.tracker.queue


def test_a_lock_of_one_pr_leaves_the_others_alone(scene: Scene, pull: int) -> None:
    other = scene.experiment("Wider", "model.width=65")
    scene.writes("grace", pull, "/lock")
    scene.writes("ada", other, "/launch")
    assert scene.tracker.queue


def test_a_lock_is_taken_back_by_its_owner_or_whoever_may_decide(scene: Scene, pull: int) -> None:
    scene.forge.roles["mary"] = "write"
    scene.writes("grace", pull, "/lock")
    scene.writes("mary", pull, "/unlock")
    assert "is [locked]" in scene.last(pull).body
    scene.writes("mary", pull, "/launch")
    assert not scene.tracker.queue
    scene.writes("ada", pull, "/unlock")
    assert "Unlocked" in scene.last(pull).body
    scene.writes("mary", pull, "/launch")
    assert scene.tracker.queue


def test_a_lock_ends_by_itself(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, "/lock hours=1")
    scene.world.clock.sleep(3601)
    scene.writes("ada", pull, "/launch")
    assert scene.tracker.queue


def test_of_two_locks_at_the_same_moment_one_holds(scene: Scene, pull: int) -> None:
    """Both have read the lab book before either writes; the second finds it changed."""
    world = scene.world
    stale = world.forge.read_ledger()
    scene.writes("grace", pull, "/lock")
    with pytest.raises(Stale):
        world.forge.write_ledger(stale, stale.with_desk(stale.desk.knows(1)), "too late")
    scene.writes("ada", pull, "/lock")
    assert "locked](https://hub" in scene.last(pull).body
    assert [lock.owner for lock in scene.forge.read_ledger().desk.locks] == ["grace"]


def test_an_unlock_that_is_delivered_before_its_lock_comes_again_stays(
    scene: Scene, pull: int
) -> None:
    scene.writes("grace", pull, "/lock", 700)
    scene.writes("grace", pull, "/unlock", 701)
    scene.writes("grace", pull, "/lock", 700)
    assert not scene.forge.read_ledger().desk.locks


def test_a_lock_that_cannot_be_read_blocks(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, "/lock")
    scene.forge.book["ledger/desk.json"] = "{}"
    with pytest.raises(UserError, match=r"ledger/desk\.json"):
        scene.forge.read_ledger()
    scene.writes("ada", pull, "/launch")
    assert "ledger/desk.json" in scene.last(pull).body
    assert not scene.tracker.queue


def test_a_lock_of_the_baseline_holds_a_merge_up_that_was_asked_for_before(
    scene: Scene, pull: int
) -> None:
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.writes("grace", pull, "/lock what=baseline hours=1")
    for _ in range(3):
        scene.rings()
    assert not scene.forge.pull(pull).merge_commit
    assert [c.key[:7] for c in scene.forge.said_at(pull)].count("locked:") == 1
    assert scene.forge.schedule
    scene.world.clock.sleep(3601)
    scene.rings()
    assert scene.forge.pull(pull).merge_commit
    assert "baseline-v2" in scene.forge.releases


def test_a_lock_does_not_hold_up_the_release_of_what_is_merged(tmp_path: Path) -> None:
    found = 0
    for cut in range(1, 12):
        scene = Scene(tmp_path / str(cut))
        scene.baseline()
        pull = scene.experiment("Larger learning rate", "lr=0.02")
        scene.writes("ada", pull, "/launch")
        scene.rings()
        scene.writes("ada", pull, "/merge")
        scene.forge.scissors.mend()
        scene.forge.scissors.after = cut
        scene.rings()
        known = scene.forge.read_ledger().at(pull)
        if scene.forge.pull(pull).merge_commit and known and known.phase == "merging":
            found += 1  # this job was cut off right behind the merge
            scene.writes("grace", pull, "/lock what=baseline hours=1")
            scene.rings()
            assert "baseline-v2" in scene.forge.releases
    assert found


# Never lost, never twice


def test_an_idea_by_command_is_opened_once_wherever_it_is_cut_off(tmp_path: Path) -> None:
    for cut in range(1, 16):
        scene = Scene(tmp_path / str(cut))
        scene.baseline()
        place = scene.forge.add_issue("Ideas")
        before = len(scene.forge.issues)
        scene.forge.scissors.mend()
        scene.forge.scissors.after = cut
        scene.writes("ada", place, '/experiment "a larger one" lr=0.02', 700)
        scene.writes("ada", place, '/experiment "a larger one" lr=0.02', 700)
        scene.rings()
        assert len(scene.forge.issues) == before + 1
        assert len(scene.forge.pulls) == 1
        desk = scene.forge.read_ledger().desk
        assert not desk.errands
        assert 700 in desk.answered


def test_a_question_and_its_yes_come_out_once_wherever_they_are_cut_off(tmp_path: Path) -> None:
    for cut in range(1, 12):
        scene = Scene(tmp_path / str(cut))
        scene.baseline()
        pull = scene.experiment("Larger learning rate", "lr=0.02")
        asking(scene)
        scene.forge.scissors.mend()
        scene.forge.scissors.after = cut
        for body, comment in (("/launch", 700), ("/launch", 700), ("/yes", 701), ("/yes", 701)):
            scene.writes("ada", pull, body, comment)
        scene.rings()
        assert len({launch for launch in scene.tracker.runs if "-s1" in launch}) == 2
        keys = [comment.key for comment in scene.forge.said_at(pull)]
        assert (keys.count("reply:700"), keys.count("reply:701")) == (1, 1)
        assert not scene.forge.read_ledger().desk.questions


def test_an_idea_that_was_cut_off_is_finished_by_a_ring(scene: Scene) -> None:
    place = scene.forge.add_issue("Ideas")
    scene.forge.scissors.after = scene.forge.scissors.writes + 1
    scene.writes("ada", place, '/experiment "a larger one" lr=0.02')
    assert not scene.forge.pulls
    scene.rings()
    assert len(scene.forge.pulls) == 1


def test_the_form_is_a_command_of_whoever_sent_it(scene: Scene, pull: int) -> None:
    world = scene.new_job()
    for _ in range(3):  # a workflow run that is started again is the same command
        router.handle(FormSent(pull, "grace", "launch seeds=2"), world)
    assert len(scene.tracker.queue) == 2
    scene.run(FormSent(pull, "linus", "/launch"))
    assert len(scene.tracker.queue) == 2
    keys = [comment.key for comment in scene.forge.said_at(pull)]
    assert keys.count(f"reply:-{world.environment.workflow_run}") == 1


def test_more_commands_than_one_may_are_told_once(scene: Scene, pull: int) -> None:
    scene.configure(commands={"per_hour": 2})
    scene.forge.written = [("ada", "/status")] * 3 + [("ada", "thanks")] * 9
    for _ in range(3):
        scene.writes("ada", pull, "/launch")
    assert not scene.tracker.queue
    assert [c.key[:4] for c in scene.forge.said_at(pull)].count("busy") == 1
    scene.writes("grace", pull, "/launch")
    assert scene.tracker.queue


def test_quiet_leaves_a_reaction_where_it_says_everything(scene: Scene, pull: int) -> None:
    scene.configure(commands={"quiet": True})
    before = len(scene.forge.comments)
    comment = scene.writes("ada", pull, "/lock")
    assert len(scene.forge.comments) == before
    assert scene.forge.reactions[-1] == (comment, "rocket")
    scene.writes("grace", pull, "/launch")
    assert "locked" in scene.last(pull).body


@pytest.mark.parametrize("asks", [False, True])
def test_a_command_that_meets_another_write_goes_through(
    scene: Scene, pull: int, *, asks: bool
) -> None:
    scene.configure(budget={"ask_above_seeds": 1 if asks else 9})
    scene.forge.scissors.outages = {"write_ledger": 2}
    scene.writes("ada", pull, "/launch")
    scene.writes("ada", pull, "/yes")
    assert len(scene.tracker.queue) == 3
