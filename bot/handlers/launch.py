"""`/launch`: train a PR's present head with the experiment's seeds."""

from bot.commands import Command
from bot.core.baseline import Baseline
from bot.core.experiment import Attempt, Experiment
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.judging import current, most_seeds
from bot.handlers.plan import check_idle, check_pull, new_attempt, overrides_of
from bot.handlers.proposal import Proposal
from bot.ports import Pull, World
from bot.replies import AlreadyLaunched


def launch(
    world: World, event: CommentWritten, command: Command
) -> Proposal | AlreadyLaunched | None:
    """Propose an attempt at the PR's head; the ring behind it queues its runs.

    Raises:
        UserError: there is nothing that could be launched, or it could not be judged.
    """
    ledger = world.forge.read_ledger()
    pull = world.forge.pull(event.place)
    known = ledger.at(event.place) or ledger.on(pull.branch)
    if known and event.comment_id in known.answered:
        return None
    check_pull(world, pull)
    baseline = current(world, ledger)
    experiment = known or adopted(pull)
    check_idle(experiment)
    commit = pull.head
    _contains(world, pull, commit, baseline)
    overrides = overrides_of(world, baseline, commit)
    before = _before(experiment, commit, baseline.tag)
    seeds = _seeds(world, command.arguments.get("seeds"), before)
    if before and set(seeds) <= set(before.seeds) and before.verdict != "INVALID":
        return AlreadyLaunched(
            commit=commit,
            attempt=before.number,
            state="reported" if before.verdict else "running",
            seeds=before.seeds,
            verdict=before.verdict,
        )
    if len(seeds) > most_seeds(world):
        raise UserError(
            f"{len(seeds)} seeds are more than the {most_seeds(world)} that are planned for one "
            "change (`seeds:` in `.github/labhand.yml`), and would decide nothing: the false-win "
            "probability is spent by then."
        )
    experiment = _superseded(experiment, commit)
    attempt = new_attempt(
        world, ledger, experiment, "search", commit, seeds, event.author, event.comment_id,
        overrides=overrides, baseline=baseline.tag,
    )  # fmt: skip
    after = experiment.with_attempt(attempt).but(
        answered=(*experiment.answered, event.comment_id), stale=None
    )
    message = f"#{experiment.number}: {event.author} launches attempt {attempt.number}"
    return Proposal(ledger, after, message, attempt)


def adopted(pull: Pull) -> Experiment:
    """The experiment of a PR that somebody wrote by hand."""
    return Experiment(
        number=pull.number,
        kind="experiment",
        title=pull.title,
        author=pull.author,
        branch=pull.branch,
        pull=pull.number,
    )


def _superseded(experiment: Experiment, commit: str) -> Experiment:
    """Give up an attempt that is still being trained, for the sake of a newer commit.

    Raises:
        UserError: it trains this very commit.
    """
    attempt = experiment.latest
    if attempt is None or attempt.verdict is not None:
        return experiment
    if attempt.commit == commit:
        raise UserError(
            f"Attempt {attempt.number} is still being trained. "
            "Its report comes by itself; `/launch` again after it."
        )
    runs = tuple(run if run.ended else run.but(state="killed") for run in attempt.runs)
    return experiment.with_attempt(attempt.but(runs=runs, verdict="SUPERSEDED"))


def _contains(world: World, pull: Pull, commit: str, baseline: Baseline) -> None:
    if world.forge.compare(baseline.commit, commit).merge_base != baseline.commit:
        raise UserError(
            f"This branch does not contain {baseline.tag} (`{baseline.commit[:7]}`), so the two "
            f"cannot be compared. Merge `{pull.base_branch}` into it (the button **Update branch** "
            "does that), then `/launch` again."
        )


def _before(experiment: Experiment, commit: str, baseline: str) -> Attempt | None:
    same = (
        a
        for a in reversed(experiment.attempts)
        if (a.purpose, a.commit, a.baseline) == ("search", commit, baseline)
        and a.verdict != "SUPERSEDED"
    )
    return next(same, None)


def _seeds(world: World, asked: str | None, before: Attempt | None) -> tuple[int, ...]:
    """The first seeds of the baseline's list; `+3` adds three to those of the attempt before."""
    planned = world.config.seeds.experiment
    have = before.seeds if before else ()
    if asked is None:
        return have or planned
    count = len(have or planned) + int(asked[1:]) if asked.startswith("+") else int(asked)
    pool = [*planned]
    held_out = set(world.config.seeds.held_out)
    following = (s for s in range(1, 10_000) if s not in held_out and s not in planned)
    while len(pool) < count:
        pool.append(next(following))
    if count < 2:
        raise UserError("A verdict needs two seeds at least, such as `/launch seeds=3`.")
    return tuple(pool[:count])
