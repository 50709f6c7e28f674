"""GraphQL queries: how to get from one record to the next.

Every resolver takes the record, the call and the field's arguments.
"""

import base64
from collections.abc import Callable, Iterable
from typing import Any

from bot.sandbox.github import merging, trees
from bot.sandbox.github.auth import grants, role_of
from bot.sandbox.github.call import Call, Json
from bot.sandbox.github.nodes import GitNode, Problem, RefNode, git_node, node, repository_named
from bot.sandbox.github.state import Issue, Pull, Release, Repository, Role, User
from bot.sandbox.github.trees import Entry

PAGE_LIMIT = 100  # items of a connection
MOST_TEXT = 512_000  # bytes of a blob's text
Resolver = Callable[[Any, Call, Json], Any]


def _connection(name: str, items: Iterable[Any], args: Json) -> Json:
    found, first, after = list(items), _checked(name, args), args.get("after")
    start = int(base64.b64decode(after).decode().removeprefix("cursor:")) if after else 0
    shown = found[start : start + first]
    page = {
        "hasNextPage": start + first < len(found),
        "hasPreviousPage": start > 0,
        "startCursor": _cursor(start + 1) if shown else None,
        "endCursor": _cursor(start + len(shown)) if shown else None,
    }
    return {"nodes": shown, "pageInfo": page, "totalCount": len(found)}


def _checked(name: str, args: Json) -> int:
    """How many records of a connection are asked for, which has to be said."""
    first: int | None = args.get("first")
    if first is None:
        message = "You must provide a `first` or `last` value to properly paginate"
        raise Problem("MISSING_PAGINATION_BOUNDARIES", f"{message} the `{name}` connection.")
    if not 0 <= first <= PAGE_LIMIT:
        message = f"Requesting {first} records on the `{name}` connection"
        raise Problem(
            "EXCESSIVE_PAGINATION", f"{message} exceeds the `first` limit of {PAGE_LIMIT} records."
        )
    return first


def _cursor(position: int) -> str:
    return base64.b64encode(f"cursor:{position}".encode()).decode()


def _state(issue: Issue) -> str:
    return "MERGED" if isinstance(issue, Pull) and issue.merged_at else issue.state.upper()


def _issues(home: Repository, call: Call, args: Json) -> Json:
    _readable(home, call, "issues")
    found = [issue for issue in home.issues.values() if _fits(issue, args)]
    return _connection("issues", found, args)


def _pulls(home: Repository, call: Call, args: Json) -> Json:
    _readable(home, call, "pull-requests")
    found = [
        pull
        for pull in home.pulls.values()
        if _fits(pull, args)
        and args.get("headRefName") in (None, pull.head_ref)
        and args.get("baseRefName") in (None, pull.base_ref)
    ]
    return _connection("pullRequests", found, args)


def _readable(home: Repository, call: Call, scope: str) -> None:
    if not grants(call.actor, home, "read", scope):
        raise Problem("FORBIDDEN", "Resource not accessible by integration")


def _fits(issue: Issue, args: Json) -> bool:
    states, wanted = args.get("states"), {name.lower() for name in args.get("labels") or ()}
    names = {label.name.lower() for label in issue.labels}
    return (states is None or _state(issue) in states) and (not wanted or bool(wanted & names))


def _thread(home: Repository, number: int, kinds: tuple[type[Issue], ...], name: str) -> Issue:
    found = home.threads.get(number)
    if type(found) not in kinds or found is None:
        raise Problem("NOT_FOUND", f"Could not resolve to {name} with the number of {number}.")
    return found


def _ref(home: Repository, name: str) -> RefNode | None:
    for ref in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
        if ref in home.git.refs:
            return RefNode(home, ref)
    return None


def _object(home: Repository, _: Call, args: Json) -> GitNode | None:
    return git_node(home, args.get("expression") or args.get("oid") or "")


def _entry(parent: GitNode, name: str, entry: Entry) -> Json:
    found = parent.repository.git.read(entry.oid)
    return {
        "mode": int(entry.mode, 8),
        "name": name,
        "oid": entry.oid,
        "path": name,
        "type": entry.kind,
        "object": GitNode(parent.repository, found) if found else None,
    }


def _entries(tree: GitNode, *_: Any) -> list[Json]:
    found = trees.entries(tree.repository.git, tree.oid)
    return [_entry(tree, name, entry) for name, entry in found.items()]


