"""What stands between a proposal and its being carried out: locks, the head, a dry run, `/yes`."""

from dataclasses import replace

from bot.commands import COMMANDS, Command
from bot.comments import plain
from bot.core.desk import Question, What
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten
from bot.grammar import MOST_LETTERS, written
from bot.handlers.lock import check_locks
from bot.handlers.proposal import Proposal, carry_out
from bot.ports import World
from bot.replies import Asked, DryRun, Noted, Plan


def admit(
    world: World,
    event: CommentWritten,
    command: Command,
    proposal: Proposal,
    question: Question | None = None,
) -> DryRun | Asked | Noted | None:
    """Carry a proposal out, unless something stands against it or it is only to be shown.

    Args:
        world: the ports.
        event: who asks, where; for a confirmed command, the `/yes`.
        command: what is asked.
        proposal: what the command would do.
        question: what was confirmed by `/yes`; None for a command that nobody was asked about.

    Returns:
        What is to be answered; None if the ring behind it answers, or it was carried out before.

    Raises:
        UserError: it is locked, the head moved, or something else than this was confirmed.
    """
    desk = proposal.before.desk
    if event.comment_id in desk.answered:
        return None
    whats: tuple[What, ...] = ("pr", *COMMANDS[command.name].locks)
    check_locks(world, desk, whats, proposal.experiment.place, event.author)
    plan = planned(world, command, proposal)
    if question is None:
        _check_head(world, event, command, proposal)
        asks = _is_dear(world, proposal)
        if command.dry_run:
            return DryRun(plan, asks)
        if asks:
            return _ask(world, event, proposal, plan)
        carry_out(world, proposal)
        return proposal.reply
    if _bound(event, plan, proposal, until=question.until) != question.but(
        comment_id=event.comment_id
    ):
        again = code(question.text, MOST_LETTERS)
        raise UserError(
            f"What you were asked about is not what {again} would do now: the head, the baseline, "
            f"the seeds, the queue or the price changed. Nothing was done; write {again} again."
        )
    carry_out(world, proposal, desk.confirmed(question, event.comment_id))
    return proposal.reply


def planned(world: World, command: Command, proposal: Proposal) -> Plan:
    """What a proposal would do, in the words of a reply."""
    attempt = proposal.attempt
    return Plan(
        command=written(replace(command, dry_run=False), world.config.commands.prefix),
        does=proposal.does or COMMANDS[command.name].does,
        commit=attempt.commit if attempt else proposal.head,
        branch=proposal.experiment.branch,
        queue=attempt.queue if attempt else None,
        seeds=tuple(run.seed for run in attempt.runs if not run.ended) if attempt else (),
        kept=tuple(run.seed for run in attempt.runs if run.ended) if attempt else (),
        overrides=attempt.overrides if attempt else {},
        baseline=attempt.baseline if attempt else None,
        price=proposal.price,
    )


def _check_head(world: World, event: CommentWritten, command: Command, proposal: Proposal) -> None:
    """Check that the branch points where it pointed when the command was written."""
    exact = "commit" in command.arguments
    if proposal.head is None or event.written_at is None or exact:
        return
    stood = world.forge.stood(proposal.experiment.branch, event.written_at)
    if stood not in (None, proposal.head):
        raise UserError(
            f"{code(proposal.experiment.branch)} pointed at `{stood[:7]}` when you wrote this, and "
            f"points at `{proposal.head[:7]}` now. Nothing was done; look at what was pushed, then "
            f"write {code(written(command, world.config.commands.prefix), MOST_LETTERS)} again."
        )


def _is_dear(world: World, proposal: Proposal) -> bool:
    budget = world.config.budget
    if proposal.attempt is None and proposal.price is None:
        return False
    runs = [run for run in proposal.attempt.runs if not run.ended] if proposal.attempt else []
    dear = proposal.price and proposal.price.above(budget.ask_above, budget.ask_above_gpu_hours)
    return bool(dear) or len(runs) > budget.ask_above_seeds


def _bound(event: CommentWritten, plan: Plan, proposal: Proposal, until: float) -> Question:
    """A question, bound to the commit, the baseline, the seeds and the price that it names."""
    attempt = proposal.attempt
    return Question(
        place=event.place,
        person=event.author,
        comment_id=event.comment_id,
        text=plan.command,
        until=until,
        commit=plan.commit,
        baseline=plan.baseline,
        seeds=attempt.seeds if attempt else (),
        queue=plan.queue,
        price=plan.price,
    )


def _ask(world: World, event: CommentWritten, proposal: Proposal, plan: Plan) -> Asked:
    """Write down what a `/yes` would confirm; a command delivered again asks nothing new."""
    minutes = world.config.commands.yes_within_minutes
    now, desk = world.clock.now(), proposal.before.desk
    if not any(q.comment_id == event.comment_id for q in desk.questions):
        question = _bound(event, plan, proposal, now + minutes * 60)
        world.forge.write_ledger(
            proposal.before,
            proposal.before.with_desk(desk.asked(question, now)),
            f"#{event.place}: {event.author} is asked about {plain(plan.command)}",
        )
    return Asked(plan, event.author, minutes)
