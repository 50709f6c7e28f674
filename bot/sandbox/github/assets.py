"""Files attached to releases: uploaded, listed, downloaded."""

from typing import Any

from bot.sandbox.github.call import Answer, Call, Refused, Routes, invalid, not_found
from bot.sandbox.github.releases import RELEASES, by_tag, known, visible
from bot.sandbox.github.shapes import releases
from bot.sandbox.github.state import Asset, Release, Role

routes = Routes()
ASSET = RELEASES + "/assets/{asset}"


@routes("GET", RELEASES + "/{release}/assets")
def list_assets(call: Call) -> Answer:
    """The files of a release."""
    call.need(Role.READ, "contents")
    release = known(call)
    return call.page(release.assets, lambda asset: releases.asset(release, asset))


@routes("POST", "/uploads/repos/{owner}/{repo}/releases/{release}/assets", 201)
def upload(call: Call) -> Any:
    """Attach the body of the request as a file called `name`."""
    call.need(Role.WRITE, "contents")
    release, name = known(call), call.query.get("name", "")
    if not name:
        raise Refused(400, "Bad Request")
    if any(asset.name == name for asset in release.assets):
        raise invalid("ReleaseAsset", "name", "already_exists")
    asset = Asset(
        id=call.site.next_id(),
        name=name,
        label=call.query.get("label", ""),
        content_type=call.headers.get("content-type", "application/octet-stream"),
        content=call.body,
        uploader=call.user,
    )
    release.assets.append(call.site.keep(asset))
    return releases.asset(release, asset)


@routes("GET", ASSET)
def get_asset(call: Call) -> Any:
    """A file's description or, asked for as octets, the file."""
    call.need(Role.READ, "contents")
    release, asset = _known_asset(call)
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return releases.asset(release, asset)
    asset.download_count += 1
    return Answer(200, asset.content, {"content-type": "application/octet-stream"})


@routes("DELETE", ASSET, 204)
def delete_asset(call: Call) -> None:
    """Remove a file from a release."""
    call.need(Role.WRITE, "contents")
    release, asset = _known_asset(call)
    release.assets.remove(asset)


def download(call: Call) -> Answer:
    """The file behind a `browser_download_url`."""
    call.need(Role.READ, "contents")
    release = by_tag(call, call.path["tag"])
    for asset in release.assets if release else []:
        if asset.name == call.path["name"]:
            asset.download_count += 1
            return Answer(200, asset.content, {"content-type": asset.content_type})
    raise not_found()


def _known_asset(call: Call) -> tuple[Release, Asset]:
    for release in visible(call):
        for asset in release.assets:
            if asset.id == call.number("asset"):
                return release, asset
    raise not_found()
