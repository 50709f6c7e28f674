"""W&B that fails, asks for patience or is late: what the client makes of it."""

import pytest
import wandb
from wandb.apis.public import Run

from bot.clients.wandb import Wandb
from bot.errors import UserError
from bot.ports import Outage
from bot.sandbox.faults import Fault
from bot.sandbox.serve import reserve
from tests.contract.bees import Bees


@pytest.fixture(scope="module", autouse=True)
def project(bees: Bees) -> None:
    """With a run in it: a project is there once it has one."""
    Run.create(wandb.Api(), "lh-good", "retina", bees.server.entity, "running")


def test_a_failure_of_the_server_is_retried(bees: Bees, tracker: Wandb) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(Fault(on="query *", status=502), Fault(on="query *", cut="after"))
    assert tracker.observe(["lh-none"]) == {}
    assert bees.faults.unused == []
    bees.faults.reset()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_that_asks_for_patience_gets_it(bees: Bees, tracker: Wandb, status: int) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(Fault(on="query *", status=status, headers={"retry-after": "0"}))
    assert tracker.observe(["lh-none"]) == {}
    assert bees.faults.unused == []
    bees.faults.reset()


def test_a_late_answer_counts(bees: Bees, tracker: Wandb) -> None:
    Run.create(wandb.Api(), "lh-late", "retina", "acme", "running")
    bees.faults.add(Fault(on="query *", delay_seconds=0.3))
    assert tracker.observe(["lh-late"])["lh-late"].state == "running"
    assert bees.faults.unused == []
    bees.faults.reset()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on="query *", status=502, headers={"retry-after": "0"}, times=None),
        Fault(on="query *", status=429, headers={"retry-after": "0"}, times=None),
        Fault(on="query *", status=200, body="<html>Down for maintenance</html>"),
        Fault(on="query *", status=200, body={"errors": [{"message": "timeout"}], "data": None}),
        Fault(on="query *", cut="midway"),
    ],
)
def test_a_lasting_failure_is_an_outage(bees: Bees, tracker: Wandb, fault: Fault) -> None:
    tracker.observe(["lh-good"])
    bees.faults.add(fault)
    with pytest.raises(Outage):
        tracker.observe(["lh-none"])
    bees.faults.reset()


def test_nobody_there_is_an_outage(tracker: Wandb, monkeypatch: pytest.MonkeyPatch) -> None:
    bound, url = reserve()
    bound.close()
    monkeypatch.setenv("WANDB_BASE_URL", url)
    with pytest.raises(Outage):
        tracker.observe(["lh-1"])


@pytest.mark.parametrize("key", ["f" * 40, ""])
def test_a_wrong_key_names_the_secret(
    tracker: Wandb, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", key)
    with pytest.raises(UserError, match="WANDB_API_KEY"):
        tracker.observe(["lh-1"])
