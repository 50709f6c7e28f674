import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.core.deciding import Deciding
from bot.core.interval import Sample
from bot.core.many import exceeds
from bot.core.pairing import correlation, method
from bot.core.power import Chance, chances, detectable, reachable
from bot.core.spending import ALPHA, information, level, spent
from bot.core.tries import confirmable, confirmation, false_wins, unseen
from bot.core.verdict import Guard, absolute, judge
from tests.bot.examples.team import BASELINE, FIRST_LOOK, UNSURE, WINNER, WORSE

LOOKS = (5, 10, 15)


def levels(looks: tuple[int, ...], most: int = 15) -> list[float]:
    return [level(n, looks[:i], most, 10) for i, n in enumerate(looks)]


def passed(looks: tuple[int, ...], alphas: list[float]) -> float:
    """How likely a normal score without any gain passes one of these levels."""
    amounts = [information(n, 10) for n in looks]
    covariance = [[math.sqrt(min(a, b) / max(a, b)) for a in amounts] for b in amounts]
    normal = stats.multivariate_normal(cov=covariance, seed=1)
    return float(1 - normal.cdf(stats.norm.isf(alphas)))


def test_the_first_of_three_looks() -> None:
    assert information(5, 10) / information(15, 10) == pytest.approx(0.556, abs=0.001)
    assert level(5, [], 15, 10) == pytest.approx(0.0335, abs=0.00005)


@pytest.mark.parametrize("looks", [LOOKS, (5, 15), (15,), (2, 4, 6), (14, 15)])
def test_all_looks_together_spend_what_is_allowed(looks: tuple[int, ...]) -> None:
    assert passed(looks, levels(looks, most=looks[-1])) == pytest.approx(ALPHA, abs=2e-4)


def test_a_look_may_err_more_often_than_it_adds_false_wins() -> None:
    shares = [spent(information(n, 10) / information(15, 10)) for n in LOOKS]
    added = [after - before for before, after in pairwise([0.0, *shares])]
    assert all(a > b for a, b in zip(levels(LOOKS)[1:], added[1:], strict=True))


def test_what_is_spent_never_passes_what_is_allowed() -> None:
    assert (spent(0.0), spent(1.0), spent(7.0)) == (0.0, pytest.approx(ALPHA), pytest.approx(ALPHA))


def test_a_look_without_new_seeds_decides_nothing() -> None:
    assert level(5, [5], 15, 10) == 0
    assert level(3, [5], 15, 10) == 0
    assert level(7, [5, 5, 3], 15, 10) == level(7, [5], 15, 10)


@pytest.mark.parametrize("looks", [(5, 20), (5, 10, 15, 20), (20,), (5, 10, 15, 40, 80)])
def test_more_seeds_than_planned_spend_no_more_than_is_left(looks: tuple[int, ...]) -> None:
    alphas = levels(looks)
    used = [(n, alpha) for n, alpha in zip(looks, alphas, strict=True) if alpha]
    assert passed(*map(list, zip(*used, strict=True))) == pytest.approx(ALPHA, abs=2e-4)
    assert all(alpha == 0 for n, alpha in zip(looks[1:], alphas[1:], strict=True) if n > 20)


def test_pairs_spend_by_the_seeds_that_both_arms_have() -> None:
    shares = [level(n, LOOKS[:i], 15, 10, "paired") for i, n in enumerate(LOOKS)]
    assert shares == pytest.approx([spent(0.5), ALPHA - spent(0.5), 0.0])


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_detectable_gain_is_found_in_four_tries_of_five(seeds: int) -> None:
    random = np.random.default_rng(41)
    gain = detectable(0.5, seeds, 10, FIRST_LOOK, 0.1)
    assert gain
    after, before = random.normal(gain, 0.5, (3000, seeds)), random.normal(0, 0.5, (3000, 10))
    assert exceeds(after, before, FIRST_LOOK, 0.0, "welch").mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("noise", [0.05, 0.7])
