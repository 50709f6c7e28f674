"""Pull requests: opened, listed, edited."""

from typing import Any

from bot.sandbox.github import diffs, forks, issues, merging
from bot.sandbox.github.auth import grants, may
from bot.sandbox.github.call import Answer, Call, Refused, Routes, invalid
from bot.sandbox.github.payloads import tell_pull
from bot.sandbox.github.shapes import commits, pulls
from bot.sandbox.github.state import Pull, Repository, Role, now

routes = Routes()
PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{number}"
TOO_LONG = "body is too long (maximum is 65536 characters)"


@routes("POST", PULLS, 201)
def create(call: Call) -> Any:
    """Open a pull request from a branch of the repository, or of a fork as `owner:branch`."""
    repository, actor = call.repository, call.actor
    call.need_grant("pull-requests")
    if actor.is_job and not repository.actions_can_create_pull_requests:
        raise Refused(403, "GitHub Actions is not permitted to create or approve pull requests.")
    title, body, draft = call.text("title"), call.optional("body"), bool(call.fields.get("draft"))
    head, branch = _head(call)
    base, git = call.text("base"), repository.git
    head_sha = head.git.refs.get(f"refs/heads/{branch}") if head else None
    base_sha = git.refs.get(f"refs/heads/{base}")
    if head is None or head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    git.take(head.git, head_sha)
    _check_new(call, (head, branch), base, base_sha, head_sha)
    _check_body(body)
    pull = Pull(
        id=call.site.next_id(),
        issue_id=call.site.next_id(),
        repository=repository,
        number=next(repository.numbers),
        author=call.user,
        title=title,
        body=body,
        head_owner=head.owner,
        head_repository=head,
        head_ref=branch,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        draft=draft,
        maintainer_can_modify=_lets_maintainers(call, head, otherwise=True),
    )
    repository.threads[pull.number] = call.site.keep(pull)
    git.set_ref(f"refs/pull/{pull.number}/head", head_sha)
    tell_pull(call.site, actor, pull, "opened")
    return pulls.full_pull(pull)


def _head(call: Call) -> tuple[Repository | None, str]:
    """The repository and the branch that `head` names, as `branch` or `owner:branch`."""
    owner, _, branch = call.text("head").rpartition(":")
    return forks.of(call, owner) if owner else call.repository, branch


def _lets_maintainers(call: Call, head: Repository | None, *, otherwise: bool) -> bool:
    """Whether maintainers may push to a fork's branch, which only who writes there can allow."""
    wanted = call.fields.get("maintainer_can_modify")
    if head is None or head is call.repository:
        return False
    if may(call.actor, head, Role.WRITE, "contents"):
        return otherwise if wanted is None else bool(wanted)
    if wanted:
        message = "Fork collab can't be granted by someone without permission"
        raise invalid("PullRequest", "fork_collab", "custom", message)
    return False


def _check_new(
    call: Call, head: tuple[Repository, str], base: str, base_sha: str, head_sha: str
) -> None:
    for pull in call.repository.pulls.values():
        other = (pull.head_repository, pull.head_ref), pull.base_ref
        if pull.state == "open" and other == (head, base):
            message = f"A pull request already exists for {pull.head_label}."
            raise invalid("PullRequest", None, "custom", message)
    branch = head[1] if head[0] is call.repository else f"{head[0].owner.login}:{head[1]}"
    if not diffs.between(call.repository.git, base_sha, head_sha, limit=1):
        raise invalid("PullRequest", None, "custom", f"No commits between {base} and {branch}")
    if diffs.merge_base(call.repository.git, base_sha, head_sha) is None:
        message = f"The {branch} branch has no history in common with {base}"
        raise invalid("PullRequest", None, "custom", message)


def _check_body(body: str | None) -> None:
    if len(body or "") > issues.BODY_LIMIT:
        raise invalid("PullRequest", "body", "custom", TOO_LONG)


@routes("GET", PULLS)
def list_all(call: Call) -> Answer:
    """Pull requests, newest first, by state, head (`owner:branch`) and base."""
    call.need(Role.READ, "pull-requests")
    query = call.query
    state = query.get("state", "open")

    def fits(pull: Pull) -> bool:
        heads = (pull.head_ref, pull.head_label)
        return (
            state in ("all", pull.state)
            and query.get("head", heads[0]) in heads
            and query.get("base", pull.base_ref) == pull.base_ref
        )

    found = [pull for pull in call.repository.pulls.values() if fits(pull)]
    by_update = query.get("sort") == "updated"
    found.sort(key=lambda pull: pull.updated_at if by_update else pull.created_at)
    if (
        query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc")
        == "desc"
    ):
        found.reverse()
    return call.page(found, pulls.pull)


@routes("GET", PULL)
def get(call: Call) -> Any:
    """One pull request, with whether it merges."""
    call.need(Role.READ, "pull-requests")
    return pulls.full_pull(call.pull)


@routes("PATCH", PULL)
def update(call: Call) -> Any:
    """Change title, body, state or base; its author may."""
    pull = call.pull
    issues.need_author(call, pull, Role.WRITE)
    _check_body(call.optional("body"))
    if "maintainer_can_modify" in call.fields:
        pull.maintainer_can_modify = _lets_maintainers(call, pull.head_repository, otherwise=False)
    issues.edit(call, pull)
    base = call.text("base", pull.base_ref)
    if base != pull.base_ref:
        sha = call.repository.git.refs.get(f"refs/heads/{base}")
        if sha is None:
            raise invalid("PullRequest", "base", "invalid")
        changes = {"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}}
        pull.base_ref, pull.base_sha = base, sha
        tell_pull(call.site, call.actor, pull, "edited", changes=changes)
    if call.fields.get("state"):
        issues.set_state(call.site, call.actor, pull, call.text("state"), None)
    return pulls.full_pull(pull)


@routes("GET", PULL + "/files")
def list_files(call: Call) -> Answer:
    """The files that it changes."""
    call.need(Role.READ, "pull-requests")
    pull = call.pull
    files = diffs.changes(call.repository.git, merging.base_of(pull), pull.head_sha)
    return call.page(files, lambda item: commits.changed_file(call.repository, item, pull.head_sha))


@routes("GET", PULL + "/commits")
def list_commits(call: Call) -> Answer:
    """Its commits, oldest first."""
    call.need(Role.READ, "pull-requests")
    found = diffs.between(call.repository.git, merging.base_of(call.pull), call.pull.head_sha)
    return call.page(found, lambda item: commits.commit(call.site, call.repository, item))


def set_draft(call: Call, pull: Pull, *, draft: bool) -> None:
    """Turn a pull request into a draft, or say that it is ready, as its author or a writer."""
    actor, home = call.actor, pull.repository
    is_own = pull.author is call.user and grants(actor, home, "write", "pull-requests")
    if not is_own and not may(actor, home, Role.WRITE, "pull-requests"):
        call.deny("You do not have permission to change this pull request.")
    if pull.draft is not draft:
        pull.draft, pull.updated_at = draft, now()
        action = "converted_to_draft" if draft else "ready_for_review"
        tell_pull(call.site, call.actor, pull, action)
