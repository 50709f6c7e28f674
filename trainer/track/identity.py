"""Who a run is: name, tags, group, branch, commit and machine, where nobody has said so."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from trainer import health
from trainer.schema import Config, Model, ResNet


def group() -> str | None:
    """The group that the environment names, or else the branch: seeds of one experiment."""
    return os.environ.get("WANDB_RUN_GROUP") or branch()


def introduce(run: Any, config: Config, job: str) -> None:
    """Gives a run its name and tags, if the environment has not.

    Args:
        run: As `wandb.init` returns it.
        config: What is trained.
        job: train or eval.
    """
    model = variant(config.model)
    if not os.environ.get("WANDB_NAME"):
        run.name = f"{model}-{config.data.kind}-seed{config.seed}"
    if not os.environ.get("WANDB_TAGS"):
        run.tags = (job, config.data.kind, model)


def variant(model: Model) -> str:
    """A model's kind and size in a word: `mlp-192x2`, `resnet-16-32-64`."""
    if isinstance(model, ResNet):
        return "-".join(map(str, ["resnet", *model.widths]))
    return f"{model.kind}-{model.width}x{model.depth}"


def environment(config: Config) -> dict[str, Any]:
    """What the numbers depend on that is no setting; of the process's variables, none but these."""
    return {
        **health.versions(),
        "platform": platform.platform(),
        "threads": config.threads,
        "world_size": int(os.environ.get("WORLD_SIZE", 1)),
    }


def branch() -> str | None:
    """The branch that is trained; None in a clone of a commit alone, as Launch makes it."""
    return _git("symbolic-ref", "--quiet", "--short", "HEAD") or None


def commit() -> str:
    """The commit that is trained, with `-dirty` if files differ from it."""
    if known := os.environ.get("WANDB_GIT_COMMIT"):
        return known  # a job that runs from an image has no clone to ask
    return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*") or "unknown"


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    command = ["git", *arguments]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return answer.stdout.strip()
