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
"""Tries whose confirmation may use all of ALPHA, with one metric and `USUAL` held-out seeds."""
USUAL = 3


def confirmation(tries: int, held_out: int, metrics: int = 1) -> float:
    """One-sided error probability of a confirmation, after so many tries against this baseline.

    5% for the first three tries, and 5% times 3 / k for the k-th. No theorem says so: by simulation
    (docs/verdicts.md) the probability that any of 100 changes without a gain is merged is then 4%;
    at 5% for every try it is 16 to 19%, and by 5% / k, Bonferroni's way, 2%, at the cost of much of
    the power. Each of m metrics of which any may win has its own luck in the baseline's runs, and
    the more seeds are held out, the more of what they show is the baseline's luck, which the search
    has shown before. So with h seeds the k-th try has 5% times 3 / (k √(m h / 3)), which keeps 100
    tries at 5%; without the root they come to as much as 11%.

    The held-out seeds are judged by `deciding.judge_any` at this level, with a `min_effect` of 0
    and never paired: a WIN of the metric that won before confirms. A confirmation that fails ends
    the change: it is not merged, and asking again on other seeds is a new try, since the best of
    several confirms nothing.

    Args:
        tries: the changes that were judged against this baseline, this one with them, and the
            confirmations that failed.
        held_out: the seeds of this confirmation.
        metrics: how many there are of which any may win.
    """
    return ALPHA * min(1.0, FREE / (max(tries, 1) * math.sqrt(metrics * held_out / USUAL)))


def confirmable(held_out_seeds: int, baseline_seeds: int, tries: int, metrics: int = 1) -> bool:
    """Whether so many held-out seeds can confirm anything at all at the level that is left.

    Where they cannot, more seeds have to be held out, or a new baseline measured, which starts to
    count anew.
    """
    level = confirmation(tries, held_out_seeds, metrics)
    return can_tell(held_out_seeds, baseline_seeds, level)


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
