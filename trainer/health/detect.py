"""What may be wrong with a run that goes on: looked for at each validation, never a failure."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trainer.health import remedies
from trainer.schema import Config

if TYPE_CHECKING:  # they need torch and W&B, and a rule needs neither
    from trainer.state import Progress
    from trainer.track import Tracker

LEARNT = 0.99
"""Training accuracy from which on no plateau is a stall."""
SIGMAS = 3
"""Standard deviations that count as luck."""

Row = Mapping[str, float]
"""What an epoch has logged."""

Flag = dict[str, Any]
"""One finding: `kind`, `epoch` in which it was first seen, `evidence`, and patches (`suggest`)."""


@dataclass(frozen=True)
class Ground:
    """What results are held against.

    Attributes:
        majority: Share of the validation split that its most frequent class has.
        images: Of the validation split.
        classes: How many there are.
        start: Validation loss before the first step, in units of ln(classes).
        data_share: Of the epoch's time that went into waiting for images.
    """

    majority: float
    images: int
    classes: int
    start: float
    data_share: float = 0.0

    @classmethod
    def of(cls, counts: Sequence[int], start: float) -> "Ground":
        """Of the images that each class has in the validation split."""
        return cls(max(counts) / sum(counts), sum(counts), len(counts), start)


def detect(rows: Sequence[Row], config: Config, ground: Ground, flags: list[Flag]) -> list[Flag]:
    """Looks at a run after an epoch.

    A run that overfits or stalls is not cured by what its schedule does later: such a flag stays.

    Args:
        rows: Of all epochs so far, at least one.
        config: Its settings and thresholds.
        ground: What is to be beaten.
        flags: Found after the epoch before.
    """
    before = {flag["kind"]: flag for flag in flags}
    found: list[Flag] = []
    for kind, (look, stays) in DETECTORS.items():
        seen = look(rows, config, ground)
        if seen and kind in before:
            seen["epoch"] = before[kind]["epoch"]
        if seen or (stays and kind in before):
            found.append(seen or before[kind])
        if seen and kind == "chance":
            break  # what has learnt nothing neither overfits nor stalls
    return found


def _overfits(rows: Sequence[Row], config: Config, _ground: Ground) -> Flag | None:
    """Validation got worse for some epochs, while training went on getting better."""
    health, now = config.health, rows[-1]
    best = min(rows, key=lambda row: row["val/loss"])
    # One epoch's loss is too noisy to be believed.
    loss = min(row["val/loss"] for row in rows[-health.overfit_epochs :])
    rise = loss / max(best["val/loss"], 1e-12) - 1
    if rise <= health.overfit_rise or now["train/loss"] >= 0.95 * best["train/loss"]:
        return None
    evidence = (
        f"val/loss {loss:.3g} is {rise:.0%} above its best, {best['val/loss']:.3g} in "
        f"epoch {best['epoch']:.0f}; train/loss fell from {best['train/loss']:.3g} to "
        f"{now['train/loss']:.3g}"
    )
    return _flag("overfit", now, evidence, remedies.against_overfitting(config.flat()))


def _stalls(rows: Sequence[Row], config: Config, _ground: Ground) -> Flag | None:
    """Neither loss gets better, though much is to be learnt and the steps are long."""
    health, now = config.health, rows[-1]
    recent, past = rows[-health.stall_epochs :], rows[: -health.stall_epochs]
    past = [row for row in past if row["epoch"] > config.train.warmup_epochs]
    if not past or now["train/acc"] >= LEARNT or now["train/lr"] <= 0.1 * config.train.lr:
        return None
    for loss in ("train/loss", "val/loss"):
        if min(row[loss] for row in recent) < (1 - health.stall_gain) * min(r[loss] for r in past):
            return None
    evidence = (
        f"in {health.stall_epochs} epochs neither loss got {health.stall_gain:.0%} better; "
        f"train/loss {now['train/loss']:.3g}, train/acc {now['train/acc']:.3g}"
    )
    return _flag("stall", now, evidence, remedies.against_stalling(config.flat()))


def _guesses(rows: Sequence[Row], config: Config, ground: Ground) -> Flag | None:
    """It answers no better than somebody who always names the most frequent class."""
    health, recent, now = config.health, rows[-config.health.chance_epochs :], rows[-1]
    if len(rows) < health.chance_epochs + config.train.warmup_epochs:
        return None
    share = ground.majority
    luck = SIGMAS * math.sqrt(share * (1 - share) / ground.images)
    limit, best = share + luck + health.chance_margin, max(row["val/acc"] for row in recent)
    if best >= limit:
        return None
    start = ground.start * math.log(ground.classes)
    learns = now["train/acc"] > limit + 0.1
    evidence = (
        f"val/acc {best:.3g} at most in {len(recent)} epochs, guessing gives up to {limit:.3g}; "
        f"train/loss {now['train/loss']:.3g}, {start:.3g} at the start"
    )
    patches = remedies.against_chance(config.flat(), now["train/loss"] > 1.2 * start, learns)
    if learns:
        evidence += "; it does learn the training split: are the validation labels right?"
    return _flag("chance", now, evidence, patches)


def _starts_badly(rows: Sequence[Row], config: Config, ground: Ground) -> Flag | None:
    """Before it has learnt anything, a model should be as good as a guess: loss ln C."""
    if abs(ground.start - 1) <= config.health.start_loss:
        return None
    evidence = (
        f"before the first step val/loss is {ground.start:.3g} × that of a guess, ln(classes)"
    )
    return _flag("start", rows[-1], evidence, remedies.against_a_bad_start(config.flat()))


def _waits(rows: Sequence[Row], config: Config, ground: Ground) -> Flag | None:
    """Much of the time nothing is computed, because the next images are not there."""
    if ground.data_share <= config.health.data_share:
        return None
    evidence = f"{ground.data_share:.0%} of the epoch's time went into waiting for images"
    return _flag("slow_input", rows[-1], evidence, remedies.against_slow_input(config.flat()))


def _shrank(rows: Sequence[Row], _config: Config, _ground: Ground) -> Flag | None:
    """Memory ran out, so it went on with fewer images at once."""
    first, now = rows[0]["train/micro_batch"], int(rows[-1]["train/micro_batch"])
    if now >= first:
        return None
    evidence = f"memory ran out: {now} images at once instead of {first:.0f}"
    return _flag("memory", rows[-1], evidence, remedies.against_small_pieces(now))


def _flag(kind: str, row: Row, evidence: str, patches: list[remedies.Patch]) -> Flag:
    return {"kind": kind, "epoch": row["epoch"], "evidence": evidence, "suggest": patches}


DETECTORS: dict[str, tuple[Callable[[Sequence[Row], Config, Ground], Flag | None], bool]] = {
    "start": (_starts_badly, True),
    "slow_input": (_waits, False),
    "memory": (_shrank, True),
    "chance": (_guesses, False),
    "overfit": (_overfits, True),
    "stall": (_stalls, True),
}
"""By kind: what looks for it, and whether it stays once it was seen."""


def tell(
    progress: "Progress", config: Config, ground: Ground, tracker: "Tracker", data_share: float
) -> None:
    """Looks at a run after an epoch, and says what is new to people and to W&B.

    Args:
        progress: After the epoch; its flags are brought up to date.
        config: The run's.
        ground: What results are held against.
        tracker: Of the run.
        data_share: As `Ground` has it.
    """
    before = [flag["kind"] for flag in progress.flags]
    ground = replace(ground, data_share=data_share)
    flags = detect(progress.rows, config, ground, progress.flags)
    for flag in flags:
        if flag["kind"] not in before:
            patch = flag["suggest"][0]
            changes = " ".join(f"{name}={value}" for name, value in patch["set"].items())
            advice = f"try {changes} ({patch['why']})"
            print(f"{flag['kind']}: {flag['evidence']}; {advice}", flush=True)
    if flags != progress.flags or len(progress.rows) == 1:
        shown = [{name: flag[name] for name in ("kind", "epoch", "evidence")} for flag in flags]
        patches = [patch for flag in flags for patch in flag["suggest"]]
        summary = {"health/flags": json.dumps(shown), "health/suggest": json.dumps(patches)}
        tracker.summary(summary)
    progress.flags = flags
