"""How runs come to be trained, and how they end too early."""

from dataclasses import replace

from bot.core.price import Price
from bot.core.results import RunRow
from bot.replies import AlreadyLaunched, Closed, FailureReport, Fixed, Launched, Progress, Reply
from tests.bot.examples.team import COMMIT, REPOSITORY, SPENDING, WANDB, WINNER, finished, price


def _row(seed: int, state: str, note: str = "") -> RunRow:
    row = RunRow(seed, "queued", f"{WANDB}/runs/lh-41-1-s{seed}", None, note=note)
    return replace(row, state=state)


QUEUED = tuple(_row(seed, "queued") for seed in (1, 2, 3, 4, 5))
LAUNCHED = Launched(
    attempt=1,
    purpose="search",
    commit=COMMIT,
    overrides={"model.ema_decay": "0.999"},
    queue="a100",
    runs=QUEUED,
    kept=(),
    asked_by="octocat",
    price=price(5),
    group_url=f"{WANDB}/groups/lh-41-1",
)


CANARY = replace(
    LAUNCHED,
    runs=(_row(1, "queued"), _row(2, "waiting"), _row(3, "waiting")),
    price=price(3),
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
LAST_LINES = """\
Epoch 0:   0%|          | 0/240\rEpoch 0: 100%|██████████| 240/240 [01:51<00:00, train/loss=0.412]
\x1b[31mValidation: 0it [00:00, ?it/s]\x1b[0m
  File "src/model.py", line 118, in validation_step
    logits = self.decoder(features)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.25 GiB.
WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567
"""
FAILED = FailureReport(
    title="Wider decoder, 48 → 64 channels",
    commit="77ac90d1e2ab04d5e6f708192a3b4c5d6e7f8091",
    attempt=1,
    spending=replace(SPENDING, limit=None),
    runs=(
        *(
            RunRow(seed, "finished", f"{WANDB}/runs/lh-49-1-s{seed}", 9600, value)
            for seed, value in ((1, 0.8429), (2, 0.8441), (3, 0.8408), (5, 0.8436))
        ),
        RunRow(4, "failed", f"{WANDB}/runs/lh-49-1-s4", 240),
    ),
    failed_seeds=(4,),
    left_seeds=(4,),
    kind="oom",
    message="CUDA out of memory. Tried to allocate 2.25 GiB.",
    step=240,
    why="The first validation, on full images, needs 41.8 GiB; the card has 39.4.",
    suggestion={"data.val_batch_size": ("4", "2")},
    price_of_left=price(1),
    price_of_all=price(5),
    again="/launch only=failed",
    last_lines=LAST_LINES,
    log_url=f"{WANDB}/runs/lh-49-1-s4/logs",
    group_url=f"{WANDB}/groups/lh-49-1",
    workflow_url=f"{REPOSITORY}/actions/runs/11902",
)
ALL_FAILED = FailureReport(
    title="A learning rate of ten",
    commit="1212121e2ab04d5e6f708192a3b4c5d6e7f8091a",
    attempt=2,
    runs=tuple(RunRow(s, "failed", f"{WANDB}/runs/lh-50-2-s{s}", 12) for s in (1, 2, 3)),
    failed_seeds=(1, 2, 3),
    left_seeds=(1, 2, 3),
    kind="nan",
    message="",
    step=12,
    why="",
    suggestion={},
    price_of_left=Price(2.1, None, 7560),
    price_of_all=Price(2.1, None, 7560),
    again="/launch only=failed",
    last_lines="",
    log_url=f"{WANDB}/runs/lh-50-2-s1/logs",
    group_url=f"{WANDB}/groups/lh-50-2",
    workflow_url=f"{REPOSITORY}/actions/runs/11903",
)
BASELINE_FAILED = replace(
    FAILED,
    title="Baseline of main",
    suggestion={},
    why="",
    price_of_left=None,
    price_of_all=None,
    again="/baseline seeds=5",
)
TRAINING_EXAMPLES: dict[str, Reply] = {
    "launched": LAUNCHED,
    "launched_confirm": Launched(
        2, "confirm", COMMIT, {}, "a100",
        tuple(RunRow(s, "queued", f"{WANDB}/runs/lh-41-2-s{s}", None) for s in (101, 102, 103)),
        (), "hubot", price(3), f"{WANDB}/groups/lh-41-2",
    ),
    "launched_more": Launched(
        2, "search", COMMIT, {}, "a100", QUEUED[-1:], (1, 2, 3, 4), "octocat", price(1),
        f"{WANDB}/groups/lh-41-2",
    ),
    "launched_baseline": Launched(
        1, "baseline", COMMIT, {}, "a100", QUEUED, (), "hubot", None,
        f"{WANDB}/groups/lh-1-1",
    ),
    "already_launched": AlreadyLaunched(COMMIT, 1, "running", (1, 2, 3, 4, 5), None),
    "already_reported": AlreadyLaunched(COMMIT, 1, "reported", (1, 2, 3, 4, 5), "LOSS"),
    "progress": Progress(
        attempt=1,
        purpose="search",
        commit=COMMIT,
        runs=(
            RunRow(1, "finished", f"{WANDB}/runs/lh-41-1-s1", 9600, 0.8462),
            RunRow(2, "running", f"{WANDB}/runs/lh-41-1-s2", 2400, 0.8011),
            RunRow(3, "queued", f"{WANDB}/runs/lh-41-1-s3", None),
        ),
        metric="val/dice",
        group_url=f"{WANDB}/groups/lh-41-1",
        verdict=None,
    ),
    "progress_ended": Progress(
        1, "search", COMMIT, finished(WINNER, "lh-41-1"), "val/dice",
        f"{WANDB}/groups/lh-41-1", "WIN",
    ),
    "failure_report": FAILED,
    "failure_report_all": ALL_FAILED,
    "failure_report_baseline": BASELINE_FAILED,
    "fixed": Fixed(FAILED.commit, FAILED.suggestion, FAILED.why),
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
}  # fmt: skip
