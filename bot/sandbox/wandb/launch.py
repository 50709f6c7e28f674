"""Launch: queues, what waits in them, and the agents that take it."""

import json
from typing import Any

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Entity, Item, LaunchAgent, Project, Queue, ResourceConfig
from bot.sandbox.wandb.store import Resolver, Store

LEASE_SECONDS = 60.0  # an item that was popped and never acked goes back to the queue
MEDIUM = 2


def create_default_resource_config(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Keep what a queue to be made will add to its jobs."""
    variables = json.loads(request.get("templateVariables") or "{}")
    config = ResourceConfig(
        store.new_id("DefaultResourceConfig"),
        request["resource"],
        json.loads(request["config"]),
        [{"name": name, "schema": json.dumps(schema)} for name, schema in variables.items()],
    )
    store.keep(config, config.id)
    return {"success": True, "defaultResourceConfigID": config.id}


def create_run_queue(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Make a queue; a second one of the same name is refused."""
    project = store.ensure_project(request["projectName"], request["entityName"])
    name = request["queueName"]
    if name in project.queues:
        raise Refusal(409, f"run queue {name} already exists")
    queue = Queue(
        store.new_id("RunQueue"),
        name,
        request["access"],
        request.get("prioritizationMode") or "DISABLED",
        request.get("defaultResourceConfigID"),
        "labhand",
    )
    project.queues[name] = store.keep(queue, queue.id)
    return {"success": True, "queueID": queue.id}


def delete_run_queues(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Delete queues, with whatever waits in them."""
    for project in store.projects.values():
        for queue in list(project.queues.values()):
            if queue.id in request["queueIDs"]:
                del project.queues[queue.name]
    return {"success": True}


def push(store: Store, request: dict[str, Any]) -> dict[str, Any] | None:
    """Put a job into a queue; the same job twice makes two items."""
    queue = _queue(store, request)
    if queue is None:
        return None
    spec = json.loads(request["runSpec"])
    if queue.default_resource_config_id is not None:
        defaults = store.find(queue.default_resource_config_id, ResourceConfig)
        spec["resource"] = defaults.resource
        spec.setdefault("resource_args", defaults.config.get("resource_args", {}))
    priority = request.get("priority")
    item = Item(store.new_id("RunQueueItem"), spec, MEDIUM if priority is None else priority)
    queue.items[item.id] = store.keep(item, item.id)
    return {"runQueueItemId": item.id, "runSpec": json.dumps(spec)}


def pop(store: Store, request: dict[str, Any]) -> dict[str, Any] | None:
    """Lease the item that is next, the most urgent first where the queue has priorities."""
    queue = _queue(store, request)
    if queue is None:
        raise Refusal(404, f"run queue {request['queueName']} not found")
    for item in queue.items.values():
        if item.state == "LEASED" and store.now() - item.leased_at > LEASE_SECONDS:
            item.state = "PENDING"
    waiting = [item for item in queue.items.values() if item.state == "PENDING"]
    if not waiting:
        return None
    urgent = queue.prioritization_mode == "V0"
    item = min(waiting, key=lambda item: item.priority if urgent else 0)
    item.state, item.leased_at = "LEASED", store.now()
    return {"runQueueItemId": item.id, "runSpec": item.run_spec}


def ack(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """An agent has begun the job; from here on the run tells how it goes."""
    item = store.find(request["runQueueItemId"], Item)
    if item.state != "LEASED":
        return {"success": False}
    item.state, item.associated_run_id = "CLAIMED", request["runName"]
    return {"success": True}


def fail(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """An agent could not run the job."""
    item = store.find(request["runQueueItemId"], Item)
    item.state, item.error = "FAILED", request["message"]
    return {"success": True}


def delete_item(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Take an item out of its queue, if nobody has begun it."""
    queue = store.find(request["queueID"], Queue)
    item = store.find(request["runQueueItemId"], Item)
    if item.state != "PENDING":
        return {"success": False}
    del queue.items[item.id]
    return {"success": True}


def create_launch_agent(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Register an agent; its name is also the id of the hidden run that it keeps."""
    agent = LaunchAgent(
        store.new_id("LaunchAgent"),
        f"agent{len(store.agents) + 1}",
        request["runQueues"],
        request["hostname"],
    )
    store.agents.append(store.keep(agent, agent.id))
    return {"launchAgentId": agent.id}


def update_launch_agent(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Note what an agent says of itself."""
    agent = store.find(request["launchAgentId"], LaunchAgent)
    agent.agent_status = request.get("agentStatus") or agent.agent_status
    return {"success": True}


def _queue(store: Store, request: dict[str, Any]) -> Queue | None:
    project = store.project(request["projectName"], request["entityName"])
    return project.queues.get(request["queueName"]) if project else None


def _agent(store: Store, _query: None, **wanted: str) -> LaunchAgent:
    return store.find(wanted["id"], LaunchAgent)


def _item(_store: Store, queue: Queue, **wanted: str) -> Item | None:
    return queue.items.get(wanted["id"])


def _resource_config(store: Store, _entity: Entity, **wanted: str) -> ResourceConfig:
    return store.find(wanted["id"], ResourceConfig)


def _queues(_store: Store, project: Project) -> list[Queue]:
    return list(project.queues.values())


FIELDS: dict[str, Resolver] = {
    "Query.launchAgent": _agent,
    "Project.runQueues": _queues,
    "Project.runQueue": lambda _store, project, name: project.queues.get(name),
    "RunQueue.runQueueItems": lambda _store, queue, first=None: page(
        list(queue.items.values()), first
    ),
    "RunQueue.runQueueItem": _item,
    "Entity.defaultResourceConfig": _resource_config,
    "Mutation.createDefaultResourceConfig": create_default_resource_config,
    "Mutation.createRunQueue": create_run_queue,
    "Mutation.deleteRunQueues": delete_run_queues,
    "Mutation.pushToRunQueueByName": push,
    "Mutation.popFromRunQueue": pop,
    "Mutation.ackRunQueueItem": ack,
    "Mutation.failRunQueueItem": fail,
    "Mutation.updateRunQueueItemWarning": lambda _store, _request: {"success": True},
    "Mutation.deleteFromRunQueue": delete_item,
    "Mutation.createLaunchAgent": create_launch_agent,
    "Mutation.updateLaunchAgent": update_launch_agent,
}
