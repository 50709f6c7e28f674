"""Configuration patches for what ails a run: `[{"why", "set"}]`, the best first, all valid.

`why` is a clause without a full stop, as a commit's subject and a sentence can take it. A remedy
that changes no setting, like starting again, has an empty `set`.
"""

import os
from collections.abc import Mapping
from typing import Any

CLIP = 1.0
"""The gradient norm to which a run is clipped that diverged, unless it was clipped shorter."""
HIGHEST_LR = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01, "muon": 0.01}
"""A step of Adam moves each weight by up to the learning rate, and weights here are near 0.1;
Muon's updates are scaled to the size of Adam's; with SGD 0.1 is where arXiv 1512.03385 starts."""
DECOUPLED = "adamw", "muon"
"""Optimizers whose weight decay is multiplied by the learning rate."""

Settings = Mapping[str, Any]
Patch = dict[str, Any]


def suggest(
    kind: str, settings: Settings, saved: int | None = None, first_nonfinite: str | None = None
) -> list[Patch]:
    """Patches that may cure a failure.

    Args:
        kind: Of the failure.
        settings: The failed run's, by dotted name; empty if they were not known yet.
        saved: Steps of the state on disk, None without one.
        first_nonfinite: As the record names it.
    """
    if kind == "preempted":
        return [_patch(f"the same run goes on from step {saved or 0} when it is started again")]
    if kind == "dist":
        return [_patch("another process was lost, which no setting cures: start it again")]
    if not settings:
        return []
    if kind == "nan":
        # Another learning rate makes a number of nothing that came in as none.
        return [] if first_nonfinite == "images" else [_tamer(settings)]
    if kind == "oom":
        return _lighter(settings)
    return [_patient(settings)] if kind == "hang" else []


def against_overfitting(settings: Settings) -> list[Patch]:
    """More variety in the images, then dropout, then weight decay, as far as there is more."""
    patches = []
    decoupled = settings["optim.kind"] in DECOUPLED
    if settings["augment.affine"] < 0.5:
        patches.append(_patch("distorting the images makes more of them", augment_affine=0.5))
    if settings["model.dropout"] < 0.5:
        patches.append(_patch("dropout keeps it from learning by heart", model_dropout=0.5))
    enough = 0.1 if decoupled else 5e-4
    if settings["train.weight_decay"] < enough:
        patches.append(_patch("weight decay keeps the weights small", train_weight_decay=enough))
    return patches or [_patch("fewer epochs end it before it overfits", train_patience=5)]


def against_stalling(settings: Settings) -> list[Patch]:
    """A smaller learning rate, then a model that can do more."""
    lower = _rounded(settings["train.lr"] * 0.1)
    patches = [_patch("a tenth of the learning rate gets below the plateau", train_lr=lower)]
    if "model.width" in settings:
        wider = 2 * settings["model.width"]
        patches.append(_patch("a model twice as wide can learn more", model_width=wider))
    return patches


def against_chance(settings: Settings, diverged: bool, learns: bool) -> list[Patch]:
    """For a run that knows no more than the most frequent class.

    Args:
        settings: Of the run.
        diverged: Whether its training loss is above what it began with.
        learns: Whether it gets better on the training split all the same.
    """
    lr, highest = settings["train.lr"], HIGHEST_LR[settings["optim.kind"]]
    if learns:
        return against_overfitting(settings)
    if settings["model.dropout"] > 0.8:
        return [_patch("dropout leaves too little to learn from", model_dropout=0.2)]
    pull = min(lr, highest) if settings["optim.kind"] in DECOUPLED else 1.0
    if settings["train.weight_decay"] * pull > 0.1:
        return [_patch("weight decay pulls all weights to zero", train_weight_decay=0.01)]
    if diverged or lr >= highest:
        return [_tamer(settings)]
    higher = _rounded(min(lr * 100, highest))
    return [_patch(f"nothing moves at train.lr={lr:g}: a higher learning rate", train_lr=higher)]


def against_a_bad_start(settings: Settings) -> list[Patch]:
    """For a first loss that is far from that of a guess."""
    warmup, clip = max(settings["train.warmup_epochs"], 1.0), settings["train.clip"]
    why = "a warm-up and clipping lead from a bad start to an ordinary one"
    return [_patch(why, train_warmup_epochs=warmup, train_clip=min(clip or CLIP, CLIP))]


def against_slow_input(settings: Settings) -> list[Patch]:
    """For a run that waits for its images."""
    cores = os.cpu_count() or 1
    if settings["threads"] < cores:
        return [_patch("more threads prepare images faster", threads=min(cores, 4))]
    twice = 2 * settings["train.batch"]
    return [_patch("larger batches cost less per image", train_batch=twice)]


def against_small_pieces(pieces: int) -> list[Patch]:
    """For a run whose memory ran out, and which went on with fewer images at once."""
    return [_patch("it begins with what fits", train_micro_batch=pieces)]


def _tamer(settings: Settings) -> Patch:
    lr, clip = settings["train.lr"], settings["train.clip"]
    highest = HIGHEST_LR[settings["optim.kind"]]
    cure = {
        "train_lr": min(_rounded(lr * 0.3), highest),
        "train_clip": min(clip or CLIP, CLIP),
    }
    if lr <= highest and settings["train.warmup_epochs"] < 1:
        cure["train_warmup_epochs"] = 1.0  # the rate alone was not what made it diverge
    why = "a smaller learning rate and gradient clipping keep it finite"
    return _patch(f"training diverged at train.lr={lr:g}; {why}", **cure)


def _lighter(settings: Settings) -> list[Patch]:
    """A smaller model or smaller images: the batch is in pieces of one image already."""
    patches = []
    if (size := settings.get("data.size", 0)) >= 64:
        patches.append(_patch("images of half the side take a quarter of it", data_size=size // 2))
    if "model.width" in settings:
        heads = settings.get("model.heads", 1)
        half = max(settings["model.width"] // 2 // heads, 1) * heads
        patches.append(_patch("a model of half the width takes less memory", model_width=half))
    if "model.widths" in settings:
        halves = [max(width // 2, 1) for width in settings["model.widths"]]
        patches.append(_patch("a model of half the width takes less memory", model_widths=halves))
    return patches


def _patient(settings: Settings) -> Patch:
    if settings["train.compile"]:
        return _patch("compiling may be what takes so long", train_compile=False)
    if settings["threads"] > 1:
        return _patch("one thread waits for no other", threads=1)
    return _patch("start it again: no setting is known to hang")


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")


def _patch(why: str, **values: Any) -> Patch:
    # A setting's section is one word; its own name may have several.
    return {"why": why, "set": {name.replace("_", ".", 1): value for name, value in values.items()}}
