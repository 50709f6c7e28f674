"""Before anything is spent: how an idea will be judged, and what its seeds can see and cost."""

from bot.core.baseline import Baseline
from bot.core.idea import hoped
from bot.core.interval import Sample
from bot.core.power import detectable
from bot.core.spending import level
from bot.handlers.comparing import worth
from bot.handlers.judging import most_seeds, release_url
from bot.handlers.pricing import price
from bot.ports import World
from bot.replies import Judging, Sight


def outlook(world: World, baseline: Baseline, expected: str) -> Judging:
    """Say how an experiment will be judged, and what its seeds can see at all.

    Args:
        world: the ports.
        baseline: that it will be measured against.
        expected: the gain that its author hopes for, in words.
    """
    metric = world.config.metric
    seeds, most = world.config.seeds.experiment, most_seeds(world)
    sample = Sample(baseline.values(metric.name))
    return Judging(
        metric=metric.name,
        goal=metric.goal,
        value=metric.value,
        min_effect=worth(world.config.rules, sample),
        guards={name: guard.limit for name, guard in world.config.guards.items()},
        baseline=baseline.tag,
        baseline_url=release_url(world, baseline.tag),
        baseline_seeds=sample.n,
        seeds=seeds,
        first=_sight(world, baseline, sample, len(seeds)),
        last=_sight(world, baseline, sample, most),
        hope=hoped(expected),
    )


def _sight(world: World, baseline: Baseline, sample: Sample, seeds: int) -> Sight:
    """What so many seeds see, where every look before them was taken."""
    each, most = len(world.config.seeds.experiment), most_seeds(world)
    alpha = level(seeds, tuple(range(each, seeds, each)), most, sample.n)
    found = detectable(sample.sd, seeds, sample.n, alpha)
    return Sight(seeds, found, price(world, baseline, seeds))
