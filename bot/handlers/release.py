"""A baseline is measured, or a winner merged: publish the tag and the release."""

from bot.comments import render
from bot.core.baseline import Baseline, SeedResult
from bot.core.experiment import Attempt, Experiment
from bot.core.ledger import BaselineRef, Ledger
from bot.core.runs import ObservedRun
from bot.core.verdict import ALPHA, Interval
from bot.errors import UserError
from bot.handlers import judging, progress
from bot.handlers.comparing import (
    confirmed,
    guard_rows,
    mismatch,
    primary_row,
    run_rows,
    sample,
)
from bot.handlers.measure import measure
from bot.ports import World
from bot.replies import Merged, Released, ReleaseNotes

ENVIRONMENT = ("torch", "wandb", "python", "device", "platform", "precision")
"""What is kept of the environment that runs log under `environment.…`."""


def release(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Publish what the latest attempt measured as the next baseline, and say so."""
    attempt = experiment.latest
    assert attempt is not None
    observed = world.tracker.observe([run.id for run in attempt.runs])
    if odd := mismatch(attempt, observed):
        raise UserError(f"{odd} Nothing was released.")
    results = measure(world, attempt, observed)
    tag = experiment.release
    assert tag is not None
    commit = experiment.merge_commit or attempt.commit
    new = _baseline(world, tag, commit, results, [observed[r.id] for r in attempt.runs])
    old = judging.read(world, attempt.baseline) if attempt.baseline else None
    notes = _notes(world, ledger, experiment, attempt, new, old)
    url = world.forge.publish(tag, commit, tag, render(notes), new.text())
    if old is not None:
        reply = Merged(
            merge_commit=commit,
            release=tag,
            release_url=url,
            metric=world.config.metric.name,
            confirmed=confirmed(world, old, results),
            same_tree=world.forge.tree(commit) == world.forge.tree(attempt.commit),
        )
        world.forge.say(experiment.place, f"merged:{tag}", render(reply))
    else:
        said = Released(
            release=tag,
            release_url=url,
            metric=world.config.metric.name,
            sample=sample(results, world.config.metric.name),
            commit=commit,
            minutes=new.wall_seconds * len(results) / 60,
        )
        world.forge.say(experiment.place, f"released:{tag}", render(said))
    world.forge.close_issue(experiment.number)
    done = experiment.with_attempt(attempt.but(verdict=attempt.verdict or "RELEASED"))
    done = done.but(phase="released", release=tag)
    progress.show(world, done, observed)
    return ledger.put(done).released(BaselineRef(tag=tag, commit=commit))


def _baseline(
    world: World,
    tag: str,
    commit: str,
    results: tuple[SeedResult, ...],
    observed: list[ObservedRun],
) -> Baseline:
    seconds = [run.seconds for run in observed if run.seconds is not None]
    config = {k: str(v) for k, v in observed[0].config.items()}
    return Baseline(
        tag=tag,
        commit=commit,
        metric=world.config.metric.name,
        seeds=results,
        config=config,
        environment={k: v for k, v in config.items() if k.split(".")[-1] in ENVIRONMENT},
        wall_seconds=sum(seconds) / len(seconds) if seconds else 0.0,
    )


def _notes(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    attempt: Attempt,
    new: Baseline,
    old: Baseline | None,
) -> ReleaseNotes:
    metric = world.config.metric
    found = sample(new.seeds, metric.name)
    reference = sample(old.seeds, metric.name) if old else None
    history = {b.tag: sample(_kept(world, b.tag), metric.name).mean for b in ledger.baselines}
    searched = experiment.searched
    return ReleaseNotes(
        tag=new.tag,
        metric=metric.name,
        goal=metric.goal,
        rows=(primary_row(world, reference, found, ALPHA), *guard_rows(world, old, new.seeds)),
        previous=old.tag if old else None,
        title=experiment.title,
        pull=experiment.pull,
        idea=experiment.number,
        author=experiment.author,
        merged_by=attempt.asked_by,
        search=_searched(world, experiment, old),
        search_seeds=searched.seeds if searched else (),
        confirmed=confirmed(world, old, new.seeds) if old else None,
        runs=run_rows(metric.name, new.seeds),
        history={**history, new.tag: found.mean},
        open_pulls={
            e.pull: (e.title, e.searched.verdict or "")
            for e in ledger.experiments.values()
            if e.pull and e.searched and e.number != experiment.number
        },
        default_branch=world.forge.default_branch,
        commit=new.commit,
        minutes=new.wall_seconds * len(new.seeds) / 60,
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        environment=new.environment,
    )


def _kept(world: World, tag: str) -> tuple[SeedResult, ...]:
    return judging.read(world, tag).seeds


def _searched(world: World, experiment: Experiment, old: Baseline | None) -> Interval | None:
    """The interval on which the search called a win, read from its runs again."""
    if old is None or (searched := experiment.searched) is None:
        return None
    return win(world, experiment, searched, old)


def win(world: World, experiment: Experiment, searched: Attempt, old: Baseline) -> Interval:
    """The difference that an attempt's report showed, from the same runs and the same level.

    Raises:
        UserError: its runs are gone from W&B.
    """
    observed = world.tracker.observe([run.id for run in searched.runs])
    if len(observed) < len(searched.runs):
        raise UserError("Runs of the win were deleted from W&B: its figures cannot be shown.")
    found = sample(measure(world, searched, observed), world.config.metric.name)
    row = primary_row(
        world,
        sample(old.seeds, world.config.metric.name),
        found,
        judging.alpha(world, experiment, searched, len(old.seeds)),
    )
    assert row.interval is not None
    return row.interval
