"""GitHub that does not answer, refuses or has moved on: what the client makes of it."""

from typing import Any

import pytest

from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.ports import Outage, Stale
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.serve import reserve
from tests.contract.hub import SandboxHub, head


def test_a_read_is_retried(sandbox_hub: SandboxHub, faults: Faults) -> None:
    faults.add(Fault(on="GET */git/ref/*", status=502, times=2))
    assert head(sandbox_hub.forge)


def test_a_query_is_retried(sandbox_hub: SandboxHub, faults: Faults) -> None:
    faults.add(Fault(on="query *", status=502), Fault(on="query *", cut="after"))
    assert sandbox_hub.forge.read_ledger() == Ledger(None)


@pytest.mark.parametrize("given", [{"status": 502, "effect": True}, {"cut": "after"}])
def test_a_write_is_never_repeated(
    sandbox_hub: SandboxHub, faults: Faults, given: dict[str, Any]
) -> None:
    place = sandbox_hub.open_issue("Averaging")
    faults.add(Fault(on="POST */comments", **given))
    with pytest.raises(Outage):
        sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert len(sandbox_hub.comments(place)) == 1
    sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert len(sandbox_hub.comments(place)) == 1


@pytest.mark.parametrize("given", [{"status": 502, "effect": True}, {"cut": "after"}])
def test_a_mutation_is_never_repeated(
    sandbox_hub: SandboxHub, faults: Faults, given: dict[str, Any]
) -> None:
    base = head(sandbox_hub.forge)
    faults.add(Fault(on="mutation createCommitOnBranch", **given))
    with pytest.raises(Outage):
        sandbox_hub.forge.commit("main", base, "Mine", {"a.txt": "a"})
    with pytest.raises(Stale):
        sandbox_hub.forge.commit("main", base, "Mine", {"a.txt": "a"})
    assert sandbox_hub.ada.get_commits(sha="main")[0].commit.message == "Mine"
    assert sandbox_hub.ada.get_commits(sha="main").totalCount == 2


def test_a_conflict_is_decided_again(sandbox_hub: SandboxHub, faults: Faults) -> None:
    place = sandbox_hub.open_issue("Averaging")
    faults.add(Fault(on="POST */comments", status=409))
    with pytest.raises(Stale):
        sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert sandbox_hub.comments(place) == []


def test_a_lasting_failure_is_an_outage(sandbox_hub: SandboxHub, faults: Faults) -> None:
    faults.add(Fault(on="GET */permission", status=502, times=4))
    with pytest.raises(Outage):
        sandbox_hub.forge.role("ada")


def test_nobody_there_is_an_outage(sandbox_hub: SandboxHub) -> None:
    bound, url = reserve()
    bound.close()
    with pytest.raises(Outage):
        sandbox_hub.client(api_url=url).head("main")


def test_a_wrong_token_says_so(sandbox_hub: SandboxHub) -> None:
    with pytest.raises(UserError, match="token"):
        sandbox_hub.client(token="wrong").head("main")


def test_a_token_that_may_not_write_says_so(sandbox_hub: SandboxHub) -> None:
    token = sandbox_hub.server.job_token(sandbox_hub.name, {"contents": "read", "issues": "read"})
    place = sandbox_hub.open_issue("Averaging")
    with pytest.raises(UserError, match="permissions"):
        sandbox_hub.client(token=token).say(place, "help", "text")
