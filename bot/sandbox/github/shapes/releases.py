"""Releases and the files attached to them as GitHub shows them."""

from urllib.parse import quote

from bot.sandbox.github.call import Json
from bot.sandbox.github.shapes import people
from bot.sandbox.github.state import Asset, Release


def release(record: Release) -> Json:
    """A release with its assets."""
    repository = record.repository
    url, tag = f"{repository.api_url}/releases/{record.id}", quote(record.tag_name)
    uploads = url.replace("/api/v3/", "/api/uploads/")
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{uploads}/assets{{?name,label}}",
        "html_url": f"{repository.html_url}/releases/tag/{tag}",
        "id": record.id,
        "author": people.user(record.author),
        "node_id": record.node_id,
        "tag_name": record.tag_name,
        "target_commitish": record.target_commitish,
        "name": record.name,
        "draft": record.draft,
        "immutable": False,
        "prerelease": record.prerelease,
        "created_at": record.created_at,
        "updated_at": record.created_at,
        "published_at": record.published_at,
        "assets": [asset(record, attached) for attached in record.assets],
        "tarball_url": f"{repository.api_url}/tarball/{tag}",
        "zipball_url": f"{repository.api_url}/zipball/{tag}",
        "body": record.body,
    }


def asset(owner: Release, record: Asset) -> Json:
    """A file attached to a release."""
    repository, name = owner.repository, quote(record.name)
    return {
        "url": f"{repository.api_url}/releases/assets/{record.id}",
        "id": record.id,
        "node_id": record.node_id,
        "name": record.name,
        "label": record.label,
        "uploader": people.user(record.uploader),
        "content_type": record.content_type,
        "state": "uploaded",
        "size": len(record.content),
        "digest": None,
        "download_count": record.download_count,
        "created_at": record.created_at,
        "updated_at": record.created_at,
        "browser_download_url": (
            f"{repository.html_url}/releases/download/{quote(owner.tag_name)}/{name}"
        ),
    }
