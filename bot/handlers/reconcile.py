"""The handler of every ring: look at the world, and take whatever steps are due."""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from zlib import crc32

from bot.comments import render
from bot.core.baseline import next_tag
from bot.core.experiment import Experiment, Intention
from bot.core.ledger import Ledger, Step, next_step
from bot.core.watch import doubted, may_begin
from bot.errors import UserError
from bot.handlers import check, leaderboard, progress
from bot.handlers.close import close
from bot.handlers.fix import commit
from bot.handlers.lock import holds_up
from bot.handlers.look import look
from bot.handlers.merge import merge
from bot.handlers.pricing import settled
from bot.handlers.propose import abandon, propose
from bot.handlers.push import push
from bot.handlers.release import release
from bot.handlers.report import report
from bot.handlers.stale import mark
from bot.ports import Stale, World
from bot.replies import Problem

log = logging.getLogger(__name__)
MOST_STEPS = 20
"""Far above what one ring can find to do for one experiment; a bug ends here."""


def reconcile(
    world: World,
    place: int | None = None,
    *,
    asked: bool = False,
    catch_up: Callable[[Ledger], bool] = lambda _: False,
) -> Ledger:
    """Take every step that is due; doing it twice changes nothing.

    An experiment whose step fails does not hold up the others: what it raised is raised at the
    end, when all that could be done is done.

    Args:
        world: the ports.
        place: the issue or PR to look at; None looks at everything that is open.
        asked: somebody asked for it: what was refused for good before is tried once more.
        catch_up: what a look at everything takes up besides; returns whether it has to come again.

    Returns:
        The ledger as it was last read or written.
    """
    asked = asked or place is not None
    taken: Counter[int] = Counter()
    aside: dict[int, Exception | None] = {}
    ledger = world.forge.read_ledger()
    ledger = look(world, ledger, _chosen(ledger, place, asked=False), closed=place is None)
    while after := _stepped(world, ledger, _chosen(ledger, place, asked=asked), taken, aside):
        ledger = look(world, after, _chosen(after, place, asked=False))
    if place is None:
        late = catch_up(ledger)
        ledger = world.forge.read_ledger() if late else ledger
        _keep_ringing(world, ledger, late=late)
    leaderboard.show(world, ledger)
    for error in filter(None, aside.values()):
        raise error
    return ledger


def _stepped(
    world: World,
    ledger: Ledger,
    chosen: Iterable[Experiment],
    taken: Counter[int],
    aside: dict[int, Exception | None],
) -> Ledger | None:
    """Take the first step that is due.

    Args:
        world: the ports.
        ledger: as it stands.
        chosen: some of its experiments.
        taken: how many steps were taken for each experiment in this ring.
        aside: experiments that this ring cannot help, with what was raised for them.

    Returns:
        The ledger behind it; None if none was due.
    """
    found = (_tried(world, ledger, each, taken, aside) for each in chosen)
    return next(filter(None, found), None)


def _tried(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    taken: Counter[int],
    aside: dict[int, Exception | None],
) -> Ledger | None:
    """Take the step that is due for one experiment."""
    number = experiment.number
    if number in aside or (step := _due(world, ledger, experiment)) is None:
        return None
    taken[number] += 1
    assert taken[number] <= MOST_STEPS, f"#{number}: {step} for ever"
    try:
        after, came_further = _take(world, ledger, experiment, step)
        if not came_further:
            aside[number] = None
        return after
    except Stale:
        raise  # somebody else wrote: everything is decided again
    except Exception as error:
        log.exception("#%s", number)
        aside[number] = error
    return world.forge.read_ledger()


def _keep_ringing(world: World, ledger: Ledger, *, late: bool) -> None:
    """Switch the schedule on as long as something will happen that nobody may tell us of.

    That is said in every ring, because another job may have said the opposite in between. Whoever
    decides something writes it down first and then switches the schedule on: so whatever was
    decided while it was being switched off is found behind that.
    """
    waits = late or _waits(world, ledger)
    world.forge.set_schedule(enabled=waits)
    if not waits and _waits(world, world.forge.read_ledger()):
        world.forge.set_schedule(enabled=True)


def _waits(world: World, ledger: Ledger) -> bool:
    """Whether anything is being done, is due, or is being trained, or may begin unknown to us."""
    now = world.clock.now()
    tag = ledger.baseline.tag if ledger.baseline else None
    return bool(ledger.desk.errands) or any(
        e.intention
        or next_step(e, tag)
        or not all(a.is_over for a in e.attempts)
        or any(run.lost and may_begin(run, now) for a in e.attempts for run in a.runs)
        for e in ledger.experiments.values()
    )


def _chosen(ledger: Ledger, place: int | None, *, asked: bool) -> tuple[Experiment, ...]:
    found = (e for e in ledger.experiments.values() if place in (None, e.number, e.pull))
    return tuple(e.but(refused="") if asked else e for e in found)


def _due(world: World, ledger: Ledger, experiment: Experiment) -> Step | None:
    """The step that is to be taken now, if no other workflow run has it in hand."""
    step = next_step(experiment, ledger.baseline.tag if ledger.baseline else None)
    held = experiment.intention
    if step is not None and _is_locked(world, ledger, experiment, step):
        return None
    if step is Step.MERGE and held is None and _is_merging(ledger):
        return None  # whichever comes second was not measured together with the first
    if step is None or held is None:
        return step
    own = held.workflow_run == world.environment.workflow_run and step is not Step.ABANDON
    if own or world.forge.ended(held.workflow_run):
        return step
    log.info("#%s: %s is held by workflow run %s", experiment.number, step, held.workflow_run)
    return None


