"""What a ring costs, and how that grows with experiments that are open and with finished ones.

The lab book is written through git and the runs are put into the sandbox's W&B at once: what made
them is not measured. Half of the open experiments are being trained, the others have their report.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.core import book
from bot.core.attempt import Attempt, Run
from bot.core.experiment import Experiment
from bot.core.ledger import BaselineRef, Ledger
from bot.sandbox.wandb.state import Run as TrackedRun
from tests.bench.measure import show, spread
from tests.bench.repository import Contents, Place
from tests.faults.stage import NAME, Stage, job_environment, stage
from tests.zygote import zygote

SIZES = ((10, 0), (10, 10_000), (100, 1_000), (1_000, 10_000))
"""Experiments that are open, and finished ones."""
ROUNDS = 3
WATCHER = """import json, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))"""
"""Starts the bot in place of this process: Linux gives a child its parent's peak of memory."""
SEEDS = (1, 2, 3)
BASELINE = BaselineRef(tag="baseline-v1", commit="b" * 40)
ENTITY, PROJECT = "acme", "digits"


@dataclass(frozen=True)
class Ring:
    """What one ring took.

    Attributes:
        wall: seconds, in which the sandbox too has its share.
        cpu: seconds of the bot's own process and its children.
        memory: at its peak, MiB, of the larger one of the bot and W&B's service.
        github: requests.
        wandb: requests.
    """

    wall: float
    cpu: float
    memory: float
    github: int
    wandb: int


def main() -> None:
    """Measure each size; a few minutes."""
    rows = []
    for opened, finished in SIZES:
        with (
            tempfile.TemporaryDirectory() as folder,
            zygote() as forking,
            stage(Path(folder), forking) as at,
        ):
            fill(at, opened, finished)
            rings = [ring(at, number) for number in range(ROUNDS)]
        rows.append(
            [
                f"{opened:,} open, {finished:,} finished",
                spread([each.wall for each in rings], ".1f"),
                spread([each.cpu for each in rings], ".1f"),
                spread([each.memory for each in rings], ".0f"),
                *(
                    " or ".join(map(str, sorted({getattr(each, name) for each in rings})))
                    for name in ("github", "wandb")
                ),
            ]
        )
    head = ("experiments", "wall, s", "CPU, s", "peak, MiB", "GitHub requests", "W&B requests")
    show("A ring", head, rows)


def fill(at: Stage, opened: int, finished: int) -> None:
    """Make the PRs of open experiments, the lab book, and everybody's runs."""
    people = Place(at.github.url, at.ada.token, at.root / "clone")
    people.fill(Contents(issues=0, pulls=opened, comments=0))
    experiments = [
        experiment(number, is_open=number <= opened) for number in numbers(opened, finished)
    ]
    held = Ledger(None, {each.number: each for each in experiments}, (BASELINE,))
    files = book.difference(Ledger(None), held)
    people.write("labbook", {path: text for path, text in files.items() if text is not None})
    at.wandb._store.ensure_project(PROJECT, ENTITY)
    for run, is_going_on in _runs(experiments):
        track(at, run, is_going_on=is_going_on)
    at.wandb.stick("lh-*")  # or those that go on would be found crashed


def numbers(opened: int, finished: int) -> range:
    """Of the experiments, those first that are open."""
    return range(1, opened + finished + 1)


def experiment(number: int, *, is_open: bool) -> Experiment:
    """One that is released, or if it is open, trained or reported in turns."""
    going_on = is_open and number % 2 == 0
    attempt = Attempt(
        number=1,
        purpose="search",
        commit=f"{number:040x}",
        tree=f"{number:040x}",
        overrides={"lr": "0.03"},
        baseline=BASELINE.tag,
        queue="local",
        runs=tuple(
            Run(seed=s, id=f"lh-{number:012x}-s{s}", state="running" if going_on else "finished")
            for s in SEEDS
        ),
        asked_by="ada",
        comment_id=3_000_000 + number,
        asked_at=1_800_000_000.0,
        queued=True,
        verdict=None if going_on else "UNDECIDED",
        report_id=None if going_on else 4_000_000 + number,
    )
    return Experiment(
        number=number,
        kind="experiment",
        title=f"Idea {number}",
        author="ada",
        branch=f"branch-{number - 1}",
        pull=number,
        phase="open" if is_open else "released",
        attempts=(attempt,),
        progress_id=5_000_000 + number,
    )


def _runs(experiments: list[Experiment]) -> Iterator[tuple[str, bool]]:
    for each in experiments:
        for run in each.attempts[-1].runs:
            yield run.id, run.state == "running"


def track(at: Stage, run: str, *, is_going_on: bool) -> None:
    """Put a run into the sandbox's W&B, with a configuration and a summary of usual size."""
    store = at.wandb._store
    project = store.projects[PROJECT]
    project.runs[run] = store.keep(
        TrackedRun(
            id=run,
            storage_id=store.new_id("Run"),
            project=project,
            name=run,
            created_at=store.timestamp(),
            heartbeat=store.now(),
            folder=store.root / "runs" / PROJECT / run,
            state="running" if is_going_on else "finished",
            config={f"setting{number}": number / 8 for number in range(60)},
            summary={f"metric{number}": number / 8 for number in range(30)} | {"_step": 40},
        ),
        f"{run}-storage",
    )


def ring(at: Stage, number: int) -> Ring:
    """Ring in a process of its own, and count.

    Raises:
        AssertionError: it found something to do, or failed.
    """
    folder = at.root / f"ring-{number}"
    folder.mkdir()
    (folder / "event.json").write_text("{}")
    environment = job_environment(at.github, at.wandb, NAME, folder, number + 1, "schedule")
    head, asked = at.book, sum(at.wandb.operations.values())
    at.github.requests.clear()
    began = time.perf_counter()
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-c", WATCHER, sys.executable, "-P", "-m", "bot", "ring"]
        told = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log
        )
    wall = time.perf_counter() - began
    code, cpu, kibibytes = json.loads(told.stdout.splitlines()[-1])
    assert (code, at.book) == (0, head), (folder / "log").read_text()[-3000:]
    return Ring(
        wall=wall,
        cpu=cpu,
        memory=kibibytes / 1024,
        github=len(at.github.requests),
        wandb=sum(at.wandb.operations.values()) - asked,
    )


if __name__ == "__main__":
    main()
