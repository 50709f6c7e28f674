"""What an idea asks of GitHub on its way to a verdict, job by job, as docs/rings.md tells it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.sandbox.github import Delivery
from tests.faults.chapters import MEASURED, idea, play, says, trained
from tests.faults.stage import RING, Stage, stage
from tests.zygote import Zygote

pytestmark = pytest.mark.timeout(600)
PAGE = Path(__file__).parents[2] / "docs/rings.md"
BOT = "github-actions[bot]"
CREATES = ("POST /repos/", "PUT /repos/", "mutation ")


@pytest.fixture
def at(tmp_path: Path, zygote: Zygote) -> Iterator[Stage]:
    with stage(tmp_path, zygote) as at:
        play(at, MEASURED)
        yield at


def one_trained(at: Stage) -> list[Delivery]:
    """One of several runs has ended, and W&B rings."""
    at.agent.finish(1)
    return [RING]


ROAD = {
    "the label, to the draft PR": idea,
    "`/launch`, to the canary in the queue": says("/launch"),
    "a ring that finds nothing new": lambda _: [RING],
    "the canary is through: the others are queued": trained,
    "one of several runs has ended": one_trained,
    "the last has ended: the report": trained,
}


def test_the_page_says_what_each_job_asks(at: Stage) -> None:
    found = {}
    for name, beat in ROAD.items():
        events = beat(at)
        begun = len(at.github.requests)
        at.faults.reset()
        at.answer_in_turn(events)
        asked = [r.path for r in at.github.requests[begun:] if r.login == BOT]
        graphql = asked.count("/api/graphql")
        creates = [each for each in at.faults.writes if each.startswith(CREATES)]
        ours = [each for each in creates if "acme/digits" in each or "CommitOn" in each]
        found[name] = (len(asked) - graphql, graphql, len(ours))
    assert found == _told(PAGE.read_text(encoding="utf-8"))


def _told(page: str) -> Mapping[str, tuple[int, ...]]:
    """The table's rows that name one of the road's jobs."""
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    return {name: tuple(map(int, figures)) for name, *figures in rows if name in ROAD}
