"""What has waited in a queue for too long: on whom it waits, and what will never begin."""

from collections.abc import Mapping, Sequence

from bot.core.attempt import Attempt, Run
from bot.core.experiment import Experiment
from bot.core.queue import Queued, holdup
from bot.core.runs import ObservedRun
from bot.ports import World
from bot.sections import Queue

UNSTARTED = (
    "an agent took it and no W&B run began: the program ended before wandb.init, and only the "
    "agent's log says why"
)
DELETED = "its item was deleted from the queue"
REFUSED = "the agent could not start it, and its log says why"


def lost_patience(
    world: World, seen: Sequence[Experiment], observed: Mapping[str, ObservedRun]
) -> tuple[Experiment, ...]:
    """Look into the queues where runs have waited for too long: one request for each queue.

    Args:
        world: the ports.
        seen: experiments whose latest attempt is being trained.
        observed: what W&B knows of their runs.
    """
    now = world.clock.now()
    late = {e.number: _late(world, e.latest, observed, now) for e in seen if e.latest}
    items: dict[str, list[str]] = {}
    for each in seen:
        if each.latest and late[each.number]:
            items.setdefault(each.latest.queue, []).extend(
                r.item for r in late[each.number] if r.item
            )
    queues = {queue: world.tracker.queued(queue, asked) for queue, asked in items.items()}
    agents = world.tracker.agents() if queues else ()
    found = []
    for each in seen:
        attempt = each.latest
        assert attempt is not None
        stuck, runs = "", attempt.runs
        if some := late[each.number]:
            queue = queues[attempt.queue]
            over = (
                attempt.limit_seconds is not None and _waited(attempt, now) > attempt.limit_seconds
            )
            runs = tuple(_found(run, queue, over) if run in some else run for run in runs)
            stuck = holdup(queue, agents, _training(seen, attempt.queue), now)
        found.append(each.with_attempt(attempt.but(runs=runs, stuck=stuck)))
    return tuple(found)


def _late(
    world: World, attempt: Attempt, observed: Mapping[str, ObservedRun], now: float
) -> tuple[Run, ...]:
    """Runs that nobody has begun, though they were queued long ago."""
    settings = world.config.queues.get(attempt.queue) or Queue()
    if _waited(attempt, now) <= settings.patience_minutes * 60:
        return ()
    waiting = (r for r in attempt.runs if r.state == "queued" and not r.stop)
    return tuple(run for run in waiting if run.id not in observed)


def _waited(attempt: Attempt, now: float) -> float:
    return now - (attempt.pushed_at or now)


def _training(seen: Sequence[Experiment], queue: str) -> int:
    attempts = (e.latest for e in seen if e.latest and e.latest.queue == queue)
    return sum(run.state == "running" for attempt in attempts for run in attempt.runs)


def _found(run: Run, queue: Queued | None, over: bool) -> Run:
    """A run that will never begin is missing.

    An agent may take an item long before its machine is free, so that only a run's whole time
    tells.
    """
    if queue is None or not run.item:
        return run
    item = queue.item(run.item)
    if item is None:
        return run.but(state="missing", why=DELETED, unseen=True)
    if item.state == "failed":
        return run.but(state="failed", why=REFUSED)
    if item.state == "taken" and over:
        return run.but(state="missing", why=UNSTARTED, unseen=True)
    return run
