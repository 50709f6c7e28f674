"""Verdicts: is the difference to the baseline real, and is it worth having?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.interval import (
    Interval,
    Method,
    Sample,
    compare,
    differences,
    prediction,
    signed,
    welch,
    widest,
)
from bot.core.permutation import permutation
from bot.core.quoting import code
from bot.errors import UserError

Outcome = Literal["WIN", "LOSS", "UNDECIDED", "INVALID", "NOT_COMPARABLE"]
GUARD_ALPHA = 0.025
"""Guards are held to, and shown with, a two-sided 95% interval."""
UNLIKELY = 0.05
CLOSER = (
    "Its seeds lie closer together than the baseline's. If some seeds of this change do badly and "
    "none of them is among these, a false win is likelier than it says: the held-out seeds tell."
)
UNEVEN = (
    "These seeds are too few or too uneven for the usual interval; shown is the wider one, "
    "which holds for any noise."
)


@dataclass(frozen=True)
class Guard:
    """A metric that may not get worse by more than a limit."""

    name: str
    sign: int
    """1 where more is better, -1 where less is."""
    limit: float | str
    """In the metric's unit, or as a share of the baseline's mean such as `15%`."""
    candidate: Sample | None
    """None where not every run logged it."""
    baseline: Sample | None

    @property
    def interval(self) -> Interval | None:
        """The difference, candidate minus baseline, where both arms show their noise."""
        if not self.candidate or not self.baseline:
            return None
        if min(self.candidate.n, self.baseline.n) < 2:
            return None
        return welch(self.candidate, self.baseline, GUARD_ALPHA)

    @property
    def holds(self) -> bool | None:
        """Whether it surely got no worse than the limit; None where that is not known yet.

        Source: non-inferiority, G. Piaggio et al., J. Am. Med. Assoc. 308 (2012): the interval,
        not the difference, has to stay on the good side of the limit.
        """
        interval = self.interval
        if interval is None or self.baseline is None:
            return None
        gain, limit = signed(interval, self.sign), absolute(self.limit, self.baseline)
        return True if -gain.lower <= limit else False if -gain.upper > limit else None

    @property
    def silent(self) -> bool:
        """Whether all of the baseline's runs logged it, and not all of the candidate's did."""
        return bool(self.baseline and not self.candidate)


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on."""

    outcome: Outcome
    why: str
    """What decided if it was not the primary metric alone; a Markdown sentence, or empty."""
    interval: Interval | None
    """Of the primary metric, candidate minus baseline; None where there can be none."""

    caution: str = ""
    """What may make the error probability larger than it says; a sentence, or empty."""

    @property
    def verdict(self) -> tuple[Outcome, str]:
        """The outcome, and what decided it."""
        return self.outcome, self.why


def judge(
    candidate: Sample,
    baseline: Sample,
    *,
    sign: int,
    min_effect: float | str,
    alpha: float,
    guards: Sequence[Guard] = (),
    method: Method = "welch",
) -> Judgement:
    """Judge one look at a change against its baseline.

    Args:
        candidate: the primary metric of every run of the change.
        baseline: the primary metric of every run of the baseline.
        sign: 1 where more is better, -1 where less is.
        min_effect: the gain that is worth having, in the metric's unit, or as a share of the
            baseline's mean such as `0.5%`.
        alpha: one-sided error probability of this look, from `spending.level`.
        guards: what may not get worse; all of them have to hold for a WIN, so that none of them
            needs a correction (intersection-union, R. L. Berger, Technometrics 24, 1982).
        method: how the arms are compared, decided before the first look. By Welch's, a verdict
            has to hold on the bounds of `permutation.permutation` as well; the interval is
            Welch's, and the wider one only where the two would say different things.

    Returns:
        NOT_COMPARABLE only where the baseline shows no noise; whether judge, data and environment
        are the same is decided before this is asked.
    """
    if fault := _fault(candidate, baseline, guards):
        return Judgement(*fault, None)
    if alpha <= 0:
        return Judgement("UNDECIDED", "All of the planned false-win probability is spent.", None)
    if candidate.n == 1:
        seen = prediction(candidate.values[0], baseline, alpha)
        return Judgement("UNDECIDED", "One run is no verdict: it takes two at least.", seen)
    if method == "paired" and differences(candidate, baseline).n < 2:
        return Judgement("UNDECIDED", "Fewer than two seeds are the same as the baseline's.", None)
    effect = absolute(min_effect, baseline)
    interval = compare(candidate, baseline, alpha, method)
    outcome, why = decide(signed(interval, sign), effect), ""
    wide = sure(candidate, baseline, alpha, method)
    if decide(signed(wide, sign), effect) != outcome:
        outcome, why, interval = decide(signed(wide, sign), effect), UNEVEN, wide
    guarded, reason = _guarded(outcome, guards)
    caution = CLOSER if guarded == "WIN" and closer(candidate, baseline) else ""
    return Judgement(guarded, reason or why, interval, caution)


