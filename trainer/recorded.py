"""A run as W&B has it: read from the folder of an offline run, or from W&B itself."""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import wandb

FILES = "failure.json", "output.log"
"""The files of a run that the bot reads."""
HEADER_BYTES = 7
BLOCK_BYTES = 1 << 15
CHUNK = struct.Struct("<IHB")
"""Checksum, length and type: the log format of LevelDB, behind a header of W&B's own."""
WHOLE, LAST = 1, 4
"""Types of chunks that end a record."""


class UnreadableError(Exception):
    """There is no run, or nothing of it can be read."""


@dataclass
class Recorded:
    """What a run has told W&B.

    Attributes:
        state: `finished` (exit code 0), `failed` (any other), or W&B's word for a run that has
            not said that it ended.
        commit: That git knew, as W&B's own field, not a value of the configuration.
        config: Nested or dotted, as it was logged, as is the summary.
        history: One mapping for each call of `log`.
        files: Text of those of FILES that the run has.
    """

    state: str = "running"
    name: str = ""
    group: str = ""
    tags: list[str] = field(default_factory=list)
    commit: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def read(place: str) -> Recorded:
    """Reads a run.

    Args:
        place: The folder of an offline run, or `entity/project/run` on W&B.

    Raises:
        UnreadableError: There is no such run.
    """
    if Path(place).is_dir():
        return _folder(Path(place))
    try:
        return _online(place)
    except (wandb.errors.Error, ValueError) as error:
        raise UnreadableError(f"no folder {place}, and W&B has no such run: {error}") from None


def _online(path: str) -> Recorded:
    run = wandb.Api().run(path)
    with TemporaryDirectory() as folder:
        found = [file for file in run.files(names=list(FILES)) if file.size]
        for file in found:
            file.download(root=folder, replace=True).close()
        files = {f.name: Path(folder, f.name).read_text(errors="replace") for f in found}
    return Recorded(
        state=run.state,
        name=run.name or "",
        group=run.group or "",
        tags=list(run.tags),
        commit=run.commit or "",
        config=dict(run.config),
        summary=dict(run.summary),
        history=list(run.scan_history()),
        files=files,
    )


def _folder(folder: Path) -> Recorded:
    logs = list(folder.glob("*.wandb"))
    if len(logs) != 1:
        raise UnreadableError(f"{folder} is no W&B run's folder: it holds {len(logs)} .wandb files")
    run = Recorded()
    for record in _records(logs[0].read_bytes()):
        _take_in(run, record)
    paths = (folder / "files" / name for name in FILES)
    run.files = {p.name: p.read_text(errors="replace") for p in paths if p.is_file()}
    return run


def _records(content: bytes) -> Iterator[Any]:
    from wandb.proto.wandb_internal_pb2 import Record

    place, record = HEADER_BYTES, b""
    while place + CHUNK.size <= len(content):
        left = BLOCK_BYTES - place % BLOCK_BYTES
        if left < CHUNK.size:  # too short for a chunk: zeros
            place += left
            continue
        _, length, kind = CHUNK.unpack_from(content, place)
        place += CHUNK.size
        record += content[place : place + length]
        place += length
        if kind in (WHOLE, LAST):
            yield Record.FromString(record)
            record = b""


def _take_in(run: Recorded, record: Any) -> None:
    match record.WhichOneof("record_type"):
        case "run":
            told = record.run
            run.name, run.group, run.tags = told.display_name, told.run_group, list(told.tags)
            run.commit = told.git.commit or run.commit
            _update(run.config, told.config.update)
        case "environment":
            run.commit = record.environment.git.commit or run.commit
        case "config":
            _update(run.config, record.config.update)
        case "summary":
            _update(run.summary, record.summary.update)
        case "history":
            row: dict[str, Any] = {}
            _update(row, record.history.item)
            run.history.append(row)
        case "exit":
            run.state = "failed" if record.exit.exit_code else "finished"


def _update(values: dict[str, Any], items: Iterable[Any]) -> None:
    for item in items:
        *sections, name = item.nested_key or [item.key]
        branch = values
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = json.loads(item.value_json)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value by its dotted name, as the bot compares settings."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
