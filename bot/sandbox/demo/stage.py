"""Everything that the story needs: GitHub, W&B and Claude on loopback, and Actions."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.actions import Actions
from bot.sandbox.claude import Claude, Scenario
from bot.sandbox.demo.people import Person
from bot.sandbox.faults import Faults
from bot.sandbox.github import GitHub
from bot.sandbox.serve import reserve, serve
from bot.sandbox.services import Addresses, services
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
        github, wandb, claude, tokens = made.github, made.wandb, made.claude, made.tokens
        faults = Faults(seed)
        faults.govern(github=github, wandb=wandb)
        apps = (
            faults.around("github", github.app),
            faults.around("wandb", wandb.app),
            faults.around("claude", claude.app),
        )
        for app, each in zip(apps, bound, strict=True):
            stack.enter_context(serve(app, each))
        stack.callback(faults.reset)
        yield Stage(
            github,
            wandb,
            claude,
            made.actions,
            {name: Person(name, token, github, REPOSITORY) for name, token in tokens.items()},
            {
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_API_URL": github.api_url,
                "GITHUB_SERVER_URL": github.url,
                "LABHAND_GITHUB_TOKEN": tokens["ada"],
                "WANDB_API_KEY": wandb.api_key,
                "WANDB_BASE_URL": wandb.url,
            },
            root,
            faults,
        )


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
