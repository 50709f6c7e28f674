"""`/queue`, `/runs` and `/stop`: what waits, what is written on runs, and what is ended."""

from dataclasses import replace

import pytest

from bot.core.queue import Agent, Queued, QueueItem, holdup
from bot.events import Rang
from bot.handlers.taking_back import take_back
from bot.sections import Queue
from tests.bot.scene import Scene
from tests.fakes import FakeRun

WAITING = Queued((QueueItem("a", "taken", "lh-1"), QueueItem("b", "waiting")), has_priorities=True)
NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("queued", "agents", "training", "found"),
    [
        (None, (), 0, "no queue"),
        (Queued((QueueItem("a", "taken", "lh-1"),), has_priorities=False), (), 0, "nothing"),
        (WAITING, (), 0, "no agent"),
        (WAITING, (Agent("dead", NOW - 3600), Agent("silent", None)), 2, "no agent"),
        (WAITING, (Agent("bee", NOW - 20),), 2, "busy"),
        (WAITING, (Agent("bee", NOW - 20),), 0, "unknown"),
    ],
)
def test_it_is_said_on_whom_a_queue_waits(
    queued: Queued | None, agents: tuple[Agent, ...], training: int, found: str
) -> None:
    assert holdup(queued, agents, training, NOW) == found


@pytest.fixture
def pull(scene: Scene) -> int:
    """A PR whose three seeds wait in the queue."""
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    assert _seeds(scene) == [1, 2, 3]
    return pull


def _seeds(scene: Scene) -> list[int]:
    """Seeds that wait in the queue."""
    commands = (launch.command for _, launch in scene.tracker.queue)
    return sorted(int(command[-1].removeprefix("seed=")) for command in commands)


def _states(scene: Scene, pull: int) -> list[str]:
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    return [run.state for run in experiment.latest.runs]


def test_the_queue_names_what_waits_and_on_whom(scene: Scene, pull: int) -> None:
    scene.world.clock.sleep(7200)
    scene.writes("linus", pull, "/queue")  # may read, and no more
    scene.writes("grace", pull, "/queue")
    shown = scene.last(pull).body
    assert shown.startswith("**3 runs wait, the longest for 2 h.** No launch agent")
    assert "--entity acme --queue local" in shown
    assert all(f"#{pull} Larger learning rate, seed {seed} |" in shown for seed in (1, 2, 3))
    scene.tracker.polling = (Agent("bee", scene.world.clock.now()),)
    scene.writes("grace", pull, "/queue")
    assert "1 launch agent is up" in scene.last(pull).body


def test_a_queue_in_which_nothing_waits_says_so(scene: Scene) -> None:
    place = scene.forge.add_issue("How is it going?")
    scene.writes("grace", place, "/queue")
    assert scene.last(place).body == "**Nothing of ours waits.**\n"


def test_what_others_queued_is_counted_and_left_alone(scene: Scene, pull: int) -> None:
    scene.tracker.push("job:x", scene.tracker.queue[0][1], "local")
    scene.writes("grace", pull, "/queue")
    assert "1 more item in `local` waits that is not in the lab book" in scene.last(pull).body
    other = scene.tracker.queued("local", [])
    assert other
    scene.writes("ada", pull, f"/queue cancel={other.items[-1].id}")
    assert "No run in the lab book waits as" in scene.last(pull).body
    assert scene.tracker.queued("local", []) == other


def test_one_item_is_taken_back_and_the_others_go_on(scene: Scene, pull: int) -> None:
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    elsewhere = scene.forge.add_issue("The queue is full")
    scene.writes("grace", elsewhere, f"/queue cancel={experiment.latest.runs[1].item}")
    assert _seeds(scene) == [1, 3]
    assert _states(scene, pull) == ["queued", "killed", "queued"]


def test_all_that_waits_of_a_pr_is_taken_back(scene: Scene, pull: int) -> None:
    number = scene.writes("grace", pull, f"/queue cancel=#{pull}")
    assert _seeds(scene) == []
    assert _states(scene, pull) == ["killed"] * 3
    scene.writes("grace", pull, f"/queue cancel=#{pull}", number)
    assert not any("Nothing of" in c.body for c in scene.forge.said_at(pull))
    scene.writes("grace", pull, f"/queue cancel=#{pull}")
    assert f"Nothing of #{pull} waits in a queue." in scene.last(pull).body


def test_who_may_only_look_takes_nothing_back(scene: Scene, pull: int) -> None:
    scene.forge.roles["linus"] = "triage"
    for typed in (f"/queue cancel=#{pull}", "/queue priority=high", "/runs tag=mine", "/stop"):
        scene.writes("linus", pull, typed)
        assert "needs the role `write`" in scene.last(pull).body
    assert _seeds(scene) == [1, 2, 3]


def test_what_waits_is_queued_again_with_another_priority(scene: Scene, pull: int) -> None:
    number = scene.writes("grace", pull, "/queue priority=high")
    launches = [launch for _, launch in scene.tracker.queue]
    assert [launch.priority for launch in launches] == ["high"] * 3
    assert _seeds(scene) == [1, 2, 3]
    assert _states(scene, pull) == ["queued"] * 3
    scene.writes("grace", pull, "/queue priority=high", number)
    assert [launch for _, launch in scene.tracker.queue] == launches
    scene.writes("grace", pull, "/queue")
    assert scene.last(pull).body.count("| high |") == 3


