"""Moving a ref, and all that follows from it: activity, events, pull requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.github import guards, trees
from bot.sandbox.github.auth import Actor, grants
from bot.sandbox.github.call import Refused
from bot.sandbox.github.diffs import between, is_ancestor
from bot.sandbox.github.git import ZERO, RefMoved
from bot.sandbox.github.payloads import emit, tell_pull
from bot.sandbox.github.shapes import commits
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Pull, Record, Repository, User, now

WORKFLOWS = ".github/workflows"


@dataclass(eq=False, kw_only=True)
class Movement(Record):
    """One line of a repository's activity: a ref that went from one commit to another."""

    prefix = "PSH"
    ref: str
    before: str
    after: str
    kind: str
    actor: User


class Protected(Refused):
    """A move that the rules of a protected branch forbid; its text says which."""

    def __init__(self, against: Sequence[str]) -> None:
        super().__init__(422, " ".join(against))


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
        Protected: the rules of the branch forbid it; not asked where a pull request is merged.
        Refused: 403 when a token may not change workflow files, 422 when git refuses.
    """
    before = repository.git.refs.get(ref, ZERO)
    if new == before:
        return
    if reason := against_workflows(repository, actor, before, new or ZERO):
        raise Refused(403, reason)
    if kind != "pr_merge":
        against = guards.against_move(repository, actor, ref, before, new or ZERO)
        if against:
            raise Protected(against)
    try:
        repository.git.set_ref(ref, new)
    except RefMoved as error:
        raise Refused(422, f"Reference cannot be updated: {error}") from error
    follow(site, repository, actor, ref, before, new or ZERO, kind=kind)


def against_workflows(repository: Repository, actor: Actor, before: str, after: str) -> str | None:
    """What GitHub says against a push that brings workflow files, if the token may not do that.

    What the ref or the default branch has already is not brought.
    """
    git = repository.git
    if after == ZERO or grants(actor, repository, "write", "workflows"):
        return None
    known = [before, git.refs.get(f"refs/heads/{repository.default_branch}", ZERO)]
    found = trees.find(git, f"{after}^{{tree}}", WORKFLOWS)
    if found in [None, *(trees.find(git, f"{commit}^{{tree}}", WORKFLOWS) for commit in known)]:
        return None
    who = "a GitHub App" if actor.is_robot else "a Personal Access Token"
    return (
        f"refusing to allow {who} to create or update workflow files without `workflows` permission"
    )


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
    for pull in _open_from(repository, branch):
        if after == ZERO:
            close_pull(site, actor, pull)
        else:
            _follow_head(site, actor, pull, before, after)
    onto = [
        pull
        for pull in repository.pulls.values()
        if pull.state == "open" and pull.base_ref == branch and pull.merged_at is None
    ]
    if not onto:
        return
    merged = [] if after == ZERO else _contained(repository, after)
    for pull in onto:
        if after == ZERO or pull.number in merged:
            pull.merged_at = None if after == ZERO else now()
            pull.merged_by = None if after == ZERO else actor.user
            pull.merge_commit_sha = None if after == ZERO else after
            close_pull(site, actor, pull)


def _open_from(repository: Repository, branch: str) -> list[Pull]:
    """The open pull requests whose head is this branch, wherever they were opened."""
    return [
        pull
        for member in repository.family
        for pull in member.pulls.values()
        if pull.state == "open" and pull.head_ref == branch and pull.head_repository is repository
    ]


def _follow_head(site: Site, actor: Actor, pull: Pull, before: str, after: str) -> None:
    repository, head = pull.repository, pull.head_repository
    assert head
    repository.git.take(head.git, after)
    base = repository.git.refs.get(f"refs/heads/{pull.base_ref}", pull.base_sha)
    pull.head_sha, pull.base_sha, pull.updated_at = after, base, now()
    repository.git.set_ref(f"refs/pull/{pull.number}/head", after)
    rules = repository.protections.get(pull.base_ref)
    if rules and rules.dismisses_stale:
        for review in pull.reviews:
            review.state = "DISMISSED" if review.state == "APPROVED" else review.state
    tell_pull(site, actor, pull, "synchronize", before=before, after=after)


def _contained(repository: Repository, commit: str) -> list[int]:
    """The numbers of the pull requests whose heads a commit contains."""
    arguments = ("--format=%(refname)", f"--merged={commit}", "refs/pull")
    return [int(ref.split("/")[2]) for ref in repository.git.lines("for-each-ref", *arguments)]


def close_pull(site: Site, actor: Actor, pull: Pull) -> None:
    """Close a pull request, merged or not, and say so."""
    pull.state, pull.closed_by = "closed", actor.user
    pull.closed_at = pull.updated_at = now()
    tell_pull(site, actor, pull, "closed")
