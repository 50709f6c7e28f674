"""Whether the rules of a protected branch let somebody do something."""

from collections.abc import Iterator

from bot.sandbox.github import diffs, rules
from bot.sandbox.github.auth import Actor, may, role_of
from bot.sandbox.github.automation import CheckRun
from bot.sandbox.github.git import ZERO, Git
from bot.sandbox.github.rules import Protection, Verdict
from bot.sandbox.github.state import Pull, Repository, Review, Role

GOOD = {"success", "neutral", "skipped"}
BRANCHES = "refs/heads/"


def against_move(
    repository: Repository, actor: Actor, ref: str, before: str, after: str
) -> list[str]:
    """What GitHub says against moving a ref without a pull request; empty if it lets it happen.

    A ref that is made is not protected yet.
    """
    protection = repository.protections.get(ref.removeprefix(BRANCHES))
    if protection is None or before == ZERO or not ref.startswith(BRANCHES):
        return []
    if after == ZERO:
        return [] if protection.allows_deletion else [rules.NO_DELETION]
    found = []
    if not bypasses(repository, actor, protection):
        if protection.approvals is not None:
            found.append(rules.PULL_NEEDED)
        found += rules.missing_checks(protection, verdicts(repository, after), behind=False)
        found += _strangers(actor, protection)
        if protection.linear and _merges(repository.git, before, after):
            found.append(rules.NO_MERGES)
    if not protection.allows_force and not diffs.is_ancestor(repository.git, before, after):
        found.append(rules.NO_FORCE)
    return found


def against_merge(pull: Pull, actor: Actor, method: str) -> list[str]:
    """What GitHub says against merging a pull request; empty if it lets it happen."""
    protection = pull.repository.protections.get(pull.base_ref)
    if protection is None or bypasses(pull.repository, actor, protection):
        return []
    found = _missing(pull, protection, behind=is_behind(pull)) + _strangers(actor, protection)
    if protection.linear and method == "merge":
        found.append(rules.NO_MERGES)
    return found


def state_of(pull: Pull) -> str:
    """The `mergeable_state` of a pull request that has no conflict and is no draft."""
    protection = pull.repository.protections.get(pull.base_ref)
    if protection and _missing(pull, protection, behind=False):
        return "blocked"
    if protection and protection.checks and protection.strict and is_behind(pull):
        return "behind"
    heard = verdicts(pull.repository, pull.head_sha)
    return "clean" if all(one.state == rules.PASSED for one in heard) else "unstable"


def may_push(actor: Actor, repository: Repository, branch: str | None = None) -> bool:
    """Whether somebody may write to a branch, or to any: also a maintainer whom its author lets."""
    if may(actor, repository, Role.WRITE, "contents"):
        return True
    return any(
        pull.state == "open"
        and pull.head_repository is repository
        and branch in (None, pull.head_ref)
        and pull.maintainer_can_modify
        and not actor.is_robot
        and may(actor, pull.repository, Role.WRITE, "contents")
        for member in repository.family
        for pull in member.pulls.values()
    )


def bypasses(repository: Repository, actor: Actor, protection: Protection) -> bool:
    """Whether somebody is above the rules: an admin, unless these bind admins too."""
    admin = not actor.is_robot and role_of(repository, actor.user) >= Role.ADMIN
    return admin and not protection.binds_admins


def is_behind(pull: Pull) -> bool:
    """Whether the base has commits that the head lacks."""
    git = pull.repository.git
    base = git.refs.get(BRANCHES + pull.base_ref, pull.base_sha)
    return diffs.ahead_behind(git, base, pull.head_sha)[1] > 0


def verdicts(repository: Repository, sha: str) -> tuple[Verdict, ...]:
    """The latest report on a commit under each name and by each app, check run or status."""
    runs = [run for run in repository.check_runs.values() if run.head_sha == sha]
    latest = {(run.fields["name"], run.app.id): _judged(run) for run in runs}
    words = {"success": rules.PASSED, "pending": "pending"}
    statuses = {
        status.context: Verdict(status.context, None, words.get(status.state, "failing"))
        for status in repository.statuses
        if status.head_sha == sha
    }
    return (*latest.values(), *statuses.values())


def _judged(run: CheckRun) -> Verdict:
    state = run.fields.get("status", "queued").replace("_", " ")
    if state == "completed":
        state = rules.PASSED if run.fields["conclusion"] in GOOD else "failing"
    return Verdict(run.fields["name"], run.app.id, state)


def _missing(pull: Pull, protection: Protection, *, behind: bool) -> list[str]:
    repository = pull.repository
    voices = {review.author: review.state for review in _judging(repository, pull.reviews)}
    approvals = sum(state == "APPROVED" for state in voices.values())
    objections = sum(state == "CHANGES_REQUESTED" for state in voices.values())
    return [
        *rules.missing_reviews(protection, approvals, objections),
        *rules.missing_checks(protection, verdicts(repository, pull.head_sha), behind=behind),
    ]


def _judging(repository: Repository, reviews: list[Review]) -> Iterator[Review]:
    """The reviews that decide: by people who may write, and more than a remark."""
    for review in reviews:
        if review.state != "COMMENTED" and role_of(repository, review.author) >= Role.WRITE:
            yield review


def _strangers(actor: Actor, protection: Protection) -> list[str]:
    assert actor.user
    allowed = protection.pushers is None or actor.user.login.lower() in protection.pushers
    return [] if allowed else [rules.NOT_A_PUSHER]


def _merges(git: Git, before: str, after: str) -> bool:
    return any(len(commit.parents) > 1 for commit in diffs.between(git, before, after))
