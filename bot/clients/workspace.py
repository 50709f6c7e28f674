"""A folder as a model may see it: no way out, no `.git`, no links, and some files closed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from bot.core.patch import matches
from bot.errors import UserError

MOST_BYTES = 200_000


class FolderWorkspace:
    """A Workspace over a folder on this machine, with errors that a model can act upon.

    Args:
        root: the folder.
        closed: patterns of paths that may be read and not written, such as `src/data/**`.
    """

    def __init__(self, root: Path, closed: Sequence[str]) -> None:
        self._root = root.resolve()
        self._closed = tuple(closed)
        self._found: dict[str, str | None] = {}
        """Every file that was written, as it was before; None if it was not there."""

    def files(self) -> tuple[str, ...]:
        """The paths of all files in order; links and `.git` are left out."""
        found = []
        for folder, folders, names in os.walk(self._root):
            folders[:] = [name for name in folders if not _is_git(name)]
            places = (Path(folder, name) for name in names if not _is_git(name))
            found += [p.relative_to(self._root).as_posix() for p in places if not p.is_symlink()]
        return tuple(sorted(found))

    def read(self, path: str) -> str:
        """A file's text.

        Raises:
            UserError: there is no such file, it is no text, or it is not for the model.
        """
        place = self._place(path)
        if place.is_dir():
            raise UserError(f"`{path}` is a folder. Name one of its files.")
        if not place.is_file():
            raise UserError(f"There is no file `{path}`. View `.` to see which there are.")
        if place.stat().st_size > MOST_BYTES:
            raise UserError(f"`{path}` has more than {MOST_BYTES} bytes. Leave it as it is.")
        content = place.read_bytes()
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise UserError(f"`{path}` is no text. Leave it as it is.")
        return text

    def write(self, path: str, text: str) -> None:
        """Give a file this text, with the folders that it needs.

        Raises:
            UserError: the path is closed or leads elsewhere, or the text is too long or binary.
        """
        place = self._place(path)
        name = place.relative_to(self._root).as_posix()
        if matches(name, self._closed):
            raise UserError(f"`{path}` is closed: it may be read, not changed. Do without.")
        if len(text.encode()) > MOST_BYTES or "\0" in text:
            raise UserError(f"`{path}` would be no text of at most {MOST_BYTES} bytes.")
        before = self.read(path) if place.exists() else None
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UserError(f"A folder in `{path}` is a file. Choose another path.") from error
        place.write_bytes(text.encode())
        self._found.setdefault(name, before)

    def changes(self) -> Mapping[str, str | None]:
        """Files that differ from how they were found: path to text, None if deleted."""
        now = {
            path: self.read(path) if (self._root / path).exists() else None for path in self._found
        }
        return {path: text for path, text in now.items() if text != self._found[path]}

    def _place(self, path: str) -> Path:
        """Where a path leads, if it leads to something within the folder."""
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\0" in path or "\\" in path:
            raise UserError(
                f"`{path}` is no path within the repository. Write it from the repository's root, "
                "such as `trainer/model.py`."
            )
        if any(_is_git(part) for part in parts):
            raise UserError(f"`{path}` belongs to git. It can neither be read nor changed.")
        place = self._root
        for part in parts:
            place /= part
            if place.is_symlink():
                raise UserError(f"`{path}` leads through a link. Use the path of the file itself.")
        return place


def _is_git(name: str) -> bool:
    return name.lower() == ".git"
