"""Collections of artifact versions: found by name, aliased, linked into other collections."""

import json
import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import (
    Artifact,
    ArtifactCollection,
    ArtifactPortfolio,
    ArtifactSequence,
    Project,
)
from bot.sandbox.wandb.store import Resolver, Store


@dataclass(frozen=True)
class ArtifactType:
    """A type of artifacts in a project."""

    project: Project
    name: str

    @property
    def id(self) -> str:
        """As opaque as the project's."""
        return f"{self.project.id}/{self.name}"

    @property
    def created_at(self) -> str:
        """As old as its project."""
        return self.project.created_at


@dataclass(frozen=True)
class ArtifactCollectionMembership:
    """A version in a collection, which is how the SDK finds artifacts by name."""

    artifact: Artifact
    artifact_collection: ArtifactCollection

    @property
    def id(self) -> str:
        """As opaque as the artifact's."""
        return f"{self.artifact.id}/{self.artifact_collection.id}"

    @property
    def version_index(self) -> int:
        """The number in `v3`, which each collection counts for itself."""
        return committed(self.artifact_collection).index(self.artifact)

    @property
    def created_at(self) -> str:
        """When the version was made."""
        return self.artifact.created_at


def sequence(store: Store, project: Project, name: str, kind: str) -> ArtifactSequence:
    """The collection that versions are logged to, made if need be.

    Raises:
        Refusal: 400, when it holds another type, or links.
    """
    found = project.collections.get(name)
    if found is None:
        found = ArtifactSequence(
            store.new_id("ArtifactCollection"), name, kind, project, store.timestamp()
        )
        project.collections[name] = store.keep(found, found.id)
    if found.type != kind:
        raise Refusal(400, f"artifact collection {name} holds {found.type}")
    if not isinstance(found, ArtifactSequence):
        raise Refusal(400, f"artifact collection {name} holds links")
    return found


def committed(collection: ArtifactCollection) -> list[Artifact]:
    """The versions that are whole, oldest first."""
    return [artifact for artifact in collection.versions if artifact.state == "COMMITTED"]


def version_of(collection: ArtifactCollection, alias: str) -> Artifact | None:
    """The version that an alias or `v3` names."""
    if alias in collection.aliases:
        return collection.aliases[alias]
    number = re.fullmatch(r"v(\d+)", alias)
    if number is None:
        return None
    versions = committed(collection)
    return versions[int(number[1])] if int(number[1]) < len(versions) else None


def named(project: Project, name: str) -> ArtifactCollectionMembership | None:
    """What `collection:alias` names."""
    collection, _, alias = name.partition(":")
    found = project.collections.get(collection)
    artifact = version_of(found, alias or "latest") if found else None
    return ArtifactCollectionMembership(artifact, found) if found and artifact else None


def memberships(store: Store, artifact: Artifact) -> list[ArtifactCollectionMembership]:
    """Every collection that holds the version, the one it was logged to first."""
    return [ArtifactCollectionMembership(artifact, artifact.sequence)] + [
        ArtifactCollectionMembership(artifact, collection)
        for project in store.projects.values()
        for collection in project.collections.values()
        if isinstance(collection, ArtifactPortfolio) and artifact in collection.versions
    ]


