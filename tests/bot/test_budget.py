"""The budget: what is set aside, what it came to, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import budget
from bot.core.budget import Limits
from bot.core.cost import (
    MONTHS,
    Accounts,
    Amount,
    ModelJob,
    Reservation,
    TokenPrices,
    Tokens,
    month_of,
)
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.numbers import gpu_hours, usd
from bot.core.numbers import price as worded
from bot.core.price import Price
from bot.core.runs import ObservedRun
from bot.errors import UserError
from tests.bot.test_ledger import attempt, experiment

NOVEMBER, DECEMBER = 1_796_083_199.0, 1_796_083_200.0
"""The last second of November 2026 and the first of December, UTC."""
HOUR = Reservation(seeds=(1, 2), seconds=3600, gpus=1, usd_per_gpu_hour=2.4)


def training(number: int = 41, person: str = "octocat", **changes: Any) -> Experiment:
    fields = {"reserved": HOUR, "asked_by": person, "asked_at": NOVEMBER, **changes}
    one = attempt(("running", "running"), **fields)
    return experiment(number, branch=f"exp/{number}").with_attempt(one)


def over(one: Experiment, verdict: str = "LOSS", state: str = "finished") -> Experiment:
    assert one.latest is not None
    runs = tuple(run.but(state=state) for run in one.latest.runs)
    return one.with_attempt(one.latest.but(runs=runs, verdict=verdict))


def seen(**seconds: float | None) -> dict[str, ObservedRun]:
    return {name: ObservedRun(name, "finished", seconds=s) for name, s in seconds.items()}


# Prices and their words


def test_a_price_is_of_all_runs_on_all_gpus() -> None:
    found = Price.of(5, 2520, 2, 2.4)
    assert found == Price(gpu_hours=7.0, usd=16.8, seconds=12600)
    assert Price.of(5, 2520, 2, None).usd is None
    assert Price.of(5, 2520, 0, 2.4) == Price(0.0, 0.0, 12600)


def test_what_is_known_of_one_alone_is_no_price_of_both() -> None:
    known, unknown = Price(1.0, 2.4, 3600), Price(1.0, None, 3600)
    assert known + known == Price(2.0, 4.8, 7200)
    assert known + unknown == Price(2.0, None, 7200)


@pytest.mark.parametrize(
    ("limits", "dear"),
    [((None, 10.0), False), ((8.0, 10.0), True), ((8.4, 10.0), False), ((None, 3.0), True)],
)
def test_dear_is_above_either_limit(limits: tuple[float | None, float], dear: bool) -> None:
    assert Price(3.5, 8.4).above(*limits) is dear
    assert not Price(3.5, None).above(1.0, 10.0)


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (Price(3.5, 8.4, 12600), "3.5 GPU-hours, $8.40"),
        (Price(3.5, None, 12600), "3.5 GPU-hours"),
        (Price(1.0, None, 3600), "1 GPU-hour"),
        (Price(1250, 3000, 0), "1,250 GPU-hours, $3,000"),
        (Price(0.0072, None, 26), "about 26 s of training"),
        (Price(0.0072, 0.017, 26), "about 26 s of training, $0.02"),
        (Price(0.0001, 0.0002, 0.4), "about 1 s of training, less than $0.01"),
        (Price(float("nan"), float("nan"), float("nan")), "an unknown time, an unknown amount"),
    ],
)
def test_a_price_in_words(cost: Price, words: str) -> None:
    assert worded(cost) == words


def test_amounts_in_words() -> None:
    assert [usd(a) for a in (0, 0.005, 8.4, 1250)] == [
        "$0",
        "less than $0.01",
        "$8.40",
        "$1,250",
    ]
    assert [gpu_hours(h) for h in (0, 1e-6, 0.012, 0.05, 1.0, 3.46)] == [
        "0 GPU-hours",
        "1 GPU-second",
        "43 GPU-seconds",
        "3 GPU-minutes",
        "1 GPU-hour",
        "3.5 GPU-hours",
    ]


# Settling


def test_what_is_set_aside_counts_until_it_is_paid() -> None:
    ledger = Ledger("head").put(training())
    assert budget.of_experiment(ledger.experiments[41]).usd == pytest.approx(4.8)
    assert budget.of_month(ledger, "2026-11").usd == pytest.approx(4.8)
    assert budget.settle(ledger, 41, seen(r1=1800, r2=1800)) == ledger  # it is not over
    ledger = ledger.put(over(ledger.experiments[41]))
    paid = budget.settle(ledger, 41, seen(r1=1800, r2=1800))
    assert budget.of_month(paid, "2026-11") == Amount(gpu_hours=1.0, gpu_usd=2.4)
    assert budget.of_experiment(paid.experiments[41]) == Amount(gpu_hours=1.0, gpu_usd=2.4)
    assert budget.reserved(paid) == Amount()
    assert budget.settle(paid, 41, seen(r1=9e9, r2=9e9)) == paid  # once


@pytest.mark.parametrize(
    ("states", "queued", "observed", "seconds"),
    [
        (("failed", "finished"), True, seen(r1=60, r2=3600), 3660),
        (("killed", "finished"), True, seen(r2=3600), 3600),  # it never began
        (("missing", "finished"), True, seen(r2=3600), 7200),  # deleted when it had trained
        (("missing", "missing"), False, {}, 0),  # it was never queued
        (("crashed", "killed"), True, seen(r1=None, r2=10), 10),
        (("finished", "finished"), True, seen(r1=7200, r2=7200), 14400),  # longer than thought
    ],
)
def test_a_run_costs_what_it_used(
    states: tuple[str, str], queued: bool, observed: dict[str, ObservedRun], seconds: float
) -> None:
    one = attempt(states, reserved=HOUR, queued=queued)
    assert budget.used(one, observed) == HOUR.used(seconds)


def test_a_run_is_paid_by_whoever_asked_for_it_first() -> None:
    one = attempt(("finished", "finished"), reserved=HOUR.model_copy(update={"seeds": (2,)}))
    assert budget.used(one, seen(r1=3600, r2=3600)) == HOUR.used(3600)
    assert budget.used(attempt(reserved=None), seen(r1=3600)) == Amount()
    assert budget.paid_for(training()) == ("r1", "r2")
    assert budget.paid_for(over(training())) == ()
    assert budget.owed(over(training())) == ("r1", "r2")


def test_what_was_superseded_waits_until_w_b_has_stopped_it() -> None:
    newer = attempt(("queued",), number=2, commit="other")
    going, ended = (
        Ledger("head").put(over(training(), "SUPERSEDED", state).with_attempt(newer))
        for state in ("running", "killed")
    )
    assert budget.settle(going, 41, seen(r1=60, r2=60)) == going
    paid = budget.settle(ended, 41, seen(r1=90, r2=60))
    assert budget.of_month(paid, "2026-11") == HOUR.used(150)
    assert [a.number for a in paid.experiments[41].attempts] == [1, 2]


def test_a_price_that_changes_does_not_change_what_was_set_aside() -> None:
    cheap = HOUR.model_copy(update={"usd_per_gpu_hour": None})
    ledger = Ledger("head").put(over(training(reserved=cheap)))
    paid = budget.settle(ledger, 41, seen(r1=3600, r2=3600))
    assert budget.of_month(paid, "2026-11") == Amount(gpu_hours=2.0)


def test_a_month_is_that_of_the_command_in_utc() -> None:
    assert month_of(NOVEMBER) == "2026-11"
    assert month_of(DECEMBER) == "2026-12"
    ledger = Ledger("head").put(over(training()), training(42, asked_at=DECEMBER))
    paid = budget.settle(ledger, 41, seen(r1=3600, r2=3600))
    assert budget.of_month(paid, "2026-11").usd == pytest.approx(4.8)
    assert budget.reserved(paid, "2026-12").usd == pytest.approx(4.8)
    assert budget.of_month(paid, "2027-01") == Amount()


def test_months_of_long_ago_are_left_out() -> None:
    accounts = Accounts()
    for month in range(30):
        name = f"{2026 + month // 12}-{month % 12 + 1:02}"
        accounts = accounts.book(name, "octocat", Amount(gpu_usd=1.0))
    assert len(accounts.months) == MONTHS
    assert min(accounts.months) == "2027-06"


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 100)), max_size=20))
def test_what_is_booked_is_what_was_spent(spent: list[tuple[float, float]]) -> None:
    accounts = Accounts()
    for hours, dollars in spent:
        accounts = accounts.book("2026-11", "ada", Amount(gpu_hours=hours, gpu_usd=dollars))
    found = accounts.spent("2026-11")
    assert found.usd == pytest.approx(sum(d for _, d in spent), abs=1e-4)
    assert found.gpu_hours == pytest.approx(sum(h for h, _ in spent), abs=1e-4)


# The model


JOB = ModelJob(
    asked_by="ada", asked_at=NOVEMBER, usd=3.0, prices=TokenPrices(input=3.0, output=15.0)
)


def test_tokens_cost_what_they_cost_in_the_cache() -> None:
    tokens = Tokens(input=100_000, cached=1_000_000, stored=200_000, output=10_000)
    assert JOB.prices.usd(tokens) == pytest.approx(0.3 + 0.3 + 0.75 + 0.15)
    assert tokens + tokens == Tokens(input=200_000, cached=2_000_000, stored=400_000, output=20_000)


def test_a_models_work_is_paid_by_its_tokens_or_else_whole() -> None:
    ledger = Ledger("head").put(experiment(model_job=JOB))
    assert budget.of_month(ledger, "2026-11", "ada") == Amount(model_usd=3.0)
    paid = budget.settle_model(ledger, 41, Tokens(output=10_000))
    assert budget.of_month(paid, "2026-11", "ada") == Amount(model_usd=0.15)
    assert paid.experiments[41].spent == Amount(model_usd=0.15)
    assert paid.experiments[41].model_job is None
    assert budget.settle_model(paid, 41, Tokens(output=10_000)) == paid
    cut_off = budget.settle_model(ledger, 41, None)
    assert budget.of_month(cut_off, "2026-11") == Amount(model_usd=3.0)


# Limits


def check(ledger: Ledger, limits: Limits, person: str = "octocat", dollars: float = 4.8) -> None:
    budget.check(
        ledger,
        ledger.experiments[41],
        person,
        "2026-11",
        Amount(gpu_usd=dollars),
        limits,
        "maintain",
    )


@pytest.mark.parametrize(
    ("limits", "key", "used"),
    [
        (Limits(experiment=9.5), "experiment", "$4.80"),
        (Limits(person_month=14.3), "person_month", "$9.60"),
        (Limits(month=19.1), "month", "$14.40"),
    ],
)
def test_over_a_limit_is_refused_with_who_can_raise_it(limits: Limits, key: str, used: str) -> None:
    ledger = Ledger("head").put(training(), training(42), training(43, person="ada"))
    with pytest.raises(UserError) as error:
        check(ledger, limits)
    told = str(error.value)
    assert told.startswith("This would cost $4.80, and the budget of ")
    assert f"of which {used} is spent or set aside" in told
    assert f"role `maintain` raise `budget.{key}` in `.github/labhand.yml`" in told


def test_up_to_a_limit_is_allowed_and_so_is_what_costs_nothing() -> None:
    ledger = Ledger("head").put(training(), training(42), training(43, person="ada"))
    check(ledger, Limits(experiment=9.6, person_month=14.4, month=19.2))
    check(ledger, Limits())
    check(ledger, Limits(experiment=1, person_month=1, month=1), dollars=0)
    check(ledger, Limits(person_month=10), person="grace")


def test_a_baseline_is_no_experiment_but_counts_in_the_month() -> None:
    measured = training().but(kind="baseline")
    ledger = Ledger("head").put(measured)
    check(ledger, Limits(experiment=5))
    with pytest.raises(UserError, match="everybody this month"):
        check(ledger, Limits(month=5))


def test_a_limit_that_comes_later_counts_what_was_spent_before() -> None:
    ledger = budget.settle(Ledger("head").put(over(training())), 41, seen(r1=3600, r2=3600))
    with pytest.raises(UserError, match=r"budget of this experiment is \$5, of which \$4.80"):
        check(ledger, Limits(experiment=5))


def test_people_are_listed_by_what_they_spent() -> None:
    ledger = Ledger("head").put(training(), training(42, person="ada"), training(43, person="ada"))
    ledger = ledger.with_budget(Accounts().book("2026-11", "grace", Amount(gpu_hours=9.0)))
    found = budget.people(ledger, "2026-11")
    assert [*found] == ["ada", "octocat", "grace"]
    assert found["ada"].gpu_usd == pytest.approx(9.6)


def test_spending_says_how_experiment_and_month_stand() -> None:
    ledger = Ledger("head").put(training(), training(42, person="ada"))
    stand = budget.spending(
        ledger, ledger.experiments[41], "2026-11", Limits(experiment=30, month=900)
    )
    assert (stand.amount.gpu_usd, stand.limit) == (pytest.approx(4.8), 30)
    assert (stand.month.gpu_usd, stand.month_limit) == (pytest.approx(9.6), 900)
