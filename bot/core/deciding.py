"""Several metrics of which any may win: what they come to together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.interval import Interval, Method, Sample, signed
from bot.core.verdict import Guard, Judgement, Outcome, judge, sure


@dataclass(frozen=True)
class Deciding:
    """A metric that may win, in both arms."""

    name: str
    sign: int
    """1 where more is better, -1 where less is."""
    min_effect: float | str
    """In the metric's unit, or as a share of the baseline's mean such as `0.5%`."""
    candidate: Sample
    baseline: Sample


@dataclass(frozen=True)
class Together:
    """A verdict on all that may win, and what each of them would come to alone."""

    lead: str
    """The metric that the verdict rests on."""
    judgement: Judgement
    alone: Mapping[str, Judgement]
    """By metric, in the order in which they are configured; without the guards."""

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What each metric would come to alone."""
        return {name: found.outcome for name, found in self.alone.items()}

    @property
    def intervals(self) -> Mapping[str, Interval | None]:
        """The interval of each metric, candidate minus baseline."""
        found = {name: each.interval for name, each in self.alone.items()}
        return found if self.judgement.interval else {**found, self.lead: None}


def judge_any(
    metrics: Sequence[Deciding],
    *,
    alpha: float,
    guards: Sequence[Guard] = (),
    method: Method = "welch",
) -> Together:
    """Judge one look at a change that may win by any of some metrics, and lose by each of them.

    One that is surely worse makes a LOSS, as a guard that allows no loss would; else one that wins
    makes a WIN; none that can still win makes a LOSS. With every bound at `alpha`, a false win of
    any metric, and a false loss of a change that gains what is worth having by one and costs
    nothing by the others, is at most `alpha` by the number of metrics (Boole's inequality).

    Args:
        metrics: the one first that is to lead where several come to the same.
        alpha: one-sided error probability of this look for each metric, from `spending.level`.
        guards: what may not get worse.
        method: how the arms are compared.
    """
    each = _judged if len(metrics) == 1 else _blunt
    alone = {m.name: each(m, alpha, method) for m in metrics}
    lead = min(metrics, key=lambda m: _rank(alone[m.name], m.sign))
    return Together(lead.name, _judged(lead, alpha, method, guards), alone)


def _blunt(metric: Deciding, alpha: float, method: Method) -> Judgement:
    """What a metric comes to, shown as worse only where it is by every test of the method."""
    found = _judged(metric, alpha, method)
    if found.outcome != "LOSS" or found.interval is None:
        return found
    bounds = sure(metric.candidate, metric.baseline, alpha, method)
    seems, surely = (signed(i, metric.sign).upper < 0 for i in (found.interval, bounds))
    return replace(found, interval=bounds) if seems and not surely else found


def _judged(
    metric: Deciding, alpha: float, method: Method, guards: Sequence[Guard] = ()
) -> Judgement:
    return judge(
        metric.candidate,
        metric.baseline,
        sign=metric.sign,
        min_effect=metric.min_effect,
        alpha=alpha,
        guards=guards,
        method=method,
    )


def _rank(found: Judgement, sign: int) -> int:
    """How early what a metric came to decides the verdict of all."""
    match found.outcome:
        case "INVALID" | "NOT_COMPARABLE":
            return 0
        case "WIN":
            return 2
        case "UNDECIDED":
            return 3
    assert found.interval is not None, "a loss rests on an interval"
    return 1 if signed(found.interval, sign).upper < 0 else 4
