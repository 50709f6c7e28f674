"""Timing things side by side, and showing it as a table."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def interleaved(
    acts: Mapping[str, Callable[[], object]], *, rounds: int, each: int
) -> dict[str, list[float]]:
    """Do every act `each` times in every round, one act after the other.

    Returns:
        Seconds of one doing by the act's name, one figure for each round.
    """
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            started = time.perf_counter()
            for _ in range(each):
                act()
            found[name].append((time.perf_counter() - started) / each)
    return found


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """How these compare with those of the same round."""
    return [one / other for one, other in zip(these, those, strict=True)]


def spread(figures: Sequence[float], form: str) -> str:
    """Median, and lowest to highest."""
    low, middle, high = min(figures), statistics.median(figures), max(figures)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as Markdown."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|:--{'|--:' * (len(head) - 1)}|")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
