"""Real merges of pull requests: three-way, squashed or rebased, in the bare repository."""

import subprocess
from dataclasses import replace
from functools import lru_cache

from bot.sandbox.github.diffs import between, merge_base
from bot.sandbox.github.git import Git
from bot.sandbox.github.state import Pull, User, now
from bot.sandbox.github.trees import Commit, Signature, commit, write_commit

WEB_FLOW = ("GitHub", "noreply@github.com")


class Conflict(Exception):
    """The two sides changed the same lines."""


def base_of(pull: Pull) -> str:
    """The commit that a pull request's own changes start from."""
    base = pull.base_sha
    if pull.state == "open":
        base = pull.repository.git.refs.get(f"refs/heads/{pull.base_ref}", base)
    return _fork_point(pull.repository.git, base, pull.head_sha) or base


def is_clean(pull: Pull) -> bool:
    """Whether it merges into its base as both are now."""
    git = pull.repository.git
    base = git.refs.get(f"refs/heads/{pull.base_ref}", pull.base_sha)
    return _merges(git, base, pull.head_sha)


def merge(pull: Pull, base: str, method: str, message: str, by: User) -> str:
    """Make the commit or commits of a merge; moves no ref.

    Args:
        pull: What to merge.
        base: Where the base branch is now.
        method: merge, squash or rebase.
        message: Title and body; unused when rebasing.
        by: Who merges.

    Returns:
        The commit that the base branch should point at.

    Raises:
        Conflict: the two sides do not go together.
    """
    git, head = pull.repository.git, pull.head_sha
    if method == "rebase":
        return _rebase(git, base, head, by)
    author = pull.author if method == "squash" else by
    parents = (base,) if method == "squash" else (base, head)
    moment = now()
    return write_commit(
        git,
        merge_trees(git, base, head),
        parents,
        message,
        Signature(author.login, author.email, moment),
        Signature(*WEB_FLOW, moment),
    )


def merge_trees(git: Git, ours: str, theirs: str) -> str:
    """The tree of a three-way merge of two commits.

    Raises:
        Conflict: it has conflicts, or the histories are unrelated.
    """
    try:
        return git.lines("merge-tree", "--write-tree", "--no-messages", ours, theirs)[0]
    except subprocess.CalledProcessError as error:
        raise Conflict from error


def _rebase(git: Git, base: str, head: str, by: User) -> str:
    tip = commit(git, base)
    assert tip
    committer = Signature(by.login, by.email, now())
    for picked in between(git, base, head):
        if len(picked.parents) != 1:
            continue
        tree = _pick(git, tip, picked)
        oid = write_commit(git, tree, (tip.oid,), picked.message, picked.author, committer)
        tip = replace(picked, oid=oid, tree=tree)
    return tip.oid


def _pick(git: Git, onto: Commit, picked: Commit) -> str:
    """The tree of one commit's change on top of another commit.

    `merge-tree --merge-base` came with git 2.40, so the base is made with throwaway commits.
    """
    parent = commit(git, picked.parents[0])
    assert parent
    base = write_commit(git, parent.tree, (), "base", picked.author, picked.committer)
    sides = [
        write_commit(git, side.tree, (base,), name, picked.author, picked.committer)
        for name, side in (("ours", onto), ("theirs", picked))
    ]
    return merge_trees(git, sides[0], sides[1])


@lru_cache(maxsize=4096)
def _merges(git: Git, base: str, head: str) -> bool:
    if _fork_point(git, base, head) == base:
        return True
    try:
        merge_trees(git, base, head)
    except Conflict:
        return False
    return True


@lru_cache(maxsize=4096)
def _fork_point(git: Git, base: str, head: str) -> str | None:
    return merge_base(git, base, head)
