"""`/launch`: train a PR's present head with the experiment's seeds."""

from collections.abc import Mapping, Sequence

from bot.commands import Command
from bot.core.attempt import Attempt, Stop
from bot.core.baseline import Baseline
from bot.core.book import asked
from bot.core.comparability import only_seed
from bot.core.experiment import Experiment
from bot.core.numbers import count
from bot.core.quoting import code
from bot.core.watch import stopped
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.comparing import check_measured
from bot.handlers.judging import current, freeze, most_seeds
from bot.handlers.plan import (
    check_idle,
    check_known,
    check_pull,
    fork_branch,
    in_queue,
    new_attempt,
    overrides_of,
)
from bot.handlers.proposal import Proposal
from bot.handlers.recall import recalled
from bot.ports import Change, Pull, World
from bot.replies import AlreadyLaunched


def launch(
    world: World, event: CommentWritten, command: Command
) -> Proposal | AlreadyLaunched | None:
    """Propose an attempt at the PR's head; the ring behind it queues its runs.

    Raises:
        UserError: there is nothing that could be launched, or it could not be judged.
    """
    pull = world.forge.pull(event.place)
    branch = branch_of(pull)
    ledger = recalled(world, world.forge.read_ledger(), event.place, branch)
    known = ledger.at(event.place) or ledger.on(branch)
    if known and event.comment_id in known.answered:
        return None
    check_pull(world, pull, command.arguments.get("commit"))
    _is_head(pull, command.arguments.get("commit"))
    baseline = current(world, ledger)
    experiment = _on(pull, known or adopted(pull))
    check_idle(experiment)
    change = _contains(world, pull, pull.head, baseline)
    before, overrides, typed = _wanted(world, command, experiment, pull.head, baseline)
    files = [file.path for file in change.files]
    if nothing := only_seed(files, overrides, world.config.train.config):
        raise UserError(f"{nothing} Nothing was queued.")
    queue = in_queue(world, command.arguments.get("queue"))
    seeds = _seeds(world, command.arguments.get("seeds"), before)
    if before and set(seeds) <= set(before.seeds) and before.verdict != "INVALID":
        return AlreadyLaunched(
            commit=pull.head,
            attempt=before.number,
            state="reported" if before.verdict else "running",
            seeds=before.seeds,
            verdict=before.verdict,
        )
    _check_seeds(world, seeds)
    frozen = freeze(world, ledger, experiment, baseline, seeds)
    check_measured(frozen, baseline)
    experiment = _superseded(world, event, experiment, pull.head)
    attempt = new_attempt(
        world, ledger, experiment, "search", pull.head, seeds, event.author, event.comment_id,
        overrides=overrides, baseline=baseline.tag, typed=typed, queue=queue,
    )  # fmt: skip
    after = experiment.with_attempt(attempt).but(
        answered=(*experiment.answered, event.comment_id),
        stale=None,
        frozen=frozen,
    )
    message = (
        f"#{experiment.number}: {event.author} launches attempt {attempt.number} "
        f"({count(len(seeds), 'seed')} at {pull.head[:7]})"
    )
    return Proposal(
        ledger,
        after,
        asked(message, event.author, event.comment_id),
        attempt,
        head=pull.head,
        right="decide" if pull.is_fork else None,
    )


def _on(pull: Pull, experiment: Experiment) -> Experiment:
    """The experiment as a PR goes on with it."""
    if experiment.phase in ("closed", "stalled"):  # its PR is open again, or written by hand
        experiment = experiment.but(phase="open")
    if experiment.pull != pull.number:  # a new PR of the same branch: it is answered there
        experiment = experiment.but(pull=pull.number, progress_id=None)
    return experiment


def _wanted(
    world: World, command: Command, experiment: Experiment, commit: str, baseline: Baseline
) -> tuple[Attempt | None, dict[str, str], tuple[str, ...]]:
    """The attempt that this one goes on with, its settings, and which of them were typed.

    Raises:
        UserError: nothing failed that could be repeated, or a setting is not known.
    """
    if "only" in command.arguments:
        failed = _failed(command, experiment, commit)
        return failed, failed.overrides, failed.typed
    check_known(world, baseline, commit, command.overrides)
    overrides = {**overrides_of(world, baseline, commit), **command.overrides}
    before = _before(experiment, commit, baseline.tag, overrides)
    return before, overrides, tuple(command.overrides)


def _failed(command: Command, experiment: Experiment, commit: str) -> Attempt:
    """The attempt whose failed seeds are trained again, everything else as it was."""
    latest = experiment.latest
    if command.overrides or "seeds" in command.arguments:
        raise UserError("`only=failed` trains the same again: leave out seeds and settings.")
    if latest and latest.purpose == "confirm" and latest.verdict == "INVALID":
        raise UserError("`/merge` trains again what failed of its held-out seeds.")
    if latest is None or latest.verdict != "INVALID":
        raise UserError("Nothing failed here. `/launch` trains the head of this PR.")
    if latest.commit != commit:
        raise UserError(
            f"What failed was `{latest.commit[:7]}`, but the head of this PR is `{commit[:7]}` "
            "now. `/launch` trains the new head."
        )
    if all(run.state == "finished" for run in latest.runs):
        raise UserError("No run failed: the report says why it is not valid.")
    return latest


def _is_head(pull: Pull, commit: str | None) -> None:
    if commit and not pull.head.startswith(commit):
        raise UserError(
            f"The head of this PR is `{pull.head[:7]}`, not `{commit[:7]}`. What is merged is the "
            "head, so only that is trained."
        )


def _check_seeds(world: World, seeds: Sequence[int]) -> None:
    if len(seeds) > most_seeds(world):
        raise UserError(
            f"{len(seeds)} seeds are more than the {most_seeds(world)} that are planned for one "
            "change (`seeds:` in `.github/labhand.yml`), and would decide nothing: the false-win "
            "probability is spent by then."
        )


def branch_of(pull: Pull) -> str:
    """The branch of a PR; a fork's own name for it may be that of a branch here."""
    return fork_branch(pull.number) if pull.is_fork else pull.branch


def adopted(pull: Pull) -> Experiment:
    """The experiment of a PR that somebody wrote by hand."""
    return Experiment(
        number=pull.number,
        kind="experiment",
        title=pull.title,
        author=pull.author,
        branch=branch_of(pull),
        pull=pull.number,
    )


def _superseded(
    world: World, event: CommentWritten, experiment: Experiment, commit: str
) -> Experiment:
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
    stop = Stop(by=event.author, why="a newer commit was launched", at=world.clock.now())
    return experiment.with_attempt(stopped(attempt, stop).but(verdict="SUPERSEDED"))


def _contains(world: World, pull: Pull, commit: str, baseline: Baseline) -> Change:
    """What the branch changes, seen from the baseline, which it has to contain."""
    change = world.forge.compare(baseline.commit, commit)
    if change.merge_base != baseline.commit:
        raise UserError(
            f"This branch does not contain {baseline.tag} (`{baseline.commit[:7]}`), so the two "
            f"cannot be compared. Merge {code(pull.base_branch)} into it (the button **Update "
            "branch** does that), then `/launch` again."
        )
    return change


def _before(
    experiment: Experiment, commit: str, baseline: str, overrides: Mapping[str, str]
) -> Attempt | None:
    same = (
        a
        for a in reversed(experiment.attempts)
        if (a.purpose, a.commit, a.baseline, a.overrides) == ("search", commit, baseline, overrides)
        and a.verdict not in ("SUPERSEDED", "CLOSED")
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
