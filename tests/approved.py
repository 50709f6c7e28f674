"""Text that a person has approved stands in files; REWRITE_SNAPSHOTS=1 writes them anew."""

import os
import re
from pathlib import Path


def approved(path: Path, text: str) -> str:
    """The text that stands in the file, or what should be there in words."""
    if os.environ.get("REWRITE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.is_file() else f"no file {path.name} yet"


def check_part(page: Path, part: re.Pattern[str], text: str) -> None:
    """Check that a part of a page, between the pattern's two groups, is what the program says."""
    made, found = part.subn(lambda block: f"{block[1]}{text}{block[2]}", page.read_text("utf-8"))
    assert found == 1
    assert approved(page, made) == made
