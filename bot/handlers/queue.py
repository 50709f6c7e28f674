"""`/queue`: what waits in W&B's queues and on whom; and how it is taken back, or hurried."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands import Command
from bot.core.attempt import Attempt, Run
from bot.core.book import asked
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.numbers import ranges
from bot.core.queue import LEVELS, Agent, Queued, holdup
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.proposal import Proposal
from bot.handlers.stop import stopping
from bot.ports import World
from bot.replies import Noted, QueuedRow, QueueReport, Queues


def queue(world: World, event: CommentWritten, command: Command) -> Queues | Proposal | None:
    """Show the queues; with `cancel=` or `priority=`, propose what is to become of what waits.

    Raises:
        UserError: there is no such item, or W&B cannot do it.
    """
    ledger = world.forge.read_ledger()
    given = command.arguments
    if "cancel" in given and "priority" in given:
        raise UserError("`cancel=` and `priority=` are two commands: write one of them.")
    if "cancel" in given:
        return _cancel(world, event, ledger, given["cancel"])
    if "priority" in given:
        return _prioritise(world, event, ledger, command)
    agents = world.tracker.agents()
    return Queues(
        tuple(_report(world, ledger, name, agents) for name in world.config.queues),
        world.config.wandb.entity,
    )


def _cancel(world: World, event: CommentWritten, ledger: Ledger, what: str) -> Proposal | None:
    """Propose to stop one item, or all that waits of a PR; what runs is left alone."""
    place = _place(what)
    for experiment in ledger.experiments.values():
        if event.comment_id in experiment.answered:
            return None
        chosen = [
            run.id
            for run in (experiment.latest.runs if experiment.latest else ())
            if run.state in ("waiting", "pushing", "queued")
            and (place in (experiment.number, experiment.pull) if place else run.item == what)
        ]
        proposal = stopping(world, event, ledger, experiment, chosen, "")
        if proposal:
            return replace(proposal, does=f"take back what waits as {code(what)}")
    raise UserError(
        f"Nothing of #{place} waits in a queue."
        if place
        else f"No run in the lab book waits as {code(what)}. `/queue` lists the items; those of "
        "other people are deleted in W&B's own pages."
    )


def _prioritise(
    world: World, event: CommentWritten, ledger: Ledger, command: Command
) -> Proposal | None:
    """Propose to take back what waits of a PR, and to queue it again with another priority.

    W&B has no way to change an item, and keeps its place to itself: behind its equals.
    """
    place = _place(command.arguments.get("pr", "")) or event.place
    experiment = ledger.at(place)
    attempt = experiment.latest if experiment else None
    if experiment and event.comment_id in experiment.answered:
        return None
    runs = attempt.runs if attempt else ()
    waiting = [run for run in runs if run.state == "queued" and not run.stop]
    if experiment is None or attempt is None or not waiting:
        raise UserError(f"Nothing of #{place} waits in a queue.")
    queued = world.tracker.queued(attempt.queue, [])
    if queued is None or not queued.has_priorities:
        raise UserError(
            f"The queue `{attempt.queue}` has no priorities in W&B: its agents take the oldest "
            "first. They are switched on in the queue's settings there (prioritization)."
        )
    priority = next(name for name in LEVELS if name == command.arguments["priority"])
    again = tuple(run.but(state="pushing") if run in waiting else run for run in runs)
    after = experiment.with_attempt(attempt.but(runs=again, priority=priority))
    after = after.but(answered=(*experiment.answered, event.comment_id))
    message = f"#{experiment.number}: {event.author} sets the priority {priority}"
    seeds = f"{_seeds(waiting)} of #{place}"
    said = f"{seeds} {'goes' if len(waiting) == 1 else 'go'} back into `{attempt.queue}` with"
    return Proposal(
        ledger,
        after,
        asked(message, event.author, event.comment_id),
        does=f"queue {seeds} again with the priority {priority}",
        reply=Noted(f"{said[0].upper()}{said[1:]} the priority {priority}. `/queue` shows it."),
    )


def _seeds(runs: Sequence[Run]) -> str:
    return f"seed{'' if len(runs) == 1 else 's'} {ranges([run.seed for run in runs])}"


def _report(world: World, ledger: Ledger, name: str, agents: tuple[Agent, ...]) -> QueueReport:
    ours = [
        (experiment, attempt, run)
        for experiment in ledger.experiments.values()
        for attempt in experiment.attempts
        for run in attempt.runs
        if attempt.queue == name and not run.ended
    ]
    items = [run.item for _, _, run in ours if run.item and run.state == "queued"]
    queued = world.tracker.queued(name, items)
    training = sum(run.state == "running" for _, _, run in ours)
    now = world.clock.now()
    rows = tuple(_rows(world, queued, ours, now))
    known = {row.item for row in rows}
    others = [item for item in (queued.waiting if queued else ()) if item.id not in known]
    return QueueReport(
        name=name,
        holdup=holdup(queued, agents, training, now),
        rows=rows,
        others=len(others),
        training=training,
        agents=sum(agent.lives(now) for agent in agents),
        parallel=world.config.queues[name].parallel,
        has_priorities=bool(queued and queued.has_priorities),
    )


def _rows(
    world: World,
    queued: Queued | None,
    ours: list[tuple[Experiment, Attempt, Run]],
    now: float,
) -> Iterator[QueuedRow]:
    for experiment, attempt, run in ours:
        item = queued.item(run.item) if queued and run.item else None
        if run.state != "queued" or (item and item.state != "waiting"):
            continue
        configured = world.config.queues.get(attempt.queue)
        yield QueuedRow(
            place=experiment.place,
            title=experiment.title,
            seed=run.seed,
            item=run.item,
            waits_seconds=now - (attempt.pushed_at or attempt.asked_at),
            priority=attempt.priority or (configured.priority if configured else None) or "medium",
            is_stopping=run.stop is not None,
        )


def _place(text: str) -> int | None:
    """The number of an issue or a PR, written with or without `#`."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isdecimal() else None
