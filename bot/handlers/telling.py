"""What a report tells beside its verdict: how to go on, what it cost, what was tried before."""

import logging
from collections.abc import Mapping, Sequence

from bot.core.attempt import Attempt
from bot.core.baseline import Baseline, SeedResult
from bot.core.board import ranked
from bot.core.examples import CAUTION, ByExample, by_example
from bot.core.experiment import Experiment
from bot.core.interval import Sample, signed
from bot.core.ledger import Ledger
from bot.core.power import chances
from bot.core.rules import Rules
from bot.core.runs import ObservedRun
from bot.core.spending import level
from bot.core.verdict import Judgement
from bot.handlers import judging
from bot.handlers.comparing import worth
from bot.handlers.pricing import price
from bot.ports import World
from bot.replies import Earlier, Option, Standing

log = logging.getLogger(__name__)
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
        min_effect=worth(held, before),
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


def standing(world: World, ledger: Ledger, experiment: Experiment) -> Standing | None:
    """Where an experiment, with its verdict, stands among the open ones against its baseline."""
    places = [row.place for row in ranked(ledger.put(experiment)) if not row.stale]
    if len(places) < 2 or experiment.place not in places:
        return None
    here, board = world.environment, ledger.board.issue
    page = f"{here.server_url}/{here.repository}/issues/{board}"
    shown = board is not None and world.config.reports.leaderboard
    rank = places.index(experiment.place) + 1
    return Standing(rank, len(places), places[0], page if shown else "")


def drawn_anew(rules: Rules, baseline: Baseline, results: Sequence[SeedResult]) -> ByExample | None:
    """The difference on other examples like those that both arms were measured on, if both say."""
    if baseline.metric != rules.metric.name:
        return None
    try:
        return by_example([r.examples for r in results], [s.examples for s in baseline.seeds])
    except ValueError as error:
        log.info("against %s nothing is said by example: %s", baseline.tag, error)
        return None


def cautions(rules: Rules, judgement: Judgement, drawn: ByExample | None) -> tuple[str, ...]:
    """What may make a WIN less sure than it says."""
    alone = drawn is not None and signed(drawn.interval, rules.primary.sign).lower <= 0
    return tuple(filter(None, [judgement.caution, CAUTION if alone else ""]))


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
