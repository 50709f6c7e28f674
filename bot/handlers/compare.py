"""`/compare`: PRs, branches, baselines or runs head to head, without a verdict."""

from collections.abc import Sequence
from itertools import combinations

from bot.commands import Command
from bot.core.comparability import Judge, parity
from bot.core.contest import contest
from bot.core.interval import Sample
from bot.core.metric import Metric
from bot.core.quoting import code
from bot.errors import UserError
from bot.handlers.arms import Arm, arm
from bot.handlers.comparing import run_rows
from bot.ports import World
from bot.replies import ArmRow, Comparison, Contest, Unlike


def compare(world: World, command: Command) -> Comparison:
    """Measure every arm by what decides now, and hold each against each.

    Raises:
        UserError: two arms are the same, or one is not known, or has no finished run.
    """
    ledger = world.forge.read_ledger()
    rules = world.config.rules
    arms = [arm(world, ledger, word, rules) for word in command.words]
    for one, other in combinations(arms, 2):
        if one.results and one.results == other.results:
            raise UserError(
                f"{code(one.name)} and {code(other.name)} are the same runs. Name two different "
                "ones."
            )
    arms.sort(key=lambda each: -rules.primary.sign * _mean(each, rules.metric.name))
    return Comparison(
        primary=_contest(rules.primary, arms),
        alternatives=_contests([each.metric for each in rules.deciding[1:]], arms),
        guards=_contests(rules.guard_metrics, arms),
        arms=tuple(
            ArmRow(
                name=each.name,
                title=each.title,
                commit=each.commit or "",
                untrained=each.untrained,
                runs=run_rows(rules.metric.name, each.results),
            )
            for each in arms
        ),
        unlike=_unlike(arms),
    )


def _contests(metrics: Sequence[Metric], arms: Sequence[Arm]) -> tuple[Contest, ...]:
    """Of the metrics that two arms have at least."""
    return tuple(found for m in metrics if len((found := _contest(m, arms)).samples) > 1)


def _contest(metric: Metric, arms: Sequence[Arm]) -> Contest:
    samples = {each.name: found for each in arms if (found := _sample(each, metric.name))}
    return Contest(metric.name, metric.goal, samples, contest(samples, metric.sign))


def _sample(arm: Arm, metric: str) -> Sample | None:
    """A metric over an arm's runs; None if not all of them logged it."""
    values = tuple(r.values[metric] for r in arm.results if metric in r.values)
    return Sample(values) if values and len(values) == len(arm.results) else None


def _mean(arm: Arm, metric: str) -> float:
    found = _sample(arm, metric)
    return found.mean if found else 0.0


def _unlike(arms: Sequence[Arm]) -> tuple[Unlike, ...]:
    return tuple(
        Unlike(one.name, other.name, row)
        for one, other in combinations(arms, 2)
        for row in parity(
            (one.judge, one.environment), (other.judge or Judge(), other.environment), touched=()
        )
        if row.standing in ("differs", "not comparable")
    )
