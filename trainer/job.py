"""A job: what stands between the start of its W&B run and its exit code, whatever goes wrong."""

import gc
import io
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trainer import config, health, track


@dataclass(frozen=True)
class Job:
    """What a piece of work is done with.

    Attributes:
        arguments: As on the command line, without the verb.
        given: The configuration that Launch or a sweep gave the run.
        folder: Where the run's checkpoints are.
    """

    arguments: list[str]
    tracker: track.Tracker
    stop: health.Stop
    evidence: health.Evidence
    given: dict[str, Any]
    folder: Path


Work = Callable[[Job], str]
"""What a job does; gives the `run/status` with which it has ended well."""


def main(arguments: list[str]) -> int:
    """Trains once and says how it ended; returns the exit code."""
    return start(arguments, train)


def start(arguments: list[str], work: Work) -> int:
    """Starts a W&B run and works in it; returns 0, or the exit code of the failure's kind."""
    stop = health.Stop()
    stop.listen()
    if int(os.environ.get("RANK", 0)):
        sys.stdout = io.StringIO()  # rank 0 says it for all
    try:
        tracker = track.start()
    except track.NotStarted as refusal:
        print(f"trainer: {refusal}", file=sys.stderr)
        return refusal.exit_code
    except track.Unreachable as error:
        place = health.keep(health.Evidence().record(error), track.local_folder())
        print(f"trainer: {error}\nrecord: {place}", file=sys.stderr)
        return error.exit_code
    return run(arguments, tracker, stop, work)


def train(job: Job) -> str:
    """Trains with what the arguments and the run's configuration say."""
    settings = config.resolve(job.arguments, job.given)
    job.evidence.settings, job.evidence.config_hash = settings.flat(), settings.hash()
    # Here and not above: torch takes a second, and an import that fails is to be recorded too.
    from trainer import loop

    gc.freeze()  # what imports leave stays: looking it through for garbage takes 0.1 s each time
    job.tracker.configure(settings)
    with health.Watchdog(settings.health.hang_seconds, job.evidence, partial(_abandon, job)):
        results = loop.train(settings, job.tracker, job.stop, job.evidence, job.folder)
    print("\n".join(f"{key}: {value:.6g}" for key, value in results.items()), flush=True)
    return "stopped_early" if results["epoch"] < settings.train.epochs else "finished"


def run(arguments: list[str], tracker: track.Tracker, stop: health.Stop, work: Work = train) -> int:
    """Works in a started W&B run, which it ends; every failure leaves a record first."""
    evidence, folder, code = health.Evidence(), tracker.folder, 1
    try:
        given, folder = _told(tracker)
        status = work(Job(arguments, tracker, stop, evidence, given, folder))
        tracker.summary({"run/status": status})
        code = 0
    except BaseException as error:  # whatever ends a run, even sys.exit() in a model's code
        code = health.exit_code(error)
        _tell(error, evidence, tracker, folder)
    finally:
        tracker.finish(code)
    return code


def _told(tracker: track.Tracker) -> tuple[dict[str, Any], Path]:
    """What rank 0's run was given, and its folder: the other ranks' runs are not real ones."""
    if not int(os.environ.get("RANK", 0)):
        health.forget(tracker.folder)
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return tracker.given, tracker.folder
    from trainer import ranks  # imports torch, see above

    return ranks.told((tracker.given, tracker.folder))


def _abandon(job: Job, error: health.Hang) -> None:
    """Ends the run of a process that hangs, as far as it can be ended from beside it."""
    _tell(error, job.evidence, job.tracker, job.folder)
    job.tracker.finish(error.exit_code)


def _tell(
    error: BaseException, evidence: health.Evidence, tracker: track.Tracker, folder: Path
) -> None:
    record = health.merge(evidence.record(error), folder)
    tracker.fail(record)
    if not isinstance(error, health.Failure):
        traceback.print_exception(error)
    print(f"failed ({record['kind']}) at step {record['step']}: {record['message']}")
    print(f"what to do: {health.advice(record['kind'])}")
    for patch in record["suggest"]:
        changes = " ".join(f"{name}={value}" for name, value in patch["set"].items())
        print(f"suggestion: {changes} ({patch['why']})" if changes else patch["why"])
    print(f"record: {health.RECORD}, among the run's files", flush=True)
