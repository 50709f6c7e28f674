"""Every key that a run logs: its meaning, formula, unit and source; no other key is logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

When = Literal["epoch", "window", "summary", "picture"]
WHEN: dict[When, str] = {
    "epoch": "each epoch",
    "window": "within an epoch",
    "summary": "once",
    "picture": "now and then, and at the end",
}


@dataclass(frozen=True)
class Key:
    """One metric.

    Attributes:
        when: How it is logged: a row for each epoch, a row within a long one, once in the summary,
            or as a picture or a table.
        meaning: What it measures.
        formula: How it is calculated.
        unit: Of the number; nothing for shares, counts and texts.
        source: Where the formula stands.
        only: The case in which it is logged; nothing if always.
    """

    when: When
    meaning: str
    formula: str
    unit: str = ""
    source: str = ""
    only: str = ""


MACRO_F1 = "arXiv 1911.03347, section 2, the mean of F1"
ECE = "Guo et al. 2017, arXiv 1706.04599, equation 3"
FAILS = "it fails"

KEYS = {
    "epoch": Key("epoch", "how far training is", "passes over the training split, from 1"),
    "train/loss": Key("epoch", "how well it fits, as trained", "mean of loss.training_loss", "nat"),
    "train/acc": Key("epoch", "share answered correctly, as trained", "Σ[argmax = y] ÷ n"),
    "train/grad_norm": Key(
        "epoch", "longest gradient of the epoch, before clipping", "max over steps of ‖∇‖₂"
    ),
    "train/clip_frac": Key(
        "epoch",
        "how often clipping acted",
        "steps with ‖∇‖₂ > train.clip ÷ steps; 0 if train.clip is 0",
        source="Pascanu et al. 2013, arXiv 1211.5063, algorithm 1",
    ),
    "train/lr": Key("epoch", "learning rate of the epoch's last step", "optim.learning_rate"),
    "train/micro_batch": Key(
        "epoch", "images at once in a process", "train.micro_batch, halved when memory runs out"
    ),
    "val/loss": Key("epoch", "how sure of the truth", "mean of −ln p(y), no smoothing", "nat"),
    "val/acc": Key(
        "epoch", "share of the validation split answered correctly", "Σ[argmax = y] ÷ n"
    ),
    "val/macro_f1": Key(
        "epoch",
        "precision and recall, every class counting alike",
        "mean of 2PR ÷ (P + R) over the classes that occur",
        source=MACRO_F1,
    ),
    "val/ece": Key(
        "epoch",
        "how far confidence is from accuracy",
        "Σ over 15 bins of n_b ÷ n · |acc_b − conf_b|",
        source=ECE,
    ),
    "val/gap": Key("epoch", "how much better it knows what it trained on", "train/acc − val/acc"),
    "perf/step_ms_p50": Key(
        "epoch", "how long a step takes", "median, without the process's first 10 steps", "ms"
    ),
    "perf/step_ms_p95": Key(
        "epoch", "how long a slow step takes", "95th percentile, of the same steps", "ms"
    ),
    "perf/data_frac": Key("epoch", "time lost to data", "time waiting for batches ÷ wall time"),
    "perf/track_frac": Key("epoch", "time lost to tracking", "time inside the tracker ÷ wall time"),
    "perf/rss_gb": Key("epoch", "memory of the process", "peak of the resident set", "GB"),
    "perf/gpu_mem_gb": Key(
        "epoch", "memory of the GPU", "peak of torch's allocated memory", "GB", only="on a GPU"
    ),
    "window/loss": Key(
        "window", "train/loss since the row before", "mean", "nat", only="an epoch takes long"
    ),
    "window/grad_norm": Key(
        "window", "train/grad_norm so far in the epoch", "max", only="an epoch takes long"
    ),
    "window/lr": Key("window", "learning rate now", "as train/lr", only="an epoch takes long"),
    "window/samples_per_second": Key(
        "window", "speed since the row before", "images ÷ time", "1/s", only="an epoch takes long"
    ),
    "val/samples": Key(
        "picture",
        "what it answers: the same 16 images each time, and the 16 it does worst on",
        "worst: smallest p(y); a table of image, label, prediction, its probability",
    ),
    "figure/curves": Key(
        "picture", "learning curves", "loss and accuracy of each epoch", only="track.figures"
    ),
    "figure/confusion": Key(
        "picture", "which classes it confuses", "rows: truth, columns: answer", only="track.figures"
    ),
    "figure/worst": Key(
        "picture", "the images it does worst on", "as in val/samples", only="track.figures"
    ),
    "examples/val/acc": Key(
        "summary",
        "what the last val/acc is the mean of, for each original or patient of the split",
        "Σ[argmax = y] × originals ÷ n; a text of 0 and 1 if each image is an original",
        only="they are 20,000 at most",
    ),
    "test/loss": Key(
        "summary", "val/loss of the best checkpoint on test, once", "as val/loss", "nat"
    ),
    "test/acc": Key("summary", "val/acc of the best checkpoint on test, once", "as val/acc"),
    "test/acc_se": Key(
        "summary", "standard error of test/acc", "√(a(1 − a) ÷ n), a binomial share's"
    ),
    "test/n": Key("summary", "images that test/acc is a share of", "count"),
    "baseline/majority_acc": Key(
        "summary", "val/acc of no model at all", "share of the training split's largest class"
    ),
    "baseline/init_loss_ratio": Key(
        "summary", "val/loss before the first step; 1: knows nothing", "val/loss ÷ ln classes"
    ),
    "train/samples_seen": Key("summary", "images trained on", "sum of all steps' batches"),
    "perf/train_seconds": Key("summary", "training and validation", "wall time, all attempts", "s"),
    "perf/seconds_to_best": Key(
        "summary", "until the best val/acc", "wall time, all attempts", "s"
    ),
    "perf/samples_per_second": Key(
        "summary", "speed", "train/samples_seen ÷ perf/train_seconds", "1/s"
    ),
    "model/parameters": Key("summary", "trained numbers in the model", "count"),
    "data/n_train": Key("summary", "images of the training split", "count"),
    "data/n_val": Key("summary", "images of the validation split", "count"),
    "data/n_test": Key("summary", "images of the test split", "count"),
    "data/digest": Key(
        "summary", "content of the validation and test splits", "SHA-256, 2 × 12 digits"
    ),
    "data/train_digest": Key("summary", "content of the training split", "SHA-256, 12 digits"),
    "run/status": Key(
        "summary", "how it ended", "running, finished, stopped_early, or the failure's kind"
    ),
    "health/flags": Key(
        "summary", "what seems wrong with the run", "JSON: [{kind, epoch, evidence}]"
    ),
    "health/suggest": Key(
        "summary", "configuration patches for it", "JSON: [{why, set: {key: value}}]"
    ),
    "failure/kind": Key("summary", "how it failed", "health.Failure.kind", only=FAILS),
    "failure/step": Key("summary", "steps begun when it failed", "count", only=FAILS),
    "failure/message": Key("summary", "what went wrong, in one line", "text", only=FAILS),
    "failure/suggest": Key(
        "summary", "configuration patches", "JSON: [{why, set: {key: value}}]", only=FAILS
    ),
}


TITLE = """# What a run logs

