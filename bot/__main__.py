"""Composition root and command line: builds the real clients and hands over to the router."""

import argparse
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot import commands, events, router
from bot import config as configuration
from bot.clients.github import GitHub
from bot.clients.wandb import Wandb
from bot.comments import render
from bot.config import ROLES, Environment
from bot.errors import UserError
from bot.events import CommentWritten, Event, IdeaLabelled
from bot.handlers.setup import setup
from bot.handlers.write import read_task, write
from bot.ports import Outage, Stale, World
from bot.replies import Problem, Trouble

log = logging.getLogger("bot")
DOWN = (
    "GitHub or W&B did not answer, though it was tried several times. What had begun is finished "
    "by itself; if nothing happens within half an hour, write the command again."
)


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
    verbs.add_parser("sandbox", help=sandbox.__doc__, add_help=False)  # it explains its own options
    asked, options = parser.parse_known_args(arguments)
    if options and asked.verb != "sandbox":
        parser.error(f"unrecognized arguments: {' '.join(options)}")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells of every request
    try:
        return sandbox(options) if asked.verb == "sandbox" else VERBS[asked.verb]()
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
    folder = Path(environment.folder)
    task = read_task(folder)
    writer = Claude(
        api_key=os.environ.get("ANTHROPIC_API_KEY", ""),
        base_url=os.environ.get("ANTHROPIC_BASE_URL") or None,
        model=task.model,
        max_turns=task.max_turns,
    )
    target = Path(os.environ.get("GITHUB_WORKSPACE", ".")) / "target"
    write(folder, task, writer, FolderWorkspace(target, task.closed))
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
    from bot.sandbox.demo.main import main as run

    return run()


def sandbox(options: list[str]) -> int:
    """Start GitHub, W&B and Claude on this machine, and keep them up."""
    from bot.sandbox.standing import main as run

    return run(options)


VERBS: dict[str, Callable[[], int]] = {
    "event": event,
    "write": write_,
    "settle": settle,
    "ring": ring,
    "setup": setup_,
    "demo": demo,
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
        return 0 if _told(environment, event, Problem(str(error))) else 1
    except (Outage, Stale):
        log.exception("it did not go through")
        _told(environment, event, Problem(DOWN))
        return 1
    except Exception:
        log.exception("this is a bug")
        _told(environment, event, Trouble(environment.workflow_url))
        return 1
    return 0


def _told(environment: Environment, event: Event | None, reply: Problem | Trouble) -> bool:
    """Post what went wrong where the event came from, if one of the team asked the bot."""
    match event:
        case CommentWritten(place=place, author=person, body=body):
            ours = commands.parse(body) is not None
        case IdeaLabelled(place=place, sender=person):
            ours = True
        case _:
            return False
    try:
        forge = connect(environment)
        if not (ours and ROLES.index(forge.role(person)) >= ROLES.index("triage")):
            return False
        forge.say(place, f"trouble:{environment.workflow_run}", render(reply))
    except (Outage, UserError):
        log.exception("and it could not be told")
        return False
    return True


if __name__ == "__main__":
    gc.set_threshold(100_000)  # objects; importing the SDKs leaves no garbage worth looking for
    exit_code = main()
    gc.freeze()  # what is left goes with the process: nobody needs to look through it
    sys.exit(exit_code)
