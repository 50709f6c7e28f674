"""The baseline that holds now, and how an experiment against it is judged."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bot.core import baseline as baselines
from bot.core import pairing, quoting
from bot.core.attempt import Attempt
from bot.core.baseline import Baseline, SeedResult
from bot.core.comparability import (
    JUDGING_DATA,
    Judge,
    Parity,
    code_hash,
    digest,
    environment,
    measures,
    only_seed,
    parity,
    refusal,
)
from bot.core.deciding import Together, judge_any
from bot.core.experiment import Experiment
from bot.core.interval import Interval, Sample, signed
from bot.core.ledger import Ledger
from bot.core.patch import matches
from bot.core.rules import Rules, changes
from bot.core.runs import ObservedRun
from bot.core.settings import read_settings
from bot.core.spending import information, level, spent
from bot.core.verdict import Outcome
from bot.errors import UserError
from bot.handlers import comparing
from bot.ports import Change, World

EARLIER = 3
"""Baselines before the present one that are asked what seeds have in common."""


def current(world: World, ledger: Ledger) -> Baseline:
    """Read the current baseline from its release.

    Raises:
        UserError: there is none yet.
    """
    if ledger.baseline is None:
        raise UserError(
            "There is no baseline to measure against yet. Write `/baseline` in an issue first."
        )
    return read(world, ledger.baseline.tag)


def read(world: World, tag: str) -> Baseline:
    """Read a baseline from its release."""
    return baselines.parse(world.forge.baseline_asset(tag))


def most_seeds(world: World, experiment: Experiment | None = None) -> int:
    """The seeds of one change at its last planned look, as it was when it was first launched."""
    if experiment and experiment.frozen and experiment.frozen.most_seeds:
        return experiment.frozen.most_seeds
    return len(world.config.seeds.experiment) * world.config.seeds.looks


def rules(world: World, experiment: Experiment) -> Rules:
    """What an experiment is judged by: as it was at its first launch."""
    return experiment.frozen or world.config.rules


def freeze(
    world: World, ledger: Ledger, experiment: Experiment, baseline: Baseline, seeds: Sequence[int]
) -> Rules:
    """What an experiment is judged by from its first launch on, whatever is configured later.

    Pairs need a baseline with the same seeds: one that came later may have others.

    Raises:
        UserError: the baseline holds no values of a metric by which a change may win.
    """
    held = experiment.frozen or _paired_or_not(world, ledger, baseline, len(seeds))
    known, *_ = [comparing.reference(baseline, each.name) for each in held.deciding]
    shared = set(seeds) & set(known.seeds)
    return held if len(shared) == min(len(seeds), known.n) else held.but(method="welch")


def _paired_or_not(world: World, ledger: Ledger, baseline: Baseline, seeds: int) -> Rules:
    """What is configured, and what baselines have shown of the luck that seeds share."""
    now = world.config.rules
    known = comparing.reference(baseline, now.metric.name)
    tags = [ref.tag for ref in ledger.baselines if ref.tag != baseline.tag][-EARLIER:]
    before = [kept(world, tag, now.metric.name) for tag in tags]
    arms = [*(arm for arm in before if arm), known]
    most = most_seeds(world)
    first = level(seeds, (), most, known.n, metrics=len(now.deciding))
    method = pairing.method([(b, a) for a, b in pairwise(arms)], seeds, known.n, first)
    return now.but(method=method, most_seeds=most)


def kept(world: World, tag: str, metric: str) -> Sample | None:
    """A metric of an earlier baseline; None where its release is gone."""
    try:
        return read(world, tag).sample(metric)
    except UserError:
        return None


def code(world: World, experiment: Experiment, commit: str) -> str | None:
    """Name the evaluation code of a commit; None where the configuration names none."""
    paths = rules(world, experiment).judge_paths
    return code_hash(world.forge.blobs(commit), paths) if paths else None


def led(world: World, experiment: Experiment) -> Rules:
    """What its latest attempt is about: if that confirms, the metric leads that won the search."""
    held, latest = rules(world, experiment), experiment.latest
    confirms = latest is not None and latest.purpose == "confirm"
    gain = experiment.searched.gain if confirms and experiment.searched else None
    return held.led_by(gain.metric) if gain and gain.metric else held


def alpha(
    world: World,
    experiment: Experiment,
    baseline_seeds: int,
    seeds: int,
    earlier: Sequence[int],
) -> float:
    """The error probability that a look may use, for each metric that may win.

    Args:
        world: the ports.
        experiment: whose look it is.
        baseline_seeds: the baseline's seeds.
        seeds: the change's at this look.
        earlier: its seeds at the looks before.
    """
    held, most = rules(world, experiment), most_seeds(world, experiment)
    return level(seeds, earlier, most, baseline_seeds, held.method, len(held.deciding))


def spent_by(world: World, experiment: Experiment, baseline_seeds: int, seeds: int) -> float:
    """The false-win probability that is spent when so many of its seeds were looked at."""
    method = rules(world, experiment).method
    full = information(max(most_seeds(world, experiment), seeds), baseline_seeds, method)
    return spent(information(seeds, baseline_seeds, method) / full)


def judge(rules: Rules, attempt: Attempt, runs: Sequence[ObservedRun]) -> Judge:
    """What gives an attempt's figures their meaning."""
    return Judge(
        code=attempt.judge,
        paths=rules.judge_paths,
        measures=measures(rules),
        data=digest(runs, JUDGING_DATA),
    )


