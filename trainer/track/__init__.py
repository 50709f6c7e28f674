"""What a run tells W&B and keeps beside it: numbers, pictures, artifacts, and who it is."""

from trainer.track.keys import KEYS, UndeclaredKeyError, main, table
from trainer.track.run import NotStarted, Tracker, Unreachable, local_folder, start

__all__ = [
    "KEYS",
    "NotStarted",
    "Tracker",
    "UndeclaredKeyError",
    "Unreachable",
    "local_folder",
    "main",
    "start",
    "table",
]
