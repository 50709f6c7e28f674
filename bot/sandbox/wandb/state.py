"""The nouns of the sandbox's W&B."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def timestamp(seconds: float) -> str:
    """A moment (epoch seconds) as W&B writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class LogLine:
    """One line of a run's console."""

    number: int
    timestamp: str
    level: str
    line: str
    label: str = ""


@dataclass
class Run:
    """One run; `id` is what W&B's own GraphQL calls `name`, `name` is its display name.

    History, events and console lines are kept by their offset, because a stream may send the
    same lines again.
    """

    id: str
    storage_id: str
    project: "Project"
    name: str
    created_at: str
    heartbeat: float
    folder: Path
    state: str = "running"
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history_rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    event_rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    log: dict[int, LogLine] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    description: str | None = None
    commit: str | None = None
    host: str | None = None
    sweep: str | None = None
    stopped: bool = False
    preempting: bool = False
    exit_code: int | None = None
    logged: list["Artifact"] = field(default_factory=list)
    used: list["Artifact"] = field(default_factory=list)

    @property
    def history(self) -> list[dict[str, Any]]:
        """Every logged row, in the order of logging."""
        return [self.history_rows[number] for number in sorted(self.history_rows)]

    @property
    def output(self) -> list[str]:
        """The console's lines, without their times."""
        return [self.log[number].line for number in sorted(self.log)]


@dataclass
class Item:
    """One job waiting in a queue, or taken from it."""

    id: str
    run_spec: dict[str, Any]
    priority: int
    state: str = "PENDING"
    leased_at: float = 0.0
    associated_run_id: str | None = None
    error: str | None = None


@dataclass
class Queue:
    """A Launch queue: what it runs on, and its items, oldest first."""

    id: str
    name: str
    access: str
    prioritization_mode: str
    default_resource_config_id: str | None
    created_by: str
    items: dict[str, Item] = field(default_factory=dict)


@dataclass
class ResourceConfig:
    """What a queue adds to every job: the resource and its arguments."""

    id: str
    resource: str
    config: dict[str, Any]
    template_variables: list[dict[str, Any]]


@dataclass
class LaunchAgent:
    """A `wandb launch-agent` that has registered itself."""

    id: str
    name: str
    run_queues: list[str]
    hostname: str
    agent_status: str = "POLLING"
    stop_polling: bool = False


@dataclass
class Sweep:
    """A sweep; `settings` is its configuration (`config`, YAML) read, `assigned` holds run ids."""

    id: str
    name: str
    project: "Project"
    config: str
    settings: dict[str, Any]
    created_at: str
    updated_at: str
    display_name: str | None = None
    description: str | None = None
    controller: str | None = None
    scheduler: str | None = None
    state: str = "PENDING"
    agents: dict[str, "SweepAgent"] = field(default_factory=dict)
    assigned: list[str] = field(default_factory=list)


@dataclass
class SweepAgent:
    """A `wandb agent`, by what it told at its start, and the run ids that it was given."""

    id: str
    name: str
    host: str
    sweep: Sweep
    created_at: str
    heartbeat_at: str
    state: str = "RUNNING"
    assigned: list[str] = field(default_factory=list)


@dataclass
class Artifact:
    """One version of a collection; it has no number before it is committed."""

    id: str
    sequence: "ArtifactSequence"
    digest: str
    created_at: str
    created_by: Run | None
    client_id: str | None
    wanted_aliases: list[str]
    description: str | None = None
    metadata: str | None = None
    state: str = "PENDING"
    version_index: int | None = None
    manifest_id: str | None = None
    used_by: list[Run] = field(default_factory=list)
    ttl_duration_seconds: int = -1
    """It is kept for ever."""
    ttl_is_inherited: bool = True


@dataclass
class ArtifactCollection:
    """A collection of artifact versions, in order; an alias names one of them."""

    id: str
    name: str
    type: str
    project: "Project"
    created_at: str
    versions: list[Artifact] = field(default_factory=list)
    aliases: dict[str, Artifact] = field(default_factory=dict)


class ArtifactSequence(ArtifactCollection):
    """The collection that its versions were logged to."""


class ArtifactPortfolio(ArtifactCollection):
    """A collection of links to versions that were logged elsewhere, such as in a registry."""


@dataclass
class GenericWebhookIntegration:
    """An address that automations may post to, and the secret that opens it."""

    id: str
    name: str
    url_endpoint: str
    access_token_ref: str | None
    created_at: str


@dataclass
class Trigger:
    """An automation; `fired` holds when each run (by storage id) last fired it, in seconds."""

    id: str
    name: str
    description: str | None
    enabled: bool
    scope: "Project | Entity"
    event_type: str
    filter: str
    action: dict[str, Any]
    created_at: str
    fired: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One webhook post: where to, what came back (None: nothing did), when (epoch seconds)."""

    url: str
    status: int | None
    at: float


@dataclass(frozen=True)
class Entity:
    """The one team that this W&B serves, or what stands for its organization."""

    id: str
    name: str
    entity_type: str = "team"
    is_team: bool = True


@dataclass
class Project:
    """A project; `number` is W&B's internal id, `deleted` holds run ids that stay taken."""

    id: str
    number: int
    name: str
    entity: Entity
    created_at: str
    runs: dict[str, Run] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    queues: dict[str, Queue] = field(default_factory=dict)
    collections: dict[str, ArtifactCollection] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