def test_a_run_that_an_agent_took_meanwhile_is_not_queued_again(scene: Scene, pull: int) -> None:
    scene.tracker.queue, rest = scene.tracker.queue[:1], scene.tracker.queue[1:]
    scene.tracker.work()
    scene.tracker.queue = rest
    scene.writes("grace", pull, f"/queue priority=low pr={pull}")
    assert _seeds(scene) == [2, 3]


def test_a_queue_without_priorities_says_so(scene: Scene, pull: int) -> None:
    scene.tracker.has_priorities = False
    scene.writes("grace", pull, "/queue priority=high")
    assert "`local` has no priorities in W&B" in scene.last(pull).body
    assert [launch.priority for _, launch in scene.tracker.queue] == [None] * 3


@pytest.mark.parametrize("after", range(1, 12))
def test_a_hurried_run_is_queued_once_wherever_the_job_is_killed(
    scene: Scene, pull: int, after: int
) -> None:
    scene.forge.scissors.after = scene.forge.scissors.writes + after
    scene.writes("grace", pull, "/queue priority=high")
    scene.run(Rang("schedule"))
    waiting = {launch.run_id for _, launch in scene.tracker.queue}
    assert len(waiting) == 3
    assert _states(scene, pull) == ["queued"] * 3


def test_the_configuration_sets_priority_and_resources(scene: Scene) -> None:
    queues = {"local": Queue(priority="critical", resource_args={"kubernetes": {"gpus": 2}})}
    scene.world = replace(
        scene.world, config=scene.world.config.model_copy(update={"queues": queues})
    )
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    launches = [launch for _, launch in scene.tracker.queue]
    assert {launch.priority for launch in launches} == {"critical"}
    assert launches[0].resource_args == {"kubernetes": {"gpus": 2}}


def test_runs_are_listed_with_what_they_gave(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, "/runs")
    assert scene.last(pull).body.startswith("**Attempt 1: 0 of 3 runs finished.**")
    scene.writes("grace", pull, "/runs tag=late")
    assert "W&B knows none of the runs of attempt 1 yet" in scene.last(pull).body
    scene.rings()
    scene.writes("grace", pull, "/runs")
    body = scene.last(pull).body
    assert body.startswith("**Attempt 1: 3 of 3 runs finished, verdict WIN.**")
    assert "| ✅ finished | 0.9190 | 6 s |" in body
    place = scene.forge.add_issue("Nothing yet")
    scene.writes("grace", place, "/runs")
    assert "Nothing was launched here yet" in scene.last(place).body


def test_runs_are_tagged_annotated_and_grouped(scene: Scene, pull: int) -> None:
    scene.rings()
    scene.writes("grace", pull, '/runs tag=odd,late note="look @ada" group=mine')
    assert set(scene.tracker.notes.values()) == {(("odd", "late"), "look @ada", "mine")}
    assert len(scene.tracker.notes) == 3
    assert "**Written on 3 runs of attempt 1:** tags `odd, late`" in scene.last(pull).body


def test_stop_ends_what_is_queued_and_remembers_who_asked(scene: Scene, pull: int) -> None:
    scene.writes("grace", pull, '/stop reason="the loss went up"')
    assert _seeds(scene) == []
    assert _states(scene, pull) == ["killed"] * 3
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    stops = [run.stop for run in experiment.latest.runs]
    assert {(stop.by, stop.why) for stop in stops if stop} == {("grace", "the loss went up")}
    report = next(c.body for c in scene.forge.said_at(pull) if c.key.startswith("report"))
    assert "grace" in report
    scene.writes("grace", pull, "/stop")
    assert "nothing to stop" in scene.last(pull).body


def test_stop_waits_for_wandb_where_a_run_has_begun(scene: Scene, pull: int) -> None:
    scene.tracker.outcome = lambda _: FakeRun("running")
    scene.tracker.work()
    scene.writes("grace", pull, "/stop")
    assert _states(scene, pull) == ["running"] * 3
    progress = next(c for c in scene.forge.said_at(pull) if c.key == "progress")
    assert "stop" in progress.body
    scene.run(Rang("W&B"))
    assert _states(scene, pull) == ["killed"] * 3


def test_items_that_are_gone_or_unknown_are_not_taken_back(scene: Scene, pull: int) -> None:
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.latest
    first, second, third = experiment.latest.runs
    unknown = first.but(item="")
    assert take_back(scene.world, "local", [unknown]) == frozenset()
    assert take_back(scene.world, "nowhere", [second]) == frozenset()
    for _ in range(2):
        assert take_back(scene.world, "local", [unknown, second]) == {second.id}
    assert _seeds(scene) == [1, 3]
    scene.tracker.work()
    assert take_back(scene.world, "local", [second, third]) == {second.id}


@pytest.mark.parametrize("after", range(1, 16))
def test_stop_is_said_once_wherever_the_job_is_killed(scene: Scene, pull: int, after: int) -> None:
    scene.forge.scissors.after = scene.forge.scissors.writes + after
    number = scene.writes("grace", pull, "/stop")
    scene.forge.scissors.mend()
    scene.writes("grace", pull, "/stop", number)
    scene.run(Rang("schedule"))
    assert _seeds(scene) == []
    assert _states(scene, pull) == ["killed"] * 3
    keys = [comment.key for comment in scene.forge.said_at(pull)]
    assert keys.count("report:1") == 1
    assert f"reply:{number}" not in keys
