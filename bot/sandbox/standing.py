"""The sandbox on its own: at addresses that stay the same, until Ctrl-C, made anew on request."""

import argparse
import json
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import UserError
from bot.sandbox.agents import agents
from bot.sandbox.claude import Scenario, ToolUse, Turn
from bot.sandbox.control import Control
from bot.sandbox.demo.plot import SCRIPT
from bot.sandbox.faults import Faults
from bot.sandbox.serve import reserve, serve
from bot.sandbox.services import Addresses, Services, services

PORT = 8710
OUR_FILES = Path(__file__).parents[2]
ROLES = {
    "root": "admin",
    "ada": "maintain",
    "grace": "write",
    "linus": "read",
    "mallory": "none",
}
TOKENS = {login: f"ghp_{login}{'0' * (36 - len(login))}" for login in ROLES}
CLAUDE_KEY = "sk-ant-sandbox"
ANY_TASK = Scenario("", [Turn("This is the sandbox's Claude: it says what its script says.")] * 100)
ADDRESSES = """\
# GitHub, with Actions: PyGithub, curl, git
export GITHUB_API_URL={github}/api/v3
export GITHUB_GRAPHQL_URL={github}/api/graphql
export GITHUB_SERVER_URL={github}
export GITHUB_REPOSITORY={repository}
export GITHUB_TOKEN={root}  # root is admin
# ada may maintain: {ada}
# grace may write:  {grace}
# linus may read:   {linus}
# mallory may not:  {mallory}
export GITHUB_CLONE_URL={clone}
# W&B: wandb, launch agents
export WANDB_BASE_URL={wandb}
export WANDB_API_KEY={wandb_key}
export WANDB_ENTITY={entity}
# Claude: anthropic
export ANTHROPIC_BASE_URL={claude}
export ANTHROPIC_API_KEY={claude_key}
# Faults; and everything back to the beginning: curl -X POST $SANDBOX_URL/reset
export SANDBOX_URL={control}
"""


@dataclass(frozen=True)
class Options:
    """What somebody asked for; `port` is the first of four, or 0 for free ones."""

    port: int
    repository: str
    files: Path
    script: tuple[Scenario, ...]
    agents: int


class Standing:
    """The services as they are now, at addresses that outlast them.

    Attributes:
        now: The present ones.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[Services]]) -> None:
        """Make the first."""
        self._make = make
        self._lock = threading.Lock()
        self._life = ExitStack()
        self.now = self._life.enter_context(make())

    def reset(self) -> None:
        """Everything back to the beginning; whatever ran before is ended."""
        with self._lock:
            fresh = ExitStack()
            self.now = fresh.enter_context(self._make())
            old, self._life = self._life, fresh
            old.close()

    def close(self) -> None:
        """End what runs."""
        with self._lock:
            self._life.close()

    def door(self, of: Callable[[Services], ASGIApp]) -> ASGIApp:
        """One of the applications, whichever is the present one."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await of(self.now)(scope, receive, send)

        return app


def main(arguments: Sequence[str]) -> int:
    """Serve GitHub, W&B and Claude until Ctrl-C or SIGTERM."""
    options = parse(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with standing(options) as told:
        print(told, end="", flush=True)
        ended.wait()
    return 0


@contextmanager
def standing(options: Options) -> Iterator[str]:
    """Serve everything until the block ends; gives what to paste into a shell.

    Raises:
        UserError: a port is taken.
    """
    with ExitStack() as stack:
        doors = [_reserve(options.port and options.port + number) for number in range(4)]
        folder = tempfile.TemporaryDirectory(prefix="labhand-sandbox-", ignore_cleanup_errors=True)
        root = Path(stack.enter_context(folder))
        addresses = Addresses(*(url for _, url in doors[:3]))
        faults = Faults()
        at = Standing(lambda: _life(root, addresses, options, faults))
        stack.callback(at.close)
        apps = (
            faults.around("github", at.door(lambda now: now.github.app)),
            faults.around("wandb", at.door(lambda now: now.wandb.app)),
            faults.around("claude", at.door(lambda now: now.claude.app)),
            Control(faults, at.reset).app,
        )
        for app, (bound, _) in zip(apps, doors, strict=True):
            stack.enter_context(serve(app, bound))
        yield _told(at.now, options.repository, doors[3][1])


@contextmanager
def _life(root: Path, addresses: Addresses, options: Options, faults: Faults) -> Iterator[Services]:
    """One life of the services, in a folder that goes with them."""
    folder = Path(tempfile.mkdtemp(dir=root))
    with (
        services(
            folder,
            addresses,
            repository=options.repository,
            files=options.files,
            roles=ROLES,
            script=(*options.script, ANY_TASK),
            tokens=TOKENS,
            api_key=CLAUDE_KEY,
        ) as made,
        agents(folder, addresses.github, made.wandb, options.agents),
    ):
        faults.govern(github=made.github, wandb=made.wandb)
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def _reserve(port: int) -> tuple[socket.socket, str]:
    try:
        return reserve(port)
    except OSError as error:
        message = f"port {port} is taken, perhaps by another sandbox; end it or choose --port"
        raise UserError(message) from error


def _told(made: Services, repository: str, control: str) -> str:
    github = made.github.url
    return ADDRESSES.format(
        github=github,
        repository=repository,
        **made.tokens,
        clone=f"{github.replace('://', '://root:' + made.tokens['root'] + '@')}/{repository}.git",
        wandb=made.wandb.url,
        wandb_key=made.wandb.api_key,
        entity=made.wandb.entity,
        claude=made.claude.url,
        claude_key=made.claude.api_key,
        control=control,
    )


def parse(arguments: Sequence[str]) -> Options:
    """What stands behind `python -m bot sandbox`.

    Raises:
        UserError: a folder is none, or a script cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m bot sandbox", description=__doc__)
    say = parser.add_argument
    say("--port", type=int, default=PORT, help="the first of four; 0 takes free ones (%(default)s)")
    say("--repository", default="acme/digits", metavar="OWNER/NAME", help="(%(default)s)")
    say("--files", type=Path, default=OUR_FILES, metavar="DIR", help="its files (this project's)")
    say("--script", type=Path, metavar="JSON", help="what Claude answers; see docs/sandbox.md")
    say("--agents", type=int, default=0, metavar="N", help="launch agents that train (none)")
    asked = parser.parse_args(arguments)
    if not asked.files.is_dir():
        raise UserError(f"--files: {asked.files} is no folder")
    script = _script(asked.script) if asked.script else SCRIPT
    return Options(asked.port, asked.repository, asked.files.resolve(), script, asked.agents)


def _script(path: Path) -> tuple[Scenario, ...]:
    """Read scenarios from JSON: `[{"when": …, "turns": [{"text": …, "uses": […]}]}]`."""
    try:
        return tuple(
            Scenario(
                each["when"],
                [
                    Turn(**{**turn, "uses": [ToolUse(**use) for use in turn.get("uses", ())]})
                    for turn in each["turns"]
                ],
            )
            for each in json.loads(path.read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"--script: {path} is no list of scenarios: {error!r}") from error