def link(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Put a version into a collection of links; linking it again only moves aliases."""
    artifact = _linked(store, request)
    project = store.ensure_project(request["projectName"], request["entityName"])
    name = request["artifactPortfolioName"]
    portfolio = project.collections.get(name)
    if portfolio is None:
        portfolio = ArtifactPortfolio(
            store.new_id("ArtifactCollection"),
            name,
            artifact.sequence.type,
            project,
            store.timestamp(),
        )
        project.collections[name] = store.keep(portfolio, portfolio.id)
    if not isinstance(portfolio, ArtifactPortfolio) or portfolio.type != artifact.sequence.type:
        raise Refusal(400, f"artifact collection {name} takes no links to this artifact")
    if artifact not in portfolio.versions:
        portfolio.versions.append(artifact)
    aliases = [alias["alias"] for alias in request.get("aliases") or []]
    portfolio.aliases |= dict.fromkeys([*aliases, "latest"], artifact)
    membership = ArtifactCollectionMembership(artifact, portfolio)
    return {"versionIndex": membership.version_index, "artifactMembership": membership}


def _linked(store: Store, request: dict[str, Any]) -> Artifact:
    if request.get("artifactID"):
        return store.find(request["artifactID"], Artifact)
    made = (thing for thing in store.objects.values() if isinstance(thing, Artifact))
    for artifact in made:
        if artifact.client_id == request.get("clientID"):
            return artifact
    raise Refusal(404, "artifact not found")


def unlink(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Take a version out of a collection of links, with its aliases there."""
    artifact = store.find(request["artifactID"], Artifact)
    portfolio = store.find(request["artifactPortfolioID"], ArtifactPortfolio)
    portfolio.versions.remove(artifact)
    kept = {alias: each for alias, each in portfolio.aliases.items() if each is not artifact}
    portfolio.aliases = kept
    return {"success": True}


def add_aliases(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Move aliases to this version, each in the collection that it names."""
    artifact = store.find(request["artifactID"], Artifact)
    for alias in request["aliases"]:
        _collection(store, artifact, alias).aliases[alias["alias"]] = artifact
    return {"success": True}


def delete_aliases(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Take aliases away."""
    artifact = store.find(request["artifactID"], Artifact)
    for alias in request["aliases"]:
        _collection(store, artifact, alias).aliases.pop(alias["alias"], None)
    return {"success": True}


def _collection(store: Store, artifact: Artifact, alias: dict[str, str]) -> ArtifactCollection:
    for membership in memberships(store, artifact):
        collection = membership.artifact_collection
        project = alias.get("projectName") or collection.project.name
        if (collection.name, collection.project.name) == (alias["artifactCollectionName"], project):
            return collection
    raise Refusal(404, f"artifact collection {alias['artifactCollectionName']} not found")


def _aliases(membership: ArtifactCollectionMembership) -> list[dict[str, Any]]:
    collection = membership.artifact_collection
    return [
        {"id": f"{collection.id}/{alias}", "alias": alias, "artifactCollection": collection}
        for alias, named_by_it in collection.aliases.items()
        if named_by_it is membership.artifact
    ]


def _all_aliases(store: Store, artifact: Artifact) -> list[dict[str, Any]]:
    return [alias for each in memberships(store, artifact) for alias in _aliases(each)]


def _versions(
    _store: Store,
    collection: ArtifactCollection,
    after: str | None = None,
    first: int | None = None,
    **_order: str,
) -> dict[str, Any]:
    versions = committed(collection)
    listing = page(versions[::-1], first, after)
    for edge in listing["edges"]:
        edge["version"] = f"v{versions.index(edge['node'])}"
    return listing


def _collections(
    _store: Store,
    source: Project | ArtifactType,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
    **_order: str,
) -> dict[str, Any]:
    if json.loads(filters or "{}"):
        raise Refusal(400, "artifact collections are not filtered here")
    if isinstance(source, Project):
        return page(list(source.collections.values()), first, after)
    of_type = (each for each in source.project.collections.values() if each.type == source.name)
    return page(list(of_type), first, after)


def _types(
    _store: Store,
    project: Project,
    after: str | None = None,
    first: int | None = None,
    **_all: bool,
) -> dict[str, Any]:
    names = sorted({collection.type for collection in project.collections.values()})
    return page([ArtifactType(project, name) for name in names], first, after)


def type_of(collection: ArtifactCollection) -> ArtifactType:
    """The type of what a collection holds."""
    return ArtifactType(collection.project, collection.type)


def _membership(
    _store: Store, collection: ArtifactCollection, alias_name: str
) -> ArtifactCollectionMembership | None:
    artifact = version_of(collection, alias_name)
    return ArtifactCollectionMembership(artifact, collection) if artifact else None


def _artifact(_store: Store, source: Project | ArtifactType, name: str) -> Artifact | None:
    found = named(source if isinstance(source, Project) else source.project, name)
    return found.artifact if found else None


def _alias_page(
    _store: Store,
    collection: ArtifactCollection,
    after: str | None = None,
    first: int | None = None,
) -> dict[str, Any]:
    listing = [{"id": f"{collection.id}/{alias}", "alias": alias} for alias in collection.aliases]
    return page(listing, first, after)


_OF_BOTH: dict[str, Resolver] = {
    "artifacts": _versions,
    "artifactMembership": _membership,
    "defaultArtifactType": lambda _store, collection: type_of(collection),
    "aliases": _alias_page,
    "tags": lambda _store, _collection: page([]),
}
FIELDS: dict[str, Resolver] = {
    "Query.artifactCollection": lambda store, _query, **wanted: store.objects.get(wanted["id"]),
    "Project.artifact": _artifact,
    "Project.artifactType": lambda _store, project, name: ArtifactType(project, name),
    "Project.artifactTypes": _types,
    "Project.artifactCollection": lambda _store, project, name: project.collections.get(name),
    "Project.artifactCollections": _collections,
    "Project.artifactCollectionMembership": lambda _store, project, name: named(project, name),
    "ArtifactType.artifactCollection": lambda _store, kind, name: kind.project.collections.get(
        name
    ),
    "ArtifactType.artifactCollections": _collections,
    "ArtifactType.artifact": _artifact,
    **{f"ArtifactSequence.{name}": resolver for name, resolver in _OF_BOTH.items()},
    **{f"ArtifactPortfolio.{name}": resolver for name, resolver in _OF_BOTH.items()},
    "ArtifactSequence.latestArtifact": lambda _store, collection: version_of(collection, "latest"),
    "ArtifactCollectionMembership.aliases": lambda _store, membership: _aliases(membership),
    "Artifact.aliases": _all_aliases,
    "Mutation.addAliases": add_aliases,
    "Mutation.deleteAliases": delete_aliases,
    "Mutation.linkArtifact": link,
    "Mutation.unlinkArtifact": unlink,
}
