"""The parts of `.github/labhand.yml`: what stands below a key here is its line on the page."""

import shlex
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from bot.commands import COMMANDS, Right
from bot.core.queue import Priority
from bot.core.settings import nearest

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
    """What a job runs; `{overrides}` and `{seed}` stand where changed settings and the seed go."""
    overrides: Literal["hydra", "argparse", "wandb"] = "hydra"
    """How a changed value reaches it: `name=value`, `--name=value`, or in `wandb.config` alone."""
    config: str | None = None
    """The YAML file with the settings, into which an idea's and `/fix`'s are committed.
    Without it settings can be given to `/launch` only."""
    timeout: Annotated[str, BeforeValidator(str), Field(pattern=r"^\d+(\.\d+)?x?$")] | None = None
    """The longest that a run may train: minutes, or such as `3x` of the baseline's time; then it is
    stopped. Set it wherever GPUs cost money."""
    fence: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    """Metric to the size beyond which a run has diverged; then all seeds are stopped. NaN stops
    them without it."""

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
    """Of one attempt. More of them find smaller gains; the answer to an idea says which."""
    baseline: SeedList = tuple(range(1, 11))
    """Of the baseline, which is paid once and used by everybody: more than an experiment's."""
    held_out: SeedList = (101, 102, 103)
    """Trained only when a merge is asked for. Hold out five where many ideas are tried."""
    looks: int = Field(3, ge=1, le=6)
    """At most so many verdicts on one change, each after as many more seeds; the allowed 5% of
    false wins are shared out among them."""
    canary: int = Field(1, ge=0)
    """How many go alone at first; the others follow when these have logged the metric once. 0 where
    the metric comes only at the end and time matters more than GPUs."""
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
    """Patterns of the evaluation's code and data, such as `src/metrics/*`; `*` crosses folders.
    Whoever edits them gets NOT COMPARABLE until `/baseline` has run, and Claude may not."""


class Wandb(Section):
    """Where runs are logged."""

    entity: str
    """The team, or the user."""
    project: str
    """Where the jobs log their runs."""


def _image(text: str) -> str:
    if "{commit}" not in text:
        raise ValueError("it needs `{commit}`, as in `ghcr.io/acme/retina:{commit}`")
    return text


class Queue(Section):
    """A W&B Launch queue."""

    like: str | None = None
    """Another of these queues, whose settings hold where this one says nothing."""
    gpus: int = Field(1, ge=0)
    """GPUs of one run: what a price is reckoned by, not what the cluster is asked for."""
    parallel: int | None = Field(None, ge=1)
    """Runs that its agents train at a time: told to whoever waits; it limits nothing."""
    usd_per_gpu_hour: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Price of one GPU for an hour in USD. Without it budgets do not see this queue's runs."""
    priority: Priority | None = None
    """Of what is queued, where W&B has priorities for the queue."""
    resource_args: dict[str, JsonValue] = {}
    """Passed on as W&B defines them for the kind of queue, such as `{kubernetes: {…}}`."""
    image: Annotated[str, AfterValidator(_image)] | None = None
    """The image that holds a commit, such as `ghcr.io/acme/retina:{commit}`. Without it the agent
    clones the commit, which those on Kubernetes do not."""
    wait_for: str | None = None
    """The check on the commit that says the image is there; nothing is queued before it passed."""
    patience_minutes: float = Field(60, gt=0, allow_inf_nan=False)
    """Minutes after which the bot looks into W&B's queue and says on whom a run waits."""


class Budget(Section):
    """What may be spent, in USD, on GPUs and the model together; what is left out has no limit."""

    experiment: float | None = Field(None, gt=0, allow_inf_nan=False)
    """On one experiment, all its attempts and its confirmation together."""
    person_month: float | None = Field(None, gt=0, allow_inf_nan=False)
    """On what one person asked for in a calendar month (UTC)."""
    month: float | None = Field(None, gt=0, allow_inf_nan=False)
    """On everything in a calendar month (UTC), baselines included."""
    ask_above: float | None = Field(None, ge=0, allow_inf_nan=False)
    """A command dearer than this many USD names its price and waits for `/yes`."""
    ask_above_gpu_hours: float = Field(10, ge=0, allow_inf_nan=False)
    """The same for GPU-hours, which need no price."""
    ask_above_seeds: int = Field(20, ge=1)
    """The same for the number of runs, which is known even before there is a baseline."""


class Rights(Section):
    """The lowest role (none, read, triage, write, maintain, admin) to look, act and decide."""

    look: Role | None = None
    """To ask how things stand. By default triage in a public repository, where everybody may read,
    and read in a private one."""
    act: Role = "write"
    """To launch, change and stop experiments."""
    decide: Role = "maintain"
    """To merge, measure a baseline, train a fork's commit, and unlock what others locked."""
    commands: dict[str, Role] = {}
    """Single commands that need another role than their kind, such as `{baseline: admin}`."""

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
    """What commands begin with: `/`, or `/lab ` (then `/lab launch`) beside other bots. Always a
    slash, because only comments that begin with one start the workflow."""
    bots: dict[str, Role] = {}
    """Apps that may write commands, and the role each has, such as `renovate[bot]: write`."""
    yes_within_minutes: int = Field(60, ge=1)
    """Minutes that a question waits for its `/yes`."""
    per_hour: int = Field(60, ge=1)
    """Commands that one person may write in comments within an hour."""
    quiet: bool = False
    """Whether a reaction is answer enough where it says everything, as after `/lock`."""


class Claude(Section):
    """Which model writes code, and for how much."""

    model: str = "claude-sonnet-5-5"
    """Its name at Anthropic."""
    max_turns: int = Field(30, ge=1)
    """Answers that it may give for one idea, each with what it looked up or wrote."""
    usd_per_experiment: float = Field(3, gt=0, allow_inf_nan=False)
    """USD that one job of it may cost; it counts only where both prices below are set."""
    usd_per_million_input_tokens: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Price of a million tokens that it reads, in USD; one from the cache counts a tenth."""
    usd_per_million_output_tokens: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Price of a million tokens that it writes, in USD."""


class Reports(Section):
    """What is shown beside the comments."""

    leaderboard: bool = True
    """A pinned issue that ranks what is open, made by `python -m bot setup`, then kept up."""


class Merge(Section):
    """How winners are merged."""

    method: Literal["squash", "merge", "rebase"] = "squash"
    """As GitHub's settings for the repository allow it."""
