"""Everything that the sandbox's W&B remembers, by name and by opaque id."""

import base64
import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from bot.sandbox.wandb.limits import Meter
from bot.sandbox.wandb.refusal import Refusal
from bot.sandbox.wandb.state import (
    Entity,
    GenericWebhookIntegration,
    LaunchAgent,
    Project,
    Run,
    Trigger,
    timestamp,
)

T = TypeVar("T")
REGISTRY_PREFIX = "wandb-registry-"
REGISTRIES = ("wandb-registry-model", "wandb-registry-dataset")
"""The registries that every organization begins with; people make others in the web page."""
Resolver = Callable[..., Any]  # of a GraphQL field: (store, source, **arguments)


@dataclass
class Store:
    """Everything remembered, by name and by opaque id; `now` gives epoch seconds.

    Runs whose id is like one of `stuck` (with `*` and `?`) go on running for ever. `asked` counts
    GraphQL operations by name, `not_understood` those among them that the schema does not allow.
    """

    url: str
    root: Path
    entity: Entity
    secrets: Mapping[str, str]
    heartbeat_seconds: float
    now: Callable[[], float]
    meter: Meter
    projects: dict[str, Project] = field(default_factory=dict)
    integrations: list[GenericWebhookIntegration] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    agents: list[LaunchAgent] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    not_understood: Counter[str] = field(default_factory=Counter)
    starts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    objects: dict[str, Any] = field(default_factory=dict)
    cooldown_seconds: float = 0.0
    stuck: set[str] = field(default_factory=set)
    due: list[tuple[GenericWebhookIntegration, dict[str, Any]]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def timestamp(self) -> str:
        """The present moment as W&B writes it."""
        return timestamp(self.now())

    def new_id(self, kind: str) -> str:
        """An opaque id, as W&B's are."""
        return base64.b64encode(f"{kind}:v1:{next(self.numbers)}".encode()).decode()

    def keep(self, thing: T, opaque_id: str) -> T:
        """Remember `thing`, so that `find` knows it by its opaque id."""
        self.objects[opaque_id] = thing
        return thing

    def find(self, opaque_id: str, kind: type[T]) -> T:
        """The thing with this id.

        Raises:
            Refusal: 404, when there is none of that kind.
        """
        thing = self.objects.get(opaque_id)
        if not isinstance(thing, kind):
            raise Refusal(404, f"{kind.__name__} {opaque_id} not found")
        return thing

    @property
    def organization(self) -> Entity:
        """What stands for the team's organization: registries are its projects."""
        return Entity("RW50aXR5OjI=", f"{self.entity.name}-org", "organization", is_team=False)

    def is_stuck(self, run: Run) -> bool:
        """Whether the run stays `running`, whatever its process does."""
        return any(fnmatchcase(run.id, pattern) for pattern in self.stuck)

    def project(self, name: str | None, entity: str | None) -> Project | None:
        """The project, or None; an entity that is not named is the user's own."""
        project = self.projects.get(name or "uncategorized")
        return project if project and entity in (None, "", project.entity.name) else None

    def ensure_project(self, name: str | None, entity: str | None) -> Project:
        """The project, made if need be.

        Raises:
            Refusal: 404, when the entity is not the one served here, or has no such registry.
        """
        name = name or "uncategorized"
        owner = self.organization if name.startswith(REGISTRY_PREFIX) else self.entity
        if entity not in (None, "", owner.name):
            raise Refusal(404, f"entity {entity} not found during upsertBucket")
        if owner != self.entity and name not in REGISTRIES:
            raise Refusal(404, f"registry {name} not found")
        if name not in self.projects:
            project = Project(
                self.new_id("Project"), next(self.numbers), name, owner, self.timestamp()
            )
            self.projects[name] = self.keep(project, project.id)
        return self.projects[name]

    def demand_project(self, name: str, entity: str | None) -> Project:
        """The project.

        Raises:
            Refusal: 404, when there is none.
        """
        project = self.project(name, entity)
        if project is None:
            raise Refusal(404, f"project {entity}/{name} not found")
        return project

    def demand_run(self, entity: str, project: str, run_id: str) -> Run:
        """The run.

        Raises:
            Refusal: 404, when there is none.
        """
        run = self.demand_project(project, entity).runs.get(run_id)
        if run is None:
            raise Refusal(404, f"run {entity}/{project}/{run_id} not found")
        return run
