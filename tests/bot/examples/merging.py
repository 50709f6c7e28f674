"""What a merge says, and the release behind it."""

from bot.comments import render
from bot.core.attempt import Gain
from bot.core.cost import Amount
from bot.core.interval import Interval, Sample, welch
from bot.core.results import MetricRow
from bot.replies import Merged, MergeMessage, NotConfirmed, OpenPull, Released, ReleaseNotes, Reply
from tests.bot.examples.team import (
    BASELINE,
    COMMIT,
    DISTANCE,
    FIRST_LOOK,
    HELD_OUT,
    MINUTES,
    RELEASED,
    REPOSITORY,
    WANDB,
    WINNER,
    finished,
    price,
    primary,
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
    tested=COMMIT,
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
        OpenPull(49, "Wider decoder", "FAILED", None),
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
    command="python train.py model.ema_decay=0.999 seed=101",
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
    command="python train.py seed=1",
)
MERGING_EXAMPLES: dict[str, Reply] = {
    "not_confirmed": NotConfirmed(
        "val/dice", welch(Sample((0.8420, 0.8431, 0.8409)), BASELINE, 0.05),
        finished(Sample((0.8420, 0.8431, 0.8409)), "lh-41-2", 101), "baseline-v6", "val/dice",
    ),
    "not_confirmed_for_another": NotConfirmed(
        "val/dice", welch(Sample((0.8301, 0.8322, 0.8295)), BASELINE, 0.05),
        finished(Sample((0.8301, 0.8322, 0.8295)), "lh-41-2", 101), "baseline-v6", "val/iou",
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
}  # fmt: skip
