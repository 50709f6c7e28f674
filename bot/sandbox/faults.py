"""Faults that can be put around the sandbox's applications: a writer that is cut off."""

import json
import re
import threading
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MUTATION = re.compile(r"\s*mutation\b[^{]*\{\s*(\w+)")
FETCHES = "/git-upload-pack"


class Scissors:
    """Counts the writes that reach the applications it is put around, and cuts behind one of them.

    A write is a POST, PATCH, PUT or DELETE that is not refused; GraphQL's queries and git's fetches
    are none, whatever their method.

    Attributes:
        writes: what was written since `set`, in the order in which it took effect.
    """

    def __init__(self) -> None:
        self.writes: list[str] = []
        self._after: int | None = None
        self._cut: Callable[[], object] = list
        self._lock = threading.Lock()

    def set(self, after: int | None, cut: Callable[[], object]) -> None:
        """Begin to count anew.

        Args:
            after: The number of the write, from 1, behind which to cut; None never cuts.
            cut: Ends whoever writes; it is called once that write has taken effect, and the
                write is never answered.
        """
        with self._lock:
            self.writes, self._after, self._cut = [], after, cut

    def around(self, app: ASGIApp) -> ASGIApp:
        """The same application, counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            body = await _body(receive)
            answer: list[Message] = []

            async def again() -> Message:
                return body

            async def hold(message: Message) -> None:
                answer.append(message)

            await app(scope, again, hold)
            write = _write(scope, body["body"])
            if write and answer[0]["status"] < 400 and self._is_due(write):
                self._cut()
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
            for message in answer:
                await send(message)

        return counted

    def _is_due(self, write: str) -> bool:
        with self._lock:
            self.writes.append(write)
            return len(self.writes) == self._after


async def _body(receive: Receive) -> Message:
    """The whole of a request's body, as one message."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return {"type": "http.request", "body": body, "more_body": False}


def _write(scope: Scope, body: bytes) -> str | None:
    """What a request writes, in words; None for one that reads."""
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD") or path.endswith(FETCHES):
        return None
    if path.endswith("/graphql"):
        mutation = MUTATION.match(json.loads(body)["query"])
        return mutation[1] if mutation else None
    return f"{method} {path}"