def test_a_gain_that_is_not_worth_having_is_never_found(noise: float) -> None:
    """A loss has to fall by a share of the baseline's: nothing less is found, however plain."""
    random, wins = np.random.default_rng(42), []
    before = Sample(tuple(random.normal(50, noise, 10).tolist()))
    gain = detectable(noise, 5, 10, FIRST_LOOK, absolute("2%", before))
    assert gain == pytest.approx(1.0 if noise < 0.1 else 1.72 * noise, rel=0.03)
    for fallen in (gain, 0.8 * gain):
        found = [
            judge(
                Sample(tuple(random.normal(50 - fallen, noise, 5).tolist())),
                Sample(tuple(random.normal(50, noise, 10).tolist())),
                sign=-1, min_effect="2%", alpha=FIRST_LOOK,
            ).outcome
            for _ in range(200)
        ]  # fmt: skip
        wins.append(found.count("WIN") / 200)
    assert wins[0] > 0.72
    assert (wins[1] < 0.05) is (noise < 0.1)


def test_more_seeds_find_smaller_gains() -> None:
    gains = [detectable(0.0019, n, 10, 0.05, 0.0005) or math.inf for n in (3, 5, 10)]
    assert gains == sorted(gains, reverse=True)


def test_so_few_seeds_find_none() -> None:
    assert detectable(0.0019, 2, 2, 0.05, 0.0005) is None
    assert detectable(0.0019, 3, 3, 0.04, 0.0005) is None
    assert detectable(0.0019, 3, 3, 0.05, 0.0005) is not None


def likely(sample: Sample, sign: int = 1) -> list[Chance]:
    looks = {n: level(n, [5], 15, 10) for n in (10, 15)}
    arms = (Sample(tuple(sign * v for v in arm.values)) for arm in (sample, BASELINE))
    return list(chances([Deciding("val/dice", sign, 0.002, *arms)], looks))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_chances_that_people_are_shown(sign: int) -> None:
    ten, fifteen = likely(UNSURE, sign)
    assert (ten.win, ten.loss) == pytest.approx((0.31, 0.015), abs=0.015)
    assert (fifteen.win, fifteen.loss) == pytest.approx((0.435, 0.07), abs=0.015)


def test_chances_come_true() -> None:
    """Over gains that are all as likely, as many looks win as were said to."""
    random = np.random.default_rng(8)
    alpha, said, came = level(10, [5], 15, 10), [], []
    for gain in random.uniform(-3, 5, 20):
        after, before = random.normal(gain, size=(1, 10)), random.standard_normal((1, 10))
        arms = Sample(tuple(after[0, :5].tolist())), Sample(tuple(before[0].tolist()))
        [chance] = chances([Deciding("val/dice", 1, 0.0, *arms)], {10: alpha})
        said.append(chance.win)
        came.append(exceeds(after, before, alpha, 0.0, "welch")[0])
    assert np.mean(said) == pytest.approx(np.mean(came), abs=0.12)
    sure = [came == (chance > 0.5) for chance, came in zip(said, came, strict=True)
            if abs(chance - 0.5) > 0.4]  # fmt: skip
    assert np.mean(sure) > 0.9


def test_a_win_is_out_of_reach_or_it_is_not() -> None:
    assert reachable(likely(UNSURE))
    assert reachable(likely(WINNER))
    assert not reachable(likely(WORSE))
    assert not reachable([])


@pytest.mark.parametrize("steady", [Sample((0.85, 0.85)), Sample((0.84115,) * 5)])
def test_an_arm_without_spread_has_the_chances_of_one_as_noisy_as_the_other(steady: Sample) -> None:
    [noisy] = chances([Deciding("val/dice", 1, 0.002, steady, BASELINE)], {10: 0.05})
    assert 0 < noisy.win < 1
    still = Sample((0.8,) * 5)
    [none] = chances([Deciding("val/dice", 1, 0.002, steady, still)], {10: 0.05})
    assert (none.win, none.loss) == (1, 0)


def test_pairs_have_chances_too() -> None:
    seeds = (1, 2, 3, 4, 5)
    baseline = Sample((0.80, 0.84, 0.88, 0.82, 0.86, 0.81), (*seeds, 6))
    better = Sample((0.805, 0.851, 0.880, 0.835, 0.861), seeds)
    looks = {6: 0.03, 60: 0.03}
    six, more = chances([Deciding("val/dice", 1, 0.001, better, baseline)], looks, "paired")
    assert 0 < six.win == pytest.approx(more.win, abs=0.05)


def luck(correlation: float, seeds: int, random: np.random.Generator) -> tuple[Sample, Sample]:
    shared = random.standard_normal(seeds)
    own = random.standard_normal((2, seeds))
    both = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    names = tuple(range(seeds))
    return Sample(tuple(both[0].tolist()), names), Sample(tuple(both[1].tolist()), names)


