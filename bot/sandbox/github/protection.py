"""Branch protection: the rules of a branch, set, shown and taken away by admins."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.github.call import Call, Json, Refused, Routes
from bot.sandbox.github.rules import Protection
from bot.sandbox.github.shapes import people
from bot.sandbox.github.state import Repository, Role

routes = Routes()
PROTECTION = "/repos/{owner}/{repo}/branches/{branch:path}/protection"
NEEDED = (
    *("required_status_checks", "enforce_admins", "required_pull_request_reviews"),
    "restrictions",
)
SWITCHES = {
    "required_linear_history": "linear",
    "allow_force_pushes": "allows_force",
    "allow_deletions": "allows_deletion",
}
# The sandbox has nothing that these rules speak of, and would be kinder than GitHub.
UNKNOWN = ("block_creations", "lock_branch", "required_conversation_resolution")
UNKNOWN_IN_REVIEWS = (
    *("require_code_owner_reviews", "require_last_push_approval", "dismissal_restrictions"),
    "bypass_pull_request_allowances",
)
ANY_APP = -1
MOST_APPROVALS = 6


@routes("PUT", PROTECTION)
def put(call: Call) -> Any:
    """Protect a branch, with exactly the rules that are sent."""
    name = _branch(call)
    call.repository.protections[name] = _parsed(call)
    return shape(call, name)


@routes("GET", PROTECTION)
def get(call: Call) -> Any:
    """The rules of a branch."""
    name = _branch(call)
    if name not in call.repository.protections:
        raise Refused(404, "Branch not protected")
    return shape(call, name)


@routes("DELETE", PROTECTION, 204)
def delete(call: Call) -> None:
    """Take all rules from a branch."""
    if call.repository.protections.pop(_branch(call), None) is None:
        raise Refused(404, "Branch not protected")


def _branch(call: Call) -> str:
    call.need(Role.ADMIN)
    name = str(call.path["branch"])
    if f"refs/heads/{name}" not in call.repository.git.refs:
        raise Refused(404, "Branch not found")
    return name


def _parsed(call: Call) -> Protection:
    sent = call.fields
    for name in NEEDED:
        if name not in sent:
            raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    checks, reviews = sent["required_status_checks"], sent["required_pull_request_reviews"]
    _refuse_unknown(sent, UNKNOWN)
    _refuse_unknown(reviews or {}, UNKNOWN_IN_REVIEWS)
    return Protection(
        checks=None if checks is None else _checks(checks),
        strict=bool(checks and checks.get("strict")),
        approvals=None if reviews is None else _approvals(reviews),
        dismisses_stale=bool(reviews and reviews.get("dismiss_stale_reviews")),
        pushers=_pushers(call, sent["restrictions"]),
        binds_admins=bool(sent["enforce_admins"]),
        **{ours: bool(sent.get(theirs)) for theirs, ours in SWITCHES.items()},
    )


def _refuse_unknown(sent: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if sent.get(name):
            raise Refused(422, f"Invalid request.\n\nThe sandbox does not enforce {name}.")


def _checks(sent: Json) -> tuple[tuple[str, int | None], ...]:
    """Required checks, in the new spelling or the old one of bare names."""
    rows = sent.get("checks") or [{"context": name} for name in sent.get("contexts") or ()]
    apps = {row["context"]: row.get("app_id") for row in rows}
    return tuple((name, None if app == ANY_APP else app) for name, app in apps.items())


def _approvals(sent: Json) -> int:
    count = sent.get("required_approving_review_count", 1)
    if not 0 <= count <= MOST_APPROVALS:
        raise Refused(422, f"Invalid request.\n\n{count} must be between 0 and {MOST_APPROVALS}.")
    return int(count)


def _pushers(call: Call, sent: Json | None) -> tuple[str, ...] | None:
    if sent is None:
        return None
    logins = [*sent.get("users", ()), *(f"{slug}[bot]" for slug in sent.get("apps") or ())]
    if unknown := [login for login in logins if call.site.user(login) is None]:
        raise Refused(422, "Validation Failed", [f"Unknown users or apps: {', '.join(unknown)}"])
    return tuple(login.lower() for login in logins)


def shape(call: Call, name: str) -> Json:
    """The rules of a branch, as its admins see them."""
    rules = call.repository.protections[name]
    url = f"{call.repository.api_url}/branches/{name}/protection"
    switches = {theirs: {"enabled": getattr(rules, ours)} for theirs, ours in SWITCHES.items()}
    shown: Json = {
        "url": url,
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rules.binds_admins},
        **switches,
        **{name: {"enabled": False} for name in (*UNKNOWN, "allow_fork_syncing")},
    }
    if rules.checks is not None:
        shown["required_status_checks"] = _shown_checks(rules, f"{url}/required_status_checks")
    if rules.approvals is not None:
        shown["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": rules.dismisses_stale,
            "require_code_owner_reviews": False,
            "require_last_push_approval": False,
            "required_approving_review_count": rules.approvals,
        }
    if rules.pushers is not None:
        shown["restrictions"] = _shown_pushers(call, rules.pushers, f"{url}/restrictions")
    return shown


def _shown_checks(rules: Protection, url: str) -> Json:
    checks = rules.checks or ()
    return {
        "url": url,
        "strict": rules.strict,
        "contexts": [name for name, _ in checks],
        "contexts_url": f"{url}/contexts",
        "checks": [{"context": name, "app_id": app} for name, app in checks],
    }


def _shown_pushers(call: Call, logins: tuple[str, ...], url: str) -> Json:
    found = [call.site.users[login] for login in logins]
    return {
        "url": url,
        **{f"{kind}_url": f"{url}/{kind}" for kind in ("users", "teams", "apps")},
        "users": [people.user(user) for user in found if user.kind != "Bot"],
        "teams": [],
        "apps": [people.app(user) for user in found if user.kind == "Bot"],
    }


def summary(repository: Repository, name: str) -> Json:
    """What everybody sees of a branch's rules."""
    rules = repository.protections.get(name)
    checks = (rules and rules.checks) or ()
    level = "everyone" if rules and rules.binds_admins else "non_admins"
    return {
        "enabled": rules is not None,
        "required_status_checks": {
            "enforcement_level": level if rules and rules.checks is not None else "off",
            "contexts": [context for context, _ in checks],
            "checks": [{"context": context, "app_id": app} for context, app in checks],
        },
    }
