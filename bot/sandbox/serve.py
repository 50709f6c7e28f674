"""One loopback server: an ASGI application on a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HANG_UP: Final = "sandbox.hang_up"
"""The extension by which an application closes the connection that a request came on."""

KEEP_ALIVE_SECONDS = 60


class Connection(H11Protocol):
    """A connection that an application may close before it has answered."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        app = self.app

        async def closable(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {HANG_UP: self.transport.close}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = closable


def reserve(port: int = 0) -> tuple[socket.socket, str]:
    """Bind a loopback port now, so that an application can know its own address.

    Args:
        port: Which; 0 takes a free one.

    Returns:
        The bound socket, to be handed to `serve`, and the address, without a final slash.

    Raises:
        OSError: somebody else has the port.
    """
    # asyncio sends small answers at once only on a socket that says it is TCP (else 40 ms each).
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve `app` on a bound socket until the block ends.

    Raises:
        RuntimeError: the server did not come up within half a minute.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    for _ in range(3000):
        if server.started:
            break
        thread.join(0.01)
    else:
        raise RuntimeError("the sandbox's server did not start within half a minute")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(5)
