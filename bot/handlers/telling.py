"""What a report tells beside its verdict: how to go on, what it cost, what was tried before."""

from collections.abc import Mapping

from bot.core.attempt import Attempt
from bot.core.baseline import Baseline
from bot.core.experiment import Experiment
from bot.core.interval import Sample
from bot.core.power import chances
from bot.core.runs import ObservedRun
from bot.core.spending import level
from bot.handlers import judging
from bot.handlers.pricing import price
from bot.ports import World
from bot.replies import Earlier, Option

MOST_OPTIONS = 2


def options(
    world: World, experiment: Experiment, baseline: Baseline, found: Sample, before: Sample
) -> tuple[Option, ...]:
    """The ways to go on with what is undecided: more seeds, as far as looks were planned."""
    attempt = experiment.latest
    assert attempt is not None
    held, most = judging.rules(world, experiment), judging.most_seeds(world, experiment)
    more, taken = len(world.config.seeds.experiment), (*experiment.looks(attempt), found.n)
    seeds = [found.n + more * times for times in range(1, MOST_OPTIONS + 1)]
    looks = {n: level(n, taken, most, before.n, held.method) for n in seeds if n <= most}
    if min(found.n, before.n) < 2 or not looks:
        return ()
    likely = chances(
        found,
        before,
        looks,
        sign=held.primary.sign,
        min_effect=held.metric.min_effect,
        method=held.method,
    )
    return tuple(
        Option(
            command=f"/launch seeds=+{chance.seeds - found.n}",
            price=price(world, baseline, chance.seeds - found.n, attempt.queue),
            win=chance.win,
            loss=chance.loss,
        )
        for chance in likely
    )


def summaries(
    attempt: Attempt, observed: Mapping[str, ObservedRun]
) -> dict[int, Mapping[str, object]]:
    """What each seed's run logged at its end."""
    return {run.seed: observed[run.id].summary for run in attempt.runs if run.id in observed}


def earlier(world: World, experiment: Experiment) -> tuple[Earlier, ...]:
    """The attempts before the latest one, the last of them first."""
    environment = world.environment
    page = f"{environment.server_url}/{environment.repository}/issues/{experiment.place}"
    return tuple(
        Earlier(
            number=attempt.number,
            commit=attempt.commit,
            seeds=len(attempt.runs),
            verdict=attempt.verdict,
            url=f"{page}#issuecomment-{attempt.report_id}" if attempt.report_id else "",
        )
        for attempt in reversed(experiment.attempts[:-1])
    )
