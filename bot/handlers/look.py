"""See what changed in W&B and on GitHub since the last ring, and write down what follows."""

import logging
from collections.abc import Collection, Iterable, Mapping

from bot.core.attempt import Attempt, Run, Stop
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.runs import ObservedRun
from bot.core.watch import Watch, begun, followed, looked, may_begin, stopped, taken_out
from bot.errors import UserError
from bot.handlers import judging, progress
from bot.handlers.comparing import mismatch
from bot.handlers.patience import lost_patience
from bot.handlers.pricing import settled
from bot.handlers.prospect import is_futile
from bot.handlers.taking_back import take_back
from bot.ports import Stale, World

log = logging.getLogger(__name__)
CLOSED = "its PR is not open any more"
FUTILE = "a WIN is next to impossible, whatever the other seeds give"


def look(
    world: World, ledger: Ledger, chosen: Iterable[Experiment], *, closed: bool = False
) -> Ledger:
    """Ask once about all runs that have not ended; write down what is new, then stop what must end.

    Args:
        world: the ports.
        ledger: as it stands.
        chosen: the experiments to look at.
        closed: whether to ask GitHub which PRs are closed by now, if any of them trains.
    """
    chosen = tuple(chosen)
    observed = _observed(world, chosen)
    after = ledger
    for each in chosen:
        after = _left_behind(world, after, each, observed)
    chosen = tuple(after.experiments[e.number] for e in chosen)
    waiting = [e for e in chosen if e.latest and not (e.latest.verdict or e.latest.ended)]
    seen = [_advised(world, e, _looked(world, e, observed), observed) for e in waiting]
    failed = [e for e in chosen if e.latest and e.latest.verdict and not e.latest.ended]
    ended = []
    if closed and any(map(_trains, (*seen, *failed))):
        opened = world.forge.open_pulls()
        seen = _closed(world, seen, opened)
        after = after.put(*_closed(world, failed, opened), *_left(world, chosen, opened))
    for before, now in zip(waiting, lost_patience(world, seen, observed), strict=True):
        if now.latest and now.latest.ended:
            ended.append(now)  # the step that is due now shows it, and writes it down
        elif now != before:
            after = after.put(progress.show(world, now, observed))
    try:
        written = world.forge.write_ledger(ledger, after, "What W&B says of the runs")
    except Stale:
        _shown_anew(world, ledger, after, observed)
        raise
    going_on = {e.number for e in waiting} - {e.number for e in ended}
    return _stop(world, written, going_on).put(*ended)


def _observed(world: World, chosen: Iterable[Experiment]) -> Mapping[str, ObservedRun]:
    """What W&B knows of every run that has not ended, in one listing."""
    now, attempts = world.clock.now(), [a for e in chosen for a in e.attempts]
    # Of what is being pushed, W&B would be asked for a project that it may not have yet.
    ids = [r.id for a in attempts if not a.ended for r in a.trained if r.state != "pushing"]
    ids += [r.id for a in attempts if a.ended for r in a.runs if may_begin(r, now)]
    return world.tracker.observe(ids) if ids else {}


def _left_behind(
    world: World, ledger: Ledger, experiment: Experiment, observed: Mapping[str, ObservedRun]
) -> Ledger:
    """Follow the runs that are not needed any more, and pay for them once they have ended.

    Those that are to stop are asked at once: that was written down when they were given up.
    """
    now = world.clock.now()
    for attempt in filter(lambda each: each.verdict, experiment.attempts):
        going = begun(attempt, observed, now)
        left = going if going.ended else _ended(world, followed(going, observed, now))
        if left == attempt:
            continue
        experiment = experiment.with_attempt(left)
        if left == experiment.latest:
            experiment = progress.show(world, experiment, observed)
        ledger = settled(world, ledger.put(experiment), experiment.number, observed)
        experiment = ledger.experiments[experiment.number]
    return ledger


def _shown_anew(
    world: World, before: Ledger, after: Ledger, observed: Mapping[str, ObservedRun]
) -> None:
    """Show again what another job, which knows more, may have shown before we wrote over it."""
    for number, experiment in world.forge.read_ledger().experiments.items():
        shown = after.experiments.get(number) != before.experiments.get(number)
        if shown and experiment.latest and experiment.progress_id:
            progress.show(world, experiment, observed)


