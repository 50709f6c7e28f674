"""Several arms head to head: who is ahead of whom, corrected for the number of pairs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from bot.core.interval import Interval, Sample, welch, widest
from bot.core.spending import ALPHA
from bot.core.verdict import holm

Finding = Literal["ahead", "too few", "alike"]
"""Ahead by more than the luck of seeds; so it seems, but any noise could do it with so few seeds;
or not to be told apart."""


@dataclass(frozen=True)
class Pair:
    """Two arms, the one with the better mean first."""

    better: str
    worse: str
    interval: Interval | None
    """Better minus worse, in the metric's unit; None where an arm has fewer than two runs."""
    finding: Finding


def contest(samples: Mapping[str, Sample], sign: int) -> tuple[Pair, ...]:
    """Compare every arm with every other.

    The chance that any pair is called different though none is stays at 5%, by Holm's correction:
    half of it for each direction, because which arm comes first is read off the same figures. What
    an interval shows is Welch's, at the level that its pair had to hold.

    Args:
        samples: the metric by arm; an arm without values, or with one that is no finite number,
            has no pairs.
        sign: 1 where more is better, -1 where less is.

    Returns:
        The pairs, best arm first.
    """
    known = {name: s for name, s in samples.items() if s.n and s.finite}
    ranked = sorted(known, key=lambda name: -sign * known[name].mean)
    pairs = list(combinations(ranked, 2))
    noisy = [(a, b) for a, b in pairs if min(known[a].n, known[b].n) > 1]
    bounds = holm([(known[a], known[b], sign) for a, b in noisy], ALPHA / 2)
    found = dict(zip(noisy, bounds, strict=True))
    return tuple(_pair(a, b, known[a], known[b], found.get((a, b)), sign) for a, b in pairs)


def _pair(
    better: str, worse: str, first: Sample, second: Sample, sure: Interval | None, sign: int
) -> Pair:
    if sure is None:
        return Pair(better, worse, None, "too few")
    shown = welch(first, second, sure.alpha)
    if _is_ahead(sure, sign):
        return Pair(better, worse, shown, "ahead")
    if not _is_ahead(shown, sign):
        return Pair(better, worse, shown, "alike")
    wide = widest(shown, sure)
    return Pair(better, worse, wide if math.isfinite(wide.upper - wide.lower) else shown, "too few")


def _is_ahead(interval: Interval, sign: int) -> bool:
    return (interval.lower if sign > 0 else -interval.upper) > 0
