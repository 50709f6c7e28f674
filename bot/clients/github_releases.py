"""GitHub releases, each finished from wherever an earlier try was cut off."""

from collections.abc import Mapping
from io import BytesIO
from mimetypes import guess_type
from typing import TYPE_CHECKING

from bot.clients.github_connection import Connection, Expecting, answered, unchanging
from bot.core.baseline import ASSET
from bot.errors import UserError

if TYPE_CHECKING:
    from github.GitRelease import GitRelease
    from github.GitReleaseAsset import GitReleaseAsset

CHUNK_BYTES = 1 << 16


class Releases(Connection):
    """Baselines as people find them: a tag, notes and assets."""

    @answered
    def publish(
        self, tag: str, commit: str, title: str, notes: str, assets: Mapping[str, str]
    ) -> str:
        release = self._release(tag)
        if release is None:
            release = self._draft(tag, commit, title, notes)
        elif release.target_commitish != commit:
            raise UserError(
                f"There is a release `{tag}` already, and it is not of `{commit[:7]}`. "
                "Delete it and its tag, then ask again."
            )
        there = {asset.name: asset for asset in release.get_assets()}
        for name, text in assets.items():
            _attach(release, there.get(name), name, text.encode())
        if release.draft:
            release = release.update_release(
                title, notes, draft=False, tag_name=tag, target_commitish=commit, make_latest="true"
            )
        return release.html_url

    @unchanging(commits=0)
    @answered
    def baseline_asset(self, tag: str) -> str:
        with Expecting(404):
            release = self._repository.get_release(tag)
            for asset in release.assets:
                if asset.name == ASSET and asset.state == "uploaded":
                    _, _, chunks = asset.download_asset(chunk_size=CHUNK_BYTES)
                    return b"".join(chunks).decode()
        raise UserError(
            f"There is no release `{tag}` with an asset `{ASSET}`. "
            "Measure a new baseline with `/baseline`."
        )

    def _release(self, tag: str) -> "GitRelease | None":
        """The release of a tag, published or not: asking by tag would not find a draft."""
        found = [r for r in self._repository.get_releases() if r.tag_name == tag]
        return min(found, key=lambda r: (r.draft, r.id), default=None)

    def _draft(self, tag: str, commit: str, title: str, notes: str) -> "GitRelease":
        with Expecting(404):
            if (there := self._repository.get_git_ref(f"tags/{tag}").object.sha) != commit:
                raise UserError(
                    f"There is a tag `{tag}` already, at `{there[:7]}` and not at `{commit[:7]}`. "
                    "Delete it, then ask again."
                )
        return self._repository.create_git_release(
            tag, title, notes, draft=True, target_commitish=commit
        )


def _attach(
    release: "GitRelease", there: "GitReleaseAsset | None", name: str, content: bytes
) -> None:
    if there is not None:
        if there.state == "uploaded" and there.size == len(content):
            return
        there.delete_asset()  # an upload that was cut off
    release.upload_asset_from_memory(
        BytesIO(content), len(content), name, guess_type(name)[0] or ""
    )
