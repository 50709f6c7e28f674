"""`/launch`: train a PR's present head with the experiment's seeds."""

from collections.abc import Sequence

from bot.commands import Command
from bot.core.baseline import Baseline
from bot.core.experiment import Attempt, Experiment, Purpose, Run, run_id
from bot.core.ledger import Ledger
from bot.core.settings import changed_settings
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.judging import current
from bot.ports import Pull, World
from bot.replies import AlreadyLaunched


def launch(world: World, event: CommentWritten, command: Command) -> AlreadyLaunched | None:
    """Write down an attempt at the PR's head; the ring behind it queues its runs.

    Raises:
        UserError: there is nothing that could be launched, or it could not be judged.
    """
    ledger = world.forge.read_ledger()
    known = ledger.at(event.place)
    if known and event.comment_id in known.answered:
        return None
    pull = open_pull(world, event.place)
    baseline = current(world, ledger)
    experiment = known or adopted(pull)
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
    if experiment.latest and experiment.latest.verdict is None:
        raise UserError(
            f"Attempt {experiment.latest.number} is still being trained. "
            "Its report comes by itself; `/launch` again after it."
        )
    attempt = new_attempt(
        world, experiment, "search", commit, seeds, event.author, event.comment_id,
        overrides=overrides, baseline=baseline.tag,
    )  # fmt: skip
    _write(world, ledger, experiment, attempt)
    return None


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


def open_pull(world: World, place: int) -> Pull:
    """The PR that a command was written on.

    Raises:
        UserError: it is closed, or its branch is not in this repository.
    """
    pull = world.forge.pull(place)
    if not pull.is_open:
        raise UserError("This PR is closed; reopen it first.")
    if pull.is_fork:
        raise UserError(
            "This PR comes from a fork, and Labhand runs no fork's code. Read it; then push its "
            f"commit `{pull.head[:7]}` to a branch of this repository and open a PR from there."
        )
    return pull


def overrides_of(world: World, baseline: Baseline, commit: str) -> dict[str, str]:
    """The settings in which a commit's configuration file differs from the baseline's."""
    if (path := world.config.train.config) is None:
        return {}
    before = world.forge.file(path, baseline.commit)
    after = world.forge.file(path, commit)
    return changed_settings(before, after) if before and after else {}


def new_attempt(
    world: World,
    experiment: Experiment,
    purpose: Purpose,
    commit: str,
    seeds: Sequence[int],
    person: str,
    comment_id: int,
    *,
    overrides: dict[str, str],
    baseline: str | None,
) -> Attempt:
    """Plan an attempt; a run that has finished for the same change is never trained again."""
    earlier = {r.id: r for a in experiment.attempts for r in a.runs}
    runs = []
    for seed in seeds:
        retry = 0
        while True:
            name = run_id(world.environment.repository, commit, overrides, seed, retry)
            run = earlier.get(name)
            if run is None or run.state == "finished":
                break
            retry += 1
        runs.append(run or Run(seed=seed, id=name, retry=retry))
    return Attempt(
        number=len(experiment.attempts) + 1,
        purpose=purpose,
        commit=commit,
        overrides=overrides,
        baseline=baseline,
        queue=next(iter(world.config.queues)),
        runs=tuple(runs),
        asked_by=person,
        comment_id=comment_id,
        asked_at=world.clock.now(),
        queued=all(run.ended for run in runs),
    )


def _write(world: World, ledger: Ledger, experiment: Experiment, attempt: Attempt) -> None:
    after = experiment.with_attempt(attempt).but(
        answered=(*experiment.answered, attempt.comment_id), stale=None
    )
    message = f"#{experiment.number}: {attempt.asked_by} launches attempt {attempt.number}"
    world.forge.write_ledger(ledger, ledger.put(after), message)


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
