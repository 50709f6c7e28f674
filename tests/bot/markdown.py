"""What holds of all Markdown that the bot writes."""

import re


def check_tables(body: str) -> None:
    """Every table is whole, and at most four columns wide outside of a fold."""
    folds = 0
    width = 0
    for line in without_fences(body).split("\n"):
        folds += line.count("<details>") - line.count("</details>")
        columns = len(re.findall(r"(?<!\\)\|", line)) - 1 if line.startswith("|") else 0
        assert columns == width or not (columns and width), line
        assert folds or columns <= 4, line
        width = columns
    assert folds == 0


def without_fences(body: str) -> str:
    """Without what stands there as it is."""
    return re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", body, flags=re.DOTALL | re.MULTILINE)
