"""GitHub Actions on this machine: a repository's real workflow files, run as real processes."""

from bot.sandbox.actions.engine import Actions
from bot.sandbox.actions.jobs import JobResult

__all__ = ["Actions", "JobResult"]
