"""The first commit of a repository, made from a folder."""

import subprocess
from pathlib import Path

from bot.sandbox.github.git import ENVIRONMENT
from bot.sandbox.github.state import Repository


def first_commit(repository: Repository, source: Path) -> None:
    """Commit the files below `source`, but for what its `.gitignore` names; tells nobody."""
    git, index = repository.git, repository.git.path / "seed.index"
    environment = {"GIT_INDEX_FILE": str(index)}
    subprocess.run(
        ["git", f"--git-dir={git.path}", f"--work-tree={source}", "add", "--all", "."],
        cwd=source,
        check=True,
        capture_output=True,
        env={**ENVIRONMENT, **environment},
    )
    tree = git.run("write-tree", env=environment).decode().strip()
    index.unlink()
    author = {"GIT_AUTHOR_NAME": repository.owner.login, "GIT_AUTHOR_EMAIL": repository.owner.email}
    commit = git.run("commit-tree", tree, "-m", "Initial commit", env=author).decode().strip()
    git.set_ref(f"refs/heads/{repository.default_branch}", commit)
