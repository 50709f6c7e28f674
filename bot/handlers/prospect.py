"""Whether a WIN is still within reach while seeds train."""

from collections.abc import Mapping

from bot.core.deciding import Deciding
from bot.core.experiment import Experiment
from bot.core.interval import Sample, differences
from bot.core.metric import Metric
from bot.core.power import chances, reachable
from bot.core.runs import ObservedRun, number_of, recorded
from bot.handlers import judging
from bot.ports import World


def is_futile(world: World, experiment: Experiment, observed: Mapping[str, ObservedRun]) -> bool:
    """Whether the seeds that finished leave next to no chance of a WIN, at this look or the last.

    Args:
        world: the ports.
        experiment: with the states of its latest attempt's runs as they are now.
        observed: what W&B knows of them.
    """
    attempt = experiment.latest
    if attempt is None or attempt.purpose != "search" or attempt.baseline is None or attempt.ended:
        return False
    held = judging.rules(world, experiment)
    finished = [run for run in attempt.runs if run.state == "finished" and run.id in observed]
    seen = {run.seed: observed[run.id] for run in finished}
    arms = [_arm(each.metric, seen) for each in held.deciding]
    if any(arm.n < 2 for arm in arms):
        return False
    metrics = [
        Deciding(each.name, each.metric.sign, each.min_effect, arm, before)
        for each, arm in zip(held.deciding, arms, strict=True)
        if (before := judging.kept(world, attempt.baseline, each.name))
    ]
    if len(metrics) < len(arms):
        return False
    pairs = min(differences(each.candidate, each.baseline).n for each in metrics)
    if held.method == "paired" and pairs < 2:
        return False
    measured, taken = metrics[0].baseline.n, experiment.looks(attempt)
    looks = {
        n: judging.alpha(world, experiment, measured, n, taken)
        for n in {len(attempt.runs), judging.most_seeds(world, experiment)}
    }
    return not reachable(chances(metrics, looks, held.method))


def _arm(metric: Metric, seen: Mapping[int, ObservedRun]) -> Sample:
    """What the seeds gave that have finished, as far as it is known."""
    numbers = {seed: _number(metric, run) for seed, run in seen.items()}
    values = {seed: number for seed, number in numbers.items() if number is not None}
    return Sample(tuple(values.values()), tuple(values))


def _number(metric: Metric, seen: ObservedRun) -> float | None:
    """A run's number, where its summary tells it without the whole curve."""
    if metric.value == "best" and recorded(metric, seen) is None:
        return None
    return number_of(metric, seen, ())
