"""Pull requests and reviews as GitHub shows them."""

from bot.sandbox.github import guards, merging
from bot.sandbox.github.call import Json
from bot.sandbox.github.diffs import ahead_behind, changes
from bot.sandbox.github.shapes import people, repositories, threads
from bot.sandbox.github.state import Pull, Repository, Review, User


def pull(record: Pull) -> Json:
    """A pull request in a list."""
    repository = record.repository
    url = f"{repository.api_url}/pulls/{record.number}"
    issue_url = f"{repository.api_url}/issues/{record.number}"
    own = {
        "url": url,
        "id": record.id,
        "node_id": record.node_id,
        "html_url": record.html_url,
        "diff_url": f"{record.html_url}.diff",
        "patch_url": f"{record.html_url}.patch",
        "issue_url": issue_url,
    }
    derived = {
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{repository.api_url}/pulls/comments{{/number}}",
        "comments_url": f"{issue_url}/comments",
        "statuses_url": f"{repository.api_url}/statuses/{record.head_sha}",
    }
    linked = {"self": url, "html": record.html_url, "issue": issue_url}
    linked |= {name.removesuffix("_url"): target for name, target in derived.items()}
    return {
        **own,
        **threads.thread(record),
        **derived,
        "merged_at": record.merged_at,
        "merge_commit_sha": record.merge_commit_sha,
        "requested_reviewers": [],
        "requested_teams": [],
        "draft": record.draft,
        "head": _side(record.head_owner, record.head_repository, record.head_ref, record.head_sha),
        "base": _side(repository.owner, repository, record.base_ref, record.base_sha),
        "_links": {name: {"href": target} for name, target in linked.items()},
        "auto_merge": None,
    }


def full_pull(record: Pull) -> Json:
    """A pull request on its own page: with its size, and whether it merges."""
    git = record.repository.git
    base = merging.base_of(record)
    files = changes(git, base, record.head_sha)
    ahead, _ = ahead_behind(git, base, record.head_sha)
    mergeable = None if record.state == "closed" else merging.is_clean(record)
    return {
        **pull(record),
        "merged": record.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": _mergeable_state(record, mergeable),
        "merged_by": people.maybe_user(record.merged_by),
        "comments": len(record.comments),
        "review_comments": 0,
        "maintainer_can_modify": record.maintainer_can_modify,
        "commits": ahead,
        "additions": sum(change.additions for change in files),
        "deletions": sum(change.deletions for change in files),
        "changed_files": len(files),
    }


def review(record: Review, subject: Pull) -> Json:
    """A review of a pull request."""
    html = f"{subject.html_url}#pullrequestreview-{record.id}"
    target = f"{subject.repository.api_url}/pulls/{subject.number}"
    return {
        "id": record.id,
        "node_id": record.node_id,
        "user": people.user(record.author),
        "body": record.body,
        "state": record.state,
        "html_url": html,
        "pull_request_url": target,
        "author_association": people.association(subject.repository, record.author),
        "_links": {"html": {"href": html}, "pull_request": {"href": target}},
        "submitted_at": record.submitted_at,
        "commit_id": record.commit_id,
    }


def _side(owner: User, repository: Repository | None, ref: str, sha: str) -> Json:
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": people.user(owner),
        "repo": repositories.repository(repository) if repository else None,
    }


def _mergeable_state(record: Pull, mergeable: bool | None) -> str:
    if mergeable is None:
        return "unknown"
    if not mergeable:
        return "dirty"
    return "draft" if record.draft else guards.state_of(record)
