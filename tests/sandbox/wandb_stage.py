"""A served W&B, an SDK that knows no other, and training programs."""

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wandb

from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Run, Wandb

SECRETS = {"HOOK_TOKEN": "ghs_secret"}
FOLDERS = ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")


class Clock:
    """The time, which a test may move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Bench:
    """The served W&B, and a project of the test's own."""

    server: Wandb
    clock: Clock
    folder: Path
    environment: dict[str, str]
    project: str

    def init(self, run_id: str, **options: Any) -> Any:
        """Begin a run in this process."""
        return wandb.init(
            project=self.project,
            id=run_id,
            settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),
            **options,
        )

    def api_run(self, run_id: str) -> Any:
        """The run as a fresh public Api shows it."""
        return wandb.Api().run(f"acme/{self.project}/{run_id}")

    def seen(self, run_id: str) -> Run:
        """The run as the server has it."""
        return next(run for run in self.server.runs(self.project) if run.id == run_id)

    def program(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python code as a training program, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env=self.environment | {"WANDB_PROJECT": self.project} | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> tuple[int, Any]:
        """One request as the SDK would send it; the status and the answer."""
        credentials = base64.b64encode(f"api:{key or self.server.api_key}".encode()).decode()
        request = urllib.request.Request(
            self.server.url + path,
            json.dumps(body).encode(),
            {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("wandb")
    bound, url = reserve()
    clock = Clock()
    with (
        pytest.MonkeyPatch.context() as environment,
        Wandb(url, folder / "server", secrets=SECRETS, now=clock) as server,
        serve(server.app, bound),
    ):
        variables = {
            "WANDB_BASE_URL": url,
            "WANDB_API_KEY": server.api_key,
            "WANDB_ENTITY": "acme",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            **dict.fromkeys(FOLDERS, str(folder)),
        }
        wandb.teardown()  # what an earlier module of this process set up
        environment.delenv("WANDB_SERVICE", raising=False)
        for name, value in variables.items():
            environment.setenv(name, value)
        path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder)}
        yield Bench(server, clock, folder, path | variables, "none")
        wandb.teardown()


@pytest.fixture
def bench(served: Bench) -> Iterator[Bench]:
    served.project = f"p{uuid.uuid4().hex[:8]}"
    yield served
    served.clock.ahead = 0.0
