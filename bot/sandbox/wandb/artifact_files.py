"""What artifacts hold: a manifest that lists paths, and content kept once by its digest."""

import base64
import json
from pathlib import Path
from typing import Any

from bot.sandbox.wandb.artifact_collections import ArtifactCollectionMembership
from bot.sandbox.wandb.files import storage_url
from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Artifact
from bot.sandbox.wandb.store import Resolver, Store


def create_manifest(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Begin the manifest; an incremental one (`PATCH`) is refused, the SDK's default is full."""
    if request.get("type") == "PATCH":
        raise Refusal(400, "patched manifests are not served here")
    artifact = store.find(request["artifactID"], Artifact)
    artifact.manifest_id = store.new_id("ArtifactManifest")
    store.keep(artifact, artifact.manifest_id)
    return {"artifactManifest": _manifest(store, artifact)}


def update_manifest(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Say again where the manifest goes, now that its digest is known."""
    artifact = store.find(request["artifactManifestID"], Artifact)
    return {"artifactManifest": _manifest(store, artifact)}


def _manifest(store: Store, artifact: Artifact) -> dict[str, Any] | None:
    if artifact.manifest_id is None:
        return None
    address = storage_url(store, _manifest_path(store, artifact))
    file = {
        "id": f"{artifact.manifest_id}/file",
        "name": "wandb_manifest.json",
        "directUrl": address,
        "uploadUrl": address,
        "uploadHeaders": [],
    }
    return {"id": artifact.manifest_id, "file": file}


def _manifest_path(store: Store, artifact: Artifact) -> Path:
    return store.root / "manifests" / f"{artifact.id}.json"


def _content_path(store: Store, digest: str) -> Path:
    return store.root / "content" / base64.b64decode(digest).hex()


def create_files(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Say where content goes; content that is there already needs no upload."""
    files = []
    for wanted in request["artifactFiles"]:
        path = _content_path(store, wanted["md5"])
        files.append(
            {
                "name": wanted["name"],
                "storagePath": str(path.relative_to(store.root)),
                "uploadUrl": None if path.exists() else storage_url(store, path),
                "uploadHeaders": [],
                "artifact": store.find(wanted["artifactID"], Artifact),
            }
        )
    return {"files": page(files)}


def _entries(store: Store, artifact: Artifact) -> dict[str, dict[str, Any]]:
    """The manifest's entries by path; none before it was uploaded."""
    path = _manifest_path(store, artifact)
    contents = json.loads(path.read_text())["contents"] if path.exists() else {}
    return dict(contents)


def _files(
    store: Store,
    source: Artifact | ArtifactCollectionMembership,
    names: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
) -> dict[str, Any]:
    artifact = source if isinstance(source, Artifact) else source.artifact
    entries = _entries(store, artifact)
    chosen = [name for name in entries if not names or name in names]
    return page([_file(store, name, entries[name]["digest"]) for name in chosen], first, after)


def _by_entries(
    store: Store,
    _artifact: Artifact,
    entries: list[dict[str, Any]] | None = None,
    **_layout: str,
) -> dict[str, Any]:
    return page([_file(store, entry["name"], entry["digest"]) for entry in entries or []])


def _file(store: Store, name: str, digest: str) -> dict[str, Any]:
    path = _content_path(store, digest)
    return {
        "id": f"{digest}/{name}",
        "name": name,
        "displayName": name,
        "digest": digest,
        "directUrl": storage_url(store, path),
        "url": storage_url(store, path),
        "sizeBytes": path.stat().st_size if path.exists() else 0,
        "md5": digest,
    }


def _size(store: Store, artifact: Artifact) -> int:
    return sum(entry.get("size", 0) for entry in _entries(store, artifact).values())


FIELDS: dict[str, Resolver] = {
    "Artifact.currentManifest": _manifest,
    "Artifact.files": _files,
    "Artifact.filesByManifestEntries": _by_entries,
    "Artifact.fileCount": lambda store, artifact: len(_entries(store, artifact)),
    "Artifact.size": _size,
    "ArtifactCollectionMembership.files": _files,
    "Mutation.createArtifactManifest": create_manifest,
    "Mutation.updateArtifactManifest": update_manifest,
    "Mutation.createArtifactFiles": create_files,
}
