"""Commits of a repository, and comparing two of them."""

from typing import Any
from urllib.parse import unquote

from bot.sandbox.github import diffs, forks, trees
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.shapes import commits, pulls
from bot.sandbox.github.state import Role
from bot.sandbox.github.trees import Commit

routes = Routes()
COMMITS = "/repos/{owner}/{repo}/commits"


def _shape(call: Call, record: Commit) -> Json:
    return commits.commit(call.site, call.repository, record)


def _known(call: Call, name: str) -> Commit:
    found = trees.commit(call.repository.git, name)
    if found is None:
        raise Refused(422, f"No commit found for SHA: {name}")
    return found


@routes("GET", COMMITS)
def list_all(call: Call) -> Answer:
    """The commits behind a ref, newest first; of a path, or since a time."""
    call.need(Role.READ, "contents")
    git = call.repository.git
    start = trees.commit(git, call.query.get("sha") or call.repository.default_branch)
    if start is None:
        raise not_found()
    limits = [f"--{name}={call.query[name]}" for name in ("since", "until") if name in call.query]
    paths = [path] if (path := call.query.get("path")) else []
    oids = git.lines("rev-list", *limits, start.oid, "--", *paths)

    def shown(oid: str) -> Json:
        return _shape(call, _known(call, oid))

    return call.page(oids, shown)


@routes("GET", COMMITS + "/{sha}/pulls")
def list_pulls(call: Call) -> Answer:
    """The pull requests that a commit belongs to."""
    call.need(Role.READ, "pull-requests", "contents")
    git, sha = call.repository.git, _known(call, call.path["sha"]).oid
    found = [
        pull
        for pull in call.repository.pulls.values()
        if pull.merge_commit_sha == sha
        or any(commit.oid == sha for commit in diffs.between(git, pull.base_sha, pull.head_sha))
    ]
    return call.page(found, pulls.pull)


@routes("GET", COMMITS + "/{sha:path}")
def get(call: Call) -> Any:
    """One commit with what it changed; the name may be a branch or a tag."""
    call.need(Role.READ, "contents")
    found = _known(call, call.path["sha"])
    before = found.parents[0] if found.parents else diffs.EMPTY_TREE
    files = diffs.changes(call.repository.git, before, found.oid)
    added = sum(change.additions for change in files)
    deleted = sum(change.deletions for change in files)
    return {
        **_shape(call, found),
        "stats": {"total": added + deleted, "additions": added, "deletions": deleted},
        "files": [commits.changed_file(call.repository, item, found.oid) for item in files],
    }


def _named(call: Call, name: str) -> Commit | None:
    """The commit behind a name or, with `owner:` before it, behind one of a fork's branches."""
    owner, _, branch = name.rpartition(":")
    home = forks.of(call, owner) if owner else call.repository
    oid = home.git.refs.get(f"refs/heads/{branch}", branch) if home else ""
    if home and home is not call.repository and oid in home.git.refs.values():
        call.repository.git.take(home.git, oid)
    return trees.commit(call.repository.git, oid)


@routes("GET", "/repos/{owner}/{repo}/compare/{spec:path}")
def compare(call: Call) -> Any:
    """What `head` has that `base` lacks, from where the two parted."""
    call.need(Role.READ, "contents")
    names = unquote(call.path["spec"]).split("...")
    if len(names) != 2:
        raise not_found()
    git, repository = call.repository.git, call.repository
    base, head = (_named(call, name) for name in names)
    fork = diffs.merge_base(git, base.oid, head.oid) if base and head else None
    if base is None or head is None or fork is None:
        raise not_found()
    ahead, behind = diffs.ahead_behind(git, base.oid, head.oid)
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    spec = "...".join(names)
    url, html = f"{repository.api_url}/compare/{spec}", f"{repository.html_url}/compare/{spec}"
    files = diffs.changes(git, fork, head.oid)
    return {
        "url": url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": _shape(call, base),
        "merge_base_commit": _shape(call, _known(call, fork)),
        "status": status.get((ahead > 0, behind > 0), "identical"),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [_shape(call, item) for item in diffs.between(git, base.oid, head.oid)],
        "files": [commits.changed_file(repository, item, head.oid) for item in files],
    }
