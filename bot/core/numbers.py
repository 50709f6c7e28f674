"""Numbers as people read them: as many digits as the data hold, and a real minus sign."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bot.core.interval import Interval, Sample
from bot.core.price import Price

MOST_DECIMALS = 8
MOST_DIGITS = 15
"""What a float holds."""
SAME = 1e-6
"""Of half an interval's width: what is nearer was only rounded."""
FRACTION = re.compile(
    r"-?(?:0|[1-9]\d*)(?:\.\d*(?:e[-+]?\d+)?|e[-+]?\d+)", re.ASCII | re.IGNORECASE
)
NO_BREAK = "\u00a0"
"""A space at which a narrow table cell is not broken."""


def number(value: float, unsure: float = 0.0) -> str:
    """Write a number down to the second digit of its spread: 0.8412 for a spread of 0.0019.

    Args:
        value: NaN and infinity are said in words.
        unsure: half an interval's width or a standard deviation, in the same unit; without one,
            the number keeps four digits.
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinity" if value > 0 else "−infinity"
    known = math.isfinite(unsure) and unsure > 0
    scale, digits = (unsure, 2) if known else (abs(value) or 1.0, 4)
    decimals = max(0, digits - 1 - math.floor(math.log10(scale)))
    if decimals > MOST_DECIMALS:
        significant = decimals + 1 + math.floor(math.log10(abs(value) or scale))
        text = f"{value:.{max(1, min(significant, MOST_DIGITS))}g}"
    else:
        text = f"{value:,.{decimals}f}"
        if not known and "." in text:
            text = text.rstrip("0").rstrip(".")
    return f"−{text[1:]}" if text.startswith("-") and text.strip("-0.,") else text.lstrip("-")


def signed(value: float, unsure: float = 0.0) -> str:
    """Write a difference: the number with its sign."""
    return _with_sign(number(value, unsure))


def bound(value: float, unsure: float, edge: float = 0.0) -> str:
    """Write an interval's bound: on which side of `edge` it lies is the verdict, so it shows that.

    Digits are added until it can be told from `edge`: 0.00003 for a half width of 0.0020, not
    0.0000.
    """
    text, away = number(value, unsure), abs(value - edge)
    hidden = text == number(edge, unsure) and away > unsure * SAME
    return number(value, 10 * away) if hidden else text


def half_width(interval: Interval | None) -> float:
    """Half of an interval's width, which says how many digits of it are sure; 0 without one."""
    return (interval.upper - interval.lower) / 2 if interval else 0.0


def spread(interval: Interval | None, *samples: Sample | None) -> float:
    """What says how many digits are sure: half the interval's width, or the largest deviation."""
    sure = [s.sd for s in samples if s and all(map(math.isfinite, s.values))]
    half = half_width(interval)
    return half if 0 < half < math.inf else max(sure, default=0.0)


def column(values: Sequence[float | None]) -> float:
    """What to give `number` so that all values of a column have as many digits, the largest four.

    Values that are missing or not finite do not count.
    """
    return max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0) / 100


def bounded(interval: Interval) -> str:
    """Write a difference with its interval: `+0.0060 (+0.0042 to +0.0078)`."""
    return _bounded(interval, "")


def relative(interval: Interval, base: float) -> str:
    """Write a difference as a share of `base`: `+1.2% (−0.7 to +3.1)`.

    Where `base` is zero there is no share, and the difference stands in its own unit.
    """
    if base == 0 or not math.isfinite(base):
        return bounded(interval)
    return _bounded(interval.times(100 / abs(base)), "%")


def mean_sd(sample: Sample, unsure: float) -> str:
    """Write the mean of a sample, and its standard deviation if it has one."""
    if not sample.n:
        return "–"
    if not all(map(math.isfinite, sample.values)):
        return number(math.nan)
    mean = number(sample.mean, unsure)
    return f"{mean} ±{NO_BREAK}{number(sample.sd, unsure)}" if sample.n > 1 else mean


def chance(probability: float) -> str:
    """Write an estimated probability: `34%`, `less than 1%`; nothing estimated is certain."""
    if not math.isfinite(probability):
        return "unknown"
    if probability < 0.01:
        return "less than 1%"
    return "more than 99%" if probability > 0.99 else f"{probability:.0%}"