Written by `python -m trainer metrics > docs/metrics.md`; nothing else is logged, and a test trains
and compares. The axis of all curves is `epoch`. Shares are from 0 to 1.
"""


class UndeclaredKeyError(KeyError):
    """A key was logged that KEYS does not explain, or at another time than it says."""


def declared(values: Mapping[str, Any], when: When) -> dict[str, Any]:
    """Gives the values back.

    Raises:
        UndeclaredKeyError: One of them is not declared for that time.
    """
    for key in values:
        if key != "epoch" and (key not in KEYS or KEYS[key].when != when):
            raise UndeclaredKeyError(f"{key} is not declared for the {when} in {__name__}")
    return dict(values)


def table() -> str:
    """All keys in Markdown, as `docs/metrics.md` holds them."""
    head = ("W&B key", "What it measures", "How it is calculated", "Unit", "When", "Source")
    rows = [head, ("---",) * len(head)]
    for name, key in KEYS.items():
        when = WHEN[key.when] + (f"; only if {key.only}" if key.only else "")
        rows.append((f"`{name}`", key.meaning, key.formula, key.unit, when, key.source))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([TITLE, *lines, ""])


def main(_arguments: list[str]) -> int:
    """The verb `metrics`: prints the table; returns the exit code."""
    print(table(), end="")
    return 0