def compared(
    world: World,
    experiment: Experiment,
    baseline: Baseline,
    runs: Sequence[ObservedRun],
    change: Change,
) -> tuple[Parity, ...]:
    """Hold what gave the latest attempt's figures their meaning against the baseline's."""
    attempt, held = experiment.latest, rules(world, experiment)
    assert attempt is not None
    touched = _touched(world, experiment, change)
    now = judge(held, attempt, runs), environment([run.config for run in runs])
    rows = parity((baseline.judge, baseline.environment), now, touched)
    moved = changes(held, world.config.rules)
    told = Parity("configured rules", "at the first launch", "; ".join(moved), "differs")
    return (*rows, told) if moved else rows


def _touched(world: World, experiment: Experiment, change: Change) -> list[str]:
    paths = rules(world, experiment).judge_paths
    return [f.path for f in change.files if matches(f.path, paths)]


def judged(
    world: World,
    experiment: Experiment,
    attempt: Attempt,
    baseline: Baseline,
    results: Sequence[SeedResult],
) -> Together:
    """The verdict on an attempt that can be compared with its baseline."""
    held = rules(world, experiment)
    metrics = comparing.deciding(held, baseline, results)
    measured, earlier = metrics[0].baseline.n, experiment.looks(attempt)
    return judge_any(
        metrics,
        alpha=alpha(world, experiment, measured, len(attempt.runs), earlier),
        guards=comparing.guards(held, baseline, results),
        method=held.method,
    )


def hindered(
    world: World, experiment: Experiment, rows: Sequence[Parity], change: Change
) -> tuple[Outcome, str] | None:
    """Why there can be no verdict on the latest attempt, whatever its figures say."""
    attempt = experiment.latest
    assert attempt is not None
    if touched := _touched(world, experiment, change):
        return "NOT_COMPARABLE", f"It changes the judge: {quoting.code(touched[0])}."
    if reason := refusal(rows):
        return "NOT_COMPARABLE", reason
    files, path = [f.path for f in change.files], world.config.train.config
    if reason := only_seed(files, attempt.overrides, path):
        return "INVALID", f"{reason} What differs is luck."
    return None


def settings_changed(
    world: World, commit: str, overrides: Mapping[str, str], logged: Mapping[str, str] | None = None
) -> dict[str, tuple[str, str]]:
    """Changed settings with their value at a commit, and their new one.

    Args:
        world: the ports.
        commit: whose file is asked for values that are not known.
        overrides: the new values.
        logged: what runs at that commit said that they were trained with.
    """
    before, path = dict(logged or {}), world.config.train.config
    if path and any(name not in before for name in overrides):
        text = world.forge.file(path, commit)
        before = (read_settings(text) if text else {}) | before
    return {name: (before.get(name, "none"), value) for name, value in overrides.items()}


def reported(world: World, experiment: Experiment, attempt: Attempt) -> Interval:
    """The difference that an attempt's report showed, candidate minus baseline."""
    gain = attempt.gain
    assert gain is not None, "a WIN rests on an interval"
    known = Interval(gain.difference, gain.lower, gain.upper, gain.alpha)
    return signed(known, led(world, experiment).primary.sign)
