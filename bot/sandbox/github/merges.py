"""Merging pull requests, and bringing their branches up to date."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.github import diffs, guards, merging, trees
from bot.sandbox.github.call import Call, Refused, Routes, invalid
from bot.sandbox.github.moving import close_pull, move
from bot.sandbox.github.pulls import PULL
from bot.sandbox.github.state import Pull, Role, now

routes = Routes()
METHODS = ("merge", "squash", "rebase")


@routes("GET", PULL + "/merge", 204)
def is_merged(call: Call) -> None:
    """204 when it was merged, else 404."""
    call.need(Role.READ, "pull-requests")
    if call.pull.merged_at is None:
        call.deny()


@dataclass(frozen=True)
class Wish:
    """How somebody wants a pull request merged; None leaves a text to GitHub.

    Attributes:
        sha: The head that they have seen; None takes any.
    """

    method: str
    sha: str | None
    title: str | None
    message: str | None


@routes("PUT", PULL + "/merge")
def merge(call: Call) -> Any:
    """Merge, if the head is still the `sha` that the caller has seen."""
    method = call.text("merge_method", "merge")
    if method not in METHODS:
        raise invalid("PullRequest", "merge_method", "invalid")
    words = call.optional("commit_title"), call.optional("commit_message")
    merged = carry_out(call, call.pull, Wish(method, call.optional("sha"), *words))
    return {"sha": merged, "merged": True, "message": "Pull Request successfully merged"}


def carry_out(call: Call, pull: Pull, wish: Wish) -> str:
    """Merge a pull request of the call's repository; return the commit that came of it.

    Raises:
        Refused: 403 without the right to, 405 when it cannot be merged, 409 when its head moved.
    """
    site, repository = call.site, call.repository
    call.need(Role.WRITE, "contents", forbidden="You do not have permission to merge.")
    _check(call, pull, wish)
    base = repository.git.refs[f"refs/heads/{pull.base_ref}"]
    try:
        merged = merging.merge(pull, base, wish.method, _message(pull, wish), call.user)
    except merging.Conflict:
        raise Refused(405, "Pull Request is not mergeable") from None
    before = pull.merged_at, pull.base_sha
    pull.merged_at, pull.base_sha = now(), base
    try:
        move(site, repository, call.actor, f"refs/heads/{pull.base_ref}", merged, kind="pr_merge")
    except Refused:
        pull.merged_at, pull.base_sha = before
        raise
    if wish.method != "rebase":
        repository.verified.add(merged)
    pull.merged_by, pull.merge_commit_sha = call.user, merged
    close_pull(site, call.actor, pull)
    return merged


def _check(call: Call, pull: Pull, wish: Wish) -> None:
    if pull.merged_at or pull.state == "closed":
        raise Refused(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refused(405, "Pull Request is still a draft")
    if wish.sha not in (None, pull.head_sha):
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    if against := guards.against_merge(pull, call.actor, wish.method):
        raise Refused(405, " ".join(against))


def _message(pull: Pull, wish: Wish) -> str:
    """The commit's message: what was wished for, else GitHub's defaults."""
    if wish.method == "merge":
        head = pull.head_label.replace(":", "/", 1)
        title = f"Merge pull request #{pull.number} from {head}"
        body = pull.title
    else:
        found = diffs.between(pull.repository.git, merging.base_of(pull), pull.head_sha)
        single = found[0].message.strip() if len(found) == 1 else ""
        title = f"{single.partition(chr(10))[0] or pull.title} (#{pull.number})"
        bullets = [f"* {commit.message.strip()}" for commit in found]
        body = single.partition("\n")[2].strip() if single else "\n\n".join(bullets)
    title = title if wish.title is None else wish.title
    body = body if wish.message is None else wish.message
    return f"{title}\n\n{body}\n" if body else f"{title}\n"


@routes("PUT", PULL + "/update-branch", 202)
def update_branch(call: Call) -> Any:
    """Merge the base into the head, if the head is still where the caller has seen it."""
    call.need(Role.WRITE, "pull-requests")
    pull, git, head = call.pull, call.repository.git, call.pull.head_repository
    if head is None or not guards.may_push(call.actor, head, pull.head_ref):
        call.deny("You do not have permission to push to the head branch.")
    if call.text("expected_head_sha", pull.head_sha) != pull.head_sha:
        raise Refused(422, "expected head sha didn't match current head ref.")
    base = git.refs[f"refs/heads/{pull.base_ref}"]
    if diffs.is_ancestor(git, base, pull.head_sha):
        raise Refused(422, "There are no new commits on the base branch.")
    message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}\n"
    committer = trees.Signature(*merging.WEB_FLOW, now())
    author = trees.Signature(call.user.login, call.user.email, committer.date)
    try:
        tree = merging.merge_trees(git, pull.head_sha, base)
    except merging.Conflict:
        raise Refused(422, "merge conflict between base and head") from None
    oid = trees.write_commit(git, tree, (pull.head_sha, base), message, author, committer)
    head.git.take(git, oid)
    move(call.site, head, call.actor, f"refs/heads/{pull.head_ref}", oid)
    url = f"{call.repository.api_url}/pulls/{pull.number}"
    return {"message": "Updating pull request branch.", "url": url}
