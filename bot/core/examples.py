"""Results by example: how far a difference goes beyond the examples that it was measured on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.interval import Interval, bootstrap

KEY = "examples/{}"
"""Where a run's summary holds what the metric of that name is the mean of."""
MOST = 20_000
MOST_CHARACTERS = 25 * MOST
CLOSE = 1e-4
"""By what share the mean of the examples may miss the metric: programs count in float32."""
ALPHA = 0.025
"""Shown is a two-sided 95% interval, as of guards."""
CAUTION = (
    "The gain may belong to these examples alone: the same seeds, on examples drawn anew, might "
    "show none."
)


@dataclass(frozen=True)
class ByExample:
    """A difference over examples drawn anew, candidate minus baseline."""

    examples: int
    interval: Interval


def kept(logged: object, value: float) -> str:
    """What a run logged by example, as a baseline holds it; empty if it logged nothing.

    Args:
        logged: of the run's summary: a text with one 0 or 1 for each example, or with numbers
            between blanks.
        value: the run's metric, which has to be their mean.

    Raises:
        ValueError: it is something else; in words.
    """
    if logged is None:
        return ""
    if not isinstance(logged, str) or len(logged) > MOST_CHARACTERS:
        raise ValueError("it is no text, or a very long one")
    found = numbers(logged)
    if not 1 < len(found) <= MOST or not all(map(math.isfinite, found)):
        raise ValueError(f"it is not 2 to {MOST:,} finite numbers")
    mean = math.fsum(found) / len(found)
    if not math.isclose(mean, value, rel_tol=CLOSE, abs_tol=CLOSE / len(found)):
        raise ValueError(f"their mean is {mean:.6g}, and the metric {value:.6g}")
    return logged if _digits(logged) else " ".join(f"{number:.6g}" for number in found)


def numbers(text: str) -> list[float]:
    """One number for each example.

    Raises:
        ValueError: one of them is no number.
    """
    return [float(word) for word in (text if _digits(text) else text.split())]


def by_example(candidate: Sequence[str], baseline: Sequence[str]) -> ByExample | None:
    """Bound the difference over other examples like these, by the paired bootstrap.

    Args:
        candidate: as `kept` gives it, for each seed.
        baseline: the same; other seeds, and as many as there are.

    Returns:
        None where a run logged nothing.

    Raises:
        ValueError: the runs did not log as many examples.
    """
    if not candidate or not baseline or not all((*candidate, *baseline)):
        return None
    arms = [[numbers(text) for text in arm] for arm in (candidate, baseline)]
    sizes = sorted({len(seed) for arm in arms for seed in arm})
    if len(sizes) > 1:
        raise ValueError(f"runs logged from {sizes[0]} to {sizes[-1]} examples")
    return ByExample(sizes[0], bootstrap(*arms, ALPHA))


def _digits(text: str) -> bool:
    return text != "" and set(text) <= {"0", "1"}
