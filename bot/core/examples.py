"""Results by example: how far a difference goes beyond the examples that it was measured on."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.interval import Interval, bootstrap
from bot.core.metric import LARGEST

KEY = "examples/{}"
"""Where a run's summary holds what the metric of that name is the mean of."""
MOST = 20_000
DIGITS = re.compile("[01]+")
CLOSE = 1e-4
"""By what share the mean of the examples may miss the metric: programs count in float32."""
ALPHA = 0.025
"""Shown is a two-sided 95% interval, as of guards."""
CAUTION = (
    "Another test set of this size might show no gain: with the examples drawn anew, the interval "
    "holds zero."
)


@dataclass(frozen=True)
class ByExample:
    """A difference over examples drawn anew, candidate minus baseline."""

    examples: int
    interval: Interval


def kept(logged: object, value: float) -> str:
    """What a run logged by example, as a baseline holds it; empty if it logged nothing.

    Args:
        logged: of the run's summary: a text with a 0 or a 1 for each example, or a list of numbers.
        value: the run's metric, which has to be their mean.

    Returns:
        A digit for each example, or numbers between blanks, six digits of each.

    Raises:
        ValueError: it is something else; in words.
    """
    if logged is None:
        return ""
    if not isinstance(logged, str | list) or not 1 < len(logged) <= MOST:
        raise ValueError(f"it is no text or list of 2 to {MOST:,}")
    if isinstance(logged, str) and not DIGITS.fullmatch(logged):
        raise ValueError("its text holds something else than 0 and 1")
    found = [int(each) for each in logged] if isinstance(logged, str) else logged
    if not all(isinstance(each, int | float) and abs(each) < LARGEST for each in found):
        raise ValueError("it holds something else than finite numbers")
    mean = math.fsum(found) / len(found)
    if not math.isclose(mean, value, rel_tol=CLOSE, abs_tol=CLOSE / len(found)):
        raise ValueError(f"its mean is {mean:.6g}, and the metric {value:.6g}")
    if set(found) <= {0, 1}:
        return "".join("01"[int(each)] for each in found)
    return " ".join(f"{each:.6g}" for each in found)


def numbers(text: str) -> list[float]:
    """One number for each example of a text as `kept` gives it."""
    return [float(word) for word in (text if DIGITS.fullmatch(text) else text.split())]


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
    after, before = ([numbers(text) for text in arm] for arm in (candidate, baseline))
    sizes = sorted({len(seed) for seed in (*after, *before)})
    if len(sizes) > 1:
        raise ValueError(f"runs logged from {sizes[0]} to {sizes[-1]} examples")
    return ByExample(sizes[0], bootstrap(after, before, ALPHA))
