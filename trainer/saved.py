"""A trained model as its checkpoint holds it: with its settings, so that nobody can use others."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from pydantic import ValidationError
from torch import nn

from trainer import data, models
from trainer.data.dataset import Dataset, Spec
from trainer.health import ConfigError
from trainer.schema import Config
from trainer.state import LAST


@dataclass(frozen=True)
class Saved:
    """A trained model.

    Attributes:
        path: Of the checkpoint.
        config: What it was trained with.
        spec: What it was trained on.
        values: What it scored, by metric key.
        model: In evaluation mode, on the CPU.
    """

    path: Path
    config: Config
    spec: Spec
    values: dict[str, float]
    model: nn.Module


def find(name: str, fetch: Callable[[str], Path]) -> Path:
    """The checkpoint of that name: a file, the best one in a folder, or in a W&B artifact.

    Args:
        name: A path, or an artifact's name:alias.
        fetch: Gives the folder of a W&B artifact.

    Raises:
        ConfigError: There is none.
        DataError: W&B does not have it.
    """
    place = Path(name)
    if not place.exists():
        if ":" not in name:
            raise ConfigError(f"there is no checkpoint {name}")
        place = fetch(name)
    if place.is_file():
        return place
    candidates = [path for path in sorted(place.glob("*.pt")) if path.name != LAST]
    if not candidates:
        raise ConfigError(f"there is no trained model in {place}")
    return max(candidates, key=lambda path: _read(path)["values"]["val/acc"])


def load(path: Path) -> Saved:
    """Builds the model that a checkpoint describes, and gives it its weights.

    Raises:
        ConfigError: It is no trained model, or this code builds it in another way.
    """
    kept = _read(path)
    try:
        config, spec = Config.model_validate(kept["config"]), Spec(**kept["spec"])
        model = models.build(config.model, spec)
        model.load_state_dict(kept["model"])
    except (ValidationError, RuntimeError) as error:
        raise ConfigError(f"{path.name} was trained by other code: {error}") from error
    return Saved(path, config, spec, kept["values"], model.eval())


def dataset(config: Config, path: str, fetch: Callable[[str], Path]) -> Dataset:
    """The data that a model was trained on.

    Args:
        config: The model's.
        path: Where they lie now, or empty if where they were. Nothing else of the settings changes.
        fetch: Gives the folder of a W&B artifact.

    Raises:
        ConfigError: They have no path.
        DataError: They cannot be had.
    """
    if not path:
        return data.load(config.data, fetch)
    if not hasattr(config.data, "path"):
        raise ConfigError(f"data.path: {config.data.kind} has none")
    return data.load(config.data.model_copy(update={"path": path, "artifact": ""}), fetch)


def _read(path: Path) -> dict:
    try:
        kept = torch.load(path, map_location="cpu", mmap=True)
    except (OSError, RuntimeError, UnpicklingError) as error:
        raise ConfigError(f"{path} is no checkpoint: {error}") from error
    if not isinstance(kept, dict) or not {"config", "spec", "values", "model"} <= kept.keys():
        raise ConfigError(f"{path} holds no trained model: best-*.pt and epoch-*.pt do")
    return kept
