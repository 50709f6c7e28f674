"""Configuration: the environment of a job, and the repository's `.github/labhand.yml`."""

import shlex
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from bot.core.runs import Goal, Metric, Value
from bot.core.settings import nearest
from bot.errors import UserError

PATH = ".github/labhand.yml"
Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")


class Section(BaseModel):
    """A part of the configuration: immutable, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PrimaryMetric(Section):
    """What decides verdicts."""

    name: str = Field(min_length=1)
    goal: Goal
    value: Value
    min_effect: float = Field(gt=0)


def _as_seeds(value: object) -> object:
    return list(range(1, value + 1)) if isinstance(value, int) else value


class Guard(Section):
    """A metric that may not get worse by more than its limit: a number, or a share such as 15%."""

    goal: Goal
    limit: Annotated[str, BeforeValidator(str), Field(pattern=r"^\d+(\.\d+)?%?$")]


def _command(text: str) -> str:
    words = shlex.split(text)
    if "{overrides}" not in words or "{seed}" not in text:
        raise ValueError(
            "it needs `{overrides}` as a word of its own and `{seed}`, as in "
            "`python train.py {overrides} seed={seed}`"
        )
    return text


class Train(Section):
    """How the training program is started."""

    command: Annotated[str, AfterValidator(_command)]
    overrides: Literal["hydra", "argparse"] = "hydra"
    config: str | None = None


def _without_repeats(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands there twice")
    return seeds


SeedList = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...],
    BeforeValidator(_as_seeds),
    Field(min_length=2),
    AfterValidator(_without_repeats),
]


class Seeds(Section):
    """Which seeds are trained; a number N stands for seeds 1 to N."""

    experiment: SeedList = (1, 2, 3, 4, 5)
    baseline: SeedList = tuple(range(1, 11))
    held_out: SeedList = (101, 102, 103)
    looks: int = Field(3, ge=1, le=6)

    @model_validator(mode="after")
    def _held_out_is_held_out(self) -> Self:
        if both := set(self.held_out) & set(self.experiment):
            raise ValueError(
                f"seed {min(both)} is held out and trained in every experiment; a win cannot be "
                "confirmed on the seeds that it was found on"
            )
        return self


class Judge(Section):
    """What decides the metric; an experiment may not edit it."""

    paths: tuple[str, ...] = ()


class Wandb(Section):
    """Where runs are logged."""

    entity: str
    project: str


class Queue(Section):
    """A W&B Launch queue; so far it has no settings of its own."""


class Rights(Section):
    """The lowest role that may look, act, and decide."""

    look: Role | None = None
    """By default triage in a public repository, where everybody may read, and read in a private."""
    act: Role = "write"
    decide: Role = "maintain"


class Claude(Section):
    """Which model writes code."""

    model: str = "claude-sonnet-5-5"
    max_turns: int = Field(30, ge=1)


class Merge(Section):
    """How winners are merged."""

    method: Literal["squash", "merge", "rebase"] = "squash"


class Config(Section):
    """The whole of `.github/labhand.yml`."""

    version: Literal[1]
    metric: PrimaryMetric
    guards: dict[str, Guard] = {}
    train: Train
    seeds: Seeds = Seeds()
    judge: Judge = Judge()
    wandb: Wandb
    queues: dict[str, Queue] = Field(min_length=1)
    rights: Rights = Rights()
    claude: Claude = Claude()
    merge: Merge = Merge()

    @property
    def primary(self) -> Metric:
        """The metric that decides verdicts."""
        return Metric(self.metric.name, self.metric.goal, self.metric.value)


def parse(text: str | None) -> Config:
    """Read `.github/labhand.yml`.

    Raises:
        UserError: it is missing, is no YAML, or holds something unknown or wrong; with the line.
    """
    if text is None:
        raise UserError(f"There is no `{PATH}` on the default branch; the README shows one.")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        return Config.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UserError(f"`{PATH}` is not valid YAML: {error}") from error
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"])
        hint = first["msg"]
        if first["type"] == "extra_forbidden":
            hint = (
                f"there is no such key.{nearest(str(first['loc'][-1]), _known(first['loc'][:-1]))}"
            )
        raise UserError(f"`{PATH}`{_line(tree, first['loc'])}, `{where}`: {hint}") from error


def _known(location: tuple[int | str, ...]) -> Mapping[str, object]:
    section: type[BaseModel] = Config
    for part in location:
        inner = section.model_fields[str(part)].annotation if part in section.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return {}
        section = inner
    return section.model_fields


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    line = 1
    for part in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return f", line {line}"


class Environment(Section):
    """What a job is told by the variables that `action.yml` and Actions set.

    Secrets stand in it too; `repr` hides them, so that a traceback may show it.
    """

    repository: str
    api_url: str
    server_url: str
    event_name: str = ""
    event_path: str = ""
    workflow_run: int = 0
    output_path: str | None = None
    folder: str
    """Where jobs of one workflow run hand files to each other."""
    github_token: str = Field("", repr=False)

    @property
    def workflow_url(self) -> str:
        """The page of this workflow run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.workflow_run}"


def parse_environment(variables: Mapping[str, str]) -> Environment:
    """Read the environment of a job.

    Raises:
        UserError: a variable that Actions always sets is missing; it is named.
    """
    try:
        return Environment(
            repository=variables["GITHUB_REPOSITORY"],
            api_url=variables.get("GITHUB_API_URL", "https://api.github.com"),
            server_url=variables.get("GITHUB_SERVER_URL", "https://github.com"),
            event_name=variables.get("GITHUB_EVENT_NAME", ""),
            event_path=variables.get("GITHUB_EVENT_PATH", ""),
            workflow_run=int(variables.get("GITHUB_RUN_ID") or 0),
            output_path=variables.get("GITHUB_OUTPUT"),
            folder=variables.get("LABHAND_FOLDER", "labhand"),
            github_token=variables.get("LABHAND_GITHUB_TOKEN", ""),
        )
    except KeyError as missing:
        raise UserError(f"The variable {missing} is not set: is this an Actions job?") from missing
