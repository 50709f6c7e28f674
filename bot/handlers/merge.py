"""`/merge`: confirm a win on held-out seeds, and merge it if it comes back."""

from bot.comments import render
from bot.core.baseline import next_tag
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers import judging
from bot.handlers.comparing import confirmed
from bot.handlers.measure import measure
from bot.handlers.plan import check_idle, check_pull, new_attempt
from bot.handlers.proposal import Proposal
from bot.handlers.release import win
from bot.ports import Pull, World
from bot.replies import MergeMessage


def confirm(world: World, event: CommentWritten) -> Proposal | None:
    """Propose the attempt that confirms a win; the ring behind it trains it, then merges.

    Raises:
        UserError: this is no WIN at the PR's present head against the present baseline.
    """
    ledger = world.forge.read_ledger()
    experiment = ledger.at(event.place)
    if experiment and event.comment_id in experiment.answered:
        return None
    pull = world.forge.pull(event.place)
    check_pull(world, pull)
    experiment = _winner(ledger, experiment, pull)
    searched = experiment.searched
    assert searched is not None
    attempt = new_attempt(
        world, ledger, experiment, "confirm", searched.commit, world.config.seeds.held_out,
        event.author, event.comment_id,
        overrides=searched.overrides, baseline=searched.baseline,
    )  # fmt: skip
    after = experiment.with_attempt(attempt).but(answered=(*experiment.answered, event.comment_id))
    message = f"#{experiment.number}: {event.author} asks for the merge"
    return Proposal(ledger, after, message, attempt)


def _winner(ledger: Ledger, experiment: Experiment | None, pull: Pull) -> Experiment:
    if experiment is None or not experiment.attempts:
        raise UserError("Nothing was trained here yet: `/launch` first. Only a WIN is merged.")
    check_idle(experiment)
    latest, searched = experiment.attempts[-1], experiment.searched
    if latest.verdict is None:
        raise UserError(
            f"Attempt {latest.number} is still being trained; its report comes by itself."
        )
    if searched is None or searched.verdict != "WIN":
        verdict = searched.verdict if searched else latest.verdict
        raise UserError(
            f"The verdict is {verdict}. Only a WIN is merged: push a better commit and `/launch` "
            "it, or close the PR."
        )
    if searched.commit != pull.head:
        raise UserError(
            f"The WIN was measured at `{searched.commit[:7]}`, but the head of this PR is "
            f"`{pull.head[:7]}` now. `/launch` trains the new head."
        )
    current = ledger.baseline.tag if ledger.baseline else None
    if searched.baseline != current:
        raise UserError(
            f"The WIN was measured against {searched.baseline}; the baseline is {current} now. "
            f"Merge `{pull.base_branch}` into this branch, then `/launch` again."
        )
    if latest.verdict == "NOT_CONFIRMED":
        raise UserError(
            "The WIN did not come back on the held-out seeds, and these can be asked only once. "
            "Push a new commit, then `/launch` it."
        )
    return experiment


def merge(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Merge what was confirmed, at exactly the commit that was tested."""
    attempt, searched = experiment.latest, experiment.searched
    assert attempt is not None
    assert searched is not None
    assert attempt.baseline is not None
    assert experiment.pull is not None
    assert ledger.baseline is not None
    merged = world.forge.pull(experiment.pull).merge_commit
    if merged is None and attempt.baseline != ledger.baseline.tag:
        raise UserError(
            f"The WIN was confirmed against {attempt.baseline}, but {ledger.baseline.tag} was "
            f"released in between. Merge `{world.forge.default_branch}` into this branch, then "
            "`/launch` again."
        )
    release = next_tag(ledger.tags)
    old = judging.read(world, attempt.baseline)
    observed = world.tracker.observe([run.id for run in attempt.runs])
    message = render(
        MergeMessage(
            title=f"{experiment.title} (#{experiment.pull})",
            summary=experiment.written,
            metric=world.config.metric.name,
            searched=win(world, experiment, searched, old),
            search_seeds=searched.seeds,
            confirmed=confirmed(world, old, measure(world, attempt, observed)),
            confirm_seeds=attempt.seeds,
            baseline=old.tag,
            release=release,
            idea=experiment.number,
            tested=attempt.commit,
            author=experiment.author,
        )
    )
    title, _, body = message.partition("\n")
    method = world.config.merge.method
    merged = world.forge.merge(experiment.pull, attempt.commit, method, title, body.strip())
    return ledger.put(experiment.but(phase="merged", merge_commit=merged, release=release))