@pytest.mark.parametrize(
    ("shared", "comparisons", "chosen"),
    [(0.0, 4, "welch"), (0.3, 8, "welch"), (0.9, 4, "paired"), (0.9, 0, "welch")],
)
def test_seeds_are_paired_where_their_luck_is_surely_shared(
    shared: float, comparisons: int, chosen: str
) -> None:
    random = np.random.default_rng(6)
    earlier = [luck(shared, 10, random) for _ in range(comparisons)]
    assert method(earlier, 5, 10, FIRST_LOOK) == chosen


def test_a_correlation_is_bounded_from_below() -> None:
    random = np.random.default_rng(9)
    bounds = [correlation([luck(0.6, 10, random)]) for _ in range(500)]
    assert np.mean([b is not None and b > 0.6 for b in bounds]) == pytest.approx(0.1, abs=0.04)


def test_a_correlation_needs_seeds_that_both_arms_have_and_some_spread() -> None:
    values = tuple(map(float, range(10)))
    arm, other = Sample(values, tuple(range(10))), Sample(values, tuple(range(20, 30)))
    flat = Sample((1.0,) * 10, tuple(range(10)))
    assert correlation([(arm, other)]) is None
    assert correlation([(arm, flat)]) is None
    found = correlation([(arm, arm), (arm, flat)])
    assert found is not None
    assert 0.98 < found < 1


def test_a_confirmation_gets_stricter_with_tries() -> None:
    assert [confirmation(k, 3) for k in (0, 1, 3)] == [ALPHA] * 3
    assert [confirmation(k, 3) for k in (6, 30)] == pytest.approx([ALPHA / 2, ALPHA / 10])
    assert confirmation(12, 12) == confirmation(24, 3) == confirmation(12, 3) / 2
    assert confirmation(1, 12) == ALPHA
    assert false_wins(20) == pytest.approx(1.0)


@given(st.integers(1, 8), st.integers(2, 20), st.integers(1, 200))
def test_seeds_can_confirm_where_the_best_of_all_groupings_is_rare_enough(
    held_out: int, baseline: int, tries: int
) -> None:
    rarest = 1 / math.comb(held_out + baseline, held_out)
    assert confirmable(held_out, baseline, tries) == (rarest <= confirmation(tries, held_out))


def test_three_held_out_seeds_confirm_until_the_forty_second_try() -> None:
    assert confirmable(3, 10, 42)
    assert not confirmable(3, 10, 43)
    assert confirmable(4, 10, 100)


def test_held_out_seeds_are_not_seen_twice() -> None:
    assert unseen((101, 102, 103), (1, 2)) == (101, 102, 103)
    assert unseen((101, 102, 103), (1, 102)) == (101, 103, 104)
    assert unseen((101, 102, 103), (101, 102, 103, 104)) == (105, 106, 107)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_wins_only_where_its_guards_hold(sign: int) -> None:
    random = np.random.default_rng(4)
    arms = [Sample(tuple(random.normal(size=n).tolist())) for n in (5, 10)]
    metric = Deciding("val/dice", 1, 0.002, WINNER, BASELINE)
    far, near, broken = (
        chances([metric], {10: 0.02}, guards=[Guard("val/loss", sign, limit, *arms)])[0]
        for limit in (90.0, 1.0, -5.0)
    )
    assert far == chances([metric], {10: 0.02})[0]
    assert 0.02 < near.win < 0.5 < far.win
    assert (broken.win, broken.loss) == (0, pytest.approx(1, abs=0.02))


def test_a_guard_is_drawn_as_it_is_judged() -> None:
    """With no seed to come, the one future is what is known."""
    random = np.random.default_rng(5)
    metric = Deciding("val/dice", 1, 0.002, Sample((5.0, 6.0)), Sample((1.0, 2.0, 3.0)))
    seen = set()
    for limit in np.linspace(-8, 8, 9):
        for sign in (1, -1):
            arms = (Sample(tuple(random.normal(size=n).tolist())) for n in (2, 10))
            guard = Guard("val/loss", sign, float(limit), *arms)
            [now] = chances([metric], {2: 0.2}, guards=[guard])
            assert (now.win, now.loss) == {True: (1, 0), False: (0, 1), None: (0, 0)}[guard.holds]
            seen.add(guard.holds)
    assert seen == {True, False, None}
