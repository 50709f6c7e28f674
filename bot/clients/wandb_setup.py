"""What W&B must hold before the bot can work: project, queues, webhook and automation."""

from collections.abc import Sequence
from typing import Any

RUN_PREFIX = "labhand/"
"""How the names of our runs begin."""
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
    """
    made = []
    if project not in {each.name for each in api.projects(entity)}:
        api.create_project(project, entity)
        made.append(f"W&B project {project}")
    there = _queues(entity)
    for queue in queues:
        if queue not in there:
            api.create_run_queue(queue, "local-process", entity)
            made.append(f"W&B Launch queue {queue}")
    hook = _hook(api, entity, name)
    if hook is None:
        _create_hook(entity, name, hook_url, secret_name)
        hook = _hook(api, entity, name)
        made.append(f"W&B webhook {name}")
    if next(iter(api.automations(entity, name=name)), None) is None:
        _create_automation(api, name, entity, project, hook)
        made.append(f"W&B automation {name}")
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


def _create_automation(api: Any, name: str, entity: str, project: str, hook: Any) -> None:
    from wandb.automations import OnRunState, RunEvent, SendWebhook

    event = OnRunState(
        scope=api.project(project, entity),
        # Making a job starts a run too, which must not ring: its name is W&B's own.
        filter=RunEvent.state.in_(["finished", "failed"]) & RunEvent.name.contains(RUN_PREFIX),
    )
    action = SendWebhook.from_integration(hook, payload=PAYLOAD)
    api.create_automation(event >> action, name=name, description="Tells Labhand to look.")
