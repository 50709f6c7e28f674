"""What was said over the wire, written down as JSON lines for whoever wants to judge it."""

import itertools
import json
import os
import threading
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

VARIABLE = "SANDBOX_RECORD"
SECRET = {"authorization", "cookie"}

_numbers = itertools.count(1)


def start() -> "Recorder | None":
    """The recorder of one server, if `SANDBOX_RECORD` names the folder where records go."""
    folder = os.environ.get(VARIABLE)
    return Recorder(Path(folder)) if folder else None


class Recorder:
    """One file of JSON lines: exchanges and events, in the order in which they ended.

    An exchange has method, path, query, headers (without the secret ones), body, status,
    answer_headers and answer; a body that is no JSON is null. An event has event and payload.
    """

    def __init__(self, folder: Path) -> None:
        """Write into a folder, which is made if need be; every recorder has its own file."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{os.getpid()}-{next(_numbers)}.jsonl"
        self._lock = threading.Lock()

    def write(self, line: dict[str, Any]) -> None:
        """Add a line, from whatever thread."""
        text = json.dumps(line)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def wrap(self, app: ASGIApp, below: str) -> ASGIApp:
        """The same application, with everything recorded that is asked below a path."""

        async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(below):
                await app(scope, receive, send)
                return
            asked, answered, start = bytearray(), bytearray(), dict[str, Any]()

            async def hear() -> Message:
                message = await receive()
                asked.extend(message.get("body", b""))
                return message

            async def say(message: Message) -> None:
                start.update(message if message["type"] == "http.response.start" else {})
                answered.extend(message.get("body", b""))
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    self.write(_exchange(scope, bytes(asked), start, bytes(answered)))
                await send(message)

            await app(scope, hear, say)

        return recorded


def _exchange(scope: Scope, asked: bytes, start: Message, answered: bytes) -> dict[str, Any]:
    return {
        "method": scope["method"],
        "path": scope["raw_path"].decode("ascii"),  # still quoted: `%2F` is no slash
        "query": scope["query_string"].decode("ascii"),
        "headers": _headers(scope["headers"]),
        "body": _json(asked),
        "status": start["status"],
        "answer_headers": _headers(start["headers"]),
        "answer": _json(answered),
    }


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    return {name: value for name, value in named.items() if name not in SECRET}


def _json(body: bytes) -> Any:
    """The JSON of a body, whatever its type says: curl calls JSON a form."""
    try:
        return json.loads(body)
    except ValueError:
        return None
