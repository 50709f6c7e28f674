"""A baseline is measured, or a winner merged: publish the tag and the release."""

import shlex
from collections.abc import Mapping, Sequence

from bot.comments import render
from bot.core.attempt import Attempt
from bot.core.baseline import ASSET, TABLE, Baseline, SeedResult
from bot.core.comparability import environment
from bot.core.cost import Amount
from bot.core.experiment import Experiment
from bot.core.interval import Interval, welch
from bot.core.ledger import BaselineRef, Ledger
from bot.core.results import as_csv
from bot.core.rules import Rules
from bot.core.runs import ObservedRun
from bot.core.spending import ALPHA
from bot.errors import UserError
from bot.handlers import judging, pricing, progress
from bot.handlers.comparing import (
    confirmed,
    deciding_rows,
    guard_rows,
    mismatch,
    run_rows,
    sample,
)
from bot.handlers.measure import measure
from bot.handlers.merge import message
from bot.handlers.push import command
from bot.handlers.results import record
from bot.ports import World
from bot.replies import Merged, OpenPull, Released, ReleaseNotes


def release(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Publish what the latest attempt measured as the next baseline, and say so."""
    attempt = experiment.latest
    assert attempt is not None
    observed = world.tracker.observe([run.id for run in attempt.runs])
    if odd := mismatch(attempt, observed):
        raise UserError(f"{odd} Nothing was released.")
    held = judging.rules(world, experiment)
    results = measure(world, held, attempt, observed)
    tag = experiment.release
    assert tag is not None
    commit = experiment.merge_commit or attempt.commit
    runs = [observed[run.id] for run in attempt.runs]
    new = _baseline(tag, commit, results, runs, held, attempt)
    held = judging.led(world, experiment)
    old = judging.read(world, attempt.baseline) if attempt.baseline else None
    cost = pricing.spending(world, ledger, experiment, observed).amount
    notes = _notes(world, ledger, experiment, attempt, new, old, cost)
    table = _table(world, experiment, attempt, results, observed)
    assets = {ASSET: new.text(), TABLE: table}
    url = world.forge.publish(tag, commit, tag, render(notes, world.prefix), assets)
    if old is not None:
        reply = Merged(
            merge_commit=commit,
            release=tag,
            release_url=url,
            metric=held.metric.name,
            confirmed=_confirmed(held, attempt, old, results),
            same_tree=world.forge.tree(commit) == world.forge.tree(attempt.commit),
        )
        world.forge.say(experiment.place, f"merged:{tag}", render(reply, world.prefix), alone=True)
    else:
        said = Released(
            release=tag,
            release_url=url,
            metric=held.metric.name,
            sample=sample(results, held.metric.name),
            commit=commit,
            minutes=new.wall_seconds * len(results) / 60,
        )
        world.forge.say(experiment.place, f"released:{tag}", render(said, world.prefix), alone=True)
    world.forge.close_issue(experiment.number)
    done = experiment.with_attempt(attempt.but(verdict=attempt.verdict or "RELEASED"))
    done = done.but(phase="released", release=tag)
    progress.show(world, done, observed)
    return ledger.put(done).released(_ref(new))


def _table(
    world: World,
    experiment: Experiment,
    attempt: Attempt,
    results: Sequence[SeedResult],
    observed: Mapping[str, ObservedRun],
) -> str:
    """The runs that a baseline's values come from, one a line."""
    values = {result.run: result.values for result in results}
    return as_csv(
        [
            record(world, experiment, attempt, run, observed[run.id], values[run.id])
            for run in attempt.runs
        ]
    )


def _ref(new: Baseline) -> BaselineRef:
    """What the lab book keeps of a baseline."""
    found = new.sample(new.metric)
    return BaselineRef(
        tag=new.tag,
        commit=new.commit,
        seconds=new.wall_seconds,
        metric=new.metric,
        mean=found.mean if found else None,
    )


def _baseline(
    tag: str,
    commit: str,
    results: tuple[SeedResult, ...],
    observed: list[ObservedRun],
    rules: Rules,
    attempt: Attempt,
) -> Baseline:
    seconds = [run.seconds for run in observed if run.seconds is not None]
    config = {k: str(v) for k, v in observed[0].config.items()}
    return Baseline(
        tag=tag,
        commit=commit,
        metric=rules.metric.name,
        seeds=results,
        config=config,
        environment=environment([run.config for run in observed]),
        judge=judging.judge(rules, attempt, observed),
        wall_seconds=sum(seconds) / len(seconds) if seconds else 0.0,
    )


def _notes(
    world: World,
    ledger: Ledger,
    experiment: Experiment,
    attempt: Attempt,
    new: Baseline,
    old: Baseline | None,
    cost: Amount,
) -> ReleaseNotes:
    held = judging.led(world, experiment)
    metric, found = held.metric, sample(new.seeds, held.metric.name)
    earlier = {b.tag: judging.kept(world, b.tag, metric.name) for b in ledger.baselines}
    searched = experiment.searched
    comes_back = _confirmed(held, attempt, old, new.seeds) if old else None
    return ReleaseNotes(
        tag=new.tag,
        metric=metric.name,
        goal=metric.goal,
        rows=(
            *deciding_rows(held, old, new.seeds, _intervals(held, new, old)),
            *guard_rows(held, old, new.seeds),
        ),
        previous=old.tag if old else None,
        title=experiment.title,
        pull=experiment.pull,
        idea=experiment.number,
        author=experiment.author,
        merged_by=attempt.asked_by,
        search=judging.reported(world, experiment, searched) if old and searched else None,
        search_seeds=searched.seeds if searched else (),
        confirmed=comes_back,
        runs=run_rows(metric.name, new.seeds),
        history={**{tag: s.mean for tag, s in earlier.items() if s}, new.tag: found.mean},
        open_pulls=tuple(
            OpenPull(e.pull, e.title, e.searched.outcome or "", e.searched.gain)
            for _, e in sorted(ledger.experiments.items())
            if e.pull and e.searched and e.number != experiment.number
        ),
        again=pricing.price(world, new, len(world.config.seeds.experiment)),
        again_seeds=len(world.config.seeds.experiment),
        default_branch=world.forge.default_branch,
        commit=new.commit,
        minutes=new.wall_seconds * len(new.seeds) / 60,
        group_url=world.tracker.group_url(progress.group(experiment, attempt)),
        environment=new.environment,
        cost=cost,
        data=(new.judge.data if new.judge else None) or "",
        message=message(world, experiment, comes_back, new.tag) if comes_back else "",
        command=shlex.join(command(world.config.train, attempt, attempt.seeds[0])),
    )


def _intervals(rules: Rules, new: Baseline, old: Baseline | None) -> dict[str, Interval | None]:
    """How far a baseline is from the one before, by every metric that decides."""
    names = [each.name for each in rules.deciding] if old else []
    known = {name: old.sample(name) for name in names if old}
    return {
        name: welch(sample(new.seeds, name), before, ALPHA)
        for name, before in known.items()
        if before
    }


def _confirmed(
    rules: Rules, attempt: Attempt, old: Baseline, results: Sequence[SeedResult]
) -> Interval:
    assert attempt.level is not None
    return confirmed(rules, old, results, attempt.level).interval
