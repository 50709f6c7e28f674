"""What was set aside and what was spent, as the lab book remembers it."""

from datetime import UTC, datetime

from pydantic import Field

from bot.core.price import Price
from bot.core.record import Record

MONTHS = 13
"""A year, and the month that runs; the lab book's history knows those before."""
DIGITS = 6
"""Decimals kept: a thousandth of a cent, and a few thousandths of a second."""


class Amount(Record):
    """What was spent."""

    gpu_hours: float = 0.0
    gpu_usd: float = 0.0
    model_usd: float = 0.0

    @property
    def usd(self) -> float:
        """GPUs and the model together."""
        return self.gpu_usd + self.model_usd

    def __add__(self, other: "Amount") -> "Amount":
        """Both together, without the dust of binary fractions."""
        return Amount(
            gpu_hours=round(self.gpu_hours + other.gpu_hours, DIGITS),
            gpu_usd=round(self.gpu_usd + other.gpu_usd, DIGITS),
            model_usd=round(self.model_usd + other.model_usd, DIGITS),
        )


class Reservation(Record):
    """What an attempt has set aside for its runs, at the prices of that day."""

    seeds: tuple[int, ...]
    """Those that it pays for: what an earlier attempt trained is paid already."""
    seconds: float | None
    """The time of one run, from the baseline's; None where nobody knew."""
    gpus: int
    usd_per_gpu_hour: float | None = None

    @property
    def price(self) -> Price | None:
        """What all of its runs are expected to cost."""
        return self.price_of(len(self.seeds))

    def price_of(self, runs: int) -> Price | None:
        """What so many runs like these are expected to cost."""
        if self.seconds is None:
            return None
        return Price.of(runs, self.seconds, self.gpus, self.usd_per_gpu_hour)

    @property
    def amount(self) -> Amount:
        """What counts against limits until it is settled."""
        return self.used(len(self.seeds) * (self.seconds or 0.0))

    def used(self, seconds: float) -> Amount:
        """What so many seconds of training cost."""
        hours = seconds * self.gpus / 3600
        return Amount() + Amount(gpu_hours=hours, gpu_usd=hours * (self.usd_per_gpu_hour or 0.0))


class Tokens(Record):
    """What a model read and wrote."""

    input: int = Field(0, ge=0)
    """Those read at the full price."""
    cached: int = Field(0, ge=0)
    """Those found in the cache."""
    stored: int = Field(0, ge=0)
    """Those put into the cache."""
    output: int = Field(0, ge=0)

    def __add__(self, other: "Tokens") -> "Tokens":
        """Those of two answers."""
        return Tokens(
            input=self.input + other.input,
            cached=self.cached + other.cached,
            stored=self.stored + other.stored,
            output=self.output + other.output,
        )


class TokenPrices(Record):
    """What a model's tokens cost, in USD for a million."""

    input: float
    output: float

    def usd(self, tokens: Tokens) -> float:
        """What an exchange costs.

        A token found in the cache costs a tenth of one that is read, and putting it there costs a
        quarter more: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching.
        """
        read = tokens.input + 0.1 * tokens.cached + 1.25 * tokens.stored
        return (read * self.input + tokens.output * self.output) / 1e6


class ModelJob(Record):
    """What was set aside for a model that writes code."""

    asked_by: str
    asked_at: float
    """Seconds since the epoch."""
    usd: float
    prices: TokenPrices

    def used(self, tokens: Tokens | None) -> Amount:
        """What it cost; all that was set aside, where nobody knows."""
        usd = self.usd if tokens is None else self.prices.usd(tokens)
        return Amount() + Amount(model_usd=usd)


class Accounts(Record):
    """What was spent for good, by month (UTC) and person."""

    months: dict[str, dict[str, Amount]] = Field(default_factory=dict)

    def spent(self, month: str, person: str | None = None) -> Amount:
        """What everybody, or one person, spent in a month."""
        people = self.months.get(month, {})
        found = people.values() if person is None else [people.get(person, Amount())]
        return sum(found, Amount())

    def book(self, month: str, person: str, amount: Amount) -> "Accounts":
        """Return a copy with so much more; months of long ago are left out."""
        people = self.months.get(month, {})
        people = {**people, person: people.get(person, Amount()) + amount}
        months = {**self.months, month: people}
        return Accounts(months={name: months[name] for name in sorted(months)[-MONTHS:]})


def month_of(seconds: float) -> str:
    """The month of a time, such as `2026-11`, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")
