"""What the action installs is what was tested."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(path: str) -> dict[str, set[str]]:
    """Package to its pinned versions: one, or one per Python version."""
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall((ROOT / path).read_text(encoding="utf-8")):
        found.setdefault(name.lower(), set()).add(version)
    return found


def test_action_installs_the_tested_versions_of_what_the_bot_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tested, locked = pins("requirements.txt"), pins("bot/requirements.txt")
    needed = [re.split(r"[>=]", line)[0].lower() for line in project["dependencies"]]
    assert {name: locked[name] for name in needed} == {name: tested[name] for name in needed}


def test_action_installs_no_torch_and_every_file_has_a_hash() -> None:
    text = (ROOT / "bot/requirements.txt").read_text(encoding="utf-8")
    assert "torch" not in pins("bot/requirements.txt")
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_no_registry_is_named() -> None:
    text = (ROOT / "bot/requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?://", text)
