"""A job for which writes go wrong, or that is started twice: the same end as undisturbed."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.faults.fault import luck
from tests.faults.stage import Stage, stage
from tests.faults.test_killed import STORIES, Story, different, state
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
KINDS: tuple[dict[str, Any], ...] = (
    {"status": 502},
    {"status": 502, "effect": True},
    {"cut": "before"},
    {"cut": "after"},
    {"cut": "midway"},
)
SEEDS = range(4)
FAULTS = 3
"""In a plan."""
FIRST_WRITES = 12
"""Among which a fault strikes."""

End = tuple[dict[str, Any], set[str]]
"""What everybody can see, and what waits in the queue."""


def plan(seed: int) -> list[Fault]:
    """What goes wrong, decided by a seed."""
    return [
        Fault(
            on="write",
            skip=int(luck(seed, number, "where") * FIRST_WRITES),
            **KINDS[int(luck(seed, number, "what") * len(KINDS))],
        )
        for number in range(FAULTS)
    ]


def ended(at: Stage, faults: list[Fault], act: Callable[[Stage], object]) -> tuple[End, str]:
    """Play a job while faults strike, ring once they are over; the end, and what struck."""
    at.restore()
    with at.mood(faults):
        act(at)
    struck = "\n".join(f"{each.what}: {each.fault!r}" for each in at.faults.log)
    at.faults.reset()
    at.ring()
    return (state(at), different(at.agent.take())), struck


def twice(story: Story) -> Callable[[Stage], object]:
    """Its job, started twice at once."""

    def act(at: Stage) -> object:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(story.act, [at, at]))

    return act


@pytest.fixture(scope="module")
def ends(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote
) -> Iterator[dict[str, Future[dict[str, tuple[End, str]]]]]:
    """Of each story: undisturbed, started twice, and with each plan."""

    def played(name: str) -> dict[str, tuple[End, str]]:
        story = STORIES[name]
        with stage(tmp_path_factory.mktemp(name), zygote) as at:
            story.begin(at)
            at.keep()
            return {
                "undisturbed": ended(at, [], story.act),
                "twice": ended(at, [], twice(story)),
                **{f"plan {seed}": ended(at, plan(seed), story.act) for seed in SEEDS},
            }

    with ThreadPoolExecutor(len(STORIES)) as pool:
        yield {name: pool.submit(played, name) for name in STORIES}


@pytest.mark.parametrize("how", ["twice", *(f"plan {seed}" for seed in SEEDS)])
@pytest.mark.parametrize("name", STORIES)
def test_ends_as_if_undisturbed(
    name: str, how: str, ends: dict[str, Future[dict[str, tuple[End, str]]]]
) -> None:
    found = ends[name].result()
    end, struck = found[how]
    assert struck or how == "twice"
    assert end == found["undisturbed"][0], struck
