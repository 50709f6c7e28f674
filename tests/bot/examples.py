"""Replies as they really come, with the figures of the team that the README tells of."""

from dataclasses import replace
from typing import Any

from bot.comments import render
from bot.core.attempt import Gain
from bot.core.comparability import Parity
from bot.core.cost import Amount
from bot.core.diagnostics import Vital, Warned
from bot.core.examples import CAUTION, ByExample
from bot.core.interval import Interval, Sample, welch
from bot.core.price import Price
from bot.core.results import MetricRow, RunRow
from bot.core.runs import Point
from bot.core.spending import level
from bot.core.verdict import CLOSER
from bot.replies import (
    AlreadyLaunched,
    Earlier,
    FailureReport,
    Fixed,
    Help,
    Judging,
    Launched,
    Merged,
    MergeMessage,
    NotConfirmed,
    NothingWritten,
    OpenPull,
    Option,
    Problem,
    Progress,
    PullBody,
    Ready,
    Released,
    ReleaseNotes,
    Reply,
    Report,
    Sight,
    Stale,
    Standing,
    Status,
    StatusRow,
    Thanks,
    Trouble,
    Writing,
)
from tests.bot.examples_board import BOARD_EXAMPLES
from tests.bot.examples_budget import BUDGET_EXAMPLES, SPENDING
from tests.bot.examples_commands import COMMAND_EXAMPLES
from tests.bot.examples_launch import LAUNCH_EXAMPLES
from tests.bot.examples_queue import QUEUE_EXAMPLES

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
MEMORY = MetricRow("gpu/peak_gib", "minimize", Sample((31.2,)), Sample((31.5,)), None, "2", None)


def price(runs: int) -> Price:
    """Of so many runs of 42 minutes."""
    return Price.of(runs, 2520.0, 1, 2.40)


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


