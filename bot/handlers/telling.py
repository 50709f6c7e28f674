"""What a report tells beside its verdict: how to go on, what it cost, what was tried before."""

import logging
from collections.abc import Mapping, Sequence

from bot.core.attempt import Attempt
from bot.core.baseline import Baseline, SeedResult
from bot.core.board import ranked
from bot.core.deciding import Deciding
from bot.core.examples import CAUTION, ByExample, by_example
from bot.core.experiment import Experiment
from bot.core.interval import signed
from bot.core.ledger import Ledger
from bot.core.power import chances
from bot.core.rules import Rules
from bot.core.runs import ObservedRun
from bot.core.verdict import Guard, Judgement
from bot.handlers import judging
from bot.handlers.pricing import price
from bot.ports import World
from bot.replies import Earlier, Option, Rank, Times

log = logging.getLogger(__name__)
MOST_OPTIONS = 2


def options(
    world: World,
    experiment: Experiment,
    baseline: Baseline,
    metrics: Sequence[Deciding],
    guards: Sequence[Guard],
) -> tuple[Option, ...]:
    """The ways to go on with what is undecided: more seeds, as far as looks were planned."""
    attempt = experiment.latest
    assert attempt is not None
    measured, now = metrics[0].baseline.n, metrics[0].candidate.n
    more, taken = len(world.config.seeds.experiment), (*experiment.looks(attempt), now)
    seeds = [now + more * times for times in range(1, MOST_OPTIONS + 1)]
    most = judging.most_seeds(world, experiment)
    looks = {n: judging.alpha(world, experiment, measured, n, taken) for n in seeds if n <= most}
    if min(now, measured) < 2 or not looks:
        return ()
    likely = chances(metrics, looks, judging.rules(world, experiment).method, guards)
    return tuple(
        Option(
            command=f"/launch seeds=+{chance.seeds - now}",
            price=price(world, baseline, chance.seeds - now, attempt.queue),
            win=chance.win,
            loss=chance.loss,
        )
        for chance in likely
    )


def rank(world: World, ledger: Ledger, experiment: Experiment) -> Rank | None:
    """Where an experiment, with its verdict, stands among the open ones against its baseline."""
    places = [row.place for row in ranked(ledger.put(experiment)) if not row.stale]
    if len(places) < 2 or experiment.place not in places:
        return None
    board = ledger.board.issue if world.config.reports.leaderboard else None
    return Rank(
        number=places.index(experiment.place) + 1,
        among=len(places),
        first=places[0],
        board_url=world.environment.issue_url(board) if board else "",
    )


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
    here = world.environment
    return tuple(
        Earlier(
            number=attempt.number,
            commit=attempt.commit,
            seeds=len(attempt.runs),
            verdict=attempt.outcome,
            url=here.issue_url(experiment.place, attempt.report_id) if attempt.report_id else "",
            asked_at=attempt.asked_at,
        )
        for attempt in reversed(experiment.attempts[:-1])
    )


def times(attempt: Attempt, runs: Sequence[ObservedRun]) -> Times:
    """When an attempt was asked for, queued and trained."""
    heard = [run.heard for run in runs if run.heard is not None]
    ended = max(heard) if runs and len(heard) == len(runs) else None
    if ended is not None and ended < attempt.asked_at:
        ended = None  # all of them were trained for an attempt before
    return Times(attempt.asked_at, attempt.pushed_at, ended)
