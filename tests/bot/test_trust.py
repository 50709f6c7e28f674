"""Rights, what a command is bound to, and that none is lost or done twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot import router
from bot.events import CommentWritten, FormSent
from tests.bot.hostile import refused
from tests.bot.scene import Scene

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


# Never lost, never twice


def test_an_idea_by_command_is_opened_once_wherever_it_is_cut_off(tmp_path: Path) -> None:
    for cut in range(1, 16):
        scene = Scene.measured(tmp_path / str(cut))
        place = scene.forge.add_issue("Ideas")
        before = len(scene.forge.issues)
        scene.forge.scissors.mend(after=cut)
        scene.writes("ada", place, '/experiment "a larger one" lr=0.02', 700)
        scene.writes("ada", place, '/experiment "a larger one" lr=0.02', 700)
        scene.rings()
        assert len(scene.forge.issues) == before + 1
        assert len(scene.forge.pulls) == 1
        desk = scene.forge.read_ledger().desk
        assert not desk.errands
        assert 700 in desk.answered


@pytest.mark.parametrize("value", ["close", "user@host", "bert-base-uncased", "x" * 300])
def test_the_settings_of_an_idea_by_command_stay_as_they_were_written(
    scene: Scene, value: str
) -> None:
    place = scene.forge.add_issue("Ideas")
    scene.writes("ada", place, f'/experiment "another one" lr={value}')
    experiment = scene.forge.read_ledger().at(max(scene.forge.issues))
    assert experiment
    assert experiment.idea
    assert experiment.idea.overrides == {"lr": value}


@pytest.mark.parametrize(
    "idea",
    [
        "'_No response_' lr=0.02",
        "'wider' lr='0.02 model.width=65'",
        f"'wider' lr=ghp_{'a1B2' * 9}",
    ],
)
def test_an_idea_that_could_not_be_read_opens_no_issue(scene: Scene, idea: str) -> None:
    place = scene.forge.add_issue("Ideas")
    assert refused(scene, lambda: scene.writes("ada", place, f"/experiment {idea}"))


def test_a_question_and_its_yes_come_out_once_wherever_they_are_cut_off(tmp_path: Path) -> None:
    for cut in range(1, 12):
        scene = Scene.measured(tmp_path / str(cut))
        pull = scene.experiment("Larger learning rate", "lr=0.02")
        scene.asks_first()
        scene.forge.scissors.mend(after=cut)
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
