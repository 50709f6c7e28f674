"""One loopback server: an ASGI application on a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


def reserve() -> tuple[socket.socket, str]:
    """Bind a free loopback port now, so that an application can know its own address.

    Returns:
        The bound socket, to be handed to `serve`, and the address, without a final slash.
    """
    # asyncio sends small answers at once only on a socket that says it is TCP (else 40 ms each).
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve `app` on a bound socket until the block ends.

    Raises:
        RuntimeError: the server did not come up within half a minute.
    """
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
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
