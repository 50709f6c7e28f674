"""Moving a ref, and all that follows from it: activity, events, pull requests."""

from bot.sandbox.github import trees
from bot.sandbox.github.auth import Actor
from bot.sandbox.github.call import Refused
from bot.sandbox.github.diffs import between, is_ancestor
from bot.sandbox.github.git import ZERO, RefMoved
from bot.sandbox.github.payloads import emit, tell_pull
from bot.sandbox.github.shapes import commits
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Movement, Pull, Repository, now

WORKFLOWS = ".github/workflows"


def move(
    site: Site,
    repository: Repository,
    actor: Actor,
    ref: str,
    new: str | None,
    *,
    kind: str = "push",
) -> None:
    """Point a ref at a commit or, with None, delete it, and let everything follow.

    Raises:
        Refused: 403 when a job's token would change workflow files, 422 when git refuses.
    """
    before = repository.git.refs.get(ref, ZERO)
    if new == before:
        return
    if actor.is_job and new and changes_workflows(repository, before, new):
        raise Refused(
            403,
            "refusing to allow a GitHub App to create or update workflow files without "
            "`workflows` permission",
        )
    try:
        repository.git.set_ref(ref, new)
    except RefMoved as error:
        raise Refused(422, f"Reference cannot be updated: {error}") from error
    follow(site, repository, actor, ref, before, new or ZERO, kind=kind)


def changes_workflows(repository: Repository, before: str, after: str) -> bool:
    """Whether a push brings workflow files that neither the ref nor the default branch has."""
    git = repository.git
    known = [before, git.refs.get(f"refs/heads/{repository.default_branch}", ZERO)]
    found = trees.find(git, f"{after}^{{tree}}", WORKFLOWS)
    return found is not None and found not in [
        trees.find(git, f"{commit}^{{tree}}", WORKFLOWS) for commit in known
    ]


def follow(
    site: Site,
    repository: Repository,
    actor: Actor,
    ref: str,
    before: str,
    after: str,
    *,
    kind: str = "push",
) -> None:
    """Tell the world that a ref went from one commit to another."""
    assert actor.user
    repository.pushed_at = now()
    forced = ZERO not in (before, after) and not is_ancestor(repository.git, before, after)
    if before == ZERO:
        kind = "branch_creation"
    elif after == ZERO:
        kind = "branch_deletion"
    elif forced:
        kind = "force_push"
    repository.activity.append(
        Movement(
            id=site.next_id(), ref=ref, before=before, after=after, kind=kind, actor=actor.user
        )
    )
    _emit_push(site, repository, actor, ref, before, after, forced=forced)
    if ref.startswith("refs/heads/"):
        _update_pulls(site, repository, actor, ref.removeprefix("refs/heads/"), before, after)


def _emit_push(
    site: Site,
    repository: Repository,
    actor: Actor,
    ref: str,
    before: str,
    after: str,
    *,
    forced: bool,
) -> None:
    assert actor.user
    git = repository.git
    start = git.refs.get(f"refs/heads/{repository.default_branch}") if before == ZERO else before
    new = [] if after == ZERO else between(git, start or after, after, limit=20)
    head = trees.commit(git, after) if after != ZERO else None
    emit(
        site,
        repository,
        actor,
        "push",
        ref=ref,
        before=before,
        after=after,
        created=before == ZERO,
        deleted=after == ZERO,
        forced=forced,
        base_ref=None,
        compare=f"{repository.html_url}/compare/{before[:12]}...{after[:12]}",
        commits=[commits.pushed_commit(repository, commit) for commit in new],
        head_commit=commits.pushed_commit(repository, head) if head else None,
        pusher={"name": actor.user.login, "email": actor.user.email},
    )
    if ZERO in (before, after):
        _emit_existence(site, repository, actor, ref, created=before == ZERO)


def _emit_existence(
    site: Site, repository: Repository, actor: Actor, ref: str, *, created: bool
) -> None:
    _, kind, name = ref.split("/", 2)
    content = {"ref": name, "ref_type": "tag" if kind == "tags" else "branch"}
    if created:
        content |= {"master_branch": repository.default_branch}
        emit(site, repository, actor, "create", **content, description=None, pusher_type="user")
    else:
        emit(site, repository, actor, "delete", **content, pusher_type="user")


def _update_pulls(
    site: Site, repository: Repository, actor: Actor, branch: str, before: str, after: str
) -> None:
    opened = [pull for pull in repository.pulls.values() if pull.state == "open"]
    for pull in [pull for pull in opened if pull.head_ref == branch]:
        if after == ZERO:
            close_pull(site, actor, pull)
        else:
            base = repository.git.refs.get(f"refs/heads/{pull.base_ref}", pull.base_sha)
            pull.head_sha, pull.base_sha, pull.updated_at = after, base, now()
            repository.git.set_ref(f"refs/pull/{pull.number}/head", after)
            tell_pull(site, actor, pull, "synchronize", before=before, after=after)
    onto = [pull for pull in opened if pull.base_ref == branch and pull.merged_at is None]
    if not onto:
        return
    merged = [] if after == ZERO else _contained(repository, after)
    for pull in onto:
        if after == ZERO or pull.number in merged:
            pull.merged_at = None if after == ZERO else now()
            pull.merged_by = None if after == ZERO else actor.user
            pull.merge_commit_sha = None if after == ZERO else after
            close_pull(site, actor, pull)


def _contained(repository: Repository, commit: str) -> list[int]:
    """The numbers of the pull requests whose heads a commit contains."""
    arguments = ("--format=%(refname)", f"--merged={commit}", "refs/pull")
    return [int(ref.split("/")[2]) for ref in repository.git.lines("for-each-ref", *arguments)]


def close_pull(site: Site, actor: Actor, pull: Pull) -> None:
    """Close a pull request, merged or not, and say so."""
    pull.state, pull.closed_by = "closed", actor.user
    pull.closed_at = pull.updated_at = now()
    tell_pull(site, actor, pull, "closed")
