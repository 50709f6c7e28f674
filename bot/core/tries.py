"""Many tries against one baseline: what each of them costs, and how a win is confirmed.

Every search may call a false win with 5%, so that of k tries without any gain up to k / 20 are
called WIN. What keeps them out of the main branch is the confirmation on held-out seeds. But all
tries stand against the same runs of the baseline: where these had bad luck, a change that gains
nothing is likely both to win and to be confirmed. So the confirmation gets stricter with tries.
"""

import math
from collections.abc import Sequence

from bot.core.permutation import can_tell
from bot.core.spending import ALPHA

FREE = 3
"""Tries whose confirmation may use all of ALPHA."""


def confirmation(tries: int, metrics: int = 1) -> float:
    """One-sided error probability of a confirmation, after so many tries against this baseline.

    5% for the first three tries, and 5% times 3 / k for the k-th. By simulation (docs/verdicts.md)
    the probability that any of 100 changes without a gain is merged is then 4%; at 5% for every
    try it is 16 to 19%, and by 5% / k, Bonferroni's way, 2%, at the cost of much of the power.
    With m metrics of which any may win, each of which has its own luck in the baseline's runs, the
    k-th has 5% times 3 / (k √m), which keeps it at 4% or less; without the root it is up to 6%.

    The held-out seeds are judged by `verdict.judge` at this level, with a `min_effect` of 0 and
    never paired: WIN confirms. A confirmation that fails ends the change: it is not merged, and
    asking again on other seeds is a new try, since the best of several confirms nothing.

    Args:
        tries: the changes that were judged against this baseline, this one with them, and the
            confirmations that failed.
        metrics: how many there are of which any may win.
    """
    return ALPHA * min(1.0, FREE / (max(tries, 1) * math.sqrt(metrics)))


def confirmable(held_out_seeds: int, baseline_seeds: int, tries: int, metrics: int = 1) -> bool:
    """Whether so many held-out seeds can confirm anything at all at the level that is left.

    Where they cannot, more seeds have to be held out, or a new baseline measured, which starts to
    count anew.
    """
    return can_tell(held_out_seeds, baseline_seeds, confirmation(tries, metrics))


def false_wins(tries: int) -> float:
    """The false wins that so many tries without a gain would be expected to give, at most."""
    return ALPHA * tries


def unseen(held_out: Sequence[int], used: Sequence[int]) -> tuple[int, ...]:
    """As many held-out seeds as asked for, none of which this change has been trained with.

    Args:
        held_out: the seeds of the configuration.
        used: every seed that any attempt at this change has trained.
    """
    fresh = [seed for seed in held_out if seed not in used]
    after = max([*held_out, *used], default=0) + 1
    return (*fresh, *range(after, after + len(held_out) - len(fresh)))
