"""Users and apps as GitHub shows them."""

from bot.sandbox.github.auth import role_of
from bot.sandbox.github.call import Json
from bot.sandbox.github.state import Repository, Role, User

FOLLOWING = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
LEGACY = {Role.MAINTAIN: "write", Role.TRIAGE: "read"}


def user(record: User) -> Json:
    """A user, wherever one appears."""
    return {
        "login": record.login,
        "id": record.id,
        "node_id": record.node_id,
        "avatar_url": f"{record.html_url}.png",
        "gravatar_id": "",
        "url": record.api_url,
        "html_url": record.html_url,
        **{name: record.api_url + end for name, end in FOLLOWING.items()},
        "type": record.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def organization(record: User) -> Json:
    """An organization as webhooks bring it along."""
    url = record.api_url.replace("/users/", "/orgs/")
    ends = ("repos", "events", "hooks", "issues", "members{/member}", "public_members{/member}")
    return {
        "login": record.login,
        "id": record.id,
        "node_id": record.node_id,
        "url": url,
        **{f"{end.partition('{')[0]}_url": f"{url}/{end}" for end in ends},
        "avatar_url": f"{record.html_url}.png",
        "description": None,
    }


def maybe_user(record: User | None) -> Json | None:
    """A user, or null."""
    return user(record) if record else None


def profile(record: User) -> Json:
    """A user's own page."""
    empty = ("company", "location", "email", "hireable", "bio", "twitter_username")
    counts = ("public_repos", "public_gists", "followers", "following")
    return {
        **user(record),
        "name": record.login,
        "blog": "",
        **dict.fromkeys(empty),
        **dict.fromkeys(counts, 0),
        "created_at": record.created_at,
        "updated_at": record.created_at,
    }


def permissions(role: Role) -> dict[str, bool]:
    """The five flags of a role."""
    return {
        "admin": role >= Role.ADMIN,
        "maintain": role >= Role.MAINTAIN,
        "push": role >= Role.WRITE,
        "triage": role >= Role.TRIAGE,
        "pull": role >= Role.READ,
    }


def collaborator(record: User, role: Role) -> Json:
    """A user with the role that they have in a repository."""
    return {**user(record), "permissions": permissions(role), "role_name": role.name.lower()}


def legacy_permission(role: Role) -> str:
    """The older word for a role: it calls a maintainer a writer and a triager a reader."""
    return LEGACY.get(role, role.name.lower())


def association(repository: Repository, record: User) -> str:
    """What the author of something is to the repository."""
    if record is repository.owner:
        return "OWNER"
    has_role = role_of(repository, record) > Role.READ or record.login.lower() in repository.roles
    return "COLLABORATOR" if has_role else "NONE"


def app(record: User) -> Json:
    """The GitHub App behind a bot user."""
    slug = record.login.removesuffix("[bot]")
    return {
        "id": record.id,
        "slug": slug,
        "node_id": record.node_id,
        "owner": user(record),
        "name": slug,
        "description": "",
        "external_url": record.html_url,
        "html_url": record.html_url,
        "created_at": record.created_at,
        "updated_at": record.created_at,
        "permissions": {},
        "events": [],
    }
