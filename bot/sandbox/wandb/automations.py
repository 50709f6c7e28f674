"""Automations: webhook integrations, triggers, and which of them a run's new state fires."""

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from bot.sandbox.wandb import filters
from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Entity, GenericWebhookIntegration, Project, Run, Trigger
from bot.sandbox.wandb.store import Resolver, Store


@dataclass(frozen=True)
class FilterEventTriggeringCondition:
    """What a trigger waits for, as GraphQL shows it."""

    event_type: str
    filter: str


@dataclass(frozen=True)
class GenericWebhookTriggeredAction:
    """What a trigger does, as GraphQL shows it."""

    integration: GenericWebhookIntegration
    request_payload: str | None


ONCE_SECONDS = 24 * 3600.0  # an automation fires for a run at most once in this time
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "$gte": operator.ge,
    "$gt": operator.gt,
    "$lte": operator.le,
    "$lt": operator.lt,
}
_REPORTED = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "crashed": "FAILED",
}


def create_integration(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Register an address; its token is named, and must be one of the team's secrets."""
    token = request.get("accessTokenRef")
    if token is not None and token not in store.secrets:
        raise Refusal(404, f"secret {token} not found")
    integration = GenericWebhookIntegration(
        store.new_id("Integration"),
        request["name"],
        request["urlEndpoint"],
        token,
        store.timestamp(),
    )
    store.integrations.append(store.keep(integration, integration.id))
    return {"integration": integration}


def create_trigger(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Make an automation; names are unique."""
    if any(trigger.name == request["name"] for trigger in store.triggers):
        raise Refusal(409, f"automation {request['name']} already exists")
    scope: Project | Entity = store.entity
    if request["scopeType"] != "ENTITY":
        scope = store.find(request["scopeID"], Project)
    action = request["triggeredActionConfig"].get("genericWebhookActionInput")
    if request["triggeredActionType"] != "GENERIC_WEBHOOK" or action is None:
        raise Refusal(400, "only webhook actions are served here")
    trigger = Trigger(
        id=store.new_id("Trigger"),
        name=request["name"],
        description=request.get("description"),
        enabled=request["enabled"],
        scope=scope,
        event_type=request["triggeringEventType"],
        filter=request["eventFilter"],
        action=action,
        created_at=store.timestamp(),
    )
    store.triggers.append(store.keep(trigger, trigger.id))
    return {"trigger": trigger}


def delete_trigger(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Delete an automation."""
    store.triggers.remove(store.find(request["triggerID"], Trigger))
    return {"success": True}


def on_run_state(store: Store, run: Run) -> None:
    """Fire what waits for the run's present state; a killed run fires nothing."""
    reported = _REPORTED.get(run.state)
    for trigger, wanted in _waiting(store, run, "RUN_STATE"):
        if reported in wanted["run_state_filter"]["states"]:
            _fire(store, trigger, run)


def on_run_metric(store: Store, run: Run, rows: Iterable[Mapping[str, Any]]) -> None:
    """Fire what waits for a value that stands in one of the rows that a run has just logged."""
    rows = list(rows)
    for trigger, wanted in _waiting(store, run, "RUN_METRIC"):
        threshold = wanted["run_metric_filter"]["threshold_filter"]
        compare = _COMPARED[threshold["cmp_op"]]
        values = (row.get(threshold["name"]) for row in rows)
        if any(compare(v, threshold["threshold"]) for v in values if isinstance(v, int | float)):
            _fire(store, trigger, run)


def _waiting(store: Store, run: Run, event: str) -> Iterator[tuple[Trigger, dict[str, Any]]]:
    """The triggers of an event that watch a run, with what they wait for."""
    for trigger in store.triggers:
        if trigger.event_type != event or not trigger.enabled:
            continue
        if trigger.scope not in (run.project, store.entity):
            continue
        wanted = json.loads(trigger.filter)
        if filters.matches(run, json.loads(wanted.get("run_filter") or "{}")):
            yield trigger, wanted


def _fire(store: Store, trigger: Trigger, run: Run) -> None:
    if _may_fire(store, trigger, run):
        trigger.fired[run.storage_id] = store.now()
        _post(store, trigger, run.project)


def _may_fire(store: Store, trigger: Trigger, run: Run) -> bool:
    """Not twice for one run within a day, and not within its cooldown after any run."""
    for storage_id, last in trigger.fired.items():
        pause = ONCE_SECONDS if storage_id == run.storage_id else store.cooldown_seconds
        if store.now() - last < pause:
            return False
    return True


def _post(store: Store, trigger: Trigger, project: Project) -> None:
    """Make a post due: the payload with its variables filled in; they tell nothing of the run."""
    variables = {
        "project_name": project.name,
        "entity_name": store.entity.name,
        "event_type": trigger.event_type,
        "event_author": "labhand",
    }
    integration = store.find(trigger.action["integrationID"], GenericWebhookIntegration)
    payload = _filled(json.loads(trigger.action.get("requestPayload") or "{}"), variables)
    store.due.append((integration, payload))


def _filled(value: Any, variables: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return Template(value).safe_substitute(variables) if isinstance(value, str) else value


def _triggers(
    store: Store,
    _entity: Entity,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
    **_order: str,
) -> dict[str, Any]:
    name = json.loads(filters or "{}").get("name")
    return page([t for t in store.triggers if name in (None, t.name)], first, after)


FIELDS: dict[str, Resolver] = {
    "Entity.triggers": _triggers,
    "Entity.integrations": lambda store, _entity, after=None, first=None: page(
        store.integrations, first, after
    ),
    "Trigger.triggeringCondition": lambda _store, trigger: FilterEventTriggeringCondition(
        trigger.event_type, trigger.filter
    ),
    "Trigger.triggeredAction": lambda store, trigger: GenericWebhookTriggeredAction(
        store.find(trigger.action["integrationID"], GenericWebhookIntegration),
        trigger.action.get("requestPayload"),
    ),
    "Mutation.createGenericWebhookIntegration": create_integration,
    "Mutation.createFilterTrigger": create_trigger,
    "Mutation.deleteTrigger": delete_trigger,
}
