"""What a failed run left behind in W&B, read with distrust: code that trains wrote all of it."""

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.ports import Failure

RECORD = "failure.json"
LOG = "output.log"
KINDS = ("config", "data", "nan", "oom", "hang", "crash", "preempted", "dist")
MOST_LINES = 20
MOST_CHARACTERS = 3_000
MOST_MESSAGE = 2_000


def of(run: Any) -> Failure:
    """Read a run's failure record and the end of its log; what it does not say is empty.

    Args:
        run: a run of W&B's public interface.
    """
    files = _files(run)
    record = _record(files.get(RECORD, ""))
    summary = dict(run.summary)
    kind = record.get("kind", summary.get("failure/kind"))
    message = record.get("message", summary.get("failure/message"))
    suggestion, why = _suggestion(record.get("suggest"))
    inferred = "killed" if run.state == "killed" else "crash"
    return Failure(
        kind=kind if kind in KINDS else inferred,
        message=str(message)[:MOST_MESSAGE] if message else "",
        step=_step(record.get("step", summary.get("failure/step", summary.get("_step")))),
        suggestion=suggestion,
        why=why,
        last_lines="\n".join(files.get(LOG, "").splitlines()[-MOST_LINES:])[-MOST_CHARACTERS:],
    )


def _files(run: Any) -> dict[str, str]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for file in run.files(names=[RECORD, LOG]):
            if file.size:  # W&B lists a file that was announced and never uploaded with size 0
                file.download(root=folder, replace=True).close()
                found[file.name] = Path(folder, file.name).read_text(errors="replace")
    return found


def _record(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):  # the latter for brackets without end
        return {}
    return record if isinstance(record, dict) else {}


def _suggestion(suggest: object) -> tuple[dict[str, str], str]:
    """The first suggestion as settings and reason; empty unless all of it makes sense."""
    match suggest:
        case [{"set": dict(settings), **rest}, *_]:
            texts = {name: _text(value) for name, value in settings.items()}
            if all(text is not None for text in texts.values()):
                clean = {str(name): text for name, text in texts.items() if text is not None}
                why = rest.get("why")
                return clean, why[:MOST_MESSAGE] if isinstance(why, str) else ""
    return {}, ""


def _text(value: object) -> str | None:
    """A setting as YAML reads it; None for what is no single value."""
    match value:
        case bool():
            return str(value).lower()
        case int() | str():
            return str(value)
        case float() if math.isfinite(value):
            text = repr(value)
            # YAML 1.1 takes 1e-05 for a word: a float has a point.
            return text if "." in text else text.replace("e", ".0e")
    return None


def _step(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