def _is_merging(ledger: Ledger) -> bool:
    """Whether a winner is being merged, in whosever hands."""
    return any(e.phase == "merging" and e.intention for e in ledger.experiments.values())


def _is_locked(world: World, ledger: Ledger, experiment: Experiment, step: Step) -> bool:
    """Whether a lock of somebody else stands before a new baseline; a merge is always released."""
    begins = step is Step.MERGE or (step is Step.RELEASE and experiment.phase != "merged")
    attempt = experiment.latest
    if not (begins and attempt):
        return False
    if experiment.intention and experiment.pull and world.forge.pull(experiment.pull).merge_commit:
        return False  # cut off right behind the merge, which a lock cannot take back
    return holds_up(world, ledger.desk, experiment.place, attempt.asked_by)


def _take(world: World, ledger: Ledger, experiment: Experiment, step: Step) -> tuple[Ledger, bool]:
    """Claim a step, take it, and write down what came of it.

    Returns:
        The ledger behind it, and whether anything came of it.
    """
    own = world.environment.workflow_run
    claimed = experiment
    if step is not Step.ABANDON:  # which is known by the workflow run that was cut off
        claimed = experiment.but(intention=Intention(step=step, workflow_run=own))
    if step is Step.PUSH and experiment.intention and claimed.latest:
        claimed = claimed.with_attempt(doubted(claimed.latest))
    if step is Step.RELEASE:  # nobody else may take the tag while it is being published
        claimed = claimed.but(release=experiment.release or next_tag(ledger.tags))
    ledger = world.forge.write_ledger(
        ledger, ledger.put(claimed), f"#{experiment.number}: going to {step}"
    )
    log.info("#%s: %s", experiment.number, step)
    try:
        after = STEPS[step](world, ledger, claimed)
    except UserError as error:
        left = _given_up(claimed, step, ledger, str(error))
        _shown(world, claimed, left)
        after = ledger.put(left)
        key = f"{step.replace(' ', '-')}:{experiment.next_number - 1}:{crc32(str(error).encode())}"
        _say(world, experiment.place, key, Problem(str(error)))
        if left.latest and left.latest != claimed.latest and left.latest.verdict:
            check.concluded(world, left, left.latest.verdict, str(error))
    done = after.experiments[experiment.number].but(intention=None)
    after = settled(world, after.put(done).counted(experiment), experiment.number)
    message = f"#{experiment.number}: {step}, done"
    try:
        written = world.forge.write_ledger(ledger, after, message)
    except Stale:
        if step is not Step.PUSH:
            raise
        written = _written_beside(world, ledger, after, message)
    return written, done != experiment.but(intention=None) and not done.refused


def _written_beside(world: World, before: Ledger, after: Ledger, message: str) -> Ledger:
    """Write down what was queued beside what others wrote meanwhile, or it would be queued again.

    Raises:
        Stale: they wrote about the same.
    """
    for _ in range(MOST_STEPS):
        now = world.forge.read_ledger()
        if (joined := after.joined(before, now)) is None:
            break
        with contextlib.suppress(Stale):
            return world.forge.write_ledger(now, joined, message)
    raise Stale(message)


def _shown(world: World, before: Experiment, after: Experiment) -> None:
    """Say in the progress comment that an attempt was given up: it would say for ever `trains`."""
    attempt = after.latest
    if attempt and attempt != before.latest and after.progress_id:
        known = [run.id for run in attempt.trained if run.state not in ("missing", "skipped")]
        progress.show(world, after, world.tracker.observe(known) if known else {})


def _say(world: World, place: int, key: str, problem: Problem) -> None:
    """Tell a problem; where even that is impossible (the issue is gone), the log has it."""
    try:
        world.forge.say(place, key, render(problem, world.prefix), alone=True)
    except UserError:
        log.exception("#%s cannot be told: %s", place, problem.text)


def _given_up(experiment: Experiment, step: Step, ledger: Ledger, why: str) -> Experiment:
    """The state from which a person can go on after a step turned out to be impossible."""
    match step:
        case Step.PROPOSE | Step.ABANDON:
            return experiment.but(phase="stalled")
        case Step.FIX:
            return experiment.but(fix=None)
        case Step.MERGE:
            return experiment.but(phase="open")
        case Step.MARK_STALE:
            return experiment.but(stale=ledger.baseline.tag if ledger.baseline else None)
        case Step.RELEASE if experiment.phase == "merged":
            return experiment.but(refused=why)
    attempt = experiment.latest
    assert attempt is not None
    if step is Step.CLOSE:
        return experiment.with_attempt(attempt.but(verdict="CLOSED")).but(phase="closed")
    never = ("pushing", "waiting")
    runs = (r.but(state="skipped") if r.state in never else r for r in attempt.runs)
    invalid = attempt.but(runs=tuple(runs), verdict="INVALID")
    return experiment.with_attempt(invalid).but(release=None)


STEPS: Mapping[Step, Callable[[World, Ledger, Experiment], Ledger]] = {
    Step.ABANDON: abandon,
    Step.PROPOSE: propose,
    Step.FIX: commit,
    Step.PUSH: push,
    Step.REPORT: report,
    Step.MERGE: merge,
    Step.RELEASE: release,
    Step.MARK_STALE: mark,
    Step.CLOSE: close,
}
