"""`bot write`: a model carries out an idea in a folder of files, without any rights."""

import json
import logging
from pathlib import Path

from pydantic import BaseModel

from bot.comments import prompt
from bot.config import Config
from bot.core.cost import TokenPrices, Tokens
from bot.core.idea import Idea
from bot.core.patch import CLOSED, refuse
from bot.errors import UserError
from bot.ports import Outage, Workspace, Writer

log = logging.getLogger(__name__)
TASK = Path("task/task.json")
WORK = Path("work/work.json")


class Task(BaseModel):
    """What the job that answers hands to the job that writes."""

    number: int
    head: str
    """The commit whose files are to be changed."""
    title: str
    idea: Idea
    command: str
    """How the program is started."""
    model: str
    max_turns: int
    usd: float | None
    """What it may cost; None where tokens have no price."""
    prices: TokenPrices | None
    closed: tuple[str, ...]
    """Patterns of paths that may not be touched."""


class Work(BaseModel):
    """What the job that writes hands to the job that settles; untrusted."""

    files: dict[str, str | None] = {}
    summary: str = ""
    reason: str = ""
    """Why there is nothing to take; empty if there is."""
    tokens: Tokens | None = None
    """What the model read and wrote; None where nobody knows."""


def closed(config: Config) -> tuple[str, ...]:
    """Patterns of paths that a model may not touch in this repository."""
    return (*CLOSED, *config.judge.paths)


def read_task(folder: Path) -> Task:
    """What is to be written."""
    return Task.model_validate_json((folder / TASK).read_text(encoding="utf-8"))


def write(folder: Path, task: Task, writer: Writer, workspace: Workspace) -> None:
    """Let the model work, and leave what it did for the job that settles."""
    try:
        written = writer.write(
            prompt("implement_system", command=task.command, closed=task.closed),
            prompt("implement_task", task=task),
            workspace,
        )
        files = dict(workspace.changes())
        reason = refuse(files, task.closed) or ""
        work = Work(files={} if reason else files, summary=written.summary, reason=reason)
        log.info("%s turns", written.turns)
    except UserError as error:
        work = Work(reason=str(error))
    except Outage:
        log.exception("the model's service failed")
        work = Work(reason="the model's service did not answer")
    work = work.model_copy(update={"tokens": writer.tokens})
    log.info("%s", work.tokens)
    path = folder / WORK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(work.model_dump()), encoding="utf-8")
