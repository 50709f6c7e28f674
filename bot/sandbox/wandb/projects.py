"""Who asks, and which projects there are."""

from typing import Any

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.state import Entity, Project
from bot.sandbox.wandb.store import Resolver, Store

FEATURES = (
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "AUTOMATION_EVENT_RUN_METRIC",
    "AUTOMATION_EVENT_RUN_STATE",
    "MARK_RUN_FILES_UPLOADED",
    "QUERY_AUTOMATIONS_ON_ENTITY",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
)

ORGANIZATION = "Acme Research"


def viewer(store: Store, _query: None) -> dict[str, Any]:
    """The user to whom the key belongs: a member of the team."""
    return {
        "id": "VXNlcjox",
        "entity": store.entity.name,
        "username": "labhand",
        "name": "Labhand",
        "email": "labhand@example.com",
        "admin": False,
        "flags": "{}",
        "apiKeys": {"edges": []},
        "teams": {"edges": [{"node": store.entity}]},
        "organizations": [organization(store)],
    }


def server_info(_store: Store, _query: None) -> dict[str, Any]:
    """What this server can do, of what the SDK asks for before using it."""
    return {"features": [{"name": name, "isEnabled": True} for name in FEATURES]}


def entity(store: Store, _query: None, name: str | None = None) -> Entity | None:
    """The team, by its name or as the default, or its organization's entity."""
    if name == store.organization.name:
        return store.organization
    return store.entity if name in (None, store.entity.name) else None


def organization(store: Store) -> dict[str, Any]:
    """The organization that the team belongs to."""
    return {"id": "T3JnOjE=", "name": ORGANIZATION, "orgEntity": store.organization}


def project(
    store: Store, _query: None, name: str | None = None, entity_name: str | None = None
) -> Project | None:
    """A project by its name."""
    return store.project(name, entity_name)


def models(
    store: Store,
    _query: None,
    entity_name: str | None = None,
    after: str | None = None,
    first: int | None = None,
) -> dict[str, Any]:
    """The team's projects."""
    known = entity_name in (None, store.entity.name)
    return page(list(store.projects.values()) if known else [], first, after)


def upsert_model(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Make a project, or find the one that is there."""
    inserted = store.project(request.get("name"), request.get("entityName")) is None
    made = store.ensure_project(request.get("name"), request.get("entityName"))
    return {"project": made, "model": made, "inserted": inserted}


FIELDS: dict[str, Resolver] = {
    "Query.viewer": viewer,
    "Query.serverInfo": server_info,
    "Query.entity": entity,
    "Query.organization": lambda store, _query, name: (
        organization(store) if name == ORGANIZATION else None
    ),
    "Entity.organization": lambda store, _entity: organization(store),
    "Entity.project": lambda store, entity, name=None: store.project(name, entity.name),
    "Query.project": project,
    "Query.model": project,
    "Query.models": models,
    "Project.internalId": lambda _store, project: project.number,
    "Project.entityName": lambda _store, project: project.entity.name,
    "Project.isBenchmark": lambda _store, _project: False,
    "Project.readOnly": lambda _store, _project: False,
    "Mutation.upsertModel": upsert_model,
}
