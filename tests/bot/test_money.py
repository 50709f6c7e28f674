"""Money in the loop: set aside with the decision, paid with the verdict, refused over a limit."""

from dataclasses import replace

import pytest

from bot import router
from bot.core import budget
from bot.core.cost import Amount, month_of
from bot.core.experiment import Experiment
from bot.errors import UserError
from bot.events import Rang
from bot.handlers.write import WORK
from bot.sections import Queue
from tests.bot.scene import Scene
from tests.fakes import FakeWriter

RUN_SECONDS = 6.0
"""How long every run of the fake W&B trains."""
RUN_USD = RUN_SECONDS / 3600 * 600


def priced(scene: Scene, **limits: float) -> Scene:
    """Give GPUs and tokens a price, and set limits."""
    scene.configure(
        budget=limits,
        claude={"usd_per_million_input_tokens": 3.0, "usd_per_million_output_tokens": 15.0},
    )
    queues = {"local": Queue(usd_per_gpu_hour=600.0)}
    config = scene.world.config.model_copy(update={"queues": queues})
    scene.world = replace(scene.world, config=config)
    return scene


def month(scene: Scene) -> Amount:
    """What everybody spent and set aside this month."""
    return budget.of_month(scene.forge.read_ledger(), month_of(scene.world.clock.now()))


def at(scene: Scene, place: int) -> Experiment:
    """The experiment there."""
    found = scene.forge.read_ledger().at(place)
    assert found
    return found


def test_it_is_set_aside_with_the_launch_and_paid_with_the_verdict(scene: Scene) -> None:
    pull = priced(scene).experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    aside = at(scene, pull).attempts[0].reserved
    assert aside
    assert (aside.seeds, aside.seconds) == ((1, 2, 3), RUN_SECONDS)
    assert month(scene).gpu_usd == pytest.approx(3 * RUN_USD)
    scene.rings()
    done = at(scene, pull)
    assert done.attempts[0].verdict == "WIN"
    assert done.attempts[0].spent == done.spent
    assert done.spent.gpu_usd == pytest.approx(3 * RUN_USD)
    assert budget.reserved(scene.forge.read_ledger()) == Amount()
    assert month(scene) == done.spent + Amount(gpu_hours=6 * RUN_SECONDS / 3600)
    scene.rings()
    assert month(scene).gpu_usd == pytest.approx(3 * RUN_USD)


@pytest.mark.parametrize("began", [False, True])
def test_what_was_deleted_costs_only_where_it_began(scene: Scene, began: bool) -> None:
    pull = priced(scene).experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    if began:
        scene.tracker.begin()
        scene.run(Rang("schedule"))
        scene.tracker.runs = {n: r for n, r in scene.tracker.runs.items() if r.state != "running"}
    scene.tracker.queue.clear()
    scene.tracker.pushed.clear()
    scene.world.clock.sleep(2 * 3600)
    scene.run(Rang("schedule"))
    done = at(scene, pull)
    assert [run.state for run in done.attempts[0].runs] == ["missing"] * 3
    assert done.attempts[0].spent == done.spent
    assert done.spent.gpu_usd == pytest.approx(3 * RUN_USD if began else 0.0)


def test_seeds_that_were_trained_are_not_paid_again(scene: Scene) -> None:
    pull = priced(scene).experiment("No gain", "model.width=65")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("grace", pull, "/launch seeds=+3")
    aside = at(scene, pull).attempts[1].reserved
    assert aside
    assert aside.seeds == (4, 5, 6)
    scene.rings()
    assert at(scene, pull).spent.gpu_usd == pytest.approx(6 * RUN_USD)
    people = scene.forge.read_ledger().budget.months[month_of(scene.world.clock.now())]
    assert people["grace"].gpu_usd == pytest.approx(3 * RUN_USD)


@pytest.mark.parametrize("limit", ["experiment", "person_month", "month"])
def test_over_a_limit_nothing_is_written_or_queued(scene: Scene, limit: str) -> None:
    pull = priced(scene, **{limit: 2.5 * RUN_USD}).experiment("Larger learning rate", "lr=0.02")
    before = dict(scene.forge.book)
    scene.writes("grace", pull, "/launch")
    assert scene.forge.book == before
    assert scene.tracker.queue == []
    assert f"raise `budget.{limit}`" in scene.last(pull).body
    scene.configure(budget={limit: 3 * RUN_USD})
    scene.writes("grace", pull, "/launch")
    assert len(scene.tracker.queue) > 0


def test_a_fix_that_nobody_can_pay_is_refused_before_anything_is_committed(scene: Scene) -> None:
    pull = priced(scene).experiment("Much larger", "lr=9")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    spent = at(scene, pull).spent
    assert spent.usd > 0  # what failed is paid as well
    scene.configure(budget={"experiment": spent.usd + 1.0})
    head = scene.forge.pull(pull).head
    scene.writes("ada", pull, "/fix")
    assert "raise `budget.experiment`" in scene.last(pull).body
    assert scene.forge.pull(pull).head == head


