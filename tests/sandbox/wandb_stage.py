"""A served W&B, runs of this process, and training programs."""

import base64
import json
import queue
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wandb
from wandb.sdk.launch.api import LaunchApi

from bot.sandbox.faults import Faults
from bot.sandbox.wandb import Run, Wandb


def push(queue: str, *run_ids: str, priority: int | None = None) -> list[str]:
    """Queue runs as the SDK does; return their items."""
    items = []
    for run_id in run_ids:
        spec = json.dumps({"run_id": run_id})
        item = LaunchApi().push_to_run_queue_by_name(
            "acme", "model-registry", queue, spec, None, priority
        )
        assert item
        items.append(item["runQueueItemId"])
    return items


def pop(queue: str) -> dict[str, Any] | None:
    """Take what is next, as an agent does."""
    return LaunchApi().pop_from_run_queue(queue, "acme", "model-registry")


class Clock:
    """The time, which a test may move on, and stop."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.stopped: float | None = None

    def __call__(self) -> float:
        return (self.stopped or time.time()) + self.ahead


@dataclass(frozen=True)
class Hook:
    """An address that keeps what is posted to it, with the authorization it came with."""

    url: str
    rings: "queue.Queue[tuple[Any, str | None]]"


@dataclass
class Bench:
    """The served W&B, what goes wrong with it, and a project of the test's own."""

    server: Wandb
    faults: Faults
    clock: Clock
    folder: Path
    environment: dict[str, str]
    project: str

    def init(self, run_id: str, *, sweep: str | None = None, **options: Any) -> Any:
        """Begin a run in this process."""
        return wandb.init(
            project=self.project,
            id=run_id,
            settings=wandb.Settings(
                console="off", silent=True, x_disable_stats=True, sweep_id=sweep
            ),
            **options,
        )

    def freeze(self) -> None:
        """Stop the server's clock, so that only the test moves it."""
        self.clock.stopped = time.time()

    def api_run(self, run_id: str) -> Any:
        """The run as a fresh public Api shows it."""
        return wandb.Api().run(f"acme/{self.project}/{run_id}")

    def seen(self, run_id: str) -> Run:
        """The run as the server has it."""
        return next(run for run in self.server.runs(self.project) if run.id == run_id)

    def program(
        self, code: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python code as a training program, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env=self.environment | {"WANDB_PROJECT": self.project} | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def headers(self, key: str | None = None) -> dict[str, str]:
        """What a request needs to be heard."""
        credentials = base64.b64encode(f"api:{key or self.server.api_key}".encode()).decode()
        return {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> tuple[int, Any]:
        """One request as the SDK would send it; the status and the answer."""
        request = urllib.request.Request(
            self.server.url + path, json.dumps(body).encode(), self.headers(key)
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
