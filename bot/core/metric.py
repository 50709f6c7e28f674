"""A metric: its name, which way is better, and which of its values a run stands for."""

from dataclasses import dataclass
from typing import Literal

LARGEST = 1e100
"""A value beyond it counts as infinite: it has diverged, and its square would be no number."""
Value = Literal["best", "last", "summary"]
Goal = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """What decides, or may not get worse."""

    name: str
    goal: Goal
    value: Value = "summary"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.goal == "maximize" else -1
