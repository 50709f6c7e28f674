"""A folder workspace: what a model may see and change of a folder, and what it may not."""

from pathlib import Path

import pytest

from bot.clients.workspace import MOST_BYTES, FolderWorkspace
from bot.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for path, content in {
        "train.py": b"lr = 0.1\r\nprint(lr)\n",
        "src/metrics/dice.py": b"def dice(): ...\n",
        "src/model.py": b"depth = 3\n",
        "logo.png": b"\x89PNG\x00\xff",
        "large.txt": b"x" * (MOST_BYTES + 1),
        ".git/config": b"[core]\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "linked").symlink_to(tmp_path)
    return root


@pytest.fixture
def workspace(root: Path) -> FolderWorkspace:
    return FolderWorkspace(root, ["src/metrics/**", ".github/", "**/*.lock"])


def test_lists_files_without_links_and_git(workspace: FolderWorkspace) -> None:
    assert workspace.files() == (
        "large.txt",
        "logo.png",
        "src/metrics/dice.py",
        "src/model.py",
        "train.py",
    )


def test_changes_are_what_differs_in_the_end(workspace: FolderWorkspace, root: Path) -> None:
    workspace.write("train.py", "lr = 0.2\r\nprint(lr)\n")
    workspace.write("new/deep/file.py", "x = 1\n")
    workspace.write("src/model.py", "depth = 4\n")
    workspace.write("src/model.py", "depth = 3\n")
    assert workspace.changes() == {
        "train.py": "lr = 0.2\r\nprint(lr)\n",
        "new/deep/file.py": "x = 1\n",
    }
    assert (root / "train.py").read_bytes() == b"lr = 0.2\r\nprint(lr)\n"
    (root / "train.py").unlink()
    assert workspace.changes()["train.py"] is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../secret.txt",
        "src/../../secret.txt",
        "link.txt",
        "linked/secret.txt",
        ".git/config",
        ".GIT/config",
        "src/.git/config",
        "a\0b",
        "src\\model.py",
    ],
)
def test_nothing_leads_out(workspace: FolderWorkspace, root: Path, path: str) -> None:
    with pytest.raises(UserError):
        workspace.read(path)
    with pytest.raises(UserError):
        workspace.write(path, "mine")
    assert (root.parent / "secret.txt").read_text() == "secret"
    assert (root / ".git/config").read_bytes() == b"[core]\n"
    assert workspace.changes() == {}


@pytest.mark.parametrize(
    "path", ["src/metrics/dice.py", "src/metrics/a/b.py", ".github/x.yml", "uv.lock", "a/uv.lock"]
)
def test_closed_files_may_not_be_written(workspace: FolderWorkspace, path: str) -> None:
    with pytest.raises(UserError, match="closed"):
        workspace.write(path, "mine")
    assert workspace.changes() == {}


def test_closed_files_may_be_read(workspace: FolderWorkspace) -> None:
    assert workspace.read("src/metrics/dice.py") == "def dice(): ...\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [("logo.png", "no text"), ("large.txt", "bytes"), ("src", "folder"), ("no.py", "no file")],
)
def test_says_why_it_does_not_read(workspace: FolderWorkspace, path: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        workspace.read(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("train.py", "x" * (MOST_BYTES + 1)),
        ("train.py", "a\0b"),
        ("train.py/inside.py", "x"),
        ("logo.png", "x"),
        ("src", "x"),
    ],
)
def test_refuses_what_is_no_text_file(workspace: FolderWorkspace, path: str, text: str) -> None:
    with pytest.raises(UserError):
        workspace.write(path, text)
    assert workspace.changes() == {}
