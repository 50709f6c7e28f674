"""GraphQL mutations: commits with a guard, minimised comments, drafts, merges."""

from collections.abc import Callable

from bot.sandbox.github import merges, merging, pulls, trees
from bot.sandbox.github.auth import scopes_of
from bot.sandbox.github.call import Call, Json
from bot.sandbox.github.moving import Protected, move
from bot.sandbox.github.nodes import Problem, RefNode, git_node, node, repository_named, scoped
from bot.sandbox.github.objects import decoded
from bot.sandbox.github.queries import Resolver
from bot.sandbox.github.state import Comment, Issue, Pull, Repository, Role, now
from bot.sandbox.github.trees import Entry, Signature

MOST_PINNED = 3


def _branch(call: Call, branch: Json) -> tuple[Repository, str]:
    if branch.get("id"):
        found = node(call, branch["id"])
        if isinstance(found, RefNode):
            return found.repository, found.ref
        raise Problem("NOT_FOUND", "Could not resolve to a Ref.")
    owner, _, name = (branch.get("repositoryNameWithOwner") or "").partition("/")
    repository = repository_named(call, owner, name)
    short = (branch.get("branchName") or "").removeprefix("refs/heads/")
    if f"refs/heads/{short}" not in repository.git.refs:
        raise Problem("NOT_FOUND", f'Branch "{short}" not found')
    return repository, f"refs/heads/{short}"


def _tree(repository: Repository, tip: trees.Commit, changes: Json) -> str:
    git, wanted = repository.git, dict[str, Entry | None]()
    for deletion in changes.get("deletions") or []:
        if trees.find(git, tip.tree, deletion["path"]) is None:
            message = "A path was requested for deletion which does not exist as of commit oid"
            raise Problem("UNPROCESSABLE", f"{message} `{tip.oid}`")
        wanted[deletion["path"]] = None
    for addition in changes.get("additions") or []:
        path = addition["path"]
        if path in ("", ".") or path.startswith("/") or {"..", ".git", ""} & set(path.split("/")):
            raise Problem("UNPROCESSABLE", f"A path was requested that is not valid: {path}")
        old = trees.find(git, tip.tree, path)
        mode = old.mode if old and old.kind == "blob" else "100644"
        wanted[path] = Entry(mode, git.write("blob", decoded(addition["contents"])))
    return trees.edit(git, tip.tree, wanted)


def _create_commit(call: Call, data: Json) -> Json:
    """Commit several files at once, if the branch is still where the caller has seen it."""
    repository, ref = _branch(call, data["branch"])
    scoped(call, repository).need(Role.WRITE, "contents", forbidden="Must have push access")
    expected, git = data["expectedHeadOid"], repository.git
    if git.refs[ref] != expected:
        message = f'Expected branch to point to "{expected}" but it did not.  Pull and try again.'
        raise Problem("STALE_DATA", message)
    tip = trees.commit(git, expected)
    assert tip
    moment, user = now(), call.user
    body = data["message"].get("body")
    oid = trees.write_commit(
        git,
        _tree(repository, tip, data.get("fileChanges") or {}),
        (expected,),
        data["message"]["headline"] + (f"\n\n{body}" if body else ""),
        Signature(user.login, user.email, moment),
        Signature(*merging.WEB_FLOW, moment),
    )
    repository.verified.add(oid)
    try:
        move(call.site, repository, call.actor, ref, oid)
    except Protected as error:
        raise Problem("BRANCH_PROTECTION_RULE_VIOLATION", str(error)) from error
    return {"commit": git_node(repository, oid), "ref": RefNode(repository, ref)}


def _minimize(call: Call, subject: str, reason: str | None) -> Comment:
    comment = node(call, subject)
    if not isinstance(comment, Comment):
        raise Problem("NOT_FOUND", "Could not resolve to a Minimizable.")
    forbidden = f"{call.user.login} does not have the correct permissions to minimize"
    home = scoped(call, comment.issue.repository)
    home.need(Role.WRITE, *scopes_of(comment.issue), forbidden=forbidden)
    comment.minimized_reason = reason
    return comment


def _pin(call: Call, data: Json, *, pinned: bool) -> Json:
    issue = node(call, data["issueId"])
    if not isinstance(issue, Issue) or isinstance(issue, Pull):
        raise Problem("NOT_FOUND", "Could not resolve to an Issue.")
    forbidden = f"{call.user.login} does not have the correct permissions to execute `PinIssue`"
    scoped(call, issue.repository).need(Role.WRITE, "issues", forbidden=forbidden)
    others = [number for number in issue.repository.pinned if number != issue.number]
    if pinned and len(others) == MOST_PINNED:
        raise Problem("UNPROCESSABLE", f"Maximum {MOST_PINNED} pinned issues per repository")
    issue.repository.pinned = [*others, issue.number] if pinned else others
    return {"issue": issue}


def _set_draft(call: Call, data: Json, *, draft: bool) -> Json:
    pull = node(call, data["pullRequestId"])
    if not isinstance(pull, Pull):
        raise Problem("NOT_FOUND", "Could not resolve to a PullRequest.")
    pulls.set_draft(call, pull, draft=draft)
    return {"pullRequest": pull}


def _merge(call: Call, data: Json) -> Json:
    pull = node(call, data["pullRequestId"])
    if not isinstance(pull, Pull):
        raise Problem("NOT_FOUND", "Could not resolve to a PullRequest.")
    wish = merges.Wish(
        method=data["mergeMethod"].lower(),
        sha=data.get("expectedHeadOid"),
        title=data.get("commitHeadline"),
        message=data.get("commitBody"),
    )
    merges.carry_out(scoped(call, pull.repository), pull, wish)
    return {"pullRequest": pull, "actor": call.user}


def _mutation(act: Callable[[Call, Json], Json]) -> Resolver:
    def resolve(_: None, call: Call, args: Json) -> Json:
        data = args["input"]
        return {"clientMutationId": data.get("clientMutationId"), **act(call, data)}

    return resolve


RESOLVERS: dict[str, Resolver] = {
    "Mutation.createCommitOnBranch": _mutation(_create_commit),
    "Mutation.mergePullRequest": _mutation(_merge),
    "Mutation.minimizeComment": _mutation(
        lambda call, data: {
            "minimizedComment": _minimize(
                call, data["subjectId"], data["classifier"].lower().replace("_", "-")
            )
        }
    ),
    "Mutation.unminimizeComment": _mutation(
        lambda call, data: {"unminimizedComment": _minimize(call, data["subjectId"], None)}
    ),
    "Mutation.pinIssue": _mutation(lambda call, data: _pin(call, data, pinned=True)),
    "Mutation.unpinIssue": _mutation(lambda call, data: _pin(call, data, pinned=False)),
    "Mutation.markPullRequestReadyForReview": _mutation(
        lambda call, data: _set_draft(call, data, draft=False)
    ),
    "Mutation.convertPullRequestToDraft": _mutation(
        lambda call, data: _set_draft(call, data, draft=True)
    ),
}
