"""Files of runs, and the storage behind every upload and download address."""

import base64
import hashlib
import mimetypes
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.sandbox.wandb.pages import page
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import Run, timestamp
from bot.sandbox.wandb.store import Resolver, Store


def stored_at(store: Store, name: str) -> Path:
    """Where the storage keeps `name`.

    Raises:
        Refusal: 403, for a name that leads out of it.
    """
    path = (store.root / name).resolve()
    if not path.is_relative_to(store.root.resolve()):
        raise Refusal(403, "access denied")
    return path


def storage_url(store: Store, path: Path) -> str:
    """The address of a stored file: as with a signed one, whoever has it may read and write."""
    return f"{store.url}/storage/{quote(str(path.relative_to(store.root)))}"


def md5_of(content: bytes) -> str:
    """The digest by which W&B names content (base64)."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def run_files(
    store: Store,
    run: Run,
    names: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
    pattern: str | None = None,
) -> dict[str, Any]:
    """The run's uploaded files: those named, or those like `pattern` (SQL's `%` and `_`)."""
    glob = (pattern or "%").replace("%", "*").replace("_", "?")
    chosen = [name for name in _names(run) if (name in names if names else fnmatchcase(name, glob))]
    return page([_file(store, run, name) for name in chosen], first, after)


def _names(run: Run) -> list[str]:
    found = [path for path in run.folder.rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(run.folder)) for path in found)


def _file(store: Store, run: Run, name: str) -> dict[str, Any]:
    path = run.folder / name
    address = f"{run.project.entity.name}/{run.project.name}/{run.id}/{quote(name)}"
    return {
        "id": base64.b64encode(f"File:{run.storage_id}:{name}".encode()).decode(),
        "name": name,
        "url": f"{store.url}/files/{address}",
        "directUrl": storage_url(store, path),
        "sizeBytes": path.stat().st_size,
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "updatedAt": timestamp(path.stat().st_mtime),
        "md5": md5_of(path.read_bytes()),
    }


def create_run_files(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Say where the run's files are to be uploaded to."""
    run = store.demand_run(request["entityName"], request["projectName"], request["runName"])
    return {
        "runID": run.storage_id,
        "uploadHeaders": [],
        "files": [
            {"name": name, "uploadUrl": storage_url(store, run.folder / name)}
            for name in request["files"]
        ],
    }


def mark_run_files_uploaded(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """Take note that files are there; here they are, once they have been put."""
    store.demand_run(request["entityName"], request["projectName"], request["runName"])
    return {"success": True}


FIELDS: dict[str, Resolver] = {
    "Run.files": run_files,
    "Run.fileCount": lambda _store, run: len(_names(run)),
    "Mutation.createRunFiles": create_run_files,
    "Mutation.markRunFilesUploaded": mark_run_files_uploaded,
}