def test_a_newer_commit_pays_only_what_the_older_one_used(scene: Scene) -> None:
    pull = priced(scene).experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    branch = scene.forge.pull(pull).branch
    scene.forge.push(branch, {"conf.yaml": "lr: 0.02\nmodel:\n  width: 65\n"})
    scene.writes("ada", pull, "/launch")
    assert budget.of_experiment(at(scene, pull)).gpu_usd == pytest.approx(3 * RUN_USD)
    scene.rings()
    done = at(scene, pull)
    assert [a.spent.gpu_usd for a in done.attempts if a.spent] == [0, pytest.approx(3 * RUN_USD)]


@pytest.mark.parametrize("cut", range(1, 16))
def test_money_is_counted_once_wherever_a_job_is_cut_off(scene: Scene, cut: int) -> None:
    pull = priced(scene).experiment("Larger learning rate", "lr=0.02")
    scene.forge.scissors.mend(after=cut)
    comment = scene.writes("ada", pull, "/launch")
    scene.writes("ada", pull, "/launch", comment)
    for _ in range(4):
        scene.rings()
    assert at(scene, pull).attempts[-1].verdict == "WIN"
    assert at(scene, pull).spent.gpu_usd == pytest.approx(3 * RUN_USD)
    assert month(scene).gpu_usd == pytest.approx(3 * RUN_USD)
    assert scene.forge.read_ledger().tries("baseline-v1").changes == 1


def test_tries_and_costs_survive_the_merge(scene: Scene) -> None:
    pull = priced(scene).experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.rings()
    ledger = scene.forge.read_ledger()
    assert ledger.experiments == {}
    tries = ledger.tries("baseline-v1")
    assert (tries.changes, tries.wins, tries.confirmed) == (1, 1, 1)
    assert month(scene).gpu_usd == pytest.approx(6 * RUN_USD)
    assert ledger.baseline
    assert ledger.baseline.seconds == RUN_SECONDS


def test_a_release_that_is_refused_is_not_tried_again_until_somebody_asks(scene: Scene) -> None:
    pull = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    scene.writes("ada", pull, "/merge")
    scene.forge.scissors.refusals = {"publish": "There is a tag already."}
    scene.rings()
    assert at(scene, pull).refused == "There is a tag already."
    assert scene.last(pull).body.startswith("There is a tag already.")
    assert not scene.forge.schedule
    head, said = scene.forge.head("labbook"), len(scene.forge.comments)
    scene.rings()
    assert (scene.forge.head("labbook"), len(scene.forge.comments)) == (head, said)
    scene.forge.scissors.refusals = {}
    scene.rings()
    assert at(scene, pull).phase == "merged"
    scene.writes("ada", pull, "/status")
    assert "baseline-v2" in scene.forge.releases


# The model


@pytest.mark.parametrize("writer", [FakeWriter(), FakeWriter(error=UserError("It declined."))])
def test_a_model_is_paid_by_its_tokens(scene: Scene, writer: FakeWriter) -> None:
    place = priced(scene).code_idea()
    assert month(scene).model_usd == 3.0
    assert scene.model_works(writer).usd == 3.0
    router.handle_work(scene.world)
    expected = 3.0 * (100 + 0.1 * 700 + 1.25 * 100) / 1e6 + 15.0 * 80 / 1e6
    assert month(scene).model_usd == pytest.approx(0 if writer.error else expected, abs=1e-6)
    assert at(scene, place).spent == month(scene) + Amount(gpu_hours=-month(scene).gpu_hours)


def test_a_model_job_that_is_cut_off_costs_what_was_set_aside(scene: Scene) -> None:
    place = priced(scene).code_idea()
    scene.rings()  # the workflow run that wrote has ended, and nothing came of it
    assert at(scene, place).phase == "stalled"
    assert at(scene, place).spent.model_usd == 3.0
    scene.writes("ada", place, "/pick")
    assert month(scene).model_usd == 6.0  # spent, and set aside again
    scene.model_works(FakeWriter())
    (scene.world.folder / WORK).write_text("{")
    router.handle_work(scene.world)
    assert at(scene, place).spent.model_usd == 6.0


def test_an_idea_that_nobody_can_pay_is_not_written(scene: Scene) -> None:
    place = priced(scene, month=2.0).code_idea()
    assert scene.forge.read_ledger().at(place) is None
    assert "This would cost $3" in scene.last(place).body


# Asking


def test_budget_says_how_the_month_stands_and_changes_nothing(scene: Scene) -> None:
    pull = priced(scene, experiment=60, month=900).experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", pull, "/launch")
    before = dict(scene.forge.book)
    scene.writes("grace", pull, "/budget")
    body = scene.last(pull).body
    assert body.startswith("**$3 of $900 spent in ")
    assert "- This experiment: $3 of $60." in body
    assert "| ada | 54 GPU-seconds | $3 | – |" in body
    assert scene.forge.book == before
