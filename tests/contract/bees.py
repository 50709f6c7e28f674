"""The sandbox's W&B for the Tracker's contract tests, and real training in it."""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.clients.wandb import Wandb
from bot.sandbox import wandb as sandbox
from bot.sandbox.faults import Faults
from tests.contract.hub import SandboxHub

TRAIN = """
import json, sys, wandb
with wandb.init(config={"train": {"lr": 0.1}, "ema": True, "_own": 1}, resume="never") as run:
    for step in range(6):
        value = float("nan") if step == 3 else step / 10
        run.log({"val/dice": value} if step % 2 else {"loss": 1 - value}, step=step)
    for number in range(30):
        print("line", number)
    if len(sys.argv) > 1:
        open("failure.json", "w").write(sys.argv[1])
        run.save("failure.json", policy="now")
        sys.exit(4)
"""


class Echo:
    """An application whose pages of runs hold every run twice, while a test says so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.wanted = False
        self.doubled = 0

    @contextmanager
    def twice(self) -> Iterator[None]:
        """Until the block ends."""
        self.wanted = True
        yield
        self.wanted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.wanted or scope["path"] != "/graphql":
            await self.app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        answer = json.loads(b"".join(parts))
        if edges := ((answer["data"].get("project") or {}).get("runs") or {}).get("edges"):
            edges *= 2
            self.doubled += 1
        await JSONResponse(answer)(scope, receive, send)


@dataclass
class Bees:
    """The sandbox's W&B, a real training program, and who rings where."""

    server: sandbox.Wandb
    echo: Echo
    faults: Faults
    hook_url: str
    rings: "queue.Queue[tuple[Any, str]]"
    folder: Path

    def tracker(self, project: str, hub: SandboxHub) -> Wandb:
        """A client, as a new job makes one."""
        assert os.environ["WANDB_BASE_URL"] == self.server.url
        return Wandb("acme", project, hub.name, hub.server.url, hub.token)

    def train(self, run_id: str, *arguments: str, code: str = TRAIN) -> None:
        """Let the training program run to its end."""
        subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "WANDB_RUN_ID": run_id,
                "WANDB_ENTITY": "acme",
                "WANDB_PROJECT": "retina",
                "WANDB_NAME": f"labhand/{run_id}",
                "WANDB_SILENT": "true",
            },
            check=not arguments,
        )
