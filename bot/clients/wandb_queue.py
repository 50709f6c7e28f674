"""W&B's Launch queues: what waits in them, who takes it, and how it is taken back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.clients.wandb_connection import Connection, answered, load, moment
from bot.core.queue import Agent, ItemState, Queued, QueueItem

PROJECT = "model-registry"
"""Queues live there, and so do the hidden runs that launch agents keep."""
AGENT = "sweep-controller"
"""The type of those runs, whose id is the agent's name; there is no list of agents."""
STATES: Mapping[str, ItemState] = {
    "PENDING": "waiting",
    "LEASED": "taken",
    "CLAIMED": "taken",
    "FAILED": "failed",
}
ITEM = "id state associatedRunId"
QUEUE = """
query GetRunQueueItems($projectName: String!, $entityName: String!, $runQueue: String!) {{
  project(name: $projectName, entityName: $entityName) {{
    runQueue(name: $runQueue) {{
      prioritizationMode
      runQueueItems(first: 100) {{ edges {{ node {{ {item} }} }} }}
      {asked}
    }}
  }}
}}
"""
"""The SDK asks for each item in a request of its own."""
PAGE = 100


class Queues(Connection):
    """The queues of one team, and what can be written on its runs."""

    @answered
    def queued(self, queue: str, item_ids: Sequence[str]) -> Queued | None:
        pages = [item_ids[start : start + PAGE] for start in range(0, len(item_ids), PAGE)] or [()]
        items: dict[str, QueueItem] = {}
        mode = None
        for page in pages:
            found = self._queue(queue, page)
            if found is None:
                return None
            mode = found["prioritizationMode"]
            nodes = [edge["node"] for edge in found["runQueueItems"]["edges"]]
            nodes += [found[f"item{place}"] for place in range(len(page))]
            items |= {node["id"]: _item(node) for node in nodes if node}
        return Queued(tuple(items.values()), has_priorities=mode == "V0")

    def _queue(self, queue: str, item_ids: Sequence[str]) -> Any:
        """A queue with its first hundred items, and those of these ids."""
        from wandb.apis.public.service_api import ServiceApi

        asked = " ".join(
            f"item{place}: runQueueItem(id: {json.dumps(item_id)}) {{ {ITEM} }}"
            for place, item_id in enumerate(item_ids)
        )
        answer: Any = ServiceApi(load().setup().settings).execute_graphql(
            QUEUE.format(item=ITEM, asked=asked),
            {"projectName": PROJECT, "entityName": self._entity, "runQueue": queue},
        )
        return (answer["project"] or {}).get("runQueue")

    @answered
    def agents(self) -> tuple[Agent, ...]:
        self._api.flush()
        listed = self._api.runs(
            f"{self._entity}/{PROJECT}",
            filters={"jobType": AGENT, "state": "running"},
            order="-heartbeat_at",
            per_page=50,
        )
        try:
            return tuple(
                {run.id: Agent(run.id, moment(run.heartbeat_at)) for run in listed}.values()
            )
        except ValueError as error:
            if "Could not find project" in str(error):
                return ()
            raise

    @answered
    def take_back(self, queue: str, item_id: str) -> None:
        """Delete an item through the SDK, which does not tell whether W&B did."""
        self._api.queued_run(self._entity, self._project, queue, item_id, PROJECT).delete()

    @answered
    def annotate(
        self, run_ids: Sequence[str], tags: Sequence[str], note: str, group: str
    ) -> tuple[str, ...]:
        done = []
        for run in self._runs(list(run_ids)):
            run.tags = list(dict.fromkeys([*(run.tags or []), *tags]))
            if note and note not in (run.notes or "").split("\n"):
                run.notes = "\n".join(filter(None, [run.notes, note]))
            if group:
                run.group = group
            run.update()
            done.append(run.id)
        return tuple(done)


def _item(node: Mapping[str, Any]) -> QueueItem:
    return QueueItem(node["id"], STATES.get(node["state"], "taken"), node["associatedRunId"])
