"""The baseline that holds now, and how an experiment against it is judged."""

from collections.abc import Mapping

from bot.core import baseline as baselines
from bot.core.baseline import Baseline
from bot.core.experiment import Attempt, Experiment
from bot.core.ledger import Ledger
from bot.core.settings import read_settings
from bot.core.verdict import Sample, detectable, level
from bot.errors import UserError
from bot.ports import World
from bot.replies import Judging


def current(world: World, ledger: Ledger) -> Baseline:
    """Read the current baseline from its release.

    Raises:
        UserError: there is none yet.
    """
    if ledger.baseline is None:
        raise UserError(
            "There is no baseline to measure against yet. Write `/baseline` in an issue first."
        )
    return read(world, ledger.baseline.tag)


def read(world: World, tag: str) -> Baseline:
    """Read a baseline from its release."""
    return baselines.parse(world.forge.baseline_asset(tag))


def release_url(world: World, tag: str) -> str:
    """The page of a baseline's release."""
    environment = world.environment
    return f"{environment.server_url}/{environment.repository}/releases/tag/{tag}"


def most_seeds(world: World) -> int:
    """The seeds of one change at its last planned look."""
    return len(world.config.seeds.experiment) * world.config.seeds.looks


def alpha(world: World, experiment: Experiment, attempt: Attempt, baseline_seeds: int) -> float:
    """The error probability that the look at this attempt may use."""
    looks = experiment.looks(attempt)
    return level(len(attempt.runs), looks, most_seeds(world), baseline_seeds)


def judging(world: World, baseline: Baseline) -> Judging:
    """Say how an experiment will be judged, and what its seeds can see at all."""
    config = world.config
    sample = Sample(baseline.values(config.metric.name))
    seeds = config.seeds.experiment
    first = level(len(seeds), (), most_seeds(world), sample.n)
    return Judging(
        metric=config.metric.name,
        goal=config.metric.goal,
        value=config.metric.value,
        min_effect=config.metric.min_effect,
        guards={name: guard.limit for name, guard in config.guards.items()},
        baseline=baseline.tag,
        baseline_url=release_url(world, baseline.tag),
        baseline_seeds=sample.n,
        seeds=seeds,
        detectable=detectable(sample.sd, len(seeds), sample.n, first),
        minutes=minutes(baseline, len(seeds)),
    )


def settings_changed(
    world: World, commit: str, overrides: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Changed settings with their value at a commit, and their new one."""
    path = world.config.train.config
    text = world.forge.file(path, commit) if path and overrides else None
    before = read_settings(text) if text else {}
    return {name: (before.get(name, "none"), value) for name, value in overrides.items()}


def minutes(baseline: Baseline, runs: int) -> float:
    """What so many runs cost, in minutes of training, from the baseline's time."""
    return baseline.wall_seconds * runs / 60
