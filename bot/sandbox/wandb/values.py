"""JSON as W&B keeps it: `NaN` and `Infinity`, which JSON does not know, become strings."""

import json
from typing import Any


def parse(text: str) -> Any:
    """The value; the SDK sends `NaN` bare, and W&B gives it back as `"NaN"`."""
    return json.loads(text, parse_constant=str)
