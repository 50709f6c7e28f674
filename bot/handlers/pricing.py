"""What training costs here, whether it may be spent, and what it came to."""

from collections.abc import Mapping

from bot.core import budget
from bot.core.attempt import Attempt
from bot.core.baseline import Baseline
from bot.core.budget import Limits, Spending
from bot.core.cost import Amount, ModelJob, Reservation, TokenPrices, month_of
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.price import Price
from bot.core.runs import ObservedRun
from bot.handlers.judging import read
from bot.ports import World
from bot.sections import Queue

NOTHING: Mapping[str, ObservedRun] = {}


def price(world: World, baseline: Baseline, runs: int, queue: str | None = None) -> Price:
    """The price of so many runs, from the baseline's time.

    Args:
        world: the ports.
        baseline: whose runs' time is taken for theirs.
        runs: how many.
        queue: where; None for the default queue. One that configuration has lost has no price.
    """
    found = _queue(world, queue)
    return Price.of(runs, baseline.wall_seconds, found.gpus, found.usd_per_gpu_hour)


def reserve(world: World, ledger: Ledger, experiment: Experiment, attempt: Attempt) -> Attempt:
    """Set aside what an attempt is expected to cost; a run is paid by whoever asked for it first.

    Args:
        world: the ports.
        ledger: as it stands.
        experiment: as it stands, without the attempt.
        attempt: what is to be launched.

    Raises:
        UserError: a limit would be passed.
    """
    queue = _queue(world, attempt.queue)
    others = {name for e in ledger.experiments.values() for name in budget.paid_for(e)}
    aside = Reservation(
        seeds=tuple(r.seed for r in attempt.runs if not r.ended and r.id not in others),
        seconds=_seconds(world, ledger, attempt.baseline),
        gpus=queue.gpus,
        usd_per_gpu_hour=queue.usd_per_gpu_hour,
    )
    check(world, ledger, experiment, attempt.asked_by, aside.amount)
    return attempt.but(reserved=aside)


def reserve_model(world: World, ledger: Ledger, experiment: Experiment, person: str) -> Experiment:
    """Set aside what a model may use to write an idea's code; nothing, if tokens have no price.

    Raises:
        UserError: a limit would be passed.
    """
    claude = world.config.claude
    if not (claude.usd_per_million_input_tokens and claude.usd_per_million_output_tokens):
        return experiment
    check(world, ledger, experiment, person, Amount(model_usd=claude.usd_per_experiment))
    prices = TokenPrices(
        input=claude.usd_per_million_input_tokens, output=claude.usd_per_million_output_tokens
    )
    job = ModelJob(
        asked_by=person,
        asked_at=world.clock.now(),
        usd=claude.usd_per_experiment,
        prices=prices,
    )
    return experiment.but(model_job=job)


def check(world: World, ledger: Ledger, experiment: Experiment, person: str, more: Amount) -> None:
    """Check that a person may spend so much more on an experiment now.

    Raises:
        UserError: a limit would be passed; which, and who can raise it.
    """
    month, role = month_of(world.clock.now()), world.config.rights.decide
    budget.check(ledger, experiment, person, month, more, limits(world), str(role))


def settled(
    world: World, ledger: Ledger, number: int, known: Mapping[str, ObservedRun] = NOTHING
) -> Ledger:
    """The ledger in which all that is over in an experiment is paid, by the time it took.

    Args:
        world: the ports.
        ledger: with the verdict.
        number: the experiment's.
        known: runs that were asked for just now, by their id.
    """
    owed = budget.owed(ledger.experiments[number])
    if not owed:
        return ledger
    seen = known if known.keys() >= set(owed) else world.tracker.observe(owed)
    return budget.settle(ledger, number, seen)


def spending(
    world: World, ledger: Ledger, experiment: Experiment, known: Mapping[str, ObservedRun]
) -> Spending:
    """How an experiment and the month stand once its latest attempt is over and paid."""
    if attempt := experiment.latest:
        over = experiment.with_attempt(attempt.but(verdict=attempt.verdict or "OVER"))
        ledger = settled(world, ledger.put(over), experiment.number, known)
        experiment = ledger.experiments[experiment.number]
    return budget.spending(ledger, experiment, month_of(world.clock.now()), limits(world))


def limits(world: World) -> Limits:
    """What configuration allows."""
    given = world.config.budget
    return Limits(given.experiment, given.person_month, given.month)


def _queue(world: World, name: str | None) -> Queue:
    queues = world.config.queues
    return queues.get(name or next(iter(queues))) or Queue()


def _seconds(world: World, ledger: Ledger, tag: str | None) -> float | None:
    """The time of one run, from a baseline's; the current one's, to measure the next."""
    known = {b.tag: b for b in ledger.baselines}
    found = known.get(tag) if tag else ledger.baseline
    if found is None:
        return None
    return found.seconds or read(world, found.tag).wall_seconds
