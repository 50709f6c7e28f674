"""Repositories as GitHub shows them."""

from bot.sandbox.github.call import Json
from bot.sandbox.github.shapes import people
from bot.sandbox.github.state import Repository, Role

ENDS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def repository(record: Repository) -> Json:
    """A repository, wherever one appears."""
    web = record.html_url
    zeros = ("stargazers_count", "watchers_count", "size", "watchers")
    no = ("has_projects", "has_wiki", "has_pages", "has_discussions", "archived")
    opened = len(record.opened)
    return {
        "id": record.id,
        "node_id": record.node_id,
        "name": record.name,
        "full_name": record.full_name,
        "private": record.private,
        "owner": people.user(record.owner),
        "html_url": web,
        "description": None,
        "url": record.api_url,
        **{name: record.api_url + end for name, end in ENDS.items()},
        "git_url": f"git:{web.partition(':')[2]}.git",
        "ssh_url": f"ssh:{web.partition(':')[2]}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        **dict.fromkeys(("mirror_url", "homepage", "language", "license")),
        **dict.fromkeys(zeros, 0),
        "fork": record.parent is not None,
        **dict.fromkeys(("forks_count", "forks"), len(record.forks)),
        **dict.fromkeys((*no, "disabled", "is_template", "web_commit_signoff_required"), False),
        **dict.fromkeys(("has_issues", "has_downloads", "allow_forking"), True),
        "topics": [],
        "visibility": "private" if record.private else "public",
        "open_issues_count": opened,
        "open_issues": opened,
        "default_branch": record.default_branch,
        "created_at": record.created_at,
        "updated_at": record.pushed_at,
        "pushed_at": record.pushed_at,
    }


def full_repository(record: Repository, role: Role) -> Json:
    """A repository on its own page, with what the reader may do there."""
    methods = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")
    related: Json = {}
    if record.owner.kind == "Organization":
        related["organization"] = people.user(record.owner)
    if record.parent:
        related |= {"parent": repository(record.parent), "source": repository(record.source)}
    return {
        **repository(record),
        "permissions": people.permissions(role),
        **dict.fromkeys(methods, True),
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_update_branch": False,
        "subscribers_count": 0,
        "network_count": len(record.family) - 1,
        **related,
    }
