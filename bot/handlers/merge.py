"""`/merge`: confirm a win on held-out seeds, and merge it if it comes back."""

from bot.comments import render
from bot.core.attempt import Attempt
from bot.core.baseline import next_tag
from bot.core.book import asked
from bot.core.experiment import Experiment
from bot.core.interval import Interval
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.core.tries import confirmable, confirmation, unseen
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers import judging
from bot.handlers.comparing import confirmed
from bot.handlers.measure import measure
from bot.handlers.plan import check_idle, check_pull, new_attempt
from bot.handlers.proposal import Proposal
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
    measured = experiment.searched if experiment else None
    check_pull(world, pull, measured.commit if measured else None)
    experiment = _winner(ledger, experiment, pull)
    searched = experiment.searched
    assert searched is not None
    level, seeds = _held_out(world, ledger, experiment, searched)
    attempt = new_attempt(
        world, ledger, experiment, "confirm", searched.commit, seeds,
        event.author, event.comment_id,
        overrides=searched.overrides, baseline=searched.baseline,
    )  # fmt: skip
    after = experiment.with_attempt(attempt.but(level=level)).but(
        answered=(*experiment.answered, event.comment_id)
    )
    message = f"#{experiment.number}: {event.author} asks for the merge"
    text = asked(message, event.author, event.comment_id)
    return Proposal(ledger, after, text, attempt, head=pull.head)


def _held_out(
    world: World, ledger: Ledger, experiment: Experiment, searched: Attempt
) -> tuple[float, tuple[int, ...]]:
    """The level of this confirmation, which gets stricter with tries, and its seeds.

    Raises:
        UserError: so few seeds cannot confirm anything after so many tries.
    """
    assert searched.baseline is not None
    tries = ledger.tries(searched.baseline).all
    same = (
        a for a in experiment.everything if (a.purpose, a.change) == ("search", searched.change)
    )
    used = [run.seed for attempt in same for run in attempt.runs]
    seeds = unseen(world.config.seeds.held_out, used)
    measured = len(judging.read(world, searched.baseline).seeds)
    metrics = len(judging.rules(world, experiment).deciding)
    if not confirmable(len(seeds), measured, tries, metrics):
        raise UserError(
            f"This is try {tries} against {searched.baseline}: after so many, "
            f"{len(seeds)} held-out seeds cannot tell a good change from a lucky one. Hold out "
            "more (`seeds.held_out` in `.github/labhand.yml`), or measure a new baseline with "
            "`/baseline`."
        )
    return confirmation(tries, len(seeds), metrics), seeds


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
    if searched.typed:
        typed = ", ".join(code(f"{name}={searched.overrides[name]}") for name in searched.typed)
        raise UserError(
            f"{typed} was typed, so the WIN is of something that no commit holds. Commit it to "
            "this branch, then `/launch` the new head."
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
            f"Merge {code(pull.base_branch)} into this branch, then `/launch` again."
        )
    asked_before = (a for a in experiment.everything if a.change == searched.change)
    if any((a.baseline, a.verdict) == (current, "NOT_CONFIRMED") for a in asked_before):
        raise UserError(
            "The WIN did not come back on the held-out seeds, and these can be asked only once. "
            "Push a change, then `/launch` it."
        )
    return experiment


def merge(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Merge what was confirmed, at exactly the commit that was tested."""
    attempt = experiment.latest
    assert attempt is not None
    assert attempt.baseline is not None
    assert experiment.pull is not None
    assert ledger.baseline is not None
    if world.forge.pull(experiment.pull).merge_commit is None:
        _check_first(world, ledger, experiment, attempt)
    release = next_tag(ledger.tags)
    old, held = judging.read(world, attempt.baseline), judging.led(world, experiment)
    observed = world.tracker.observe([run.id for run in attempt.runs])
    assert attempt.level is not None
    results = measure(world, held, attempt, observed)
    found = confirmed(held, old, results, attempt.level).interval
    title, _, body = message(world, experiment, found, release).partition("\n")
    method = world.config.merge.method
    merged = world.forge.merge(experiment.pull, attempt.commit, method, title, body.strip())
    return ledger.put(experiment.but(phase="merged", merge_commit=merged, release=release))


def _check_first(world: World, ledger: Ledger, experiment: Experiment, attempt: Attempt) -> None:
    """Check that nothing was merged since the confirmation: the two were not measured together.

    Raises:
        UserError: another winner was, whether or not it is released yet.
    """
    assert ledger.baseline is not None
    others = (e for e in ledger.experiments.values() if e.number != experiment.number)
    if other := next((e for e in others if e.phase == "merged"), None):
        what = f"#{other.place} was merged"
    elif attempt.baseline != ledger.baseline.tag:
        what = f"{ledger.baseline.tag} was released"
    else:
        return
    raise UserError(
        f"The WIN was confirmed against {attempt.baseline}, but {what} in between. Merge "
        f"`{world.forge.default_branch}` into this branch, then `/launch` again."
    )


def message(world: World, experiment: Experiment, found: Interval, release: str) -> str:
    """What the merge commit says of a winner.

    Args:
        world: the ports.
        experiment: whose latest attempt is the confirmation.
        found: the difference on the held-out seeds.
        release: the baseline that it becomes.
    """
    attempt, searched = experiment.latest, experiment.searched
    assert attempt is not None
    assert attempt.baseline is not None
    assert searched is not None
    return render(
        MergeMessage(
            title=f"{experiment.title} (#{experiment.pull})",
            summary=experiment.written,
            metric=judging.led(world, experiment).metric.name,
            searched=judging.reported(world, experiment, searched),
            search_seeds=searched.seeds,
            confirmed=found,
            confirm_seeds=attempt.seeds,
            baseline=attempt.baseline,
            release=release,
            idea=experiment.number,
            tested=attempt.commit,
            author=experiment.author,
        )
    )
