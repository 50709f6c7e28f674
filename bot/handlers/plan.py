"""What an attempt trains: which commit, which settings, which runs."""

import itertools
from collections.abc import Sequence

from bot.core.baseline import Baseline
from bot.core.experiment import Attempt, Experiment, Purpose, Run, run_id
from bot.core.ledger import Ledger
from bot.core.settings import changed_settings
from bot.errors import UserError
from bot.ports import Pull, World


def check_pull(world: World, pull: Pull) -> None:
    """Check that a PR is one that can be launched or merged.

    Raises:
        UserError: it is closed, goes elsewhere, or its branch is not in this repository.
    """
    if not pull.is_open:
        raise UserError("This PR is closed; reopen it first.")
    if pull.base_branch != world.forge.default_branch:
        raise UserError(
            f"This PR goes to `{pull.base_branch}`, but baselines are measured on "
            f"`{world.forge.default_branch}`. Change the PR's base."
        )
    if pull.is_fork:
        raise UserError(
            "This PR comes from a fork, and Labhand runs no fork's code. Read it; then push its "
            f"commit `{pull.head[:7]}` to a branch of this repository and open a PR from there."
        )


def check_idle(experiment: Experiment) -> None:
    """Check that an experiment is not in the middle of something.

    Raises:
        UserError: it is being prepared, fixed or merged.
    """
    if experiment.phase != "open" or experiment.fix:
        what = "fixed" if experiment.fix else "merged" if "merg" in experiment.phase else "prepared"
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
) -> Attempt:
    """Plan an attempt; a run that has finished for the same change is never trained again.

    A run that failed, or that somebody deleted, is tried again under the next name: W&B gives a
    run's id only once.
    """
    everything = (*ledger.experiments.values(), experiment)
    same = (a for e in everything for a in e.attempts if a.commit == commit)
    earlier = {run.id: run for attempt in same for run in attempt.runs}
    finished = [run.id for run in earlier.values() if run.state == "finished"]
    kept = world.tracker.observe(finished) if finished else {}
    runs = []
    for seed in seeds:
        for retry in itertools.count():
            name = run_id(world.environment.repository, commit, overrides, seed, retry)
            run = earlier.get(name) or Run(seed=seed, id=name, retry=retry)
            if name in kept or not run.ended:
                runs.append(run)
                break
    return Attempt(
        number=len(experiment.attempts) + 1,
        purpose=purpose,
        commit=commit,
        tree=world.forge.tree(commit),
        overrides=overrides,
        baseline=baseline,
        queue=next(iter(world.config.queues)),
        runs=tuple(runs),
        asked_by=person,
        comment_id=comment_id,
        asked_at=world.clock.now(),
        queued=all(run.ended for run in runs),
    )
