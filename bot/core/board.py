"""The leaderboard: which open experiments gain most, and how often luck had its chance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.attempt import Gain
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.rules import Rules


@dataclass(frozen=True)
class Ranked:
    """An open experiment with a gain that a report has shown."""

    place: int
    title: str
    verdict: str
    gain: Gain
    seeds: int
    usd: float
    """What it came to so far; 0 where nobody counted."""
    stale: str
    """The older baseline that it was measured against; empty if that is the present one."""

    @property
    def per_usd(self) -> float | None:
        """The gain that is sure, for each dollar; None where nothing was spent or nothing is."""
        return self.gain.lower / self.usd if self.usd > 0 and self.gain.lower > 0 else None


def ranked(ledger: Ledger) -> tuple[Ranked, ...]:
    """Open experiments, by the lower bound of their gain; those against an older baseline last.

    The lower bound, not the mean: of many tries the largest mean is the luckiest one. Gains by
    several metrics are counted in what is worth a merge by each.
    """
    current = ledger.baseline.tag if ledger.baseline else None
    found = (_ranked(e, current) for e in ledger.experiments.values() if not e.is_over)
    rows = [row for row in found if row]
    alike = len({row.gain.metric for row in rows}) < 2
    return tuple(
        sorted(rows, key=lambda row: (row.stale != "", -_height(row.gain, alike), row.place))
    )


def _height(gain: Gain, alike: bool) -> float:
    """What a gain is ranked by; below all others where nobody knows what it is worth."""
    if alike:
        return gain.lower
    return gain.lower / gain.worth if gain.worth else -math.inf


def _ranked(experiment: Experiment, current: str | None) -> Ranked | None:
    attempt = experiment.searched
    if attempt is None or attempt.gain is None or attempt.verdict is None:
        return None
    return Ranked(
        place=experiment.place,
        title=experiment.title,
        verdict=attempt.verdict,
        gain=_named(attempt.gain, experiment.frozen),
        seeds=len(attempt.trained),
        usd=experiment.spent.usd,
        stale="" if attempt.baseline == current else attempt.baseline or "",
    )


def _named(gain: Gain, rules: Rules | None) -> Gain:
    """A gain with its metric: one alone decided before anybody recorded which."""
    if gain.metric or rules is None:
        return gain
    effect = rules.metric.min_effect
    return gain.but(
        metric=rules.metric.name, worth=effect if isinstance(effect, float) else gain.worth
    )


def history(ledger: Ledger, metric: str) -> Mapping[str, float]:
    """The mean of every baseline that was measured by this metric, oldest first."""
    return {
        ref.tag: ref.mean
        for ref in ledger.baselines
        if ref.metric == metric and ref.mean is not None
    }