def sure(candidate: Sample, baseline: Sample, alpha: float, method: Method = "welch") -> Interval:
    """The bounds that a verdict has to hold on: Welch's, and those that hold for any noise."""
    interval = compare(candidate, baseline, alpha, method)
    if method == "paired":
        return interval
    return widest(interval, permutation(candidate, baseline, alpha))


def holm(
    metrics: Sequence[tuple[Sample, Sample, int]], alpha: float, method: Method = "welch"
) -> tuple[Interval, ...]:
    """Intervals of several metrics any of which may win, with false wins of all of them at `alpha`.

    The surest has to win at `alpha` by the number of metrics, the next at `alpha` by one less, and
    so on to the first that does not. Metrics of which all have to win need no correction.

    Args:
        metrics: candidate, baseline, and 1 where more is better or -1 where less is.
        alpha: one-sided error probability of this look.
        method: how the arms are compared.

    Returns:
        For each metric the bounds of `sure`, candidate minus baseline, at the level it had to hold.

    Source: S. Holm, Scand. J. Stat. 6 (1979).
    """
    found: dict[int, Interval] = {}
    left, ahead = list(range(len(metrics))), True
    while left and ahead:
        share = alpha / len(left)
        found |= {i: sure(metrics[i][0], metrics[i][1], share, method) for i in left}
        behind = [i for i in left if signed(found[i], metrics[i][2]).lower <= 0]
        left, ahead = behind, len(behind) < len(left)
    return tuple(found[i] for i in range(len(metrics)))


def _fault(
    candidate: Sample, baseline: Sample, guards: Sequence[Guard]
) -> tuple[Outcome, str] | None:
    """What stands in the way of any verdict."""
    if not candidate.n:
        return "INVALID", "No run gave a value."
    if not candidate.finite:
        return "INVALID", "A run gave no finite number."
    silent = [guard.name for guard in guards if guard.silent]
    if silent:
        missing = code(silent[0])
        return (
            "INVALID",
            f"Not every run gave a finite number for {missing}, as the baseline's did.",
        )
    if baseline.n < 2 or not baseline.finite:
        return "NOT_COMPARABLE", "The baseline does not show its noise: it takes two seeds."
    return None


def _guarded(outcome: Outcome, guards: Sequence[Guard]) -> tuple[Outcome, str]:
    """What the guards leave of a verdict: where one is surely broken, no seed more can win."""
    broken = [guard.name for guard in guards if guard.holds is False]
    if broken and outcome != "LOSS":
        return "LOSS", f"The guard {code(broken[0])} does not hold."
    if outcome != "WIN":
        return outcome, ""
    unsure = [guard.name for guard in guards if guard.interval and guard.holds is None]
    if unsure:
        open_guard = code(unsure[0])
        return "UNDECIDED", f"The gain is real, but whether {open_guard} holds is not known yet."
    return outcome, ""


def closer(candidate: Sample, baseline: Sample) -> bool:
    """Whether the candidate's seeds lie closer together than chance would have them in 1 of 20.

    If the candidate's noise alone is skewed (most seeds do well, a few badly, and those are not
    among the ones trained), nothing that few seeds show can hold false wins to 5%: by this rule
    they come to 3 to 7% (by Welch alone 8 to 12%). A third to two thirds of them are told by this.

    Source: R. A. Fisher's ratio of variances, Proc. Int. Congr. Math. 2 (1924).
    """
    from scipy import special

    if not baseline.sd:
        return False
    ratio = (candidate.sd / baseline.sd) ** 2
    return float(special.fdtr(candidate.n - 1, baseline.n - 1, ratio)) < UNLIKELY


def absolute(limit: float | str, baseline: Sample) -> float:
    """A limit in the metric's unit: `0.15` as it is, `15%` of the baseline's mean.

    Raises:
        UserError: a share of a baseline of zero.
    """
    if isinstance(limit, int | float):
        return limit
    if not limit.endswith("%"):
        return float(limit)
    if baseline.mean == 0:
        raise UserError(
            f"{code(str(limit))} of a baseline of zero is nothing. Give the limit in the metric's "
            "own unit."
        )
    return float(limit[:-1]) / 100 * abs(baseline.mean)


def decide(gain: Interval, min_effect: float) -> Outcome:
    """Turn the interval of a gain (more is better) into a verdict.

    LOSS is asked first: a gain that is surely smaller than `min_effect` is not worth having,
    even if it is surely there.
    """
    if gain.upper < min_effect:
        return "LOSS"
    return "WIN" if gain.lower > 0 else "UNDECIDED"