def _text(blob: GitNode, *_: Any) -> str | None:
    try:
        text = None if b"\0" in blob.found.data else blob.found.data.decode()
    except UnicodeDecodeError:
        return None
    return text and text.encode()[:MOST_TEXT].decode(errors="ignore")


def _signature(commit: GitNode, *_: Any) -> Json | None:
    signed = commit.oid in commit.repository.verified
    shown = {"__typename": "GpgSignature", "isValid": True, "wasSignedByGitHub": True}
    return shown if signed else None


def _history(commit: GitNode, _: Call, args: Json) -> Json:
    home = commit.repository
    limit = f"--max-count={_checked('history', args)}"
    found = [git_node(home, oid) for oid in home.git.lines("rev-list", limit, commit.oid)]
    return {"nodes": found}


def _mergeable(pull: Pull, *_: Any) -> str:
    if pull.state == "closed":
        return "UNKNOWN"
    return "MERGEABLE" if merging.is_clean(pull) else "CONFLICTING"


def _permission(home: Repository, call: Call, _: Json) -> str | None:
    role = role_of(home, call.actor.user)
    return role.name if role > Role.NONE else None


def _release(home: Repository, tag: str | None) -> Release | None:
    found = [release for release in home.releases.values() if not release.draft]
    if tag is not None:
        return next((release for release in found if release.tag_name == tag), None)
    return next((release for release in reversed(found) if not release.prerelease), None)


def _viewer(_: None, call: Call, __: Json) -> User:
    return call.user


THREAD: dict[str, Resolver] = {
    "state": lambda issue, *_: _state(issue),
    "body": lambda issue, *_: issue.body or "",
    "labels": lambda issue, _, args: _connection("labels", issue.labels, args),
    "comments": lambda issue, _, args: _connection("comments", issue.comments, args),
}
RESOLVERS: dict[str, Resolver] = {
    "Query.viewer": _viewer,
    "Query.node": lambda _, call, args: node(call, args["id"]),
    "Query.nodes": lambda _, call, args: [node(call, each) for each in args["ids"]],
    "Query.repository": lambda _, call, args: repository_named(call, args["owner"], args["name"]),
    "Query.rateLimit": lambda _, call, __: {
        "cost": 1,
        **call.site.meter.rate(call.actor, "graphql"),
    },
    "Repository.defaultBranchRef": lambda home, *_: _ref(home, home.default_branch),
    "Repository.ref": lambda home, _, args: _ref(home, args["qualifiedName"]),
    "Repository.object": _object,
    "Repository.issue": lambda home, _, args: _thread(home, args["number"], (Issue,), "an Issue"),
    "Repository.issueOrPullRequest": lambda home, _, args: _thread(
        home, args["number"], (Issue, Pull), "an issue or pull request"
    ),
    "Repository.pullRequest": lambda home, _, args: _thread(
        home, args["number"], (Pull,), "a PullRequest"
    ),
    "Repository.issues": _issues,
    "Repository.pullRequests": _pulls,
    "Repository.release": lambda home, _, args: _release(home, args["tagName"]),
    "Repository.latestRelease": lambda home, *_: _release(home, None),
    "Repository.viewerPermission": _permission,
    "Release.description": lambda release, *_: release.body,
    "Commit.message": lambda found, *_: found.commit.message.rstrip("\n"),
    "Commit.messageHeadline": lambda found, *_: found.commit.message.partition("\n")[0],
    "Commit.committedDate": lambda found, *_: found.commit.committer.date,
    "Commit.tree": lambda found, *_: git_node(found.repository, found.commit.tree),
    "Commit.history": _history,
    "Commit.signature": _signature,
    "Tree.entries": _entries,
    "Blob.byteSize": lambda blob, *_: len(blob.found.data),
    "Blob.isTruncated": lambda blob, *_: len(blob.found.data) > MOST_TEXT,
    "Blob.isBinary": lambda blob, *_: _text(blob) is None,
    "Blob.text": _text,
    "Issue.isPinned": lambda issue, *_: issue.number in issue.repository.pinned,
    "IssueComment.isMinimized": lambda comment, *_: comment.minimized_reason is not None,
    "IssueComment.viewerDidAuthor": lambda comment, call, _: comment.author is call.user,
    "PullRequest.merged": lambda pull, *_: pull.merged_at is not None,
    "PullRequest.mergeable": _mergeable,
    **{f"{kind}.{name}": THREAD[name] for kind in ("Issue", "PullRequest") for name in THREAD},
}
