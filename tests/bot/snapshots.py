"""Compare text with a file that a person has read; REWRITE_SNAPSHOTS=1 writes the files anew."""

import os
from pathlib import Path

FOLDER = Path(__file__).with_suffix("")


def approved(name: str, text: str) -> str:
    """The text that stands in the file, or what should be there in words."""
    path = FOLDER / f"{name}.md"
    if os.environ.get("REWRITE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.is_file() else f"no file {path.name} yet"
