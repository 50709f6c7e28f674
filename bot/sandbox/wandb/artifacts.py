"""Artifacts: versions of collections, who made them and who used them."""

from typing import Any

from bot.sandbox.wandb.artifact_collections import committed, memberships, sequence, type_of
from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.state import Artifact, ArtifactSequence, Run
from bot.sandbox.wandb.store import Resolver, Store


def create_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Begin a version; content that is there already, or a repeated call, gets the one it has."""
    project = store.ensure_project(request["projectName"], request["entityName"])
    names = request.get("artifactCollectionNames") or [request["artifactCollectionName"]]
    logged_to = sequence(store, project, names[0], request["artifactTypeName"])
    aliases = [alias["alias"] for alias in request.get("aliases") or []]
    artifact = _known(logged_to, request)
    if artifact is None:
        run = project.runs.get(request.get("runName") or "")
        artifact = Artifact(
            id=store.new_id("Artifact"),
            sequence=logged_to,
            digest=request["digest"],
            created_at=store.timestamp(),
            created_by=run,
            client_id=request.get("clientID"),
            wanted_aliases=aliases,
            description=request.get("description"),
            metadata=request.get("metadata"),
        )
        logged_to.versions.append(store.keep(artifact, artifact.id))
        if run is not None:
            run.logged.append(artifact)
    elif artifact.state == "COMMITTED":
        logged_to.aliases |= dict.fromkeys(aliases, artifact)
    return {"artifact": artifact}


def _known(sequence: ArtifactSequence, request: dict[str, Any]) -> Artifact | None:
    for artifact in sequence.versions:
        if request.get("clientID") is not None and artifact.client_id == request["clientID"]:
            return artifact
        if artifact.state == "COMMITTED" and artifact.digest == request["digest"]:
            return artifact
    return None


def commit_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """The version is whole: it gets its number, and its aliases move to it."""
    artifact = store.find(request["artifactID"], Artifact)
    sequence = artifact.sequence
    if artifact.state == "PENDING":
        artifact.version_index = len(committed(sequence))
        artifact.state = "COMMITTED"
        sequence.aliases |= dict.fromkeys([*artifact.wanted_aliases, "latest"], artifact)
    return {"artifact": artifact}


def use_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """A run reads this version."""
    artifact = store.find(request["artifactID"], Artifact)
    run = store.demand_run(request["entityName"], request["projectName"], request["runName"])
    if artifact not in run.used:
        run.used.append(artifact)
        artifact.used_by.append(run)
    return {"artifact": artifact}


def update_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Change the description or the metadata."""
    artifact = store.find(request["artifactID"], Artifact)
    artifact.description = request.get("description") or artifact.description
    artifact.metadata = request.get("metadata") or artifact.metadata
    return {"artifact": artifact}


def _by_id(store: Store, _query: None, **wanted: str) -> Artifact | None:
    return store.objects.get(wanted["id"])


def _made(
    _store: Store, run: Run, after: str | None = None, first: int | None = None
) -> dict[str, Any]:
    return page([a for a in run.logged if a.state == "COMMITTED"], first, after)


def _client_id(store: Store, _query: None, client_id: str) -> dict[str, str] | None:
    made = (thing for thing in store.objects.values() if isinstance(thing, Artifact))
    return next(({"serverID": a.id} for a in made if a.client_id == client_id), None)


FIELDS: dict[str, Resolver] = {
    "Query.artifact": _by_id,
    "Query.clientIDMapping": _client_id,
    "Artifact.artifactSequence": lambda _store, artifact: artifact.sequence,
    "Artifact.artifactType": lambda _store, artifact: type_of(artifact.sequence),
    "Artifact.artifactMemberships": lambda store, artifact: page(memberships(store, artifact)),
    "Artifact.tags": lambda _store, _artifact: [],
    "Artifact.usedBy": lambda _store, artifact: page(artifact.used_by),
    "Run.outputArtifacts": _made,
    "Run.inputArtifacts": lambda _store, run, after=None, first=None: page(run.used, first, after),
    "Mutation.createArtifact": create_artifact,
    "Mutation.commitArtifact": commit_artifact,
    "Mutation.useArtifact": use_artifact,
    "Mutation.updateArtifact": update_artifact,
}
