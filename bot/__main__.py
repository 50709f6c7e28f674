"""Composition root and command line: builds the real clients and hands over to the router."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot import config as configuration
from bot import events, router
from bot.clients.github import GitHub
from bot.clients.wandb import Wandb
from bot.comments import render
from bot.config import ROLES, Environment
from bot.core.patch import CLOSED
from bot.errors import UserError
from bot.events import CommentWritten, Event, IdeaLabelled
from bot.handlers.setup import setup
from bot.handlers.write import write
from bot.ports import Outage, Stale, World
from bot.replies import Problem, Trouble

log = logging.getLogger("bot")


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, act in VERBS.items():
        verbs.add_parser(verb, help=act.__doc__)
    verb = parser.parse_args(arguments).verb
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        return VERBS[verb]()
    except UserError as error:
        print(f"labhand: {error}", file=sys.stderr)
        return 2


def event() -> int:
    """Answer the event that started this job."""
    environment = configuration.parse_environment(os.environ)
    payload = json.loads(Path(environment.event_path).read_text(encoding="utf-8"))
    found = events.parse(environment.event_name, payload)
    if isinstance(found, str):
        log.info("nothing to do: %s", found)
        return 0
    return _guarded(environment, found, lambda world: router.handle(found, world))


def ring() -> int:
    """Look at everything that is open; for the schedule and for any cron."""
    environment = configuration.parse_environment(os.environ)
    return _guarded(environment, None, lambda world: router.handle(events.Rang("ring"), world))


def settle() -> int:
    """Vet and commit what a model left behind."""
    return _guarded(configuration.parse_environment(os.environ), None, router.handle_work)


def write_() -> int:
    """Let a model carry out the task that was left for it."""
    from bot.clients.claude import Claude
    from bot.clients.workspace import FolderWorkspace

    environment = configuration.parse_environment(os.environ)
    root = Path(os.environ.get("GITHUB_WORKSPACE", ".")) / "target"
    text = root / configuration.PATH
    config = configuration.parse(text.read_text(encoding="utf-8") if text.exists() else None)
    closed = (*CLOSED, *config.judge.paths)
    writer = Claude(
        api_key=os.environ.get("ANTHROPIC_API_KEY", ""),
        base_url=os.environ.get("ANTHROPIC_BASE_URL") or None,
        model=config.claude.model,
        max_turns=config.claude.max_turns,
    )
    write(Path(environment.folder), config, writer, FolderWorkspace(root, closed))
    return 0


def setup_() -> int:
    """Create what GitHub and W&B need; twice changes nothing."""
    world = build(configuration.parse_environment(os.environ))
    made = setup(world)
    for item in made:
        print(f"created {item}")
    if not made:
        print("everything is there already")
    return 0


def demo() -> int:
    """Run the whole loop against the sandbox and show it."""
    from bot.sandbox.demo import main as run

    return run()


def sandbox() -> int:
    """Start GitHub, W&B and Claude on this machine, and keep them up."""
    from bot.sandbox.standing import main as run

    return run()


VERBS: dict[str, Callable[[], int]] = {
    "event": event,
    "write": write_,
    "settle": settle,
    "ring": ring,
    "setup": setup_,
    "demo": demo,
    "sandbox": sandbox,
}


def build(environment: Environment) -> World:
    """Build the real clients.

    Raises:
        UserError: the repository's configuration is missing or wrong.
    """
    forge = connect(environment)
    config = configuration.parse(forge.file(configuration.PATH, forge.default_branch))
    tracker = Wandb(
        config.wandb.entity,
        config.wandb.project,
        environment.repository,
        environment.server_url,
        environment.github_token,
    )
    return World(forge, tracker, SystemClock(), config, environment)


def connect(environment: Environment) -> GitHub:
    """Connect to GitHub with this job's token."""
    return GitHub(
        environment.github_token,
        environment.repository,
        environment.api_url,
        environment.workflow_run,
    )


def _guarded(environment: Environment, event: Event | None, act: Callable[[World], object]) -> int:
    """The one place where exceptions end: they become a comment, or the log and a link."""
    try:
        act(build(environment))
    except UserError as error:
        log.error("%s", error)
        return _tell(environment, event, Problem(str(error)))
    except (Outage, Stale):
        log.exception("it did not go through; the next ring takes it up")
        return 1
    except Exception:
        log.exception("this is a bug")
        _tell(environment, event, Trouble(environment.workflow_url))
        return 1
    return 0


def _tell(environment: Environment, event: Event | None, reply: Problem | Trouble) -> int:
    """Post what went wrong where the event came from, if it came from one of the team."""
    match event:
        case CommentWritten(place=place, author=person) | IdeaLabelled(place=place, sender=person):
            forge = connect(environment)
            if ROLES.index(forge.role(person)) >= ROLES.index("triage"):
                forge.say(place, f"trouble:{environment.workflow_run}", render(reply))
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
