"""Releases, and the tags that they make."""

from typing import Any

from bot.sandbox.github import trees
from bot.sandbox.github.auth import may
from bot.sandbox.github.call import Answer, Call, Routes, invalid, not_found
from bot.sandbox.github.moving import move
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import releases
from bot.sandbox.github.state import Release, Role, now

routes = Routes()
RELEASES = "/repos/{owner}/{repo}/releases"


@routes("POST", RELEASES, 201)
def create(call: Call) -> Any:
    """Publish a release; a missing tag is made at `target_commitish`."""
    call.need(Role.WRITE, "contents")
    tag, repository = call.text("tag_name"), call.repository
    draft = bool(call.fields.get("draft"))
    if not draft and by_tag(call, tag):
        raise invalid("Release", "tag_name", "already_exists")
    release = Release(
        id=call.site.next_id(),
        repository=repository,
        author=call.user,
        tag_name=tag,
        target_commitish=call.text("target_commitish", repository.default_branch),
        name=call.optional("name"),
        body=call.optional("body"),
        draft=draft,
        prerelease=bool(call.fields.get("prerelease")),
        published_at=None,
    )
    if not draft:
        _publish(call, release)
    repository.releases[release.id] = call.site.keep(release)
    return releases.release(release)


def _publish(call: Call, release: Release) -> None:
    git, ref = call.repository.git, f"refs/tags/{release.tag_name}"
    if ref not in git.refs:
        target = trees.commit(git, release.target_commitish)
        if target is None:
            raise invalid("Release", "target_commitish", "invalid")
        if not git.succeeds("check-ref-format", ref):
            raise invalid("Release", "tag_name", "custom", "tag_name is not a valid tag")
        move(call.site, call.repository, call.actor, ref, target.oid)
    release.draft, release.published_at = False, now()
    for action in ("created", "published", "released"):
        if action != "released" or not release.prerelease:
            _tell(call, release, action)


def _tell(call: Call, release: Release, action: str, **more: Any) -> None:
    content = {"action": action, "release": releases.release(release), **more}
    emit(call.site, call.repository, call.actor, "release", **content)


@routes("GET", RELEASES)
def list_all(call: Call) -> Answer:
    """Releases, newest first; drafts are shown to writers."""
    call.need(Role.READ, "contents")
    return call.page(reversed(visible(call)), releases.release)


@routes("GET", RELEASES + "/latest")
def get_latest(call: Call) -> Any:
    """The newest release that is neither draft nor prerelease."""
    call.need(Role.READ, "contents")
    full = [item for item in visible(call) if not item.draft and not item.prerelease]
    if not full:
        raise not_found()
    return releases.release(full[-1])


@routes("GET", RELEASES + "/tags/{tag:path}")
def getby_tag(call: Call) -> Any:
    """The published release of a tag."""
    call.need(Role.READ, "contents")
    found = by_tag(call, call.path["tag"])
    if found is None:
        raise not_found()
    return releases.release(found)


@routes("GET", RELEASES + "/{release}")
def get(call: Call) -> Any:
    """One release."""
    call.need(Role.READ, "contents")
    return releases.release(known(call))


@routes("PATCH", RELEASES + "/{release}")
def update(call: Call) -> Any:
    """Change a release, or publish a draft."""
    call.need(Role.WRITE, "contents")
    release, fields = known(call), call.fields
    release.tag_name = call.text("tag_name", release.tag_name)
    release.name = call.optional("name") or release.name
    release.body = call.optional("body") if "body" in fields else release.body
    release.prerelease = bool(fields.get("prerelease", release.prerelease))
    release.target_commitish = call.text("target_commitish", release.target_commitish)
    if release.draft and fields.get("draft") is False:
        _publish(call, release)
    else:
        _tell(call, release, "edited", changes={})
    return releases.release(release)


@routes("DELETE", RELEASES + "/{release}", 204)
def delete(call: Call) -> None:
    """Delete a release; its tag stays."""
    call.need(Role.WRITE, "contents")
    release = known(call)
    del call.repository.releases[release.id]
    _tell(call, release, "deleted")


def visible(call: Call) -> list[Release]:
    """The releases that the caller may see, oldest first."""
    return [item for item in call.repository.releases.values() if _is_visible(call, item)]


def _is_visible(call: Call, release: Release) -> bool:
    if not release.draft:
        return True
    return may(call.actor, call.repository, Role.WRITE, "contents")


def by_tag(call: Call, tag: str) -> Release | None:
    """The published release of a tag, or None."""
    found = call.repository.releases.values()
    return next((item for item in found if item.tag_name == tag and not item.draft), None)


def known(call: Call) -> Release:
    """The release whose number stands in the address."""
    found = call.repository.releases.get(call.number("release"))
    if found is None or not _is_visible(call, found):
        raise not_found()
    return found
