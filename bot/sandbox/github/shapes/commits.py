"""Commits, changed files and signatures as GitHub shows them."""

from dataclasses import asdict
from urllib.parse import quote

from bot.sandbox.github.call import Json
from bot.sandbox.github.diffs import EMPTY_TREE, Change, names
from bot.sandbox.github.shapes import people
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Repository
from bot.sandbox.github.trees import Commit


def verification(repository: Repository, record: Commit) -> Json:
    """Whether GitHub signed it, as it does for commits made through its API."""
    signed = record.oid in repository.verified
    return {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": "-----BEGIN PGP SIGNATURE-----" if signed else None,
        "payload": f"tree {record.tree}" if signed else None,
        "verified_at": record.committer.date if signed else None,
    }


def git_commit(repository: Repository, record: Commit) -> Json:
    """A commit as the git database shows it."""
    return {
        "sha": record.oid,
        "node_id": f"C_kwDO{record.oid[:24]}",
        "url": f"{repository.api_url}/git/commits/{record.oid}",
        "html_url": f"{repository.html_url}/commit/{record.oid}",
        "author": asdict(record.author),
        "committer": asdict(record.committer),
        "tree": tree_link(repository, record.tree),
        "message": record.message.rstrip("\n"),
        "parents": [parent_link(repository, parent, "git/commits") for parent in record.parents],
        "verification": verification(repository, record),
    }


def commit(site: Site, repository: Repository, record: Commit) -> Json:
    """A commit with the users behind it."""
    url = f"{repository.api_url}/commits/{record.oid}"
    return {
        "sha": record.oid,
        "node_id": f"C_kwDO{record.oid[:24]}",
        "commit": {
            "author": asdict(record.author),
            "committer": asdict(record.committer),
            "message": record.message.rstrip("\n"),
            "tree": tree_link(repository, record.tree),
            "url": f"{repository.api_url}/git/commits/{record.oid}",
            "comment_count": 0,
            "verification": verification(repository, record),
        },
        "url": url,
        "html_url": f"{repository.html_url}/commit/{record.oid}",
        "comments_url": f"{url}/comments",
        "author": people.maybe_user(site.author(record.author.email)),
        "committer": people.maybe_user(site.author(record.committer.email)),
        "parents": [parent_link(repository, parent, "commits") for parent in record.parents],
    }


def short_commit(record: Commit) -> Json:
    """A commit where another thing points at it."""
    return {
        "id": record.oid,
        "tree_id": record.tree,
        "message": record.message.rstrip("\n"),
        "timestamp": record.committer.date,
        "author": {"name": record.author.name, "email": record.author.email},
        "committer": {"name": record.committer.name, "email": record.committer.email},
    }


def pushed_commit(repository: Repository, record: Commit) -> Json:
    """A commit as the webhook of a push brings it, with the paths that it touches."""
    before = record.parents[0] if record.parents else EMPTY_TREE
    return {
        **short_commit(record),
        "distinct": True,
        "url": f"{repository.html_url}/commit/{record.oid}",
        "author": asdict(record.author),
        "committer": asdict(record.committer),
        **names(repository.git, before, record.oid),
    }


def changed_file(repository: Repository, record: Change, head: str) -> Json:
    """One file of a diff."""
    path = quote(record.filename)
    shown = {
        "sha": record.blob,
        "filename": record.filename,
        "status": record.status,
        "additions": record.additions,
        "deletions": record.deletions,
        "changes": record.additions + record.deletions,
        "blob_url": f"{repository.html_url}/blob/{head}/{path}",
        "raw_url": f"{repository.html_url}/raw/{head}/{path}",
        "contents_url": f"{repository.api_url}/contents/{path}?ref={head}",
    }
    if record.patch is not None:
        shown["patch"] = record.patch
    if record.previous:
        shown["previous_filename"] = record.previous
    return shown


def tree_link(repository: Repository, oid: str) -> Json:
    """Where a tree can be had."""
    return {"sha": oid, "url": f"{repository.api_url}/git/trees/{oid}"}


def parent_link(repository: Repository, oid: str, kind: str) -> Json:
    """Where a parent can be had, as `commits` or as `git/commits`."""
    return {
        "sha": oid,
        "url": f"{repository.api_url}/{kind}/{oid}",
        "html_url": f"{repository.html_url}/commit/{oid}",
    }
