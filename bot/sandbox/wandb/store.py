"""Everything that the sandbox's W&B remembers, by name and by opaque id."""

import base64
import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

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
Resolver = Callable[..., Any]  # of a GraphQL field: (store, source, **arguments)


class Refusal(Exception):
    """W&B says no: the HTTP status that it answers with, and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Store:
    """Everything remembered, by name and by opaque id; `now` gives epoch seconds."""

    url: str
    root: Path
    entity: Entity
    secrets: Mapping[str, str]
    heartbeat_seconds: float
    now: Callable[[], float]
    projects: dict[str, Project] = field(default_factory=dict)
    integrations: list[GenericWebhookIntegration] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    agents: list[LaunchAgent] = field(default_factory=list)
    starts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    objects: dict[str, Any] = field(default_factory=dict)
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

    def project(self, name: str | None, entity: str | None) -> Project | None:
        """The project, or None; an entity that is not named is the user's own."""
        if entity not in (None, "", self.entity.name):
            return None
        return self.projects.get(name or "uncategorized")

    def ensure_project(self, name: str | None, entity: str | None) -> Project:
        """The project, made if need be.

        Raises:
            Refusal: 404, when the entity is not the one served here.
        """
        if entity not in (None, "", self.entity.name):
            raise Refusal(404, f"entity {entity} not found during upsertBucket")
        name = name or "uncategorized"
        if name not in self.projects:
            project = Project(
                self.new_id("Project"), next(self.numbers), name, self.entity, self.timestamp()
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
