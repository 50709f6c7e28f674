"""The team that the examples tell of: its figures, its pages, what its runs cost."""

from bot.core.budget import Spending
from bot.core.cost import Amount
from bot.core.interval import Interval, Sample, welch
from bot.core.price import Price
from bot.core.results import MetricRow, RunRow
from bot.core.runs import Point
from bot.core.spending import level

BASELINE = Sample((0.8431, 0.8389, 0.8420, 0.8402, 0.8437, 0.8398, 0.8415, 0.8381, 0.8429, 0.8418))
WINNER = Sample((0.8462, 0.8489, 0.8471, 0.8455, 0.8483))
UNSURE = Sample((0.8437, 0.8411, 0.8402, 0.8446, 0.8439))
WORSE = Sample((0.8352, 0.8371, 0.8344, 0.8369, 0.8360))
HOPELESS = Sample((0.8372, 0.8441, 0.8385, 0.8436, 0.8384))
FLAT = Sample((0.8401, 0.8413, 0.8409, 0.8416, 0.8404))
HELD_OUT = Sample((0.8458, 0.8476, 0.8463))
RELEASED = Sample((*HELD_OUT.values, 0.8449, 0.8481, 0.8467, 0.8452, 0.8470))
FIRST_LOOK = level(5, (), 15, 10)

STEPS = (8, 12, 16, 20, 24, 28, 32, 36, 40)
LOW = (0.789, 0.808, 0.818, 0.825, 0.830, 0.834, 0.836, 0.837, 0.838)
HIGH = (0.802, 0.819, 0.825, 0.831, 0.836, 0.839, 0.842, 0.843, 0.844)
WINNING = (0.799, 0.818, 0.829, 0.835, 0.840, 0.843, 0.845, 0.847, 0.847)
INSIDE = (0.791, 0.809, 0.820, 0.828, 0.834, 0.838, 0.840, 0.842, 0.843)
BELOW = (0.780, 0.796, 0.807, 0.816, 0.823, 0.828, 0.832, 0.835, 0.836)

WANDB = "https://wandb.ai/acme/retina"
REPOSITORY = "https://github.com/acme/retina"
RELEASE_URL = f"{REPOSITORY}/releases/tag/baseline-v6"
WORKFLOW = f"{REPOSITORY}/actions/runs/11873"
COMMIT = "3f9c1e2ab04d5e6f708192a3b4c5d6e7f8091a2b"
SPENDING = Spending(
    amount=Amount(gpu_hours=3.5, gpu_usd=8.40, model_usd=0.61),
    limit=30.0,
    month=Amount(gpu_hours=88.1, gpu_usd=211.39, model_usd=2.61),
    month_limit=900.0,
)


def curve(values: tuple[float, ...]) -> tuple[Point, ...]:
    return tuple(zip(map(float, STEPS), values, strict=True))


def finished(sample: Sample, name: str, first: int = 1) -> tuple[RunRow, ...]:
    return tuple(
        RunRow(seed, "finished", f"{WANDB}/runs/{name}-s{seed}", 9600, value, {"val/dice": value})
        for seed, value in enumerate(sample.values, first)
    )


def primary(sample: Sample, alpha: float = FIRST_LOOK) -> MetricRow:
    interval = welch(sample, BASELINE, alpha)
    return MetricRow("val/dice", "maximize", BASELINE, sample, interval, None, None)


DISTANCE = MetricRow(
    "val/hd95_mm",
    "minimize",
    Sample((2.30, 2.42, 2.36, 2.45, 2.31, 2.40, 2.33, 2.44, 2.28, 2.36)),
    Sample((2.31, 2.42, 2.24, 2.21, 2.34)),
    Interval(-0.061, -0.159, 0.037, 0.025),
    "0.15",
    True,
)
MINUTES = MetricRow(
    "train/minutes",
    "minimize",
    Sample((41.6, 42.1, 41.0, 41.2, 42.4, 41.9, 40.8, 41.1, 42.2, 41.7)),
    Sample((42.1, 42.8, 41.4, 41.7, 42.5)),
    Interval(0.5, -0.29, 1.29, 0.025),
    "15%",
    True,
)


def price(runs: int) -> Price:
    """Of so many runs of 42 minutes."""
    return Price.of(runs, 2520.0, 1, 2.40)
