"""Configuration: the repository's `.github/labhand.yml`."""

import shlex
from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from bot.commands import COMMANDS, Right
from bot.core.lines import line_of
from bot.core.metric import Metric
from bot.core.queue import Priority
from bot.core.rules import Guard, PrimaryMetric, Rules
from bot.core.settings import nearest
from bot.errors import UserError

PATH = ".github/labhand.yml"
Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")


class Section(BaseModel):
    """A part of the configuration: immutable, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_seeds(value: object) -> object:
    return list(range(1, value + 1)) if isinstance(value, int) else value


class Train(Section):
    """How the training program is started, and when it is stopped."""

    command: str
    overrides: Literal["hydra", "argparse", "wandb"] = "hydra"
    """How a changed value reaches it: `name=value`, `--name=value`, or in `wandb.config` alone."""
    config: str | None = None
    timeout: Annotated[str, BeforeValidator(str), Field(pattern=r"^\d+(\.\d+)?x?$")] | None = None
    """Minutes, or such as `3x` of the baseline's time; then a run is stopped."""
    fence: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    """Metric to the size beyond which a run has diverged: then all seeds are stopped."""

    @model_validator(mode="after")
    def _command_says_where(self) -> Self:
        words = shlex.split(self.command)
        told = "{overrides}" in words or self.overrides == "wandb"
        if not told or "{seed}" not in self.command:
            raise ValueError(
                "`command` needs `{overrides}` as a word of its own and `{seed}`, as in "
                "`python train.py {overrides} seed={seed}`"
            )
        return self


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
    canary: int = Field(1, ge=0)
    """How many go alone at first; the others follow when these have validated once."""
    stop_when_futile: bool = False
    """Whether the rest is stopped once a WIN is next to impossible; otherwise it is only said."""

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


def _image(text: str) -> str:
    if "{commit}" not in text:
        raise ValueError("it needs `{commit}`, as in `ghcr.io/acme/retina:{commit}`")
    return text


class Queue(Section):
    """A W&B Launch queue."""

    like: str | None = None
    """Another queue, whose settings hold where this one says nothing."""
    gpus: int = Field(1, ge=0)
    """GPUs of one run."""
    parallel: int | None = Field(None, ge=1)
    """Runs that its agents train at a time, as far as the bot is told."""
    usd_per_gpu_hour: float | None = Field(None, ge=0, allow_inf_nan=False)
    priority: Priority | None = None
    """Of what is pushed, where W&B has priorities for the queue."""
    resource_args: dict[str, JsonValue] = {}
    """Passed on as W&B defines them, such as `{kubernetes: {…}}`."""
    image: Annotated[str, AfterValidator(_image)] | None = None
    """The image that holds a commit; None lets the agent clone the commit itself."""
    wait_for: str | None = None
    """The check on the commit that says the image is there."""
    patience_minutes: float = Field(60, gt=0, allow_inf_nan=False)
    """After this, what still waits is looked into."""


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


class Budget(Section):
    """What may be spent, in USD, on GPUs and the model together; None is without a limit."""

    experiment: float | None = Field(None, gt=0, allow_inf_nan=False)
    person_month: float | None = Field(None, gt=0, allow_inf_nan=False)
    month: float | None = Field(None, gt=0, allow_inf_nan=False)
    ask_above: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Dearer commands name their price and wait for `/yes`."""
    ask_above_gpu_hours: float = Field(10, ge=0, allow_inf_nan=False)
    ask_above_seeds: int = Field(20, ge=1)


class Rights(Section):
    """The lowest role that may look, act, and decide."""

    look: Role | None = None
    """By default triage in a public repository, where everybody may read, and read in a private."""
    act: Role = "write"
    decide: Role = "maintain"
    commands: dict[str, Role] = {}
    """Single commands that need another role than their kind."""

    @model_validator(mode="after")
    def _commands_are_ours(self) -> Self:
        for name in self.commands:
            if name not in COMMANDS:
                raise ValueError(f"there is no command `{name}`.{nearest(name, COMMANDS)}")
        return self

    def needed(self, right: Right, *, is_private: bool, command: str = "") -> Role:
        """The lowest role for a command; in public repositories everybody may read."""
        if command in self.commands:
            return self.commands[command]
        look = self.look or ("read" if is_private else "triage")
        return {"look": look, "act": self.act, "decide": self.decide}[right]


class Commands(Section):
    """How the bot listens."""

    prefix: str = Field("/", pattern=r"^/([a-z][a-z0-9]*[ -])?$")
    """What commands begin with: `/`, or `/lab ` beside other bots. The workflow's own filter
    starts a runner for comments that begin with a slash alone."""
    bots: dict[str, Role] = {}
    """Apps that may write commands, and the role each has, such as `renovate[bot]: write`."""
    yes_within_minutes: int = Field(60, ge=1)
    per_hour: int = Field(60, ge=1)
    """Commands that one person may write in an hour."""
    quiet: bool = False
    """Whether a reaction is answer enough where it says everything."""


class Claude(Section):
    """Which model writes code, and for how much."""

    model: str = "claude-sonnet-5-5"
    max_turns: int = Field(30, ge=1)
    usd_per_experiment: float = Field(3, gt=0, allow_inf_nan=False)
    """At most; it counts only where the tokens have their prices."""
    usd_per_million_input_tokens: float | None = Field(None, ge=0, allow_inf_nan=False)
    usd_per_million_output_tokens: float | None = Field(None, ge=0, allow_inf_nan=False)


class Reports(Section):
    """What is shown beside the comments."""

    leaderboard: bool = True
    """A pinned issue, opened by `bot setup`."""


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
    queues: Annotated[dict[str, Queue], AfterValidator(_with_likes)] = Field(min_length=1)
    budget: Budget = Budget()
    rights: Rights = Rights()
    commands: Commands = Commands()
    claude: Claude = Claude()
    reports: Reports = Reports()
    merge: Merge = Merge()

    @property
    def primary(self) -> Metric:
        """The metric that decides verdicts."""
        return self.metric.metric

    @property
    def rules(self) -> Rules:
        """What an experiment that is launched now is judged by."""
        return Rules(metric=self.metric, guards=self.guards, judge_paths=self.judge.paths)


def parse(text: str | None) -> Config:
    """Read `.github/labhand.yml`.

    Raises:
        UserError: it is missing, is no YAML, or holds something unknown or wrong; with the line.
    """
    if text is None:
        raise UserError(f"There is no `{PATH}` on the default branch; the README shows one.")
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
