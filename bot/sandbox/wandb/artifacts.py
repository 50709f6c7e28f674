"""Artifacts: versions of collections, their aliases, who made and who used them."""

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.state import Artifact, ArtifactSequence, Project, Run
from bot.sandbox.wandb.store import Refusal, Resolver, Store


@dataclass(frozen=True)
class ArtifactCollectionMembership:
    """A version in its collection, which is how the SDK finds artifacts by name."""

    artifact: Artifact

    @property
    def id(self) -> str:
        """As opaque as the artifact's."""
        return f"{self.artifact.id}/membership"

    @property
    def version_index(self) -> int | None:
        """The number in `v3`."""
        return self.artifact.version_index

    @property
    def created_at(self) -> str:
        """When the version was made."""
        return self.artifact.created_at

    @property
    def artifact_collection(self) -> ArtifactSequence:
        """The collection."""
        return self.artifact.sequence


def create_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Begin a version; content that is there already, or a repeated call, gets the one it has."""
    project = store.ensure_project(request["projectName"], request["entityName"])
    names = request.get("artifactCollectionNames") or [request["artifactCollectionName"]]
    sequence = _sequence(store, project, names[0], request["artifactTypeName"])
    aliases = [alias["alias"] for alias in request.get("aliases") or []]
    artifact = _known(sequence, request)
    if artifact is None:
        run = project.runs.get(request.get("runName") or "")
        artifact = Artifact(
            id=store.new_id("Artifact"),
            sequence=sequence,
            digest=request["digest"],
            created_at=store.timestamp(),
            created_by=run,
            client_id=request.get("clientID"),
            wanted_aliases=aliases,
            description=request.get("description"),
            metadata=request.get("metadata"),
        )
        sequence.versions.append(store.keep(artifact, artifact.id))
        if run is not None:
            run.logged.append(artifact)
    elif artifact.state == "COMMITTED":
        sequence.aliases |= dict.fromkeys(aliases, artifact)
    return {"artifact": artifact}


def _sequence(store: Store, project: Project, name: str, kind: str) -> ArtifactSequence:
    if name not in project.sequences:
        sequence = ArtifactSequence(
            store.new_id("ArtifactCollection"), name, kind, project, store.timestamp()
        )
        project.sequences[name] = store.keep(sequence, sequence.id)
    if project.sequences[name].type != kind:
        raise Refusal(400, f"artifact collection {name} holds {project.sequences[name].type}")
    return project.sequences[name]


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


def committed(sequence: ArtifactSequence) -> list[Artifact]:
    """The versions that are whole, oldest first."""
    return [artifact for artifact in sequence.versions if artifact.state == "COMMITTED"]


def version_of(sequence: ArtifactSequence, alias: str) -> Artifact | None:
    """The version that an alias or `v3` names."""
    if alias in sequence.aliases:
        return sequence.aliases[alias]
    number = re.fullmatch(r"v(\d+)", alias)
    if number is None:
        return None
    versions = committed(sequence)
    return versions[int(number[1])] if int(number[1]) < len(versions) else None


def named(project: Project, name: str) -> Artifact | None:
    """The version that `collection:alias` names."""
    collection, _, alias = name.partition(":")
    sequence = project.sequences.get(collection)
    return version_of(sequence, alias or "latest") if sequence else None


def use_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """A run reads this version."""
    artifact = store.find(request["artifactID"], Artifact)
    run = store.demand_run(request["entityName"], request["projectName"], request["runName"])
    if artifact not in run.used:
        run.used.append(artifact)
        artifact.used_by.append(run)
    return {"artifact": artifact}


def add_aliases(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Move aliases to this version."""
    artifact = store.find(request["artifactID"], Artifact)
    artifact.sequence.aliases |= {alias["alias"]: artifact for alias in request["aliases"]}
    return {"success": True}


def delete_aliases(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Take aliases away."""
    artifact = store.find(request["artifactID"], Artifact)
    for alias in request["aliases"]:
        artifact.sequence.aliases.pop(alias["alias"], None)
    return {"success": True}


def update_artifact(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Change the description or the metadata."""
    artifact = store.find(request["artifactID"], Artifact)
    artifact.description = request.get("description") or artifact.description
    artifact.metadata = request.get("metadata") or artifact.metadata
    return {"artifact": artifact}


def _by_id(store: Store, _query: None, **wanted: str) -> Artifact | None:
    return store.objects.get(wanted["id"])


def _aliases(_store: Store, source: Artifact | ArtifactCollectionMembership) -> list[Any]:
    artifact = source if isinstance(source, Artifact) else source.artifact
    sequence = artifact.sequence
    return [
        {"id": f"{sequence.id}/{alias}", "alias": alias, "artifactCollection": sequence}
        for alias, named_by_it in sequence.aliases.items()
        if named_by_it is artifact
    ]


def _membership(artifact: Artifact | None) -> ArtifactCollectionMembership | None:
    return ArtifactCollectionMembership(artifact) if artifact else None


def _versions(
    _store: Store,
    sequence: ArtifactSequence,
    after: str | None = None,
    first: int | None = None,
    **_order: str,
) -> dict[str, Any]:
    listing = page(committed(sequence)[::-1], first, after)
    for edge in listing["edges"]:
        edge["version"] = f"v{edge['node'].version_index}"
    return listing


def _types(
    _store: Store, project: Project, after: str | None = None, first: int | None = None
) -> dict[str, Any]:
    names = sorted({sequence.type for sequence in project.sequences.values()})
    return page([_type(project, name) for name in names], first, after)


def _type(project: Project, name: str) -> dict[str, Any]:
    return {"id": f"{project.id}/{name}", "name": name, "project": project}


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
    "Project.artifact": lambda _store, project, name: named(project, name),
    "Project.artifactType": lambda _store, project, name: _type(project, name),
    "Project.artifactTypes": _types,
    "Project.artifactCollection": lambda _store, project, name: project.sequences.get(name),
    "Project.artifactCollectionMembership": lambda _store, project, name: _membership(
        named(project, name)
    ),
    "ArtifactType.artifactCollection": lambda _store, kind, name: kind["project"].sequences.get(
        name
    ),
    "ArtifactType.artifact": lambda _store, kind, name: named(kind["project"], name),
    "ArtifactSequence.artifacts": _versions,
    "ArtifactSequence.artifactMembership": lambda _store, sequence, alias_name: _membership(
        version_of(sequence, alias_name)
    ),
    "ArtifactSequence.latestArtifact": lambda _store, sequence: version_of(sequence, "latest"),
    "ArtifactCollectionMembership.aliases": _aliases,
    "Artifact.aliases": _aliases,
    "Artifact.artifactSequence": lambda _store, artifact: artifact.sequence,
    "Artifact.artifactType": lambda _store, artifact: _type(
        artifact.sequence.project, artifact.sequence.type
    ),
    "Artifact.artifactMemberships": lambda _store, artifact: page(
        [ArtifactCollectionMembership(artifact)]
    ),
    "Artifact.tags": lambda _store, _artifact: [],
    "Artifact.usedBy": lambda _store, artifact: page(artifact.used_by),
    "Run.outputArtifacts": _made,
    "Run.inputArtifacts": lambda _store, run, after=None, first=None: page(run.used, first, after),
    "Mutation.createArtifact": create_artifact,
    "Mutation.commitArtifact": commit_artifact,
    "Mutation.useArtifact": use_artifact,
    "Mutation.addAliases": add_aliases,
    "Mutation.deleteAliases": delete_aliases,
    "Mutation.updateArtifact": update_artifact,
}
