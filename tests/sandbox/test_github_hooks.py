"""Webhooks that somebody registered, and listeners in the same program."""

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)
SECRET = "s3cret"


@dataclass
class Receiver:
    """What a webhook's receiver was sent: (headers, body)."""

    url: str
    calls: "queue.Queue[tuple[dict[str, str], bytes]]" = field(default_factory=queue.Queue)

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.calls.get(timeout=60)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.calls.put((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/ring?x=1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def test_a_registered_hook_is_pinged_and_told(home: Home, receiver: Receiver) -> None:
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    repo = home.seen_by("boss")
    hook = repo.create_hook("web", config, events=["issues"])
    assert [(item.id, item.config["secret"]) for item in repo.get_hooks()] == [
        (hook.id, "********")
    ]
    headers, _ = receiver.next()
    assert headers["X-GitHub-Event"] == "ping"
    issue = repo.create_issue("Idea")
    issue.create_comment("not for this hook")
    issue.edit(state="closed")
    for action in ("opened", "closed"):
        headers, body = receiver.next()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
        assert headers["X-GitHub-Event"] == "issues"
        assert json.loads(body)["action"] == action
    hook.delete()
    assert list(repo.get_hooks()) == []


def test_hooks_are_for_admins(home: Home) -> None:
    body = {"config": {"url": "http://127.0.0.1:9/"}}
    for who in ("mona", "ada", "stranger"):
        assert home.ask("POST", "/hooks", who, body).status == 404
    assert home.ask("POST", "/hooks", "boss", {"config": {}}).status == 422


def test_a_dead_receiver_hurts_nobody(home: Home, receiver: Receiver) -> None:
    repo = home.seen_by("boss")
    repo.create_hook("web", {"url": "http://127.0.0.1:9/"}, events=["issues"])
    repo.create_hook("web", {"url": receiver.url}, events=["issues"])
    repo.create_issue("Idea")
    events = [receiver.next()[0]["X-GitHub-Event"] for _ in range(2)]
    assert events == ["ping", "issues"]


def test_a_listener_may_ask_the_server_from_another_thread(home: Home) -> None:
    """The lock is open again when listeners are called, or this would never end."""
    seen: list[int] = []

    def look(_: object) -> None:
        worker = threading.Thread(target=lambda: seen.append(home.ask("GET", "/issues/1").status))
        worker.start()
        worker.join(10)

    listeners = home.hub.github.listeners
    listeners.append(look)
    try:
        home.seen_by("ada").create_issue("Idea")
    finally:
        listeners.remove(look)
    assert seen == [200]