def report(sample: Sample, outcome: str, values: tuple[float, ...], **changes: Any) -> Report:
    fields: dict[str, Any] = {
        "outcome": outcome,
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
        "commit": "3f9c1e2ab04d5e6f708192a3b4c5d6e7f8091a2b",
        "baseline": "baseline-v6",
        "baseline_url": RELEASE_URL,
        "rows": (primary(sample), DISTANCE, MINUTES),
        "min_effect": 0.002,
        "next_command": "",
        "next_seeds": 0,
        "next_price": price(5),
        "why": "",
        "runs": finished(sample, "lh-41-1"),
        "baseline_runs": finished(BASELINE, "lh-6-1"),
        "curve": curve(values),
        "baseline_low": curve(LOW),
        "baseline_high": curve(HIGH),
        "settings": {"model.ema_decay": ("none", "0.999")},
        "files": {"src/model.py": (33, 6), "conf/model/unet.yaml": (8, 0)},
        "look": 1,
        "looks": 3,
        "spent": FIRST_LOOK,
        "by_example": None,
        "cautions": (),
        "standing": None,
        "seconds": 12630.0,
        "asked_by": "octocat",
        "attempt": 1,
        "group_url": f"{WANDB}/groups/lh-41-1",
        "workflow_url": WORKFLOW,
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
    standing=Standing(4, 5, 53, f"{REPOSITORY}/issues/7"),
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
        Earlier(2, "a41b77c0d1e2f3a4", 5, "INVALID", f"{REPOSITORY}/issues/47#issuecomment-1002"),
        Earlier(1, "9e0f1a2b3c4d5e6f", 5, "SUPERSEDED", ""),
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
JUDGING = Judging(
    metric="val/dice",
    goal="maximize",
    value="best",
    min_effect=0.002,
    guards={"val/hd95_mm": "0.15", "train/minutes": "15%"},
    baseline="baseline-v6",
    baseline_url=RELEASE_URL,
    baseline_seeds=10,
    seeds=(1, 2, 3, 4, 5),
    first=Sight(5, 0.002943, price(5)),
    last=Sight(15, 0.002311, price(15)),
    hope=0.005,
)
HYPOTHESIS = """\
Validation dice jumps by 0.004 between neighbouring epochs, so the last epoch is
a lottery ticket. Averaging should keep the level and remove the jumps."""
CHANGE = """\
Evaluate and save an exponential moving average of the weights (decay 0.999)
instead of the last weights."""
WROTE = "The weights are averaged after every step.\n\nBatch norm is updated after averaging."
QUEUED = tuple(RunRow(s, "queued", f"{WANDB}/runs/lh-41-1-s{s}", None) for s in JUDGING.seeds)
LAUNCHED = Launched(
    attempt=1,
    purpose="search",
    commit="3f9c1e2ab04d5e6f708192a3b4c5d6e7f8091a2b",
    overrides={"model.ema_decay": "0.999"},
    queue="a100",
    runs=QUEUED,
    kept=(),
    asked_by="octocat",
    price=price(5),
    group_url=f"{WANDB}/groups/lh-41-1",
)
GAIN = Gain(difference=0.0041, lower=0.0011, upper=0.0071, alpha=0.0335)
SMALL_GAIN = Gain(difference=0.0015, lower=-0.0007, upper=0.0037, alpha=0.0335)
MESSAGE = MergeMessage(
    title="EMA of the weights (#47)",
    summary="Averages the weights with decay 0.999 after every optimiser step, "
    "and updates batch norm after it.",
    metric="val/dice",
    searched=welch(WINNER, BASELINE, FIRST_LOOK),
    search_seeds=(1, 2, 3, 4, 5),
    confirmed=welch(HELD_OUT, BASELINE, 0.05),
    confirm_seeds=(101, 102, 103),
    baseline="baseline-v6",
    release="baseline-v7",
    idea=41,
    tested=LAUNCHED.commit,
    author="octocat",
)
RELEASE_NOTES = ReleaseNotes(
    tag="baseline-v7",
    metric="val/dice",
    goal="maximize",
    rows=(
        primary(RELEASED, 0.05),
        MetricRow(
            DISTANCE.name, "minimize", DISTANCE.baseline, Sample((2.24, 2.41, 2.28)),
            Interval(-0.054, -0.12, 0.012, 0.025), "0.15", True,
        ),
    ),
    previous="baseline-v6",
    title="EMA of the weights",
    pull=47,
    idea=41,
    author="octocat",
    merged_by="hubot",
    search=welch(WINNER, BASELINE, FIRST_LOOK),
    search_seeds=(1, 2, 3, 4, 5),
    confirmed=welch(HELD_OUT, BASELINE, 0.05),
    runs=finished(HELD_OUT, "lh-41-2", 101),
    history={"v1": 0.8121, "v2": 0.8240, "v3": 0.8335, "v4": 0.8412, "v6": 0.8412, "v7": 0.8465},
    open_pulls=(
        OpenPull(44, "Tversky loss", "WIN", GAIN),
        OpenPull(49, "Wider decoder", "INVALID", None),
        OpenPull(52, "Mixup", "UNDECIDED", SMALL_GAIN),
    ),
    again=price(5),
    again_seeds=5,
    default_branch="main",
    commit="c41d0b7e2ab04d5e6f708192a3b4c5d6e7f8091a",
    minutes=546.0,
    group_url=f"{WANDB}/groups/lh-41-2",
    environment={"torch": "2.13.0", "device": "A100 80 GB"},
    cost=Amount(gpu_hours=9.1, gpu_usd=21.84, model_usd=0.61),
    data="9f2c61d0a8e4",
    message=render(MESSAGE),
)  # fmt: skip
FIRST_RELEASE = ReleaseNotes(
    tag="baseline-v1",
    metric="val/dice",
    goal="maximize",
    rows=(
        MetricRow("val/dice", "maximize", None, BASELINE, None, None, None),
        MetricRow("train/minutes", "minimize", None, MINUTES.baseline, None, "15%", None),
    ),
    previous=None,
    title="Baseline of main",
    pull=None,
    idea=1,
    author="hubot",
    merged_by="hubot",
    search=None,
    search_seeds=(),
    confirmed=None,
    runs=finished(BASELINE, "lh-1-1"),
    history={"baseline-v1": BASELINE.mean},
    open_pulls=(),
    again=price(5),
    again_seeds=5,
    default_branch="main",
    commit="0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a",
    minutes=417.0,
    group_url=f"{WANDB}/groups/lh-1-1",
    environment={},
    cost=Amount(gpu_hours=7.0, gpu_usd=16.8),
    data="",
    message="",
)

EXAMPLES: dict[str, Reply] = {
    "problem": Problem("There is no `/lanch`. Did you mean `/launch`?"),
    "trouble": Trouble(WORKFLOW),
    "help": Help("| you write | it does |\n|:--|:--|\n| `/status` | look at W&B now |"),
    "thanks": Thanks(),
    "writing": Writing("exp/41-ema-weights", "claude-sonnet-5-5", WORKFLOW),
    "ready": Ready(47, "exp/41-ema-weights", JUDGING, "0.005 on val/dice", WROTE),
    "ready_without_model": Ready(47, "exp/41-ema-weights", JUDGING, "", ""),
    "pull_body": PullBody(
        idea=41,
        author="octocat",
        hypothesis=HYPOTHESIS,
        change=CHANGE,
        settings={"model.ema_decay": ("none", "0.999")},
        written=WROTE,
        expected="0.005 on val/dice",
        risks="Batch-norm statistics belong to the last weights, not to the average.",
        judging=JUDGING,
    ),
    "pull_body_bare": PullBody(41, "octocat", "", CHANGE, {}, "", "", "", JUDGING),
    "launched": LAUNCHED,
    "launched_confirm": Launched(
        2, "confirm", LAUNCHED.commit, {}, "a100",
        tuple(RunRow(s, "queued", f"{WANDB}/runs/lh-41-2-s{s}", None) for s in (101, 102, 103)),
        (), "hubot", price(3), f"{WANDB}/groups/lh-41-2",
    ),
    "launched_more": Launched(
        2, "search", LAUNCHED.commit, {}, "a100", QUEUED[-1:], (1, 2, 3, 4), "octocat", price(1),
        f"{WANDB}/groups/lh-41-2",
    ),
    "launched_baseline": Launched(
        1, "baseline", LAUNCHED.commit, {}, "a100", QUEUED, (), "hubot", None,
        f"{WANDB}/groups/lh-1-1",
    ),
    "already_launched": AlreadyLaunched(LAUNCHED.commit, 1, "running", (1, 2, 3, 4, 5), None),
    "already_reported": AlreadyLaunched(LAUNCHED.commit, 1, "reported", (1, 2, 3, 4, 5), "LOSS"),
    "progress": Progress(
        attempt=1,
        purpose="search",
        commit=LAUNCHED.commit,
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
        1, "search", LAUNCHED.commit, finished(WINNER, "lh-41-1"), "val/dice",
        f"{WANDB}/groups/lh-41-1", "WIN",
    ),
    "report_win": WIN,
    "report_win_cautions": LUCKY,
    "report_undecided": UNDECIDED,
    "report_futile": FUTILE,
    "report_loss": LOSS,
    "report_no_gain": NO_GAIN,
    "report_broken_guard": BROKEN_GUARD,
    "report_not_comparable": NOT_COMPARABLE,
    "report_invalid": WRONG_SETTING,
    "failure_report": FAILED,
    "failure_report_all": ALL_FAILED,
    "failure_report_baseline": BASELINE_FAILED,
    "fixed": Fixed(FAILED.commit, FAILED.suggestion, FAILED.why),
    "not_confirmed": NotConfirmed(
        "val/dice", welch(Sample((0.8420, 0.8431, 0.8409)), BASELINE, 0.05),
        finished(Sample((0.8420, 0.8431, 0.8409)), "lh-41-2", 101), "baseline-v6",
    ),
    "merged": Merged(
        RELEASE_NOTES.commit, "baseline-v7", f"{REPOSITORY}/releases/tag/baseline-v7",
        "val/dice", welch(HELD_OUT, BASELINE, 0.05), True,
    ),
    "merged_other_tree": Merged(
        RELEASE_NOTES.commit, "baseline-v7", f"{REPOSITORY}/releases/tag/baseline-v7",
        "val/dice", welch(HELD_OUT, BASELINE, 0.05), False,
    ),
    "merge_message": MESSAGE,
    "release_notes": RELEASE_NOTES,
    "release_notes_first": FIRST_RELEASE,
    "released": Released(
        "baseline-v1", f"{REPOSITORY}/releases/tag/baseline-v1", "val/dice", BASELINE,
        FIRST_RELEASE.commit, 417.0,
    ),
    "stale": Stale(
        "baseline-v6", "baseline-v7", f"{REPOSITORY}/releases/tag/baseline-v7", "main",
        "### ✅ WIN · val/dice +0.0041 (+0.0011 to +0.0071)\nNext: `/merge`",
    ),
    "status": Status(
        "baseline-v6",
        RELEASE_URL,
        (
            StatusRow(47, "EMA of the weights", 1, None, {"finished": 3, "running": 2}),
            StatusRow(49, "Wider decoder", 1, "INVALID", {"finished": 4, "failed": 1}),
            StatusRow(52, "Mixup", 0, None, {}),
        ),
    ),
    "status_empty": Status(None, "", ()),
    **COMMAND_EXAMPLES,
    **BOARD_EXAMPLES,
    **LAUNCH_EXAMPLES,
    **QUEUE_EXAMPLES,
    **BUDGET_EXAMPLES,
    "nothing_written": NothingWritten("it edits `src/metrics/dice.py`, which judges", WORKFLOW),
}  # fmt: skip
