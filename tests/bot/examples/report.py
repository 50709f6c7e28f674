"""Reports: each verdict, as it comes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.core.comparability import Parity
from bot.core.diagnostics import Vital, Warned
from bot.core.examples import CAUTION, ByExample
from bot.core.interval import Interval, Sample, welch
from bot.core.results import MetricRow
from bot.core.spending import level
from bot.core.verdict import CLOSER
from bot.replies import Earlier, Option, Rank, Reply, Report, Stale, Times
from tests.bot.examples.team import (
    BASELINE,
    BELOW,
    COMMIT,
    DISTANCE,
    FIRST_LOOK,
    FLAT,
    HIGH,
    HOPELESS,
    INSIDE,
    LOW,
    MINUTES,
    RELEASE_URL,
    REPOSITORY,
    SPENDING,
    UNSURE,
    WANDB,
    WINNER,
    WINNING,
    WORKFLOW,
    WORSE,
    curve,
    finished,
    price,
    primary,
)

ASKED = datetime(2026, 11, 22, 9, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
MEMORY = MetricRow("gpu/peak_gib", "minimize", Sample((31.2,)), Sample((31.5,)), None, "2", None)
SHARED = {
    "evaluation code": "8c1f6e0b2a77",
    "metric definition": "as it was",
    "evaluation data": "9f2c61d0a8e4",
    "device": "NVIDIA A100 80GB",
    "torch": "2.13.0",
    "precision": "bf16",
    "global batch": "16",
}
PARITY = tuple(Parity(what, value, value, "same") for what, value in SHARED.items())
VITALS = (
    Vital("gradient norm", "", (1.31, 1.42, 1.28, 1.35, 1.40)),
    Vital("speed", "samples/s", (61.2, 60.4, 61.9, 61.0, 60.8)),
    Vital("GPU memory, peak", "GB", (33.8, 33.8, 33.8, 33.8, 33.8)),
)


SAME: dict[str, Any] = {
    "number": 41,
    "pull": 47,
    "method": "welch",
    "parity": PARITY,
    "spending": SPENDING,
    "options": (),
    "vitals": VITALS,
    "warnings": (),
    "earlier": (),
    "title": "EMA of the weights",
    "commit": COMMIT,
    "baseline": "baseline-v6",
    "baseline_url": RELEASE_URL,
    "min_effect": 0.002,
    "next_command": "",
    "next_seeds": 0,
    "next_price": price(5),
    "why": "",
    "baseline_runs": finished(BASELINE, "lh-6-1"),
    "baseline_low": curve(LOW),
    "baseline_high": curve(HIGH),
    "settings": {"model.ema_decay": ("none", "0.999")},
    "files": {"src/model.py": (33, 6), "conf/model/unet.yaml": (8, 0)},
    "look": 1,
    "looks": 3,
    "spent": FIRST_LOOK,
    "by_example": None,
    "cautions": (),
    "rank": None,
    "seconds": 12630.0,
    "asked_by": "octocat",
    "times": Times(ASKED, ASKED + 19 * 60, ASKED + 87 * 60),
    "attempt": 1,
    "group_url": f"{WANDB}/groups/lh-41-1",
    "workflow_url": WORKFLOW,
}
"""What most of these reports have in common."""


def report(sample: Sample, outcome: str, values: tuple[float, ...], **changes: Any) -> Report:
    fields = {
        **SAME,
        "outcome": outcome,
        "rows": (primary(sample), DISTANCE, MINUTES),
        "runs": finished(sample, "lh-41-1"),
        "curve": curve(values),
        **changes,
    }
    return Report(**fields)


WIN = report(
    WINNER,
    "WIN",
    WINNING,
    next_command="/merge",
    next_seeds=3,
    next_price=price(3),
    by_example=ByExample(360, Interval(0.0060, 0.0031, 0.0089, 0.025)),
)
LUCKY = replace(
    WIN,
    by_example=ByExample(90, Interval(0.0060, -0.0012, 0.0135, 0.025)),
    cautions=(CLOSER, CAUTION),
)
SHARED_LOOK = level(5, (), 15, 10, metrics=2)
"""Of each of two metrics."""
V6_IOU = Sample((0.742, 0.736, 0.741, 0.738, 0.743, 0.737, 0.740, 0.735, 0.742, 0.739))
IOU = Sample((0.751, 0.748, 0.753, 0.747, 0.752))
BY_IOU = MetricRow(
    "val/iou", "maximize", V6_IOU, IOU, welch(IOU, V6_IOU, SHARED_LOOK), None, None, "WIN"
)
WIN_BY_ANOTHER = replace(
    WIN,
    rows=(BY_IOU, replace(primary(UNSURE, SHARED_LOOK), alone="UNDECIDED"), DISTANCE, MINUTES),
    min_effect=0.003,
    runs=finished(IOU, "lh-41-1"),
    baseline_runs=finished(V6_IOU, "lh-6-1"),
    curve=(),
    by_example=None,
)
LOSS_BY_ANOTHER = report(
    WORSE,
    "LOSS",
    BELOW,
    title="Twice the learning rate",
    rows=(replace(primary(WORSE, SHARED_LOOK), alone="LOSS"), BY_IOU, DISTANCE, MINUTES),
)
UNDECIDED = report(
    UNSURE,
    "UNDECIDED",
    INSIDE,
    title="RandAugment, magnitude 9",
    next_command="/launch seeds=+5",
    next_seeds=5,
    options=(
        Option("/launch seeds=+5", price(5), 0.30, 0.02),
        Option("/launch seeds=+10", price(10), 0.43, 0.08),
    ),
    settings={
        "data.augment.name": ("flip", "randaugment"),
        "data.augment.magnitude": ("none", "9"),
    },
    files={},
    rank=Rank(4, 5, 53, f"{REPOSITORY}/issues/7"),
)
FUTILE = report(
    HOPELESS,
    "UNDECIDED",
    INSIDE,
    title="Label smoothing 0.02",
    next_command="/launch seeds=+5",
    next_seeds=5,
    options=(
        Option("/launch seeds=+5", price(5), 0.0, 0.59),
        Option("/launch seeds=+10", price(10), 0.0075, 0.65),
    ),
)
LOSS = report(
    WORSE,
    "LOSS",
    BELOW,
    title="Sum instead of mean pooling",
    attempt=3,
    warnings=(Warned("plateau", (1, 3, 4), "val/dice has not risen since epoch 21"),),
    earlier=(
        Earlier(
            2,
            "a41b77c0d1e2f3a4",
            5,
            "FAILED",
            f"{REPOSITORY}/issues/47#issuecomment-1002",
            ASKED - DAY,
        ),
        Earlier(1, "9e0f1a2b3c4d5e6f", 5, "SUPERSEDED", "", ASKED - 5 * DAY),
    ),
)
NO_GAIN = report(FLAT, "LOSS", INSIDE, title="Cosine instead of step decay")
BROKEN_GUARD = report(
    WINNER,
    "LOSS",
    WINNING,
    title="Twice the width",
    rows=(
        primary(WINNER),
        MetricRow(
            MINUTES.name, "minimize", MINUTES.baseline, Sample((81.0, 82.5, 80.4)),
            Interval(39.7, 37.9, 41.5, 0.025), "15%", False,
        ),
    ),
    why="The guard `train/minutes` does not hold.",
)  # fmt: skip
NOT_COMPARABLE = report(
    WINNER,
    "NOT_COMPARABLE",
    WINNING,
    why="It changes the judge: `src/metrics/dice.py`.",
    files={"src/metrics/dice.py": (3, 1), "src/model.py": (2, 2)},
    parity=(
        Parity("evaluation code", "as it was", "`src/metrics/dice.py`", "not comparable"),
        *PARITY[1:3],
        Parity("device", "NVIDIA A100 80GB", "NVIDIA A100 40GB", "differs"),
        Parity("torch", "2.13.0", "", "unknown"),
        *PARITY[5:],
    ),
)
WRONG_SETTING = report(
    WINNER,
    "INVALID",
    WINNING,
    why="Seed 2 was asked for `model.ema_decay=0.999` and trained with `0.99`.",
    rows=(primary(WINNER), MEMORY),
)
REPORT_EXAMPLES: dict[str, Reply] = {
    "report_win": WIN,
    "report_win_cautions": LUCKY,
    "report_undecided": UNDECIDED,
    "report_futile": FUTILE,
    "report_loss": LOSS,
    "report_loss_by_another": LOSS_BY_ANOTHER,
    "report_win_by_another": WIN_BY_ANOTHER,
    "report_no_gain": NO_GAIN,
    "report_broken_guard": BROKEN_GUARD,
    "report_not_comparable": NOT_COMPARABLE,
    "report_invalid": WRONG_SETTING,
    "stale": Stale(
        "baseline-v6",
        "baseline-v7",
        f"{REPOSITORY}/releases/tag/baseline-v7",
        "main",
        price(5),
        "### ✅ WIN · val/dice +0.0041 (+0.0011 to +0.0071)\nNext: `/merge`",
    ),
}
