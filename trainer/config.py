"""What a run trains with: files, arguments and what W&B was given, merged and then validated."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trainer.health import ConfigError
from trainer.schema import KINDS, Config, fields, flatten

FILE = Path(__file__).parent / "conf" / "config.yaml"
"""What is trained unless somebody says otherwise; groups stand in the folders beside it."""


class _Loader(yaml.SafeLoader):
    """Reads 3e-3 as a number: YAML 1.1 wants a dot and a signed exponent, else it is a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def resolve(
    arguments: Iterable[str] = (), tracked: Mapping[str, Any] | None = None, file: Path = FILE
) -> Config:
    """Merges the schema, the file, the arguments and what W&B was given, the last one winning.

    Args:
        arguments: As on the command line: `train.lr=3e-3` sets a field, `model=vit` takes the
            values of `conf/model/vit.yaml`, `--config FILE` is merged before all of these.
        tracked: The W&B run's configuration, nested or dotted. Only what names one of our
            settings or sections is read: Launch keeps notes of its own there.
        file: The YAML file to start from.

    Raises:
        ConfigError: An unknown or invalid setting or group; every problem is named.
    """
    files, overrides = _command_line(arguments)
    given = {
        name: value
        for name, value in (tracked or {}).items()
        if name.partition(".")[0] in Config.model_fields
    }
    settings: dict[str, Any] = {}
    for source in (*(_read(path) for path in (file, *files)), overrides, given):
        _merge(settings, source)
    try:
        return Config.model_validate(_nest(settings))
    except ValidationError as invalid:
        raise ConfigError("; ".join(_problems(invalid, settings))) from None


def usage() -> str:
    """How the program is called, and a table of all settings with the file's values."""
    values = resolve().flat()
    groups = [
        f"  {folder.name}=" + " | ".join(_groups(folder.name))
        for folder in sorted(FILE.parent.iterdir())
        if folder.is_dir()
    ]
    rows = [
        f"  {name:<27}{values[name]!s:<10}{meaning}" for name, meaning in fields(_kinds()).items()
    ]
    return "\n".join(
        [
            "usage: python -m trainer [--config FILE] [group=name ...] [key=value ...]",
            "",
            "Trains one model and tracks it in W&B (WANDB_MODE=offline works).",
            "For example: python -m trainer model=resnet8x8 train.lr=3e-3 seed=3",
            "",
            f"groups, each a file of {FILE.parent.name}/:",
            *groups,
            "",
            f"settings, and what {FILE.parent.name}/{FILE.name} says:",
            *rows,
        ]
    )


def _kinds() -> dict[str, Any]:
    return {section: getattr(resolve(), section).kind for section in KINDS}


def _command_line(arguments: Iterable[str]) -> tuple[list[Path], dict[str, Any]]:
    files, overrides, words = [], {}, iter(arguments)
    for word in words:
        name, equals, text = word.removeprefix("--").partition("=")
        if word.startswith("--config") and name == "config":
            files.append(Path(text or next(words, "")))
        elif equals:
            overrides[name] = _parse(text, word)
        else:
            raise ConfigError(f"{word!r} is no setting: write key=value, like seed=3")
    return files, overrides


def _read(path: Path) -> dict[str, Any]:
    try:
        found = _parse(path.read_text(), path.name)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path.name} holds no settings")
    return found


def _parse(text: str, source: str) -> object:
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {error}") from None


def _merge(settings: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Lays a source over the settings, its groups first, as Hydra does.

    A group of another kind starts afresh: an MLP's width means nothing to a ResNet.
    """
    groups, values = {}, {}
    for choice in source.get("defaults") or ():
        if not isinstance(choice, dict):
            raise ConfigError(f"defaults: {choice!r} is no group: write model: vit")
        groups |= choice
    for name, value in source.items():
        if isinstance(value, str) and (FILE.parent / name).is_dir():
            groups[name] = value
        elif name != "defaults":
            values[name] = value
    for section, name in groups.items():
        chosen = _read(_group(section, str(name)))
        if chosen.get("kind") != settings.get(f"{section}.kind"):
            for old in [old for old in settings if old.startswith(f"{section}.")]:
                del settings[old]
        values = {f"{section}.{field}": value for field, value in chosen.items()} | values
    settings |= flatten(values)


def _groups(section: str) -> list[str]:
    return sorted(path.stem for path in (FILE.parent / section).glob("*.yaml"))


def _group(section: str, name: str) -> Path:
    if not (known := _groups(section)):
        raise ConfigError(f"there is no group {section}")
    if name not in known:
        guess = _nearest(name, known)
        raise ConfigError(f"there is no {section}={name}: did you mean {section}={guess}?")
    return FILE.parent / section / f"{name}.yaml"


def _problems(invalid: ValidationError, settings: Mapping[str, Any]) -> Iterable[str]:
    known = fields({section: settings.get(f"{section}.kind") for section in KINDS})
    for problem in invalid.errors():
        place = [str(part) for part in problem["loc"]]
        if place[0] in KINDS:
            del place[1:2]  # pydantic names the kind too
        name = ".".join(place)
        if problem["type"] == "extra_forbidden":
            yield f"unknown setting {name}: did you mean {_nearest(name, list(known))}?"
        elif problem["type"] == "model_type":
            yield f"{name} is a section: set one of its fields"
        else:
            yield f"{name}: {problem['msg']}, got {problem['input']!r}"


def _nearest(name: str, known: Sequence[str]) -> str:
    def likeness(candidate: str) -> float:
        pairs = [(name, candidate), (name.rpartition(".")[2], candidate.rpartition(".")[2])]
        return max(difflib.SequenceMatcher(None, *pair).ratio() for pair in pairs)

    return max(known, key=likeness)


def _nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for dotted, value in settings.items():
        *sections, name = dotted.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
            if not isinstance(branch, dict):
                raise ConfigError(f"{dotted}: {section} is no section")
        if isinstance(branch.get(name), dict):
            raise ConfigError(f"{dotted} is a section: set one of its fields")
        branch[name] = value
    return tree
