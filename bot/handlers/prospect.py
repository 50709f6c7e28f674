"""Whether a WIN is still within reach while seeds train."""

from collections.abc import Mapping

from bot.core.experiment import Experiment
from bot.core.interval import Sample
from bot.core.metric import Metric
from bot.core.power import chances, reachable
from bot.core.runs import ObservedRun, number_of, recorded
from bot.core.spending import level
from bot.handlers import judging
from bot.handlers.comparing import worth
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
    numbers = {run.seed: _number(held.primary, observed[run.id]) for run in finished}
    values = {seed: number for seed, number in numbers.items() if number is not None}
    if len(values) < 2:
        return False
    before = judging.read(world, attempt.baseline).sample(held.metric.name)
    if before is None:
        return False
    most, taken = judging.most_seeds(world, experiment), experiment.looks(attempt)
    looks = {n: level(n, taken, most, before.n, held.method) for n in {len(attempt.runs), most}}
    likely = chances(
        Sample(tuple(values.values()), tuple(values)),
        before,
        looks,
        sign=held.primary.sign,
        min_effect=worth(held, before),
        method=held.method,
    )
    return not reachable(likely)


def _number(metric: Metric, seen: ObservedRun) -> float | None:
    """A run's number, where its summary tells it without the whole curve."""
    if metric.value == "best" and recorded(metric, seen) is None:
        return None
    return number_of(metric, seen, ())
