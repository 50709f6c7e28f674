"""`/fix`: commit the change that a failed run suggests, and train again."""

from bot.comments import plain, render
from bot.core.book import asked
from bot.core.cost import Amount
from bot.core.experiment import Experiment, Fix
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.judging import current, settings_changed
from bot.handlers.plan import check_idle, check_pull, new_attempt, overrides_of
from bot.handlers.pricing import check, price
from bot.handlers.proposal import Proposal
from bot.handlers.propose import commit_settings
from bot.ports import World
from bot.replies import Fixed


def fix(world: World, event: CommentWritten) -> Proposal | None:
    """Propose what is to be committed and launched; the ring behind it does both.

    Raises:
        UserError: nothing failed here, or nothing is suggested.
    """
    ledger = world.forge.read_ledger()
    experiment = ledger.at(event.place)
    if experiment and event.comment_id in experiment.answered:
        return None
    attempt = experiment.latest if experiment else None
    if not (experiment and attempt and (attempt.purpose, attempt.verdict) == ("search", "INVALID")):
        raise UserError("There is no failed attempt here, so there is nothing to fix.")
    pull = world.forge.pull(event.place)
    check_pull(world, pull)
    check_idle(experiment)
    if pull.head != attempt.commit:
        raise UserError(
            f"What failed was `{attempt.commit[:7]}`, but the head of this PR is "
            f"`{pull.head[:7]}` now. `/launch` trains the new head."
        )
    if not attempt.failed:
        raise UserError("No run failed: the report says why it is not valid.")
    failure = world.tracker.failure(attempt.failed[0].id)
    if not failure.suggestion:
        raise UserError(
            f"Nothing is known that would remedy this ({code(failure.kind)}). "
            "Push a change to the branch, then `/launch`."
        )
    wanted = Fix(
        settings=dict(failure.suggestion),
        why=plain(failure.why),
        asked_by=event.author,
        comment_id=event.comment_id,
    )
    after = experiment.but(fix=wanted, answered=(*experiment.answered, event.comment_id))
    message = f"#{experiment.number}: {event.author} asks for the fix"
    more = price(world, current(world, ledger), len(attempt.runs), attempt.queue)
    check(world, ledger, experiment, event.author, Amount(gpu_usd=more.usd or 0.0))
    text = asked(message, event.author, event.comment_id)
    return Proposal(ledger, after, text, estimate=more, head=pull.head)


def commit(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Commit the suggestion on top of what failed, and plan the attempt that trains it."""
    wanted, failed = experiment.fix, experiment.latest
    assert wanted is not None
    assert failed is not None
    settings = ", ".join(f"{name}={value}" for name, value in wanted.settings.items())
    message = (
        f"Fix: {wanted.why or plain(settings)}\n\n"
        f"Suggested by the failed run of attempt {failed.number}."
    )
    head = commit_settings(world, experiment.branch, failed.commit, wanted.settings, message)
    baseline = current(world, ledger)
    reply = Fixed(
        commit=head,
        settings=settings_changed(world, failed.commit, wanted.settings),
        why=wanted.why,
    )
    world.forge.say(
        experiment.place, f"fixed:{wanted.comment_id}", render(reply, world.prefix), alone=True
    )
    attempt = new_attempt(
        world, ledger, experiment, "search", head, failed.seeds, wanted.asked_by, wanted.comment_id,
        overrides=overrides_of(world, baseline, head), baseline=baseline.tag,
    )  # fmt: skip
    return ledger.put(experiment.with_attempt(attempt).but(fix=None))
