"""Merging pull requests, and bringing their branches up to date."""

from typing import Any

from bot.sandbox.github import diffs, merging, trees
from bot.sandbox.github.call import Call, Refused, Routes, invalid
from bot.sandbox.github.moving import close_pull, move
from bot.sandbox.github.pulls import PULL
from bot.sandbox.github.state import Pull, Role, now

routes = Routes()


@routes("GET", PULL + "/merge", 204)
def is_merged(call: Call) -> None:
    """204 when it was merged, else 404."""
    call.need(Role.READ, "pull-requests")
    if call.pull.merged_at is None:
        call.deny()


@routes("PUT", PULL + "/merge")
def merge(call: Call) -> Any:
    """Merge, if the head is still the `sha` that the caller has seen."""
    pull, repository, site = call.pull, call.repository, call.site
    call.need(Role.WRITE, "contents", forbidden="You do not have permission to merge.")
    method, sha = call.text("merge_method", "merge"), call.optional("sha")
    if method not in ("merge", "squash", "rebase"):
        raise invalid("PullRequest", "merge_method", "invalid")
    if pull.merged_at or pull.state == "closed":
        raise Refused(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refused(405, "Pull Request is still a draft")
    if sha not in (None, pull.head_sha):
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    base = repository.git.refs[f"refs/heads/{pull.base_ref}"]
    try:
        merged = merging.merge(pull, base, method, _message(call, pull, method), call.user)
    except merging.Conflict:
        raise Refused(405, "Pull Request is not mergeable") from None
    before = pull.merged_at, pull.base_sha
    pull.merged_at, pull.base_sha = now(), base
    try:
        move(site, repository, call.actor, f"refs/heads/{pull.base_ref}", merged, kind="pr_merge")
    except Refused:
        pull.merged_at, pull.base_sha = before
        raise
    if method != "rebase":
        repository.verified.add(merged)
    pull.merged_by, pull.merge_commit_sha = call.user, merged
    close_pull(site, call.actor, pull)
    return {"sha": merged, "merged": True, "message": "Pull Request successfully merged"}


def _message(call: Call, pull: Pull, method: str) -> str:
    """The commit's message: what the request says, else GitHub's defaults."""
    if method == "merge":
        owner = pull.repository.owner.login
        title = f"Merge pull request #{pull.number} from {owner}/{pull.head_ref}"
        body = pull.title
    else:
        found = diffs.between(pull.repository.git, merging.base_of(pull), pull.head_sha)
        single = found[0].message.strip() if len(found) == 1 else ""
        title = f"{single.partition(chr(10))[0] or pull.title} (#{pull.number})"
        bullets = [f"* {commit.message.strip()}" for commit in found]
        body = single.partition("\n")[2].strip() if single else "\n\n".join(bullets)
    title, body = call.text("commit_title", title), call.text("commit_message", body)
    return f"{title}\n\n{body}\n" if body else f"{title}\n"


@routes("PUT", PULL + "/update-branch", 202)
def update_branch(call: Call) -> Any:
    """Merge the base into the head, if the head is still where the caller has seen it."""
    call.need(Role.WRITE, "pull-requests")
    pull, git = call.pull, call.repository.git
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
    move(call.site, call.repository, call.actor, f"refs/heads/{pull.head_ref}", oid)
    url = f"{call.repository.api_url}/pulls/{pull.number}"
    return {"message": "Updating pull request branch.", "url": url}
