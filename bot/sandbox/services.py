"""GitHub with Actions, W&B and Claude, wired to each other and ready to be served."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.actions import Actions
from bot.sandbox.claude import Claude, Scenario
from bot.sandbox.github import GitHub
from bot.sandbox.wandb import Wandb


@dataclass(frozen=True)
class Addresses:
    """Where each of them will be served, without a final slash."""

    github: str
    wandb: str
    claude: str


@dataclass(frozen=True)
class Services:
    """All of them, and what people need to use them: `tokens` holds GitHub's, by login."""

    github: GitHub
    wandb: Wandb
    claude: Claude
    actions: Actions
    tokens: Mapping[str, str]


@contextmanager
def services(
    root: Path,
    at: Addresses,
    *,
    repository: str,
    files: Path,
    roles: Mapping[str, str],
    script: Sequence[Scenario],
    tokens: Mapping[str, str] = {},
    api_key: str | None = None,
) -> Iterator[Services]:
    """Make them around one repository, and end what they started when the block ends.

    Args:
        root: An empty folder.
        at: Where somebody will serve their applications.
        repository: Owner and name; the owner is W&B's team too.
        files: The folder of its first commit, but for what its `.gitignore` names.
        roles: Login to role, or to `none`. W&B rings GitHub in the name of the first.
        script: What Claude answers.
        tokens: GitHub's by login, where they are not to be made up.
        api_key: Claude's, if it is not to be made up.
    """
    with ExitStack() as stack:
        github = GitHub(at.github, root / "github")
        stack.callback(github.close)
        team = repository.partition("/")[0]
        wandb = stack.enter_context(Wandb(at.wandb, root / "wandb", entity=team))
        claude = Claude(at.claude, api_key=api_key, script=script)
        made = {login: github.add_user(login, token=tokens.get(login)) for login in roles}
        github.add_repository(repository, source=files).actions_can_create_pull_requests = True
        for login, role in roles.items():
            if role != "none":
                github.set_role(repository, login, role)
        wandb.secrets["GITHUB_DISPATCH_TOKEN"] = github.fine_grained_token(
            next(iter(roles)), repository, {"contents": "write"}
        )
        actions = stack.enter_context(_actions(root / "actions", github, wandb, claude))
        github.listeners.append(actions)
        yield Services(github, wandb, claude, actions, made)


def _actions(folder: Path, github: GitHub, wandb: Wandb, claude: Claude) -> Actions:
    """Actions, whose jobs know the others by their addresses and keys."""
    folder.mkdir()
    return Actions(
        github,
        folder,
        secrets={"WANDB_API_KEY": wandb.api_key, "ANTHROPIC_API_KEY": claude.api_key},
        variables={
            "LABHAND_PYTHON": sys.executable,
            "WANDB_BASE_URL": wandb.url,
            "ANTHROPIC_BASE_URL": claude.url,
        },
    )
