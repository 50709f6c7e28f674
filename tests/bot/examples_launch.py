"""Replies about how runs come to be trained, and how they end too early."""

from dataclasses import replace

from bot.core.price import Price
from bot.core.results import RunRow
from bot.replies import Closed, Launched, Progress, Reply

WANDB = "https://wandb.ai/acme/retina"
COMMIT = "3f9c1e2ab04d5e6f708192a3b4c5d6e7f8091a2b"


def _row(seed: int, state: str, note: str = "") -> RunRow:
    row = RunRow(seed, "queued", f"{WANDB}/runs/lh-41-1-s{seed}", None, note=note)
    return replace(row, state=state)


CANARY = Launched(
    attempt=1,
    purpose="search",
    commit=COMMIT,
    overrides={"model.ema_decay": "0.999"},
    queue="a100",
    runs=(_row(1, "queued"), _row(2, "waiting"), _row(3, "waiting")),
    kept=(),
    asked_by="octocat",
    price=Price(2.1, 5.04, 7560),
    group_url=f"{WANDB}/groups/lh-41-1",
    waiting=(2, 3),
    metric="val/dice",
)
WAITING = Progress(
    attempt=1,
    purpose="search",
    commit=COMMIT,
    runs=(_row(1, "running"), _row(2, "waiting"), _row(3, "waiting")),
    metric="val/dice",
    group_url=f"{WANDB}/groups/lh-41-1",
    verdict=None,
    queue="a100",
    waiting=(2, 3),
)
STOPPING = replace(
    WAITING,
    runs=(
        _row(1, "running", "Labhand asks it to stop: seed 1 has diverged: train/loss is NaN"),
        _row(2, "killed", "by hubot: wrong data | wrong split"),
        _row(3, "missing", "W&B does not know it any more: it was deleted"),
    ),
    waiting=(),
    stopping=(1,),
)
LAUNCH_EXAMPLES: dict[str, Reply] = {
    "launched_canary": CANARY,
    "progress_canary": WAITING,
    "progress_image": replace(WAITING, waiting=(), waits_for="build-image"),
    "progress_stopping": STOPPING,
    "progress_futile": replace(WAITING, waiting=(), futile=True),
    **{
        f"progress_stuck_{stuck.replace(' ', '_')}": replace(WAITING, waiting=(), stuck=stuck)
        for stuck in ("no queue", "no agent", "busy", "unknown", "nothing")
    },
    "closed": Closed(attempt=1, stopped=(2, 3), kept=(1,)),
    "closed_with_nothing": Closed(attempt=2, stopped=(1,), kept=()),
}
