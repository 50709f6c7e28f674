"""What an attempt trains: which commit, which settings, which runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from bot.core.attempt import Attempt, Folded, Purpose, Run, change_of, run_id
from bot.core.baseline import Baseline
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.core.settings import changed_settings, nearest, read_settings
from bot.core.watch import held_back
from bot.errors import UserError
from bot.handlers import judging
from bot.handlers.pricing import reserve
from bot.ports import Pull, World


def fork_branch(pull: int) -> str:
    """What a fork's branch is known by: its own name may be that of a branch here."""
    return f"pull/{pull}/head"


def check_pull(world: World, pull: Pull, named: str | None = None) -> None:
    """Check that a PR is one that can be launched or merged.

    Args:
        world: the ports.
        pull: the PR.
        named: the commit that somebody named in full; of a fork nothing else is trained.

    Raises:
        UserError: it is closed, goes elsewhere, or is a fork's whose commit nobody named.
    """
    if not pull.is_open:
        raise UserError("This PR is closed; reopen it first.")
    if pull.base_branch != world.forge.default_branch:
        raise UserError(
            f"This PR goes to {code(pull.base_branch)}, but baselines are measured on "
            f"`{world.forge.default_branch}`. Change the PR's base."
        )
    if pull.is_fork and named != pull.head:
        raise UserError(
            "This PR comes from a fork, and training runs its code on your machines. Read what it "
            f"changes; then whoever may decide writes `/launch commit={pull.head}`, which trains "
            "exactly that commit."
        )


def check_idle(experiment: Experiment) -> None:
    """Check that an experiment is not in the middle of something.

    Raises:
        UserError: it is being prepared, fixed, merged or closed.
    """
    if experiment.phase != "open" or experiment.fix:
        named = {"merging": "merged", "merged": "merged", "closing": "closed"}
        what = "fixed" if experiment.fix else named.get(experiment.phase, "prepared")
        raise UserError(f"This experiment is being {what}; wait for that, then ask again.")


def overrides_of(world: World, baseline: Baseline, commit: str) -> dict[str, str]:
    """The settings in which a commit's configuration file differs from the baseline's."""
    if (path := world.config.train.config) is None:
        return {}
    before = world.forge.file(path, baseline.commit)
    after = world.forge.file(path, commit)
    return changed_settings(before, after) if before and after else {}


def new_attempt(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    purpose: Purpose,
    commit: str,
    seeds: Sequence[int],
    person: str,
    comment_id: int,
    *,
    overrides: dict[str, str],
    baseline: str | None,
    typed: Collection[str] = (),
    queue: str | None = None,
) -> Attempt:
    """Plan an attempt; a run that has finished for the same change is never trained again.

    A run that failed, or that somebody deleted, is tried again under the next name: W&B gives a
    run's id only once. Where none has finished yet, the first ones go alone.

    Args:
        world: the ports.
        ledger: everything that is open.
        experiment: whose attempt it will be.
        purpose: what it is for.
        commit: what it trains.
        seeds: with which seeds.
        person: who asks.
        comment_id: where.
        overrides: settings that differ from the baseline's.
        baseline: what it is measured against; None for a baseline itself.
        typed: those of the overrides that no commit holds.
        queue: where it trains; None for the default queue.

    Raises:
        UserError: its price would pass a limit of the budget.
    """
    tree = world.forge.tree(commit)
    known = (each for e in (*ledger.experiments.values(), experiment) for each in e.everything)
    same = [a for a in known if (a.commit, a.change) == (commit, change_of(tree, overrides))]
    runs = _runs(world, same, commit, overrides, seeds)
    measured = baseline or (ledger.baseline.tag if ledger.baseline else None)
    attempt = Attempt(
        number=experiment.next_number,
        purpose=purpose,
        commit=commit,
        tree=tree,
        overrides=overrides,
        typed=tuple(typed),
        baseline=baseline,
        judge=judging.code(world, experiment, commit),
        queue=queue or next(iter(world.config.queues)),
        runs=runs if purpose == "confirm" else held_back(runs, world.config.seeds.canary),
        asked_by=person,
        comment_id=comment_id,
        asked_at=world.clock.now(),
        queued=all(run.ended for run in runs),
        limit_seconds=_limit(world, measured),
    )
    return reserve(world, ledger, experiment, attempt)


def _runs(
    world: World,
    same: Iterable[Attempt | Folded],
    commit: str,
    overrides: Mapping[str, str],
    seeds: Sequence[int],
) -> tuple[Run, ...]:
    """The run of each seed: one that is good or on its way, or the next after those that failed.

    Runs are known by what they train, not by their name: it holds the repository's, and
    repositories are renamed.
    """
    repository = world.environment.repository
    earlier: dict[int, dict[int, Run]] = {}
    for run in (run for attempt in same for run in attempt.runs):
        earlier.setdefault(run.seed, {})[run.retry] = run
    finished = [r.id for each in earlier.values() for r in each.values() if r.state == "finished"]
    kept = world.tracker.observe(finished) if finished else {}
    found = []
    for seed in seeds:
        tries = earlier.get(seed, {})
        good = (r for r in tries.values() if r.id in kept or not (r.ended or r.stop))
        unused = next((r.retry for r in tries.values() if r.state == "skipped"), None)
        retry = max(tries, default=-1) + 1 if unused is None else unused
        new = Run(seed=seed, id=run_id(repository, commit, overrides, seed, retry), retry=retry)
        found.append(next(good, new))
    return tuple(found)


def _limit(world: World, baseline: str | None) -> float | None:
    """How long a run may train, in seconds; None if nobody said, or no baseline was measured."""
    timeout = world.config.train.timeout
    if timeout is None:
        return None
    if not timeout.endswith("x"):
        return float(timeout) * 60
    return float(timeout[:-1]) * judging.read(world, baseline).wall_seconds if baseline else None


def check_known(world: World, baseline: Baseline, commit: str, names: Iterable[str]) -> None:
    """Check that settings are some that the program has.

    Raises:
        UserError: neither the baseline's runs logged such a setting nor the commit's
            configuration file holds it; the nearest name is given.
    """
    path = world.config.train.config
    text = world.forge.file(path, commit) if path else None
    known = {**baseline.config, **(read_settings(text) if text else {})}
    for name in names if known else ():
        if name not in known:
            raise UserError(
                f"There is no setting {code(name)}: the runs of {baseline.tag} logged none, and "
                f"`train.config` holds none.{nearest(name, known)} Nothing was queued."
            )


def in_queue(world: World, asked: str | None) -> str | None:
    """A queue that somebody asked for.

    Raises:
        UserError: configuration knows none of that name; the nearest is given.
    """
    if asked is not None and asked not in world.config.queues:
        known = ", ".join(f"`{name}`" for name in world.config.queues)
        raise UserError(
            f"There is no queue {code(asked)}.{nearest(asked, world.config.queues)} "
            f"`.github/labhand.yml` names {known}."
        )
    return asked
