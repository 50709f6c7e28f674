"""The lab book: what every GitHub must do for the bot's memory."""

from dataclasses import replace

import pytest

from bot.core.attempt import Attempt, Run
from bot.core.budget import settle
from bot.core.cost import Amount, Reservation
from bot.core.ledger import BaselineRef, Ledger
from bot.core.runs import ObservedRun
from bot.ports import Forge, Stale
from tests.contract.hub import EXPERIMENT, head


def test_there_is_no_ledger_at_first(forge: Forge) -> None:
    assert forge.read_ledger() == Ledger(None)


ATTEMPT = Attempt(
    number=1,
    purpose="search",
    commit="c" * 40,
    tree="d" * 40,
    baseline="baseline-v1",
    queue="a100",
    runs=(Run(seed=1, id="lh-1-s1"),),
    asked_by="ada",
    comment_id=5,
    asked_at=1.5,
)
RAN = ObservedRun("lh-1-s1", "finished", seconds=1800)


def test_what_is_written_is_read(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "ada picked #7")
    assert first == forge.read_ledger()
    assert first.head == head(forge, "labbook")
    grown = first.put(EXPERIMENT.with_attempt(ATTEMPT), EXPERIMENT.but(number=8, branch="exp/8"))
    grown = grown.released(BaselineRef(tag="baseline-v1", commit="d" * 40))
    second = forge.write_ledger(first, grown, "ada launched #7")
    assert second == forge.read_ledger()
    assert second.experiments[7].attempts == (ATTEMPT,)
    assert second.baseline == BaselineRef(tag="baseline-v1", commit="d" * 40)
    assert second.head != first.head


def test_no_difference_is_no_commit(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    assert forge.write_ledger(first, first.put(EXPERIMENT), "nothing") == first
    assert head(forge, "labbook") == first.head


def test_the_second_of_two_writers_is_stale(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    theirs = forge.write_ledger(first, first.put(EXPERIMENT.but(title="theirs")), "theirs")
    with pytest.raises(Stale):
        forge.write_ledger(first, first.put(EXPERIMENT.but(title="mine")), "mine")
    assert forge.read_ledger() == theirs


def test_the_second_of_two_founders_is_stale(forge: Forge) -> None:
    theirs = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "theirs")
    with pytest.raises(Stale):
        forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT.but(number=9)), "mine")
    assert forge.read_ledger() == theirs


def test_a_closed_experiment_leaves_the_ledger(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    forge.write_ledger(first, first.put(EXPERIMENT.but(phase="released")), "released")
    assert forge.read_ledger().experiments == {}
    assert forge.file("ledger/closed/7.json", "labbook") is not None
    assert forge.file("ledger/open/7.json", "labbook") is None


def test_a_closed_experiment_comes_back(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    shut = EXPERIMENT.but(phase="closed")
    second = forge.write_ledger(first, first.put(shut), "closed")
    assert second == forge.read_ledger()
    again = forge.write_ledger(second.put(shut), second.put(EXPERIMENT), "opened again")
    assert again == forge.read_ledger()
    assert again.experiments == {7: EXPERIMENT}
    assert forge.file("ledger/closed/7.json", "labbook") is None


def test_experiment_budget_and_tries_move_together(forge: Forge) -> None:
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    first = forge.write_ledger(
        first, first.released(BaselineRef(tag="baseline-v1", commit="d" * 40)), "released"
    )
    going = ATTEMPT.but(reserved=Reservation(seeds=(1,), seconds=60, gpus=1, usd_per_gpu_hour=60))
    before = first.put(EXPERIMENT.with_attempt(going))
    ran = (ATTEMPT.runs[0].but(state="finished"),)
    after = before.put(EXPERIMENT.with_attempt(going.but(verdict="WIN", runs=ran)))
    after = settle(after.counted(before.experiments[7]), 7, {"lh-1-s1": RAN})
    second = forge.write_ledger(first, before, "launched")
    third = forge.write_ledger(second, replace(after, head=second.head), "judged")
    assert third == forge.read_ledger()
    assert third.tries("baseline-v1").wins == 1
    assert third.budget.spent("1970-01", "ada") == Amount(gpu_hours=0.5, gpu_usd=30.0)
    assert third.experiments[7].spent == Amount(gpu_hours=0.5, gpu_usd=30.0)
