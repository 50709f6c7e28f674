"""What a look at W&B changes in an attempt: states, the canary, and what has to be stopped."""

import itertools
import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from bot.core.attempt import Attempt, Run, RunState, Stop
from bot.core.runs import ObservedRun

DEAD_SECONDS = 30 * 60
"""W&B calls a run crashed after some silent minutes; one that it forgot shows as running for weeks
(https://github.com/wandb/wandb/issues/6779)."""
STOP_SECONDS = 10 * 60
"""A run that was asked to stop, and has not been confirmed by then, counts as stopped."""
FOLLOWED_SECONDS = 24 * 60 * 60
"""How long a run that was stopped unseen is looked for: an item that we lost may begin it."""
NONFINITE = ("NaN", "Infinity", "-Infinity")
"""How W&B writes in JSON what JSON has no number for."""


@dataclass(frozen=True)
class Watch:
    """What is looked at in runs that train.

    Attributes:
        metric: what a run must have logged once to have validated.
        fence: metric to the size beyond which a run has diverged.
        astray: whether a run trains something else than what was asked.
    """

    metric: str
    fence: Mapping[str, float] = field(default_factory=dict)
    astray: bool = False


def looked(
    attempt: Attempt, observed: Mapping[str, ObservedRun], watch: Watch, now: float
) -> Attempt:
    """Take over what W&B says of an attempt's runs, and decide what follows from it.

    Args:
        attempt: as it was written down.
        observed: what W&B knows, by run.
        watch: what is looked at.
        now: seconds since the epoch.
    """
    attempt = followed(attempt, observed, now)
    for seed, why in itertools.islice(_broken(attempt, observed, watch), 1):
        attempt = stopped(attempt, Stop(by="", why=why, at=now, seed=seed))
    return _follow(attempt, observed, watch)


def followed(attempt: Attempt, observed: Mapping[str, ObservedRun], now: float) -> Attempt:
    """Take over what W&B says of an attempt's runs, and let none train for too long."""
    runs = (_seen(_asked(run, attempt), observed.get(run.id), now) for run in attempt.runs)
    return attempt.but(runs=tuple(_in_time(run, observed, attempt, now) for run in runs))


def _asked(run: Run, attempt: Attempt) -> Run:
    """A run that somebody stopped before it was queued is not queued."""
    if run.stop is None or run.state not in ("waiting", "pushing"):
        return run
    # One that is being pushed may be in the queue already.
    if run.state == "pushing" and not attempt.waits_for:
        return run.but(state="queued", lost=run.lost or not run.item)
    return run.but(state="skipped")


def _seen(run: Run, seen: ObservedRun | None, now: float) -> Run:
    """One run with its state as it is now."""
    if run.ended or run.state == "waiting":
        return run
    late = run.stop is not None and now - run.stop.at > STOP_SECONDS
    if seen is None:
        if run.state == "running":
            return run.but(state="missing", why="W&B does not know it any more: it was deleted")
        return run.but(state="killed", unseen=True) if late else run
    run = run.but(lost=False)
    if seen.state in ("failed", "crashed", "killed"):
        by_hand = "in W&B, which does not tell by whom" if seen.state == "killed" else ""
        return run.but(state="killed") if run.stop else run.but(state=seen.state, why=by_hand)
    if seen.state == "running":
        if late:
            return run.but(state="killed", why="asked to stop, and never confirmed")
        if seen.heard is not None and now - seen.heard > DEAD_SECONDS:
            why = f"running for W&B, but not heard of for {DEAD_SECONDS // 60} minutes"
            return run.but(state="crashed", why=why)
    return run.but(state=seen.state)


def _in_time(run: Run, observed: Mapping[str, ObservedRun], attempt: Attempt, now: float) -> Run:
    """Ask a run to stop that trains for longer than it may."""
    seconds = observed[run.id].seconds if run.id in observed else None
    most = attempt.limit_seconds
    if run.state != "running" or run.stop or most is None or (seconds or 0.0) <= most:
        return run
    why = f"it trained for longer than the {most / 60:.3g} minutes that a run may take"
    return run.but(stop=Stop(by="", why=why, at=now, seed=run.seed))


