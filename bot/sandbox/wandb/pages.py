"""GraphQL connections: a list, cut into pages with cursors."""

from collections.abc import Sequence
from typing import Any


def page(
    things: Sequence[Any], first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    """One page of `things` after the cursor `after`; a cursor is the index that follows."""
    start = int(after) if after else 0
    end = len(things) if first is None else min(start + first, len(things))
    return {
        "totalCount": len(things),
        "edges": [
            {"node": thing, "cursor": str(index)}
            for index, thing in enumerate(things[start:end], start + 1)
        ],
        "pageInfo": {"hasNextPage": end < len(things), "endCursor": str(end)},
    }
