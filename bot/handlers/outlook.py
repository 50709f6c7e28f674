"""Before anything is spent: how an idea will be judged, and what its seeds can see and cost."""

from bot.core.baseline import Baseline
from bot.core.idea import hoped
from bot.core.power import detectable
from bot.core.rules import PrimaryMetric
from bot.core.spending import level
from bot.core.verdict import absolute
from bot.handlers.comparing import reference, worth
from bot.handlers.judging import most_seeds
from bot.handlers.pricing import price
from bot.ports import World
from bot.replies import Alternative, Judging, Sight


def outlook(world: World, baseline: Baseline, expected: str) -> Judging:
    """Say how an experiment will be judged, and what its seeds can see at all.

    Args:
        world: the ports.
        baseline: that it will be measured against.
        expected: the gain that its author hopes for, in words.

    Raises:
        UserError: the baseline does not hold the metrics that decide, or is no measure of a share.
    """
    rules, metric = world.config.rules, world.config.metric
    seeds, most = world.config.seeds.experiment, most_seeds(world)
    sample = reference(baseline, metric.name)
    return Judging(
        metric=metric.name,
        goal=metric.goal,
        value=metric.value,
        min_effect=worth(rules, sample),
        guards={name: guard.limit for name, guard in world.config.guards.items()},
        baseline=baseline.tag,
        baseline_url=world.environment.release_url(baseline.tag),
        baseline_seeds=sample.n,
        seeds=seeds,
        first=_sight(world, baseline, metric, len(seeds)),
        last=_sight(world, baseline, metric, most),
        hope=hoped(expected),
        alternatives=tuple(_alternative(world, baseline, each) for each in rules.deciding[1:]),
    )


def _alternative(world: World, baseline: Baseline, also: PrimaryMetric) -> Alternative:
    """A further metric by which a change may win, and what the first look sees by it."""
    return Alternative(
        metric=also.name,
        goal=also.goal,
        value=also.value,
        min_effect=absolute(also.min_effect, reference(baseline, also.name)),
        gain=_sight(world, baseline, also, len(world.config.seeds.experiment)).gain,
    )


def _sight(world: World, baseline: Baseline, metric: PrimaryMetric, seeds: int) -> Sight:
    """What so many seeds see by a metric, where every look before them was taken."""
    sample = reference(baseline, metric.name)
    each, most = len(world.config.seeds.experiment), most_seeds(world)
    earlier, metrics = tuple(range(each, seeds, each)), len(world.config.rules.deciding)
    alpha = level(seeds, earlier, most, sample.n, metrics=metrics)
    effect = absolute(metric.min_effect, sample)
    found = detectable(sample.sd, seeds, sample.n, alpha, effect)
    return Sight(seeds, found, price(world, baseline, seeds))