def _broken(
    attempt: Attempt, observed: Mapping[str, ObservedRun], watch: Watch
) -> Iterator[tuple[int, str]]:
    """Say which seeds have diverged and how, so that no other seed needs to go on."""
    fence = {watch.metric: sys.float_info.max, **watch.fence}
    for run in attempt.runs:
        if run.id not in observed or run.state not in ("running", "failed"):
            continue
        summary = observed[run.id].summary
        if run.state == "failed" and summary.get("failure/kind") == "nan":
            yield run.seed, f"seed {run.seed} turned to NaN"
        for name, most in fence.items():
            value = summary.get(name)
            value = value.get("last") if isinstance(value, Mapping) else value
            if value in NONFINITE or (_is_number(value) and not abs(value) <= most):
                yield run.seed, f"seed {run.seed} has diverged: {name} is {value}"


def _follow(attempt: Attempt, observed: Mapping[str, ObservedRun], watch: Watch) -> Attempt:
    """Let the others follow the canary, or leave them where they are for good."""
    canary = [run for run in attempt.runs if run.state not in ("waiting", "skipped")]
    if all(run.state != "waiting" for run in attempt.runs):
        return attempt
    if all(_validated(run, observed.get(run.id), watch) for run in canary):
        return attempt.but(runs=_moved(attempt.runs, "pushing"))
    if any(run.ended and not _validated(run, observed.get(run.id), watch) for run in canary):
        return attempt.but(runs=_moved(attempt.runs, "skipped"))
    return attempt


def _moved(runs: Sequence[Run], state: RunState) -> tuple[Run, ...]:
    return tuple(run.but(state=state) if run.state == "waiting" else run for run in runs)


def _validated(run: Run, seen: ObservedRun | None, watch: Watch) -> bool:
    """Whether a run has logged a number for the metric that decides."""
    goes_on = run.state == "running" and not run.stop
    if seen is None or watch.astray or not (goes_on or run.state == "finished"):
        return False
    value = seen.summary.get(watch.metric)
    values = value.values() if isinstance(value, Mapping) else [value]
    return any(_is_number(v) and math.isfinite(v) for v in values)


def held_back(runs: Sequence[Run], canary: int) -> tuple[Run, ...]:
    """Let only so many of an attempt's runs go at first; all of them, where one has finished.

    Args:
        runs: those that are to be queued are still being pushed.
        canary: how many go alone; 0 lets all go.
    """
    if not canary or any(run.state == "finished" for run in runs):
        return tuple(runs)
    left = canary - sum(run.state in ("queued", "running") for run in runs)
    found = []
    for run in runs:
        if run.state == "pushing":
            left -= 1
            run = run.but(state="waiting") if left < 0 else run
        found.append(run)
    return tuple(found)


def stopped(
    attempt: Attempt, stop: Stop, seeds: Collection[int] | None = None, gone: Collection[str] = ()
) -> Attempt:
    """Mark runs as asked to stop; each ring asks W&B again until it confirms.

    Args:
        attempt: whose runs they are.
        stop: who asks, and why.
        seeds: which of them; None for all.
        gone: ids of runs whose item was taken out of the queue, so that nobody will begin them.
    """
    return attempt.but(
        runs=tuple(
            _stopped(run, stop, attempt, run.id in gone)
            if seeds is None or run.seed in seeds
            else run
            for run in attempt.runs
        )
    )


def _stopped(run: Run, stop: Stop, attempt: Attempt, gone: bool) -> Run:
    if run.ended:
        return run
    asked = _asked(run.but(stop=run.stop or stop), attempt)
    return taken_out(asked) if gone else asked


def doubted(attempt: Attempt) -> Attempt:
    """An attempt whose push was begun before, so that some of it may be in the queue already."""
    return attempt.but(
        runs=tuple(r.but(lost=True) if r.state == "pushing" else r for r in attempt.runs)
    )


def taken_out(run: Run) -> Run:
    """A run whose item was taken out of the queue before anybody began it."""
    return run.but(state="killed", unseen=True)


def may_begin(run: Run, now: float) -> bool:
    """Whether an item that we do not know may begin a run yet that counts as stopped."""
    return run.unseen and run.stop is not None and now - run.stop.at <= FOLLOWED_SECONDS


def begun(attempt: Attempt, observed: Mapping[str, ObservedRun], now: float) -> Attempt:
    """Take up again what began after it was stopped: it is stopped once more, now that it can be.

    Args:
        attempt: as it was written down.
        observed: what W&B knows, by run.
        now: seconds since the epoch.
    """
    return attempt.but(
        runs=tuple(
            run.but(state="running", unseen=False, lost=False, stop=run.stop.but(at=now))
            if run.stop and may_begin(run, now) and run.id in observed
            else run
            for run in attempt.runs
        )
    )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
