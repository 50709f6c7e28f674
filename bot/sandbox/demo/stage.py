"""Everything that the story needs: GitHub, W&B and Claude on loopback, and Actions."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from bot.sandbox.actions import Actions
from bot.sandbox.claude import Claude, Scenario
from bot.sandbox.demo.people import Person
from bot.sandbox.faults import Faults
from bot.sandbox.github import GitHub
from bot.sandbox.serve import reserve, serve
from bot.sandbox.services import Addresses, Services, services
from bot.sandbox.wandb import Wandb

PROJECT_FILES = Path(__file__).parents[3]
REPOSITORY = "acme/digits"
PROJECT = "digits"
STRANGER = "mallory"
ROLES = {"ada": "maintain", "grace": "write", "linus": "read", STRANGER: "none"}
"""Ada maintains, Grace writes code, Linus only reads."""


@dataclass(frozen=True)
class Stage:
    """The world of the story."""

    github: GitHub
    wandb: Wandb
    claude: Claude
    actions: Actions
    people: Mapping[str, Person]
    environment: Mapping[str, str]
    """Addresses and tokens, as somebody would set them who runs the bot by hand."""
    root: Path
    faults: Faults


@contextmanager
def stage(root: Path, script: Sequence[Scenario], seed: int = 0) -> Iterator[Stage]:
    """Start everything, with a repository that holds the files of this project.

    Args:
        root: an empty folder.
        script: what Claude answers.
        seed: decides about the faults that are yet to be added.
    """
    with ExitStack() as stack:
        bound, urls = zip(*(reserve() for _ in range(3)), strict=True)
        made = stack.enter_context(
            services(
                root,
                Addresses(*urls),
                repository=REPOSITORY,
                files=copied(root / "files"),
                roles=ROLES,
                script=script,
            )
        )
        faults = Faults(seed)
        for app, each in zip(_governed(faults, made), bound, strict=True):
            stack.enter_context(serve(app, each))
        stack.callback(faults.reset)
        yield Stage(
            made.github,
            made.wandb,
            made.claude,
            made.actions,
            {
                name: Person(name, token, made.github, REPOSITORY)
                for name, token in made.tokens.items()
            },
            _environment(made),
            root,
            faults,
        )


def _governed(faults: Faults, made: Services) -> tuple[ASGIApp, ...]:
    """Their applications, in the order of their addresses, with what goes wrong in them."""
    faults.govern(github=made.github, wandb=made.wandb)
    return (
        faults.around("github", made.github.app),
        faults.around("wandb", made.wandb.app),
        faults.around("claude", made.claude.app),
    )


def _environment(made: Services) -> Mapping[str, str]:
    """What Ada would set to run the bot by hand."""
    return {
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": made.github.api_url,
        "GITHUB_SERVER_URL": made.github.url,
        "LABHAND_GITHUB_TOKEN": made.tokens["ada"],
        "WANDB_API_KEY": made.wandb.api_key,
        "WANDB_BASE_URL": made.wandb.url,
    }


def copied(folder: Path) -> Path:
    """Copy the files of this project that git knows, or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_FILES,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT_FILES / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_FILES / name, folder / name)
    return folder
