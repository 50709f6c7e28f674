"""Seeded plans of what goes wrong: after each all is as if nothing had.

`make faults` plays them all, `make test` the first few. `FAULT_PLANS=137 .venv/bin/pytest
tests/faults/test_plans.py` plays one alone, `FAULT_PLANS=100-199` some.
"""

import difflib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.chapters import CHAPTERS, play
from tests.faults.ending import Ending, ending, unfinished
from tests.faults.plans import ALL, Plan, plan
from tests.faults.stage import Stage, stage
from tests.zygote import Zygote

pytestmark = pytest.mark.timeout(900)
FEW = 2 * len(CHAPTERS)
"""In `make test`."""
MOST_REQUESTS = 400
"""Of one job: an undisturbed one asks up to 96 times, and one that fails is tried 8 times at most,
which repeats what it reads, not what it has done."""


def asked_for() -> range:
    """The numbers of the plans to be played."""
    if (asked := os.environ.get("FAULT_PLANS", f"0-{FEW - 1}")) == "all":
        return range(ALL)
    first, _, last = asked.partition("-")
    return range(int(first), int(last or first) + 1)


@dataclass(frozen=True)
class Opened:
    """A chapter's stage, as things stand when it begins.

    Attributes:
        ending: how it ends undisturbed.
        writes: what an undisturbed job writes, by the beat's place.
    """

    at: Stage
    ending: Ending
    writes: list[list[str]]


class Theatre:
    """A stage for each chapter, opened when it is first asked for."""

    def __init__(self, stack: ExitStack, root: Callable[[str], Path], zygote: Zygote) -> None:
        self._stack, self._root, self._zygote = stack, root, zygote
        self._opened: dict[str, Opened] = {}

    def open(self, name: str) -> Opened:
        """The stage of a chapter, as it stands when the chapter begins."""
        if name not in self._opened:
            chapter, root = CHAPTERS[name], self._root(name.replace(" ", "-"))
            at = self._stack.enter_context(stage(root, self._zygote))
            play(at, chapter.before)
            at.keep()
            writes = []
            for beat in chapter.beats:
                events = beat(at)
                at.faults.reset()
                at.answer_in_turn(events)
                writes.append(at.faults.writes)
                at.calm()
            self._opened[name] = Opened(at, ending(at), writes)
        self._opened[name].at.restore()
        return self._opened[name]


def disturbed(opened: Opened, plan: Plan) -> list[str]:
    """Play a chapter while things go wrong, beat by beat; what struck."""
    at, struck = opened.at, []
    for beat, writes in zip(CHAPTERS[plan.chapter].beats, opened.writes, strict=True):
        events = beat(at)
        jobs = 0
        with at.mood(plan.aimed(writes), seed=plan.number):
            for batch in plan.arrivals(events):
                at.answer_together(batch)
                jobs += len(batch)
        asked = at.faults.requests
        struck += [f"{each.what}: {each.fault!r}" for each in at.faults.log]
        assert asked <= MOST_REQUESTS * jobs, f"{asked} requests of {jobs} jobs: {plan!r}"
        at.faults.reset()
        at.calm()
    return struck


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Iterator[Theatre]:
    with ExitStack() as stack:
        yield Theatre(stack, tmp_path_factory.mktemp, zygote)


@pytest.mark.parametrize("number", asked_for())
def test_ends_as_if_undisturbed(number: int, theatre: Theatre) -> None:
    what = plan(number)
    opened = theatre.open(what.chapter)
    if what.kills:
        most = CHAPTERS[what.chapter].writes
        assert most >= len(opened.writes[0]), f"there are {len(opened.writes[0])} writes to be hit"
    struck = disturbed(opened, what)
    found = ending(opened.at)
    difference = different(opened.ending.seen, found.seen)
    story = "\n".join([repr(what), *struck, *difference])
    assert struck or not what.kills, story
    assert not difference, story
    assert not unfinished(found.seen), story
    assert set(found.trainings.values()) <= {1}, story
    assert len(found.trainings) == len(opened.ending.trainings), story
    assert found.told <= len(struck), story


@pytest.mark.parametrize("name", ["an idea", "launch", "confirm"])
def test_an_event_that_never_came(name: str, theatre: Theatre) -> None:
    """No job, no trouble: the ring alone has to hear of it."""
    opened = theatre.open(name)
    for beat in CHAPTERS[name].beats:
        beat(opened.at)
        opened.at.calm()
    found = ending(opened.at)
    assert not different(opened.ending.seen, found.seen)
    assert found.trainings.keys() == opened.ending.trainings.keys()
    assert set(found.trainings.values()) <= {1}


def different(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The lines that differ."""
    texts = [
        re.sub(r"\\n", "\n", json.dumps(each, indent=1, sort_keys=True)).splitlines()
        for each in (wanted, found)
    ]
    return list(difflib.unified_diff(*texts, "undisturbed", "found", n=1, lineterm=""))
