"""The agent's side of W&B: it takes items from the queue, and runs come of them."""

import base64
import json
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.sandbox.agents import clean_environment
from bot.sandbox.wandb import Wandb

PROJECT = Path(__file__).parents[2]
QUEUE = {"entityName": "acme", "projectName": "model-registry", "queueName": "local"}
NOISE = (0.0, 0.001, -0.001, 0.0015, -0.0015)
PATIENCE_SECONDS = 60
MANY = 1_000


class Agent:
    """Whoever works on the one queue, which it makes."""

    def __init__(self, server: Wandb) -> None:
        self._server = server
        made = {**QUEUE, "access": "PROJECT"}
        self._mutate("createRunQueue", "CreateRunQueueInput", made, "success")

    def take(self, most: int = MANY) -> list[dict[str, Any]]:
        """Take the items that wait, oldest first; return what each wants to be run."""
        taken: list[dict[str, Any]] = []
        while len(taken) < most and (
            item := self._mutate(
                "popFromRunQueue", "PopFromRunQueueInput", QUEUE, "runQueueItemId runSpec"
            )
        ):
            begun = {"runQueueItemId": item["runQueueItemId"], "runName": item["runSpec"]["run_id"]}
            self._mutate("ackRunQueueItem", "AckRunQueueItemInput", begun, "success")
            taken.append(item["runSpec"])
        return taken

    def finish(self, most: int = MANY) -> int:
        """Write an ended run for each item that waits, as training would; nothing is trained.

        Like the trainer it leaves a run alone that somebody has begun. The larger the learning
        rate, the better the run, up to 1: above it fails.

        Returns:
            How many items were taken.
        """
        waiting = self.take(most)
        for spec in waiting:
            if self._is_begun(spec):
                continue
            words = spec["overrides"]["entry_point"]
            settings = dict(word.split("=", 1) for word in words if "=" in word)
            seed, lr = int(settings["seed"]), float(settings.get("lr", 0.01))
            accuracy = 0.9 + lr + NOISE[seed % len(NOISE)] if lr <= 1 else None
            self._write(spec, {"lr": lr, "seed": seed}, accuracy)
        return len(waiting)

    def start(self, spec: Mapping[str, Any], folder: Path) -> int:
        """Start the process of one item, as `wandb launch-agent` does; return its exit code."""
        environment = {
            **clean_environment(folder),
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(folder),
            "WANDB_API_KEY": self._server.api_key,
            "WANDB_BASE_URL": self._server.url,
            "WANDB_ENTITY": spec["entity"],
            "WANDB_NAME": spec["name"],
            "WANDB_PROJECT": spec["project"],
            "WANDB_RUN_ID": spec["run_id"],
        }
        with (folder / "log").open("a") as log:
            done = subprocess.run(
                spec["overrides"]["entry_point"],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        return done.returncode

    def _is_begun(self, spec: Mapping[str, Any]) -> bool:
        """What `resume="never"` asks before anything is trained."""
        query = (
            "query($entity: String!, $project: String!, $run: String!) {"
            " project(name: $project, entityName: $entity) { run(name: $run) { id } } }"
        )
        given = {"entity": spec["entity"], "project": spec["project"], "run": spec["run_id"]}
        project = self._post("/graphql", {"query": query, "variables": given})["data"]["project"]
        return bool(project and project["run"])

    def _write(
        self, spec: Mapping[str, Any], config: Mapping[str, Any], accuracy: float | None
    ) -> None:
        """Begin a run and end it: with what it has reached, or, if that is None, with an error."""
        begun = {
            "name": spec["run_id"],
            "entityName": spec["entity"],
            "modelName": spec["project"],
            "displayName": spec["name"],
            "host": "agent",
            "config": json.dumps({name: {"value": value} for name, value in config.items()}),
        }
        self._mutate("upsertBucket", "UpsertBucketInput", begun, "inserted")
        rows = [
            {"_step": step, "val/acc": accuracy - (3 - step) / 10, "val/loss": 1 - accuracy}
            for step in range(4)
            if accuracy is not None
        ]
        lines = {
            "wandb-history.jsonl": rows,
            "wandb-summary.json": [{**(rows or [{}])[-1], "_runtime": 30.0}],
        }
        files = {
            name: {"offset": 0, "content": [json.dumps(row) for row in content]}
            for name, content in lines.items()
        }
        path = f"/files/{spec['entity']}/{spec['project']}/{spec['run_id']}/file_stream"
        self._post(path, {"files": files, "complete": True, "exitcode": int(accuracy is None)})

    def _mutate(self, name: str, kind: str, given: Mapping[str, Any], wanted: str) -> Any:
        query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {wanted} }} }}"
        answer = self._post("/graphql", {"query": query, "variables": {"input": given}})
        return answer["data"][name]

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        credentials = base64.b64encode(f"api:{self._server.api_key}".encode()).decode()
        request = urllib.request.Request(
            self._server.url + path,
            json.dumps(body).encode(),
            {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)
