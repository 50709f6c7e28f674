"""The verb `data`: a folder as a W&B artifact that runs name in their configuration, and back."""

from pathlib import Path

from trainer import artifact, job
from trainer.health import ConfigError, DataError
from trainer.options import Options


class _Push(Options):
    folder: Path
    name: str


class _Pull(Options):
    name: str


def main(arguments: list[str]) -> int:
    """Sends a folder, in a run of its own, or fetches one; returns the exit code.

    Raises:
        ConfigError: It is neither `push` nor `pull`, or an argument is wrong.
        DataError: W&B does not have the artifact.
    """
    match arguments:
        case ["push", *rest]:
            return job.start(rest, push)
        case ["pull", *rest]:
            print(artifact.fetch(_Pull.read(rest).name))
            return 0
    raise ConfigError("say `data push folder=FOLDER name=NAME` or `data pull name=NAME:ALIAS`")


def push(work: job.Job) -> str:
    """Logs the folder; a folder that has not changed stays the version that it is."""
    options = _Push.read(work.arguments)
    if not options.folder.is_dir():
        raise DataError(f"there is no folder {options.folder}")
    work.tracker.artifacts.folder(options.name, options.folder)
    print(f"pushed {options.folder}: train on it with data.artifact={options.name}:latest")
    return "finished"
