"""From an idea to its PR."""

from dataclasses import replace

from bot.replies import (
    Alternative,
    IdeaBody,
    Judging,
    NothingWritten,
    Opened,
    PullBody,
    Ready,
    Reply,
    Sight,
    Thanks,
    Writing,
)
from tests.bot.examples.team import RELEASE_URL, WORKFLOW, price

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
    first=Sight(5, 0.003191, price(5)),
    last=Sight(15, 0.002362, price(15)),
    hope=0.005,
)
BY_IOU = Alternative("val/iou", "maximize", "last", 0.003, 0.00406)
HYPOTHESIS = """\
Validation dice jumps by 0.004 between neighbouring epochs, so the last epoch is
a lottery ticket. Averaging should keep the level and remove the jumps."""
CHANGE = """\
Evaluate and save an exponential moving average of the weights (decay 0.999)
instead of the last weights."""
WROTE = "The weights are averaged after every step.\n\nBatch norm is updated after averaging."
IDEA_EXAMPLES: dict[str, Reply] = {
    "thanks": Thanks(),
    "writing": Writing("exp/41-ema-weights", "claude-sonnet-5-5", WORKFLOW),
    "nothing_written": NothingWritten("it edits `src/metrics/dice.py`, which judges", WORKFLOW),
    "ready": Ready(47, "exp/41-ema-weights", JUDGING, "0.005 on val/dice", WROTE),
    "ready_without_model": Ready(47, "exp/41-ema-weights", JUDGING, "", ""),
    "ready_by_any_of_two": Ready(
        47, "exp/41-ema-weights", replace(JUDGING, alternatives=(BY_IOU,)), "0.005 on val/dice", ""
    ),
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
    "opened": Opened(53),
    "idea_body": IdeaBody("a larger learning rate", {"optimizer.lr": "0.02"}, "octocat"),
    "idea_body_code": IdeaBody("EMA of the weights; ask @nobody", {}, "octocat"),
}
