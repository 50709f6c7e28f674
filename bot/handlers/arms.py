"""What people name in a command: a PR, a branch, a baseline or a run, and what its runs gave."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.attempt import Attempt, Run
from bot.core.baseline import SeedResult
from bot.core.comparability import Judge, environment
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.core.rules import Rules
from bot.errors import UserError
from bot.handlers import judging
from bot.handlers.measure import measure
from bot.handlers.recall import recalled
from bot.ports import World

EXAMPLES = "a PR such as `#12`, a branch, a baseline such as `baseline-v3`, or a run's id"


@dataclass(frozen=True)
class Arm:
    """Some runs of one commit, and what gives their figures their meaning."""

    name: str
    title: str
    commit: str | None
    results: tuple[SeedResult, ...]
    judge: Judge | None
    environment: Mapping[str, str]
    untrained: int = 0
    """Seeds of the same attempt that gave no figures, or not yet."""


def arm(world: World, ledger: Ledger, word: str, rules: Rules) -> Arm:
    """Measure what somebody named.

    Raises:
        UserError: it is not known, or none of its runs has finished.
    """
    if is_baseline(world, ledger, word):
        return _baseline(world, ledger, word)
    found = named(world, ledger, word)
    if found is None:
        return _run(world, word, rules)
    experiment, attempt = found
    alone = tuple(run for run in attempt.runs if run.id == word)
    name = f"#{word}" if word.isdecimal() else word
    title = f"{experiment.title}, seed {alone[0].seed}" if alone else experiment.title
    return _trained(world, name, title, attempt.but(runs=alone or attempt.trained), rules)


def owner(world: World, ledger: Ledger, word: str) -> Experiment | None:
    """The experiment that a PR, a branch or a run belongs to; of closed ones, by their number.

    Raises:
        UserError: it is a PR or an issue where nothing was launched.
    """
    digits = word.removeprefix("#")
    if digits.isdecimal():
        if found := recalled(world, ledger, int(digits)).at(int(digits)):
            return found
        raise UserError(f"Nothing was launched for #{digits}.")
    if on_branch := ledger.on(word):
        return on_branch
    owners = (e for e in ledger.experiments.values() if _attempt(e, word))
    return next(owners, None)


def named(world: World, ledger: Ledger, word: str) -> tuple[Experiment, Attempt] | None:
    """The experiment that a word names, and the attempt: a run's own, or the last that trained.

    Raises:
        UserError: nothing was launched there, or no run has finished.
    """
    if (experiment := owner(world, ledger, word)) is None:
        return None
    return experiment, _attempt(experiment, word) or trained(experiment)


def _attempt(experiment: Experiment, run_id: str) -> Attempt | None:
    """The last attempt that holds a run."""
    return next(
        (a for a in reversed(experiment.attempts) if any(r.id == run_id for r in a.runs)), None
    )


def trained(experiment: Experiment) -> Attempt:
    """The last attempt of which a run has finished; held-out seeds are no search.

    Raises:
        UserError: there is none.
    """
    for attempt in reversed(experiment.attempts):
        if attempt.purpose != "confirm" and any(r.state == "finished" for r in attempt.runs):
            return attempt
    raise UserError(f"No run of #{experiment.place} has finished yet. `/status` looks now.")


def is_baseline(world: World, ledger: Ledger, word: str) -> bool:
    """Whether a word names a baseline, or the default branch that the present one stands for."""
    if word == world.forge.default_branch:
        return ledger.baseline is not None
    return any(ref.tag == word for ref in ledger.baselines)


def _baseline(world: World, ledger: Ledger, word: str) -> Arm:
    here = word == world.forge.default_branch and ledger.baseline
    held = judging.read(world, here.tag if here else word)
    return Arm(held.tag, "", held.commit, held.seeds, held.judge, held.environment)


def _trained(world: World, name: str, title: str, attempt: Attempt, rules: Rules) -> Arm:
    good = attempt.but(runs=tuple(run for run in attempt.runs if run.state == "finished"))
    observed = world.tracker.observe([run.id for run in good.runs])
    results = measure(world, rules, good, observed)
    seen = list(observed.values())
    return Arm(
        name=name,
        title=title,
        commit=attempt.commit or None,
        results=results,
        judge=judging.judge(rules, good, seen),
        environment=environment([run.config for run in seen]),
        untrained=len(attempt.runs) - len(results),
    )


def _run(world: World, run_id: str, rules: Rules) -> Arm:
    """A run that the lab book does not know, such as one that somebody started by hand."""
    seen = world.tracker.observe([run_id]).get(run_id)
    if seen is None:
        raise UserError(f"{code(run_id)} is not known here. Name {EXAMPLES}.")
    if seen.state != "finished":
        raise UserError(f"The run {code(run_id)} is {seen.state}: only finished runs are compared.")
    seed = seen.config.get("seed")
    run = Run(seed=seed if isinstance(seed, int) else 0, id=run_id, state="finished")
    alone = Attempt(
        number=0,
        purpose="search",
        commit=seen.commit or "",
        tree="",
        queue="",
        runs=(run,),
        asked_by="",
        comment_id=0,
        asked_at=0.0,
    )
    return _trained(world, run_id, "", alone, rules)
