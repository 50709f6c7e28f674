"""GitHub Apps: they prove who they are with a signed JWT, and act with tokens for an hour."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bot.sandbox.github.auth import RANKS, Actor
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.shapes import people, repositories
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import App, Installation, Repository, User

routes = Routes()
INSTALLATIONS = "/app/installations"
KEY_BITS = 2048
LONGEST_JWT_SECONDS = 600
NO_JWT = "A JSON web token could not be decoded"
BAD_ISSUE = (
    "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was "
    "issued"
)
BAD_END = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at "
    "which the assertion expires"
)
LATE_END = "'Expiration time' claim ('exp') is too far in the future"
NOT_GRANTED = "The permissions requested are not granted to this installation."
NO_REPOSITORY = (
    "There is at least one repository that does not exist or is not accessible to the parent "
    "installation."
)
NO_INSTALLATION = (
    "You must authenticate with an installation access token in order to list repositories for "
    "an installation."
)


def register(site: Site, slug: str, owner: User, permissions: Mapping[str, str]) -> tuple[App, str]:
    """Make an App, which acts as `slug[bot]`, and its private key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    bot = site.add_user(f"{slug}[bot]", kind="Bot")
    app = App(
        id=bot.id,
        slug=slug,
        client_id=f"Iv23li{bot.id:014}",
        public_key=public.decode(),
        bot=bot,
        owner=owner,
        permissions={**_named(permissions), "metadata": "read"},
    )
    site.apps[app.id] = site.keep(app)
    return app, private.decode()


def install(site: Site, app: App, where: list[Repository]) -> Installation:
    """Install an App on repositories of one account."""
    made = Installation(id=site.next_id(), app=app, repositories=where)
    site.installations[made.id] = site.keep(made)
    return made


def speaker(site: Site, token: str) -> Actor:
    """The App that signed a JWT.

    Raises:
        Refused: 401, for a JWT that is forged, expired or too long-lived; 404, of no App.
    """
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
    except jwt.InvalidTokenError:
        raise Refused(401, NO_JWT) from None
    apps = (app for app in site.apps.values() if issuer in (str(app.id), app.client_id))
    app = next(apps, None)
    if app is None:
        raise Refused(404, "Integration not found")
    try:
        claims = jwt.decode(
            token,
            app.public_key,
            algorithms=["RS256"],
            # The times are compared with the sandbox's own clock, below.
            options={"verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        raise Refused(401, NO_JWT) from None
    _check_times(claims, site.meter.now())
    return Actor(app=app)


def _check_times(claims: Json, now: float) -> None:
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now:
        raise Refused(401, BAD_ISSUE)
    if not isinstance(ends, (int, float)) or ends <= now:
        raise Refused(401, BAD_END)
    if ends > now + LONGEST_JWT_SECONDS:
        raise Refused(401, LATE_END)


def _named(permissions: Mapping[str, str]) -> dict[str, str]:
    """Permissions as a workflow spells them, with hyphens."""
    return {scope.replace("_", "-"): level for scope, level in permissions.items()}


def _told(permissions: Mapping[str, str]) -> dict[str, str]:
    """Permissions as the API spells them, with underscores."""
    return {scope.replace("-", "_"): level for scope, level in permissions.items()}


def _app(call: Call) -> App:
    """The App that asks.

    Raises:
        Refused: 401, for everybody else.
    """
    if call.actor.app is None:
        raise Refused(401, NO_JWT)
    return call.actor.app


def _shape(call: Call, found: Installation) -> Json:
    app, account = found.app, found.account
    url = f"{call.site.api_url}{INSTALLATIONS}/{found.id}"
    return {
        "id": found.id,
        "account": people.user(account),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{call.site.api_url}/installation/repositories",
        "html_url": f"{account.html_url}/settings/installations/{found.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "client_id": app.client_id,
        "target_id": account.id,
        "target_type": account.kind,
        "permissions": _told(app.permissions),
        "events": [],
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


@routes("GET", "/app")
def get_self(call: Call) -> Any:
    """The App that asks."""
    app = _app(call)
    return {
        **people.app(app.bot),
        "client_id": app.client_id,
        "node_id": app.node_id,
        "owner": people.user(app.owner),
        "permissions": _told(app.permissions),
        "installations_count": len(_installations(call)),
    }


def _installations(call: Call) -> list[Installation]:
    app = _app(call)
    return [found for found in call.site.installations.values() if found.app is app]


@routes("GET", INSTALLATIONS)
def list_installations(call: Call) -> Answer:
    """Where the App is installed."""
    return call.page(_installations(call), lambda found: _shape(call, found))


@routes("GET", INSTALLATIONS + "/{installation}")
def get_installation(call: Call) -> Any:
    """One installation."""
    return _shape(call, _installation(call))


def _installation(call: Call) -> Installation:
    number = call.number("installation")
    found = next((each for each in _installations(call) if each.id == number), None)
    if found is None:
        raise not_found()
    return found


@routes("GET", "/repos/{owner}/{repo}/installation")
def get_repository_installation(call: Call) -> Any:
    """The installation that a repository belongs to."""
    full_name = f"{call.path['owner']}/{call.path['repo']}"
    repository = call.site.repository(full_name)
    for found in _installations(call):
        if repository in found.repositories:
            return _shape(call, found)
    raise not_found()


@routes("POST", INSTALLATIONS + "/{installation}/access_tokens", 201)
def create_token(call: Call) -> Any:
    """Make a token for an hour, for all that was granted or for less."""
    found, asked = _installation(call), call.fields
    granted, narrowed = found.app.permissions, _named(asked.get("permissions") or {})
    for scope, level in narrowed.items():
        if level not in RANKS or RANKS[level] > RANKS.get(granted.get(scope, ""), 0):
            raise Refused(422, NOT_GRANTED)
    names, ids = asked.get("repositories") or [], asked.get("repository_ids") or []
    chosen = [each for each in found.repositories if each.name in names or each.id in ids]
    if len(chosen) < len({*names, *ids}):
        raise Refused(422, NO_REPOSITORY)
    permissions = {**narrowed, "metadata": "read"} if narrowed else granted
    made = call.site.add_installation_token(found, chosen or found.repositories, permissions)
    assert made.expires_at
    told = {
        "token": made.token,
        "expires_at": f"{datetime.fromtimestamp(made.expires_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "permissions": _told(permissions),
        "repository_selection": "selected",
    }
    shown = {"repositories": [repositories.repository(each) for each in chosen]} if chosen else {}
    return told | shown


@routes("GET", "/installation/repositories")
def list_repositories(call: Call) -> Answer:
    """The repositories that an installation's token is good for."""
    if call.actor.installation is None:
        raise Refused(403, NO_INSTALLATION)
    found = call.actor.repositories
    return call.page(found, repositories.repository, wrapped="repositories")


@routes("DELETE", "/installation/token", 204)
def revoke_token(call: Call) -> None:
    """End the token with which one asks."""
    if call.actor.installation is None:
        raise Refused(403, NO_INSTALLATION)
    del call.site.tokens[call.actor.token]
