"""What a run trains with: `conf/config.yaml`, changed by arguments and by W&B, then validated."""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from trainer.health import ConfigError

FILE = Path(__file__).parent / "conf" / "config.yaml"


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Data(_Section):
    """What is trained on; validation and test are the same whatever stands here."""

    copies: int = Field(ge=1, le=100, description="distorted copies of each training original")


class Model(_Section):
    """The multilayer perceptron."""

    width: int = Field(ge=1, description="units in each hidden layer")
    depth: int = Field(ge=1, description="hidden layers")
    dropout: float = Field(ge=0, lt=1, description="share of hidden units dropped in training")


class Train(_Section):
    """How it is trained."""

    epochs: int = Field(ge=1, description="passes over the training split")
    batch: int = Field(ge=1, description="images per step")
    lr: float = Field(gt=0, description="peak learning rate of AdamW; falls to zero as a cosine")
    weight_decay: float = Field(ge=0, description="decoupled weight decay of AdamW")
    clip: float = Field(ge=0, description="longest gradient norm that a step may use; 0: any")
    augment: float = Field(ge=0, le=1, description="strength of fresh distortion per epoch; 0: off")


class Config(_Section):
    """Everything that decides a run's numbers, on a given machine and commit."""

    seed: int = Field(ge=0, description="of weights, order, dropout and augmentation")
    threads: int = Field(ge=1, description="CPU threads; more change the numbers' last digits")
    data: Data
    model: Model
    train: Train

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted name."""
        return dict(_flatten(self.model_dump()))

    def hash(self) -> str:
        """12 hex digits that all seeds of one configuration share."""
        settings = self.flat()
        del settings["seed"]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Loader(yaml.SafeLoader):
    """Reads 3e-3 as a number: YAML 1.1 wants a dot and a signed exponent, else it is a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def resolve(
    arguments: Iterable[str] = (), tracked: Mapping[str, object] | None = None, file: Path = FILE
) -> Config:
    """Merges the file, the arguments and what W&B was given, each over the one before.

    Args:
        arguments: `key=value`, dotted, as on the command line.
        tracked: The W&B run's configuration, nested or dotted. Only what names one of our
            settings or sections is read: Launch keeps notes of its own there.
        file: The YAML file that sets every field.

    Raises:
        ConfigError: An unknown, missing or invalid setting; every problem is named.
    """
    sections = Config.model_fields
    settings = dict(_flatten(_parse(file.read_text(), file.name)))
    settings |= dict(_override(argument) for argument in arguments)
    settings |= {
        name: value for name, value in _flatten(tracked or {}) if name.partition(".")[0] in sections
    }
    if unknown := [name for name in settings if name not in FIELDS]:
        raise ConfigError("; ".join(_unknown(name) for name in unknown))
    try:
        return Config.model_validate(_nest(settings))
    except ValidationError as invalid:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, got {problem['input']!r}"
            for problem in invalid.errors()
        ]
        raise ConfigError("; ".join(problems)) from None


def usage() -> str:
    """How the program is called, and a table of all settings with the file's values."""
    values = resolve().flat()
    rows = [f"  {name:<20}{values[name]!s:<8}{field.description}" for name, field in FIELDS.items()]
    return "\n".join(
        [
            "usage: python -m trainer [key=value ...]",
            "",
            "Trains one model on digits-hard and tracks it in W&B (WANDB_MODE=offline works).",
            "For example: python -m trainer train.lr=3e-3 model.width=256 seed=3",
            "",
            f"settings, and what {FILE.parent.name}/{FILE.name} says:",
            *rows,
        ]
    )


def _fields(model: type[BaseModel], prefix: str = "") -> Iterable[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


FIELDS = dict(_fields(Config))


def _parse(text: str, source: str) -> object:
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {error}") from None


def _override(argument: str) -> tuple[str, object]:
    name, equals, text = argument.partition("=")
    if not equals:
        raise ConfigError(f"{argument!r} is no setting: write key=value, like seed=3")
    return name, _parse(text, argument)


def _unknown(name: str) -> str:
    if name in Config.model_fields:
        return f"{name} is a section: set one of its fields"

    def likeness(known: str) -> float:
        pairs = [(name, known), (name.rpartition(".")[2], known.rpartition(".")[2])]
        return max(difflib.SequenceMatcher(None, *pair).ratio() for pair in pairs)

    return f"unknown setting {name}: did you mean {max(FIELDS, key=likeness)}?"


def _flatten(tree: object, prefix: str = "") -> Iterable[tuple[str, Any]]:
    if not isinstance(tree, Mapping):
        raise ConfigError(f"expected settings, got {tree!r}")
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nest(settings: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for dotted, value in settings.items():
        *sections, name = dotted.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value
    return tree