def count(amount: int, noun: str) -> str:
    """Write how many there are: `1 seed`, `9,600 steps`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def duration(seconds: float) -> str:
    """Write a time in the largest unit that suits it: `18 s`, `42 min`, `3.5 h`."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if round(seconds) < 90:
        return f"{math.ceil(seconds) if seconds < 1 else round(seconds)} s"
    if round(seconds / 60) < 90:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h".replace(".0 h", " h")


def usd(amount: float) -> str:
    """Write an amount of money: `$8.40`, `$1,250`, `less than $0.01`."""
    if not math.isfinite(amount):
        return "an unknown amount"
    if 0 < amount < 0.01:
        return "less than $0.01"
    return f"${amount:,.2f}".removesuffix(".00")


def gpu_hours(hours: float) -> str:
    """Write how long GPUs are busy: `3.5 GPU-hours`, `1 GPU-hour`, `43 GPU-seconds`."""
    if not math.isfinite(hours):
        return "an unknown time"
    if hours >= 0.1 or not hours:
        amount = f"{hours:,.1f}".removesuffix(".0")
        return f"{amount} GPU-hour{'' if amount == '1' else 's'}"
    seconds = max(1, round(hours * 3600))
    return count(seconds, "GPU-second") if seconds < 90 else count(seconds // 60, "GPU-minute")


def price(cost: Price) -> str:
    """Write what training costs: `3.5 GPU-hours, $8.40`, or `about 26 s of training`."""
    time = f"about {duration(cost.seconds)} of training"
    words = [time if cost.gpu_hours < 0.1 else gpu_hours(cost.gpu_hours)]
    return ", ".join(words if cost.usd is None else [*words, usd(cost.usd)])


def due(cost: Price) -> str:
    """Write what training costs as a table's cell: `$8.40`; without a price `26 s`, its time."""
    if cost.usd is not None:
        return usd(cost.usd)
    return duration(cost.seconds) if cost.gpu_hours < 0.1 else gpu_hours(cost.gpu_hours)


def moment(seconds: float, before: float | None = None) -> str:
    """Write a time, UTC: `22 November 2026, 09:12`; on the day of the time before, `09:12`.

    Args:
        seconds: since the epoch.
        before: the time that stands before it in a sentence.
    """
    then = datetime.fromtimestamp(seconds, UTC)
    told = before is not None and datetime.fromtimestamp(before, UTC).date() == then.date()
    return f"{then:%H:%M}" if told else f"{then.day} {then:%B %Y, %H:%M}"


def month(name: str) -> str:
    """Write a month such as `2026-11` in words: `November 2026`."""
    return date.fromisoformat(f"{name}-01").strftime("%B %Y")


def typed(value: str) -> str:
    """Write a setting's value with no digit too many, wherever it comes from: `0` for `0.0`.

    W&B, a file and a person write one number in several ways; whole numbers and text stay.
    """
    amount = float(value) + 0.0 if FRACTION.fullmatch(value) else math.inf  # -0.0 becomes 0.0
    return f"{amount:.{MOST_DIGITS}g}" if math.isfinite(amount) else value


def listed(items: Sequence[object]) -> str:
    """Write a list as a sentence holds it: `1, 2 and 4`."""
    texts = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def ranges(seeds: Sequence[int]) -> str:
    """Write seeds as a sentence holds them, with three and more in a row as one: `1 to 5 and 8`."""
    parts: list[object] = []
    for first, last in _spans(seeds):
        parts += [f"{first} to {last}"] if last - first > 1 else range(first, last + 1)
    return listed(parts)


def spans(seeds: Sequence[int]) -> str:
    """Write seeds as programs read them: `1-5, 8`."""
    return ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in _spans(seeds)
    )


def _spans(seeds: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of what is in a row."""
    found: list[tuple[int, int]] = []
    for seed in sorted(set(seeds)):
        follows = bool(found) and seed == found[-1][1] + 1
        found = [*found[:-1], (found[-1][0], seed)] if follows else [*found, (seed, seed)]
    return found


def _bounded(interval: Interval, unit: str) -> str:
    unsure = half_width(interval)
    low, high = (_with_sign(bound(side, unsure)) for side in (interval.lower, interval.upper))
    return f"{signed(interval.difference, unsure)}{unit} ({low} to {high})"


def _with_sign(text: str) -> str:
    return text if text.startswith(("−", "not")) else f"+{text}"
