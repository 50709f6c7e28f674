"""The one comment per experiment that is edited silently while things run."""

from collections.abc import Mapping

from bot.comments import render
from bot.core.attempt import Attempt, Run
from bot.core.experiment import Experiment
from bot.core.results import RunRow
from bot.core.runs import ObservedRun
from bot.handlers import judging
from bot.ports import World
from bot.replies import Progress

KEY = "progress"


def show(world: World, experiment: Experiment, observed: Mapping[str, ObservedRun]) -> Experiment:
    """Edit the progress comment; return the experiment with it.

    If it is not there yet, it is written by whoever has claimed a step, and by nobody else.
    """
    attempt = experiment.latest
    assert attempt is not None
    metric = judging.led(world, experiment).metric.name
    body = render(
        Progress(
            attempt=attempt.number,
            purpose=attempt.purpose,
            commit=attempt.commit,
            runs=rows(world, metric, attempt, observed),
            metric=metric,
            group_url=world.tracker.group_url(group(experiment, attempt)),
            verdict=attempt.outcome,
            queue=attempt.queue,
            waiting=tuple(run.seed for run in attempt.runs if run.state == "waiting"),
            waits_for=attempt.waits_for,
            stuck=attempt.stuck,
            futile=attempt.futile,
            stopping=tuple(run.seed for run in attempt.runs if run.stop and not run.ended),
        ),
        world.prefix,
    )
    if experiment.progress_id:
        world.forge.edit(experiment.progress_id, KEY, body)
        return experiment
    held = experiment.intention
    if held is None or held.workflow_run != world.environment.workflow_run:
        return experiment
    return experiment.but(progress_id=world.forge.say(experiment.place, KEY, body, alone=True))


def rows(
    world: World, metric: str, attempt: Attempt, observed: Mapping[str, ObservedRun]
) -> tuple[RunRow, ...]:
    """List an attempt's runs with what W&B knows of them, and of this metric."""
    found = []
    for run in attempt.runs:
        now = observed.get(run.id)
        value = now.summary.get(metric) if now else None
        found.append(
            RunRow(
                seed=run.seed,
                state=run.state,
                url=world.tracker.run_url(run.id),
                step=now.step if now else None,
                value=float(value) if isinstance(value, int | float) else None,
                note=_note(run),
            )
        )
    return tuple(found)


def _note(run: Run) -> str:
    """Who stopped a run and why, or what was found that its state does not tell."""
    if run.stop is None or run.state == "finished":
        return run.why
    who = run.stop.by or "Labhand"
    ended = f"by {who}" if run.state == "killed" else f"stopped by {who}"
    asked = ended if run.ended else f"{who} asks it to stop"
    return ": ".join(filter(None, [asked, run.stop.why]))


def group(experiment: Experiment, attempt: Attempt) -> str:
    """The W&B group of an attempt's runs."""
    return f"lh-{experiment.number}-{attempt.number}"
