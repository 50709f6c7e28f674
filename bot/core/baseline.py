"""A baseline: what experiments are measured against, as its release's `baseline.json` holds it."""

import json
import re
import statistics
from collections.abc import Iterable

from pydantic import Field, ValidationError

from bot.core.comparability import Effort, Judge, environment
from bot.core.interval import Sample
from bot.core.record import Record
from bot.core.runs import Point
from bot.errors import UserError

ASSET = "baseline.json"
TABLE = "runs.csv"
"""The release's other asset: a line for each of its runs, for people."""
SCHEMA = 2


def _empty(held: object) -> bool:
    return not held


class SeedResult(Record):
    """What one seed of the baseline gave."""

    seed: int
    run: str
    url: str
    values: dict[str, float]
    """Metric to the one number of this run."""
    curve: tuple[Point, ...] = ()
    """The primary metric over steps."""
    curves: dict[str, tuple[Point, ...]] = Field(default_factory=dict, exclude_if=_empty)
    """The same of each other metric that may win."""
    effort: Effort = Effort()
    examples: str = ""
    """What the primary metric is the mean of, as `examples.kept` gives it; empty if unknown."""


class Baseline(Record):
    """A released baseline."""

    schema_version: int = SCHEMA
    tag: str
    commit: str
    metric: str
    seeds: tuple[SeedResult, ...]
    config: dict[str, str]
    """The settings that its runs logged, by dotted name."""
    environment: dict[str, str]
    """What the figures depend on that is no setting, named as by `comparability.environment`."""
    judge: Judge | None = None
    """None where the release is older than this record."""
    wall_seconds: float
    """Mean time of one run."""

    def values(self, metric: str) -> tuple[float, ...]:
        """Every seed's number, in the order of the seeds; empty if not all logged it."""
        found = [s.values[metric] for s in self.seeds if metric in s.values]
        return tuple(found) if len(found) == len(self.seeds) else ()

    def sample(self, metric: str) -> Sample | None:
        """Every seed's number by its seed; None if not all logged it, or there is one alone."""
        values = self.values(metric)
        return Sample(values, tuple(s.seed for s in self.seeds)) if len(values) > 1 else None

    def text(self) -> str:
        """The release asset: every seed's values, and their mean and standard deviation."""
        names = sorted({name for s in self.seeds for name in s.values})
        summary = {
            name: {
                "mean": statistics.fmean(values),
                "sd": statistics.stdev(values) if len(values) > 1 else None,
                "n": len(values),
            }
            for name in names
            if (values := self.values(name))
        }
        return json.dumps({**self.model_dump(), "summary": summary}, indent=1) + "\n"


def parse(text: str) -> Baseline:
    """Read a release's `baseline.json`, also one of schema 1, which recorded no judge.

    Raises:
        UserError: it is not what Labhand wrote.
    """
    try:
        data = json.loads(text)
        data.pop("summary", None)
        if (schema := data.pop("schema_version")) not in (1, SCHEMA):
            raise ValueError(f"schema {schema}, expected {SCHEMA}")
        if schema == 1:
            data["environment"] = environment([data["config"]])
        return Baseline.model_validate(data)
    except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
        raise UserError(
            f"The asset `{ASSET}` of the baseline's release cannot be read. "
            "Measure a new baseline with `/baseline`."
        ) from error


def next_tag(tags: Iterable[str]) -> str:
    """The tag of the next baseline: one above the highest there is."""
    numbers = [int(found[1]) for tag in tags if (found := re.fullmatch(r"baseline-v(\d+)", tag))]
    return f"baseline-v{max(numbers, default=0) + 1}"
