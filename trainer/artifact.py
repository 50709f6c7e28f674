"""W&B artifacts for who is in no run; who is in one asks its tracker, so that W&B knows of it."""

from pathlib import Path

from trainer.health import DataError


def fetch(name: str) -> Path:
    """Downloads an artifact; its folder on this machine.

    Raises:
        DataError: W&B does not have it, or is not set up.
    """
    import wandb  # half a second, and most of what calls this names a path

    try:
        return Path(wandb.Api().artifact(name).download())
    except (wandb.errors.Error, ValueError) as error:
        raise DataError(f"no artifact {name}: {error}") from error
