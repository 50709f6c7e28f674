"""Configuration: the repository's `.github/labhand.yml`."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from bot.core.lines import line_of
from bot.core.metric import Metric
from bot.core.quoting import code
from bot.core.rules import Alternative, Guard, PrimaryMetric, Rules
from bot.core.settings import nearest
from bot.errors import UserError
from bot.sections import (
    Budget,
    Claude,
    Commands,
    Judge,
    Merge,
    Queue,
    Reports,
    Rights,
    Section,
    Seeds,
    Train,
    Wandb,
)

PATH = ".github/labhand.yml"
Named = TypeVar("Named", Alternative, Guard)


def _with_likes(queues: dict[str, Queue]) -> dict[str, Queue]:
    """Fill every queue with the settings of the one that it is like."""
    found: dict[str, Queue] = {}
    left = dict(queues)
    while left:
        ready = {name: queue for name, queue in left.items() if queue.like in (None, *found)}
        if not ready:
            name, queue = next(iter(left.items()))
            raise ValueError(f"`{name}` is like `{queue.like}`, which is no other queue")
        for name, queue in ready.items():
            own = {field: getattr(queue, field) for field in queue.model_fields_set}
            found[name] = found[queue.like].model_copy(update=own) if queue.like else queue
            del left[name]
    return {name: found[name] for name in queues}  # the first one is the default


class Config(Section):
    """The whole of `.github/labhand.yml`."""

    version: Literal[1]
    """The form of this file, always 1."""
    metric: PrimaryMetric
    alternatives: dict[str, Alternative] = Field(default_factory=dict)
    guards: dict[str, Guard] = Field(default_factory=dict)
    train: Train
    seeds: Seeds = Seeds()
    judge: Judge = Judge()
    wandb: Wandb
    queues: Annotated[dict[str, Queue], AfterValidator(_with_likes)] = Field(min_length=1)
    budget: Budget = Budget()
    rights: Rights = Rights()
    commands: Commands = Commands()
    claude: Claude = Claude()
    reports: Reports = Reports()
    merge: Merge = Merge()

    @field_validator("alternatives", "guards")
    @classmethod
    def _decides_once(cls, found: dict[str, Named], info: ValidationInfo) -> dict[str, Named]:
        metric, others = info.data.get("metric"), info.data.get("alternatives", {})
        if metric and metric.name in found:
            raise ValueError(f"{code(metric.name)} is the `metric` already")
        if both := [name for name in found if name in others]:
            raise ValueError(
                f"{code(both[0])} is one of `alternatives`: where it is surely worse, that is a "
                "LOSS without a guard"
            )
        return found

    @property
    def primary(self) -> Metric:
        """The metric that decides verdicts, or leads where several may."""
        return self.metric.metric

    @property
    def rules(self) -> Rules:
        """What an experiment that is launched now is judged by."""
        return Rules(
            metric=self.metric,
            alternatives=self.alternatives,
            guards=self.guards,
            judge_paths=self.judge.paths,
        )


def parse(text: str | None) -> Config:
    """Read `.github/labhand.yml`.

    Raises:
        UserError: it is missing, is no YAML, or holds something unknown or wrong; with the line.
    """
    if text is None:
        raise UserError(
            f"There is no `{PATH}` on the default branch. Labhand's docs/configuration.md has one "
            "to begin with."
        )
    try:
        return Config.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UserError(f"`{PATH}` is not valid YAML: {error}") from error
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        where, line = ".".join(map(str, first["loc"])), line_of(text, first["loc"])
        hint = first["msg"]
        if first["type"] == "extra_forbidden":
            hint = (
                f"there is no such key.{nearest(str(first['loc'][-1]), _known(first['loc'][:-1]))}"
            )
        raise UserError(f"`{PATH}`, line {line}, `{where}`: {hint}") from error


def _known(location: tuple[int | str, ...]) -> Mapping[str, object]:
    section: type[BaseModel] = Config
    inner: object = None
    for part in location:
        named = get_args(inner)[1:]  # what stands under any name: `queues`, `guards`
        inner = named[0] if named else getattr(section.model_fields.get(str(part)), "annotation", 0)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            section, inner = inner, None
        elif get_origin(inner) is not dict:
            return {}
    return section.model_fields if inner is None else {}
