"""Issues, comments, labels and reactions as GitHub shows them."""

from collections import Counter
from urllib.parse import quote

from bot.sandbox.github.call import Json
from bot.sandbox.github.shapes import people
from bot.sandbox.github.state import Comment, Issue, Label, Pull, Reaction, Repository

CONTENTS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def label(repository: Repository, record: Label) -> Json:
    """A label."""
    return {
        "id": record.id,
        "node_id": record.node_id,
        "url": f"{repository.api_url}/labels/{quote(record.name, safe='')}",
        "name": record.name,
        "color": record.color,
        "default": False,
        "description": record.description,
    }


def reaction(record: Reaction) -> Json:
    """One emoji."""
    return {
        "id": record.id,
        "node_id": record.node_id,
        "user": people.user(record.user),
        "content": record.content,
        "created_at": record.created_at,
    }


def rollup(url: str, reactions: list[Reaction]) -> Json:
    """How often each emoji was given."""
    counts = Counter(given.content for given in reactions)
    each = {content: counts[content] for content in CONTENTS}
    return {"url": f"{url}/reactions", "total_count": len(reactions), **each}


def issue(record: Issue) -> Json:
    """An issue, as events bring it; for a pull request, the issue behind it."""
    repository = record.repository
    url = f"{repository.api_url}/issues/{record.number}"
    shown = {
        "url": url,
        "repository_url": repository.api_url,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": record.html_url,
        "id": record.issue_id if isinstance(record, Pull) else record.id,
        "node_id": record.node_id,
        **thread(record),
        "comments": len(record.comments),
        "state_reason": record.state_reason,
        "reactions": rollup(url, record.reactions),
        "performed_via_github_app": None,
    }
    if isinstance(record, Pull):
        shown["draft"] = record.draft
        shown["pull_request"] = {
            "url": f"{repository.api_url}/pulls/{record.number}",
            "html_url": record.html_url,
            "diff_url": f"{record.html_url}.diff",
            "patch_url": f"{record.html_url}.patch",
            "merged_at": record.merged_at,
        }
    return shown


def full_issue(record: Issue) -> Json:
    """An issue as the API shows it."""
    return {**issue(record), "closed_by": people.maybe_user(record.closed_by)}


def thread(record: Issue) -> Json:
    """What an issue and a pull request have in common."""
    repository = record.repository
    assignees = [people.user(assignee) for assignee in record.assignees]
    return {
        "number": record.number,
        "title": record.title,
        "user": people.user(record.author),
        "labels": [label(repository, given) for given in record.labels],
        "state": record.state,
        "locked": False,
        "active_lock_reason": None,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "closed_at": record.closed_at,
        "author_association": people.association(repository, record.author),
        "body": record.body,
    }


def comment(record: Comment) -> Json:
    """A comment on an issue or a pull request."""
    repository = record.issue.repository
    url = f"{repository.api_url}/issues/comments/{record.id}"
    return {
        "url": url,
        "html_url": record.html_url,
        "issue_url": f"{repository.api_url}/issues/{record.issue.number}",
        "id": record.id,
        "node_id": record.node_id,
        "user": people.user(record.author),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "author_association": people.association(repository, record.author),
        "body": record.body,
        "reactions": rollup(url, record.reactions),
        "performed_via_github_app": None,
    }
