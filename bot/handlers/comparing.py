"""Two arms side by side: the lines of a report's table, and whether they may be compared at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.attempt import Attempt
from bot.core.baseline import Baseline, SeedResult
from bot.core.comparability import MEMORY, SAMPLES, Effort
from bot.core.deciding import Deciding, judge_any
from bot.core.interval import Interval, Sample, welch
from bot.core.quoting import code
from bot.core.results import TIME, MetricRow, RunRow
from bot.core.rules import Rules
from bot.core.runs import ObservedRun, Point
from bot.core.settings import value_of
from bot.core.verdict import GUARD_ALPHA, Guard, Outcome, absolute
from bot.errors import UserError

EFFORT: Mapping[str, tuple[str, Callable[[Effort], float | None]]] = {
    TIME: ("", lambda e: None if e.seconds is None else e.seconds / 60),
    "samples seen": (SAMPLES, lambda e: e.samples),
    "peak GPU memory, GB": (MEMORY, lambda e: e.memory_gb),
}
"""What is always compared: the guard that would say the same, and how it is read."""


def mismatch(attempt: Attempt, observed: Mapping[str, ObservedRun]) -> str:
    """Say which run trained something else than what was asked; empty if none did."""
    for run in attempt.runs:
        seen = observed.get(run.id)
        if seen is None:
            return f"Seed {run.seed} is gone from W&B."
        if seen.commit and seen.commit != attempt.commit:
            return f"Seed {run.seed} trained {code(seen.commit[:7])}, not what was asked."
        for name, asked in attempt.overrides.items():
            if name in seen.config and not _same(seen.config[name], asked):
                return (
                    f"Seed {run.seed} was asked for {code(f'{name}={asked}')} and trained with "
                    f"{code(str(seen.config[name]))}."
                )
    return ""


def _same(logged: object, asked: str) -> bool:
    try:
        return float(str(logged)) == float(asked)
    except ValueError:
        pass
    return str(logged) == asked or bool(logged == value_of(asked))


@dataclass(frozen=True)
class Confirmation:
    """What held-out seeds say of a win."""

    metric: str
    """The one that won, or another that may win and is surely worse."""
    interval: Interval
    """Of that metric, candidate minus baseline."""
    comes_back: bool


def confirmed(
    rules: Rules, baseline: Baseline, results: Sequence[SeedResult], alpha: float
) -> Confirmation:
    """Ask held-out seeds whether the metric that leads these rules wins again.

    It is asked once only, and of that metric alone: no other has a chance to win here that would
    have to be paid for. One that is surely worse stops the merge, as it does in the search. The
    baseline has not seen these seeds, so that there are no pairs; that the gain is worth having
    was decided by the search.

    Raises:
        UserError: an arm does not hold all of the metrics that may win.
    """
    asked = [replace(each, min_effect=0.0) for each in deciding(rules, baseline, results)]
    found, won = judge_any(asked, alpha=alpha), rules.metric.name
    shown = found.lead if found.judgement.outcome == "LOSS" else won
    interval = found.alone[shown].interval
    assert interval is not None, "two held-out seeds at least are configured"
    return Confirmation(shown, interval, shown == won and found.alone[won].outcome == "WIN")


def deciding(
    rules: Rules, baseline: Baseline, results: Sequence[SeedResult]
) -> tuple[Deciding, ...]:
    """The metrics that may win, in both arms, the one first that leads these rules.

    Raises:
        UserError: an arm does not hold all of them.
    """
    return tuple(
        Deciding(
            name=each.name,
            sign=each.metric.sign,
            min_effect=each.min_effect,
            candidate=sample(results, each.name),
            baseline=reference(baseline, each.name),
        )
        for each in rules.deciding
    )


def deciding_rows(
    rules: Rules,
    baseline: Baseline | None,
    results: Sequence[SeedResult],
    intervals: Mapping[str, Interval | None],
    alone: Mapping[str, Outcome] | None = None,
) -> tuple[MetricRow, ...]:
    """The lines of the metrics that may win.

    Args:
        rules: whose lead comes first.
        baseline: what stands beside the results; None if nothing does.
        results: every seed's.
        intervals: by metric, as far as they are shown.
        alone: what each metric would come to alone, if that is said where several may win.
    """
    return tuple(
        MetricRow(
            name=each.name,
            goal=each.goal,
            baseline=baseline.sample(each.name) if baseline else None,
            candidate=sample(results, each.name),
            interval=intervals.get(each.name),
            limit=None,
            holds=None,
            alone=(alone or {}).get(each.name) if rules.alternatives else None,
        )
        for each in rules.deciding
    )


def guards(
    rules: Rules, baseline: Baseline | None, results: Sequence[SeedResult]
) -> tuple[Guard, ...]:
    """What may not get worse, in both arms."""
    return tuple(
        Guard(
            name=metric.name,
            sign=metric.sign,
            limit=rules.guards[metric.name].limit,
            candidate=sample(results, metric.name) if _all(results, metric.name) else None,
            baseline=baseline.sample(metric.name) if baseline else None,
        )
        for metric in rules.guard_metrics
    )


def guard_rows(
    rules: Rules, baseline: Baseline | None, results: Sequence[SeedResult]
) -> tuple[MetricRow, ...]:
    """The lines of the metrics that may not get worse."""
    return tuple(
        MetricRow(
            name=guard.name,
            goal=rules.guards[guard.name].goal,
            baseline=guard.baseline,
            candidate=guard.candidate,
            interval=guard.interval,
            limit=str(guard.limit),
            holds=guard.holds,
        )
        for guard in guards(rules, baseline, results)
    )


def effort_rows(
    rules: Rules, baseline: Baseline | None, results: Sequence[SeedResult]
) -> tuple[MetricRow, ...]:
    """The lines of what is always compared: a gain bought with more training is none."""
    rows = []
    for name, (key, read) in EFFORT.items():
        found = _over([read(r.effort) for r in results])
        before = _over([read(s.effort) for s in baseline.seeds]) if baseline else None
        if found and key not in rules.guards:
            interval = welch(found, before, GUARD_ALPHA) if before else None
            rows.append(MetricRow(name, "minimize", before, found, interval, None, None))
    return tuple(rows)


def traced(seeds: Sequence[SeedResult], measured_by: str, metric: str) -> list[tuple[Point, ...]]:
    """A metric's curve in each seed that holds one.

    Args:
        seeds: of one arm.
        measured_by: the primary metric of whoever measured them.
        metric: whose curves are asked for.
    """
    if metric == measured_by:
        return [seed.curve for seed in seeds]
    return [seed.curves[metric] for seed in seeds if metric in seed.curves]


def _over(numbers: Sequence[float | None]) -> Sample | None:
    known = [number for number in numbers if number is not None]
    return Sample(tuple(known)) if len(known) == len(numbers) > 1 else None


def run_rows(metric: str, results: Sequence[SeedResult]) -> tuple[RunRow, ...]:
    """Finished seeds with their value."""
    return tuple(
        RunRow(
            seed=r.seed,
            state="finished",
            url=r.url,
            step=int(r.curve[-1][0]) if r.curve else None,
            value=r.values.get(metric),
            values=r.values,
        )
        for r in results
    )


def sample(results: Sequence[SeedResult], metric: str) -> Sample:
    """One metric over the seeds.

    Raises:
        UserError: a run gave no finite number for it.
    """
    if silent := [r for r in results if metric not in r.values]:
        raise UserError(
            f"Run {code(silent[0].run)} (seed {silent[0].seed}) gave no finite number for "
            f"{code(metric)}, by which a change may win. Log it in the training program, or take "
            "it out of `alternatives` in `.github/labhand.yml`."
        )
    return Sample(tuple(r.values[metric] for r in results), tuple(r.seed for r in results))


def _all(results: Sequence[SeedResult], metric: str) -> bool:
    return bool(results) and all(metric in r.values for r in results)


def worth(rules: Rules, before: Sample) -> float:
    """The gain that is worth a merge, in the metric's own unit.

    Raises:
        UserError: it is a share of a baseline of zero.
    """
    return absolute(rules.metric.min_effect, before)


def check_measured(rules: Rules, baseline: Baseline) -> None:
    """See that a change can be judged at all, before anything is spent on it.

    Raises:
        UserError: the baseline does not hold a metric that decides, or is zero where a share of it
            is asked for.
    """
    for each in rules.deciding:
        absolute(each.min_effect, reference(baseline, each.name))
    for guard in guards(rules, baseline, ()):
        if guard.baseline:
            absolute(guard.limit, guard.baseline)


def reference(baseline: Baseline, metric: str) -> Sample:
    """A metric that decides, over a baseline's seeds.

    Raises:
        UserError: it holds none, because the configuration names another metric now.
    """
    found = baseline.sample(metric)
    if found is None:
        raise UserError(
            f"{baseline.tag} holds no values of {code(metric)}. "
            "Measure a new baseline with `/baseline`."
        )
    return found
