"""The check "labhand" on a head: it can be required for a merge, and passes at once elsewhere."""

from collections.abc import Mapping

from bot.comments import headline
from bot.core.attempt import Attempt
from bot.core.experiment import Experiment
from bot.core.numbers import count
from bot.events import PullMoved
from bot.ports import CheckState, World

STATES: Mapping[str, CheckState] = {
    "WIN": "success",
    "CONFIRMED": "success",
    "RELEASED": "success",
    "UNDECIDED": "neutral",
    "NOT_COMPARABLE": "neutral",
}
"""Verdict to what the check concludes; every other verdict fails it."""


def moved(world: World, event: PullMoved) -> None:
    """Pass a PR that is no experiment, and say of an experiment that its new head is untrained."""
    experiment = world.forge.read_ledger().at(event.place)
    if experiment is None:
        said = "Nothing was launched here, so there is nothing to wait for."
        world.forge.check(event.head, "success", "no experiment", said)
    elif all(attempt.commit != event.head for attempt in experiment.attempts):
        untrained(world, event.head)


def untrained(world: World, head: str) -> None:
    """Say that a head waits for its launch."""
    title = "not trained yet: /launch"
    world.forge.check(head, "queued", title, "`/launch` on the PR trains this commit.")


def training(world: World, experiment: Experiment, attempt: Attempt) -> None:
    """Say that an attempt is on its way, and that those which it supersedes are not any more."""
    if experiment.kind != "experiment":
        return
    for old in experiment.attempts:
        if old.verdict == "SUPERSEDED" and old.commit != attempt.commit:
            said = f"Attempt {attempt.number} trains a newer commit."
            world.forge.check(old.commit, "cancelled", "superseded", said)
    title = f"attempt {attempt.number} is being trained: {count(len(attempt.runs), 'seed')}"
    world.forge.check(attempt.commit, "in_progress", title, "Its report comes by itself.")


def concluded(world: World, experiment: Experiment, verdict: str, body: str) -> None:
    """Say what came out of the latest attempt, with the comment that says it on the PR."""
    attempt = experiment.latest
    if attempt is None or experiment.kind != "experiment":
        return
    state = STATES.get(verdict, "failure")
    world.forge.check(attempt.commit, state, headline(body), body)
