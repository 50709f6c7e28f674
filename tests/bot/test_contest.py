"""Several arms head to head: who is ahead, and how often by luck."""

import pytest

from bot.core.contest import contest
from bot.core.interval import Sample

GOOD, MIDDLE, BAD = (
    Sample(tuple(mean + step / 1000 for step in (-2, -1, 0, 1, 2))) for mean in (0.9, 0.85, 0.8)
)


def _findings(samples: dict[str, Sample], sign: int = 1) -> dict[tuple[str, str], str]:
    return {(pair.better, pair.worse): pair.finding for pair in contest(samples, sign)}


def test_every_arm_meets_every_other_and_the_best_comes_first() -> None:
    samples = {"bad": BAD, "good": GOOD, "middle": MIDDLE}
    ahead = {("good", "middle"): "ahead", ("good", "bad"): "ahead", ("middle", "bad"): "ahead"}
    assert _findings(samples) == ahead
    assert _findings(samples, -1) == {(b, a): "ahead" for a, b in ahead}


def test_many_pairs_ask_for_more_than_one() -> None:
    one = Sample((0.0, 0.1, -0.1, 0.05, -0.05))
    other = Sample(tuple(value + 0.135 for value in one.values))
    assert _findings({"a": one, "b": other}) == {("b", "a"): "ahead"}
    crowd = {f"c{number}": one for number in range(4)}
    assert _findings({"a": one, "b": other, **crowd})[("b", "a")] != "ahead"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Sample((0.9,)), MIDDLE),
        (Sample((0.9, 0.91)), Sample((0.8, 0.81))),
        (Sample((0.9, 0.9)), Sample((0.8, 0.8))),
    ],
)
def test_too_few_seeds_put_nobody_ahead(one: Sample, other: Sample) -> None:
    (pair,) = contest({"one": one, "other": other}, 1)
    assert (pair.better, pair.finding) == ("one", "too few")


def test_what_has_no_figures_meets_nobody() -> None:
    assert contest({"none": Sample(()), "nan": Sample((float("nan"), 1.0)), "good": GOOD}, 1) == ()


def test_no_difference_is_found_where_there_is_none_in_nineteen_of_twenty_contests() -> None:
    import numpy as np

    random, wrong = np.random.default_rng(5), 0
    for _ in range(400):
        arms = {f"{arm}": Sample(tuple(random.normal(size=5))) for arm in range(3)}
        wrong += "ahead" in {pair.finding for pair in contest(arms, 1)}
    assert wrong <= 0.05 * 400 + 2 * (0.05 * 0.95 * 400) ** 0.5