def _looked(
    world: World, experiment: Experiment, observed: Mapping[str, ObservedRun]
) -> Experiment:
    attempt = experiment.latest
    assert attempt is not None
    known = attempt.but(runs=tuple(run for run in attempt.trained if run.id in observed))
    watch = Watch(
        metric=judging.rules(world, experiment).metric.name,
        fence=world.config.train.fence,
        astray=bool(mismatch(known, observed)),
    )
    seen = looked(attempt, observed, watch, world.clock.now())
    if seen.waits_for and not waits(world, seen.commit, seen.waits_for):
        seen = seen.but(waits_for="")  # the check has ended, however it did
    return experiment.with_attempt(seen)


def _advised(
    world: World, before: Experiment, seen: Experiment, observed: Mapping[str, ObservedRun]
) -> Experiment:
    """Once another seed has finished, say whether a WIN is still within reach of the others."""
    attempt = seen.latest
    if attempt is None or _finished(seen) == _finished(before):
        return seen
    futile = is_futile(world, seen, observed)
    attempt = attempt.but(futile=futile)
    if futile and world.config.seeds.stop_when_futile:
        attempt = stopped(attempt, Stop(by="", why=FUTILE, at=world.clock.now()))
    return seen.with_attempt(attempt)


def _finished(experiment: Experiment) -> int:
    runs = experiment.latest.runs if experiment.latest else ()
    return sum(run.state == "finished" for run in runs)


def _trains(experiment: Experiment) -> bool:
    attempt = experiment.latest
    going = attempt is not None and not attempt.ended
    return going and experiment.pull is not None and experiment.phase == "open"


def _closed(world: World, seen: list[Experiment], opened: Collection[int]) -> list[Experiment]:
    """Stop what trains for a PR that is closed by now, its branch deleted or not."""
    stop = Stop(by="", why=CLOSED, at=world.clock.now())
    return [
        e.with_attempt(stopped(e.latest, stop)).but(phase="closing")
        if _trains(e) and e.latest and _is_closed(world, e, opened)
        else e
        for e in seen
    ]


def _left(world: World, chosen: Iterable[Experiment], opened: Collection[int]) -> list[Experiment]:
    """Put away what nothing is due for and whose PR is closed; `/launch` takes it out again."""
    return [
        e.but(phase="closed")
        for e in chosen
        if e.phase == "open" and not (e.intention or e.fix or e.given_up)
        if (e.latest is None or e.latest.verdict) and _is_closed(world, e, opened)
    ]


def _is_closed(world: World, experiment: Experiment, opened: Collection[int]) -> bool:
    """Whether a PR is closed for sure; the listing alone misses one that changes its page."""
    if experiment.pull is None or experiment.pull in opened:
        return False
    try:
        return not world.forge.pull(experiment.pull).is_open
    except UserError as error:  # GitHub hides the PRs of a person whom it takes for a spammer
        log.warning("#%s cannot be told to be closed: %s", experiment.pull, error)
        return False


def waits(world: World, commit: str, check: str) -> bool:
    """Whether a check on a commit has not ended yet."""
    return world.forge.check_state(commit, check) in (None, "queued", "in_progress")


def _stop(world: World, ledger: Ledger, numbers: Iterable[int]) -> Ledger:
    """End what was asked to stop and goes on; each ring asks again, until W&B confirms."""
    after = ledger
    for experiment in (ledger.experiments[number] for number in numbers):
        assert experiment.latest is not None
        after = after.put(experiment.with_attempt(_ended(world, experiment.latest)))
    return world.forge.write_ledger(ledger, after, "Taken out of the queue")


def _ended(world: World, attempt: Attempt) -> Attempt:
    """Ask W&B to end those of its runs that were asked to stop; what only waited ends at once."""
    asked = [run for run in attempt.runs if run.stop and not run.ended]
    for run in asked:
        if run.state == "running":
            _ask_to_stop(world, run)
    gone = take_back(world, attempt.queue, [run for run in asked if run.state == "queued"])
    runs = (taken_out(run) if run.id in gone else run for run in attempt.runs)
    return attempt.but(runs=tuple(runs))


def _ask_to_stop(world: World, run: Run) -> None:
    try:
        world.tracker.stop(run.id)
    except UserError:  # it counts as stopped after a while, and holds up nobody else's experiment
        log.exception("W&B does not stop %s", run.id)
