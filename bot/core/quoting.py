"""Somebody's words in a sentence of ours: on one line, without secrets, as inline code."""

import re
import unicodedata

from bot.core.secrets import redact

BREAK = "\u200b"
"""Zero-width space: invisible, and ends whatever GitHub would have recognised."""
ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")


def code(value: str, limit: int = 120) -> str:
    """Untrusted text as inline code that it cannot end; nothing becomes the word "none"."""
    if not (line := one_line(value, limit)):
        return "none"
    longest = max(map(len, re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def one_line(value: str, limit: int) -> str:
    """Text on one line of at most so many characters, without secrets and what is unseen."""
    line = " ".join(redact(clean(value)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clean(line: str) -> str:
    """Take out what a terminal or a browser would obey, and what hides or turns around text."""
    line = ESCAPE_SEQUENCE.sub("", line)
    kinds = ((char, unicodedata.category(char)) for char in line)
    seen = "".join(
        (" " if kind == "Cc" else char) for char, kind in kinds if kind not in ("Cf", "Co", "Cs")
    )
    return seen.replace("<!--", f"<{BREAK}!--")


def logged(text: str) -> str:
    """Text for a job's log, in which Actions finds no command of whoever is quoted there.

    Its runner obeys `::name::` at the beginning of a line and `##[name]` anywhere:
    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs. A letter without
    a width would not do: .NET compares without them.
    """
    return re.sub(r"(?<=:)(?=:)|(?<=##)(?=\[)", " ", text)
