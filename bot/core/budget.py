"""The budget: what may still be spent, what is set aside, and what it came to in the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.attempt import Attempt
from bot.core.cost import Amount, Tokens, month_of
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.numbers import usd
from bot.core.runs import ObservedRun
from bot.errors import UserError


@dataclass(frozen=True)
class Limits:
    """What may be spent, in USD; None is without a limit."""

    experiment: float | None = None
    person_month: float | None = None
    month: float | None = None


@dataclass(frozen=True)
class Spending:
    """How an experiment and its month stand, with what is set aside and not settled yet."""

    amount: Amount
    """The experiment's own."""
    limit: float | None
    month: Amount
    """Everybody's, in the month (UTC) that runs."""
    month_limit: float | None


def reserved(ledger: Ledger, month: str | None = None, person: str | None = None) -> Amount:
    """What is set aside and not settled, of everybody and ever, or of a month, or of a person."""
    found = (each for e in ledger.experiments.values() for each in _set_aside(e))
    return sum(
        (amount for when, who, amount in found if month in (None, when) and person in (None, who)),
        Amount(),
    )


def of_experiment(experiment: Experiment) -> Amount:
    """What an experiment came to, and what it has set aside."""
    return sum((amount for _, _, amount in _set_aside(experiment)), experiment.spent)


def of_month(ledger: Ledger, month: str, person: str | None = None) -> Amount:
    """What a month came to, and what is set aside in it; of everybody, or of one person."""
    return ledger.budget.spent(month, person) + reserved(ledger, month, person)


def _set_aside(experiment: Experiment) -> Iterator[tuple[str, str, Amount]]:
    """Month, person and amount of all that an experiment has set aside and not settled."""
    for a in _unsettled(experiment):
        if a.reserved:
            yield month_of(a.asked_at), a.asked_by, a.reserved.amount
    if job := experiment.model_job:
        yield month_of(job.asked_at), job.asked_by, Amount(model_usd=job.usd)


def _unsettled(experiment: Experiment) -> list[Attempt]:
    return [a for a in experiment.attempts if a.reserved and a.spent is None]


def check(
    ledger: Ledger,
    experiment: Experiment,
    person: str,
    month: str,
    more: Amount,
    limits: Limits,
    role: str,
) -> None:
    """Check that so much more may be spent; what costs nothing always may.

    Args:
        ledger: as it stands, without what is asked for.
        experiment: the one that asks, as it stands.
        person: who asks.
        month: when.
        more: what is asked for.
        limits: as configured.
        role: the lowest that may raise them.

    Raises:
        UserError: a limit would be passed; which one, by how much, and who can raise it.
    """
    if more.usd <= 0:
        return
    own = limits.experiment if experiment.kind == "experiment" else None
    persons = of_month(ledger, month, person)
    for key, words, limit, used in (
        ("experiment", "this experiment", own, of_experiment(experiment)),
        ("person_month", f"{person} this month", limits.person_month, persons),
        ("month", "everybody this month", limits.month, of_month(ledger, month)),
    ):
        if limit is not None and used.usd + more.usd > limit:
            raise UserError(
                f"This would cost {usd(more.usd)}, and the budget of {words} is {usd(limit)}, of "
                f"which {usd(used.usd)} is spent or set aside. Ask for less, or let somebody with "
                f"the role `{role}` raise `budget.{key}` in `.github/labhand.yml` on the default "
                "branch."
            )


def settle(ledger: Ledger, number: int, observed: Mapping[str, ObservedRun]) -> Ledger:
    """Return a copy in which all that is over in an experiment is paid.

    Args:
        ledger: with the verdict.
        number: the experiment's.
        observed: what W&B knows of its runs, by their id.
    """
    experiment, accounts = ledger.experiments[number], ledger.budget
    for attempt in _unsettled(experiment):
        if not attempt.is_over:
            continue
        spent = used(attempt, observed)
        experiment = experiment.with_attempt(attempt.but(spent=spent))
        experiment = experiment.but(spent=experiment.spent + spent)
        accounts = accounts.book(month_of(attempt.asked_at), attempt.asked_by, spent)
    return ledger.put(experiment).with_budget(accounts)


def paid_for(experiment: Experiment) -> tuple[str, ...]:
    """The runs for which an attempt that goes on has set something aside."""
    return tuple(n for a in _unsettled(experiment) if not a.is_over for n in _runs(a))


def owed(experiment: Experiment) -> tuple[str, ...]:
    """The runs whose time has to be known before all that is over can be paid."""
    return tuple(n for a in _unsettled(experiment) if a.is_over for n in _runs(a))


def _runs(attempt: Attempt) -> list[str]:
    seeds = attempt.reserved.seeds if attempt.reserved else ()
    return [run.id for run in attempt.runs if run.seed in seeds]


def used(attempt: Attempt, observed: Mapping[str, ObservedRun]) -> Amount:
    """What an attempt came to, by the time that its runs trained.

    A run costs what it used, however it ended. One that W&B never saw did not start; one that was
    deleted there after it had trained costs what was set aside for it, for nobody knows better.
    """
    aside = attempt.reserved
    if aside is None:
        return Amount()
    total = 0.0
    for run in attempt.runs:
        if run.seed not in aside.seeds:
            continue
        if seen := observed.get(run.id):
            total += seen.seconds or 0.0
        elif attempt.queued and run.state == "missing" and not run.unseen:
            total += aside.seconds or 0.0
    return aside.used(total)


def settle_model(ledger: Ledger, number: int, tokens: Tokens | None) -> Ledger:
    """Return a copy in which the model's work is paid; tokens are None where nobody knows."""
    experiment = ledger.experiments[number]
    if (job := experiment.model_job) is None:
        return ledger
    spent = job.used(tokens)
    paid = experiment.but(model_job=None, spent=experiment.spent + spent)
    accounts = ledger.budget.book(month_of(job.asked_at), job.asked_by, spent)
    return ledger.put(paid).with_budget(accounts)


def spending(ledger: Ledger, experiment: Experiment, month: str, limits: Limits) -> Spending:
    """How an experiment and a month stand."""
    own = limits.experiment if experiment.kind == "experiment" else None
    return Spending(of_experiment(experiment), own, of_month(ledger, month), limits.month)


def people(ledger: Ledger, month: str) -> dict[str, Amount]:
    """What each person spent or has set aside in a month, the most first."""
    aside = (each for e in ledger.experiments.values() for each in _set_aside(e))
    names = {
        *ledger.budget.months.get(month, {}),
        *(who for when, who, _ in aside if when == month),
    }
    amounts = {name: of_month(ledger, month, name) for name in names}
    return dict(
        sorted(amounts.items(), key=lambda item: (-item[1].usd, -item[1].gpu_hours, item[0]))
    )
