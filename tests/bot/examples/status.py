"""What waits, trains and has ended."""

from dataclasses import replace

from bot.replies import (
    AttemptRuns,
    ListedRun,
    QueuedRow,
    QueueReport,
    Queues,
    Reply,
    Runs,
    Status,
    StatusRow,
)
from tests.bot.examples.team import RELEASE_URL, WANDB

EMA = QueuedRow(47, "EMA of the weights", 4, "UnVuUXVldWVJdGVtOjE3", 11_400, "high", False)
NARROW = QueuedRow(49, "Wider decoder", 1, "UnVuUXVldWVJdGVtOjIx", 840, "medium", True)
BUSY = QueueReport(
    name="a100",
    holdup="busy",
    rows=(EMA, replace(EMA, seed=5, item=""), NARROW),
    others=2,
    training=3,
    agents=1,
    parallel=3,
    has_priorities=True,
)
ALONE = replace(
    BUSY, holdup="no agent", rows=(EMA,), others=0, training=0, agents=0, has_priorities=False
)
EMPTY = replace(BUSY, holdup="nothing", rows=(), others=0)


def _listed(seed: int, value: float | None) -> ListedRun:
    state = "running" if value is None else "finished"
    return ListedRun(
        seed, state, f"{WANDB}/runs/lh-47-s{seed}", value, None if value is None else 2532
    )


LATEST = AttemptRuns(
    2, "search", "3f9c1e2" + "0" * 33, None, (_listed(1, 0.8462), _listed(2, None))
)
FIRST = AttemptRuns(
    1, "search", "77ac90d" + "0" * 33, "UNDECIDED", (_listed(1, 0.8431), _listed(2, 0.8444))
)
LISTED = Runs("val/dice", (LATEST, FIRST), 0, 0, (), "", "", f"{WANDB}/groups/lh-47-2")
STATUS_EXAMPLES: dict[str, Reply] = {
    "status": Status(
        "baseline-v6",
        RELEASE_URL,
        (
            StatusRow(47, "EMA of the weights", 1, None, {"finished": 3, "running": 2}),
            StatusRow(49, "Wider decoder", 1, "FAILED", {"finished": 4, "failed": 1}),
            StatusRow(52, "Mixup", 0, None, {}),
        ),
    ),
    "status_empty": Status(None, "", ()),
    "queues": Queues((BUSY, EMPTY), "acme"),
    "queues_no_agent": Queues((EMPTY, ALONE), "acme"),
    "queues_both": Queues((BUSY, replace(ALONE, name="h100", holdup="unknown", agents=2)), "acme"),
    "queues_empty": Queues((EMPTY, replace(EMPTY, name="h100", holdup="no queue")), "acme"),
    "runs": LISTED,
    "runs_marked": replace(
        LISTED, attempts=(LATEST,), marked=1, tags=("odd", "ablation"), note="odd", group="mine"
    ),
}
