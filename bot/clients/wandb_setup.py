"""What W&B must hold before the bot can work: project, queues, webhook and automation."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.core.attempt import CANARY, OURS

PAYLOAD = {"event_type": "labhand-ring", "client_payload": {}}
"""What the webhook posts to GitHub's `/dispatches`."""


def create(
    api: Any,
    name: str,
    entity: str,
    project: str,
    queues: Sequence[str],
    hook_url: str,
    secret_name: str,
    canary_metric: str | None,
) -> tuple[str, ...]:
    """Create what is missing; return it in words.

    Args:
        api: the SDK's `Api`.
        name: of the webhook and of the automation: a team may have several repositories.
        entity: the team.
        project: where runs are logged.
        queues: the Launch queues that are needed.
        hook_url: what the webhook posts to.
        secret_name: the team's secret with the token that it sends.
        canary_metric: whose first value in a run that goes alone rings; None if none does.
    """
    made = []
    if project not in {each.name for each in api.projects(entity)}:
        api.create_project(project, entity)
        made.append(f"W&B project {project}")
    there = _queues(entity)
    for queue in queues:
        if queue not in there:
            api.create_run_queue(queue, "local-process", entity, prioritization_mode="V0")
            made.append(f"W&B Launch queue {queue}")
    hook = _hook(api, entity, name)
    if hook is None:
        _create_hook(entity, name, hook_url, secret_name)
        hook = _hook(api, entity, name)
        made.append(f"W&B webhook {name}")
    events = {name: _ended}
    if canary_metric is not None:
        events[f"{name} canary {canary_metric}"] = partial(_validated, canary_metric)
    missing = {n: e for n, e in events.items() if not any(api.automations(entity, name=n))}
    for automation, event in missing.items():
        if _create_automation(api, automation, event(api.project(project, entity)), hook):
            made.append(f"W&B automation {automation}")
    return tuple(made)


def _queues(entity: str) -> set[str]:
    from wandb.sdk.launch.api import LaunchApi
    from wandb.sdk.launch.utils import LAUNCH_DEFAULT_PROJECT

    try:
        found = LaunchApi().get_project_run_queues(entity, LAUNCH_DEFAULT_PROJECT)
    except Exception as error:  # the SDK raises a bare Exception for a team without queues
        if "Error fetching run queues" not in str(error):
            raise
        return set()
    return {queue["name"] for queue in found}


def _hook(api: Any, entity: str, name: str) -> Any:
    return next((hook for hook in api.webhook_integrations(entity) if hook.name == name), None)


def _create_hook(entity: str, name: str, url: str, secret_name: str) -> None:
    """Register the webhook, for which the SDK ships the operation and no call of its Api."""
    import wandb
    from wandb.apis.public.service_api import ServiceApi
    from wandb.automations._generated import CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL

    given = {
        "entityName": entity,
        "name": name,
        "urlEndpoint": url,
        "accessTokenRef": secret_name,
    }
    service = ServiceApi(wandb.setup().settings)
    service.execute_graphql(CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL, {"input": given})


def _ended(project: Any) -> Any:
    """One of our runs has ended."""
    from wandb.automations import OnRunState, RunEvent

    # Making a job starts a run too, which must not ring: its name is W&B's own.
    ours = RunEvent.name.contains(OURS)
    return OnRunState(scope=project, filter=RunEvent.state.in_(["finished", "failed"]) & ours)


def _validated(metric: str, project: Any) -> Any:
    """A run that goes alone has a first number: one automation rings once for a run."""
    from wandb.automations import OnRunMetric, RunEvent
    from wandb.automations.events import EventType

    logged = RunEvent.metric(metric) >= -sys.float_info.max
    threshold = EventType.RUN_METRIC_THRESHOLD
    return OnRunMetric(
        event_type=threshold, scope=project, filter=logged & RunEvent.name.contains(CANARY)
    )


def _create_automation(api: Any, name: str, event: Any, hook: Any) -> bool:
    """Create an automation; False where an older server does not know such an event."""
    from wandb.automations import SendWebhook
    from wandb.errors import UnsupportedError

    action = SendWebhook.from_integration(hook, payload=PAYLOAD)
    try:
        api.create_automation(event >> action, name=name, description="Tells Labhand to look.")
    except UnsupportedError:
        return False
    return True
