"""How fast a large report is written: 10 metrics, 5 seeds, 10 attempts, and curves of 400 points.

The peer writes the report's own words back with `str.format`, which neither looks, nor counts, nor
escapes: nothing that fills in a text can be faster.
"""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from bot.comments import render
from bot.core.charts import band, mean_curve
from bot.core.results import as_json
from bot.core.runs import MOST_POINTS, Point
from bot.replies import Earlier, Report
from tests.bench.measure import interleaved, ratios, show, spread
from tests.bot.examples.report import WIN
from tests.bot.examples.team import WORKFLOW

LIMIT_MS = 200


def main() -> None:
    """Measure; some seconds."""
    report = large()
    acts: dict[str, Callable[[], object]] = {
        "whole report": lambda: render(report),
        "its data alone": lambda: as_json(report),
        "its curves": curves,
        "peer: str.format": peer(report),
    }
    found = interleaved(acts, rounds=9, each=10)
    base = found["peer: str.format"]
    rows = [
        [name, spread([1000 * s for s in seconds], ".2f"), spread(ratios(seconds, base), ".0f")]
        for name, seconds in found.items()
    ]
    rows.append(["first report of a process", spread([first() for _ in range(5)], ".0f"), ""])
    show("A large report", ("what", f"ms; at most {LIMIT_MS}", "times the peer"), rows)


def large() -> Report:
    """As much as a report is to hold."""
    primary, guard = WIN.rows[:2]
    rows = (primary, *(replace(guard, name=f"guard/{number}") for number in range(9)))
    values = {row.name: 0.5 for row in rows}
    mean, low, high = curves()
    return replace(
        WIN,
        rows=rows,
        runs=tuple(replace(run, values=values) for run in WIN.runs),
        earlier=tuple(Earlier(n, "c" * 40, 5, "LOSS", WORKFLOW, 1.8e9) for n in range(9, 0, -1)),
        curve=mean,
        baseline_low=low,
        baseline_high=high,
    )


def curves() -> tuple[tuple[Point, ...], ...]:
    """Mean and band of 5 and 10 seeds, each with steps of its own."""
    seeds = [
        [
            (step + seed / 20, math.log1p(step) + math.sin(step * seed))
            for step in range(MOST_POINTS)
        ]
        for seed in range(15)
    ]
    return mean_curve(seeds[:5]), *band(seeds[5:])


def peer(report: Report) -> Callable[[], str]:
    """Fills the same words into the same text."""
    words = render(report).split(" ")
    form = " ".join(["{}"] * len(words))
    return lambda: form.format(*words)


def first() -> float:
    """Milliseconds in a fresh process, which compiles the templates too."""
    program = (
        "import time; from tests.bench.report import large, render; report = large();"
        "start = time.perf_counter(); render(report); print(time.perf_counter() - start)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return 1000 * float(done.stdout)


if __name__ == "__main__":
    main()
