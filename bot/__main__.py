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

from bot import config as configuration
from bot import events, grammar, router
from bot.clients.github import GitHub
from bot.clients.wandb import Wandb
from bot.commands import Command
from bot.comments import render
from bot.core.quoting import logged
from bot.core.results import as_csv, as_json
from bot.environment import Environment, parse_environment
from bot.errors import UserError
from bot.events import CommentWritten, Event, FormSent, IdeaLabelled, Rang
from bot.handlers.results import figures, last_report, records
from bot.handlers.setup import setup
from bot.handlers.write import read_task, write
from bot.ports import Outage, Stale, World
from bot.replies import Problem, Trouble
from bot.sections import ROLES

log = logging.getLogger("bot")
DOWN = Problem(
    "GitHub or W&B did not answer, though it was tried several times. It is taken up again by "
    "itself; if nothing happens within an hour, write the command again."
)


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class JobLog(logging.Formatter):
    """A log in which Actions obeys nothing of what is quoted."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record, with its traceback."""
        return logged(super().format(record))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, act in VERBS.items():
        verbs.add_parser(verb, help=act.__doc__)
    for verb, explains in WITH_OPTIONS.items():
        verbs.add_parser(verb, help=explains.__doc__, add_help=False)  # its options are its own
    asked, options = parser.parse_known_args(arguments)
    if options and asked.verb not in WITH_OPTIONS:
        parser.error(f"unrecognized arguments: {' '.join(options)}")
    handler = logging.StreamHandler()
    handler.setFormatter(JobLog("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells of every request
    try:
        if asked.verb in WITH_OPTIONS:
            return WITH_OPTIONS[asked.verb](options)
        return VERBS[asked.verb]()
    except UserError as error:
        print(logged(f"labhand: {error}"), file=sys.stderr)
        return 2


def event() -> int:
    """Answer the event that started this job."""
    environment = parse_environment(os.environ)
    payload = json.loads(Path(environment.event_path).read_text(encoding="utf-8"))
    found = events.parse(environment.event_name, payload)
    if isinstance(found, str):
        log.info("nothing to do: %s", found)
        return 0
    if environment.is_replayed and isinstance(found, CommentWritten | FormSent | IdeaLabelled):
        log.info("%s is not who asked for this: it only rings", environment.triggering_actor)
        found = Rang("replay", has_writer=True)
    return _guarded(environment, found, lambda world: router.handle(found, world))


def ring() -> int:
    """Look at everything that is open; for the schedule and for any cron."""
    rang = Rang("ring")
    environment = parse_environment(os.environ)
    return _guarded(environment, rang, lambda world: router.handle(rang, world))


def settle() -> int:
    """Vet and commit what a model left behind."""
    return _guarded(parse_environment(os.environ), None, router.handle_work)


def write_() -> int:
    """Let a model carry out the task that was left for it."""
    from bot.clients.claude import Claude
    from bot.clients.workspace import FolderWorkspace

    environment = parse_environment(os.environ)
    folder = Path(environment.folder)
    task = read_task(folder)
    writer = Claude(
        api_key=os.environ.get("ANTHROPIC_API_KEY", ""),
        base_url=os.environ.get("ANTHROPIC_BASE_URL") or None,
        model=task.model,
        max_turns=task.max_turns,
        usd=task.usd,
        prices=task.prices,
    )
    target = Path(os.environ.get("GITHUB_WORKSPACE", ".")) / "target"
    write(folder, task, writer, FolderWorkspace(target, task.closed))
    return 0


def setup_() -> int:
    """Create what GitHub and W&B need; twice changes nothing."""
    world = build(parse_environment(os.environ))
    made = setup(world)
    for item in made:
        print(f"created {item}")
    if not made:
        print("everything is there already")
    return 0


def run(options: list[str]) -> int:
    """Send a command from this terminal; the bot answers on the issue or PR."""
    parser = argparse.ArgumentParser(
        prog="python -m bot run",
        description=run.__doc__,
        epilog=f"commands:\n{grammar.listing()}\n\nThe variable LABHAND_GITHUB_TOKEN holds your "
        "own token, GITHUB_REPOSITORY\nthe repository's owner and name.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", help='such as "/launch seeds=5"')
    parser.add_argument(
        "--pr", "--issue", dest="number", type=int, required=True, help="what it is about"
    )
    asked = parser.parse_args(options)
    environment = parse_environment(os.environ)
    forge = connect(environment)
    text = forge.file(configuration.PATH, "HEAD")
    prefix = configuration.parse(text).commands.prefix
    found = grammar.parse(asked.command, prefix)
    if not isinstance(found, Command):
        raise found or UserError(f"{asked.command!r} is no command; `--help` lists them.")
    forge.send_form(asked.command, asked.number)
    print(f"sent; the answer comes on {environment.issue_url(asked.number)}")
    return 0


def results_(options: list[str]) -> int:
    """Print what experiments gave: figures, a report as JSON, or runs as CSV."""
    parser = argparse.ArgumentParser(prog="python -m bot results", description=results_.__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pr", "--issue", type=int, help="an experiment, open or closed")
    what.add_argument("--branch", help="the branch of one, or the default branch")
    what.add_argument("--run", help="a run of W&B, by its id")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="its last report")
    form.add_argument("--csv", action="store_true", help="its runs; by default all that is open")
    asked = parser.parse_args(options)
    word = f"#{asked.pr}" if asked.pr else asked.branch or asked.run
    if word is None and not asked.csv:
        parser.error("name one of --pr, --branch and --run")
    world = build(parse_environment(os.environ))
    if asked.csv:
        print(as_csv(records(world, word)), end="")
    elif asked.json:
        print(as_json(last_report(world, word)))
    else:
        print(render(figures(world, word)), end="")
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
WITH_OPTIONS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "results": results_,
    "sandbox": sandbox,
}


def build(environment: Environment, event: Event | None = None) -> World:
    """Build the real clients.

    Args:
        environment: this job's.
        event: what started it, if anything did.

    Raises:
        UserError: the repository's configuration is missing or wrong.
    """
    forge = connect(environment)
    config = configuration.parse(forge.start(configuration.PATH, rings=isinstance(event, Rang)))
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
        act(build(environment, event))
    except UserError as error:
        log.error("%s", error)
        return 0 if _told(environment, event, Problem(str(error))) else 1
    except (Outage, Stale):
        log.exception("it did not go through")
        _told(environment, event, DOWN)
        return 1
    except Exception:
        log.exception("this is a bug")
        _told(environment, event, Trouble(environment.workflow_url))
        return 1
    return 0


def _told(environment: Environment, event: Event | None, reply: Problem | Trouble) -> bool:
    """Post what went wrong where the event came from, if one of the team asked the bot."""
    match event:
        case CommentWritten(place=place, author=person, body=body, is_bot=False):
            ours = grammar.is_ours(body)
        case FormSent(place=place, person=person):
            ours = True
        case IdeaLabelled(place=place, sender=person):
            ours = True
        case _:
            return False
    try:
        forge = connect(environment)
        if not (ours and ROLES.index(forge.role(person)) >= ROLES.index("triage")):
            return False
        forge.say(place, f"trouble:{environment.workflow_run}", render(reply))
        if isinstance(event, CommentWritten) and reply is not DOWN:
            forge.react(event.comment_id, "confused")  # or a ring would take it up again
    except (Outage, UserError):
        log.exception("and it could not be told")
        return False
    return True


if __name__ == "__main__":
    gc.set_threshold(100_000)  # objects; importing the SDKs leaves no garbage worth looking for
    exit_code = main()
    gc.freeze()  # what is left goes with the process: nobody needs to look through it
    sys.exit(exit_code)
