"""The leaderboard's issue: written anew, pinned, and never in anybody's way."""

from dataclasses import replace
from pathlib import Path

from bot.core.ledger import BaselineRef
from bot.handlers import leaderboard
from bot.ports import Forge, Launch
from tests.contract.hub import Interference, SandboxHub
from tests.fakes import FakeRun
from tests.fakes import world as fake_world

PINNED = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { issue(number: $number) { isPinned } }
}
"""


def test_an_issue_is_written_anew(forge: Forge) -> None:
    number = forge.open_issue("leaderboard", "Leaderboard", "first")
    for _ in range(2):
        forge.write_issue(number, "leaderboard", "second")
    assert forge.issue(number).body.startswith("second")
    assert forge.open_issue("leaderboard", "Leaderboard", "third") == number
    forge.pin(number)
    forge.pin(number)
    forge.write_issue(9999, "leaderboard", "nobody is there")


def _is_pinned(hub: SandboxHub, number: int) -> bool:
    owner, _, name = hub.name.partition("/")
    given = {"owner": owner, "name": name, "number": number}
    _, answer = hub.ada.requester.graphql_query(PINNED, given)
    pinned: bool = answer["data"]["repository"]["issue"]["isPinned"]
    return pinned


def test_an_issue_is_pinned_while_there_is_room(sandbox_hub: SandboxHub) -> None:
    numbers = [sandbox_hub.open_issue(f"Number {number}") for number in range(4)]
    for number in numbers:
        sandbox_hub.forge.pin(number)
    assert [_is_pinned(sandbox_hub, number) for number in numbers] == [True, True, True, False]


def test_a_ring_in_which_nothing_changed_asks_nothing(
    sandbox_hub: SandboxHub, interference: Interference, tmp_path: Path
) -> None:
    world = replace(fake_world(_never, str(tmp_path)), forge=sandbox_hub.forge)
    number = leaderboard.create(world)
    assert number is not None
    assert _is_pinned(sandbox_hub, number)
    assert leaderboard.create(world) is None
    ledger = sandbox_hub.forge.read_ledger()
    interference.asked.clear()
    leaderboard.show(world, ledger)
    assert interference.asked == []
    v1 = BaselineRef(tag="baseline-v1", commit="d" * 40, metric="val/acc", mean=0.9)
    ledger = sandbox_hub.forge.write_ledger(ledger, ledger.released(v1), "released")
    interference.asked.clear()
    leaderboard.show(world, ledger)
    changes = [asked for asked in interference.asked if not asked.startswith("GET ")]
    assert [asked.split("/")[0] for asked in changes] == ["PATCH ", "POST "]
    body = sandbox_hub.forge.issue(number).body
    assert body.startswith("**No open experiment is surely better than [baseline-v1]")


def _never(launch: Launch) -> FakeRun:
    raise AssertionError(launch)
