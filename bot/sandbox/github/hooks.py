"""Webhooks and repository_dispatch: events out, events in."""

import hashlib
import hmac
import json
import queue
import threading
import uuid
from contextlib import suppress
from typing import Any

from bot.sandbox.github.automation import Hook
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, invalid, not_found
from bot.sandbox.github.events import Delivery
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Repository, Role
from bot.sandbox.post import NotDelivered, post

routes = Routes()
HOOKS = "/repos/{owner}/{repo}/hooks"
TYPE_LIMIT = 100  # characters of an event_type
KEY_LIMIT = 10  # keys of a client_payload
PAYLOAD_LIMIT = 65_536  # bytes of a client_payload


class Courier:
    """Posts deliveries to whoever registered a webhook, from a thread of its own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._due: queue.SimpleQueue[tuple[Hook, Delivery]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def take(self, delivery: Delivery) -> None:
        """Queue a delivery for the hooks that listen to its event."""
        repository = self._site.repository(delivery.repository)
        for hook in list(repository.hooks.values()) if repository else []:
            listens = {"*", delivery.event} & set(hook.events) or delivery.event == "ping"
            if hook.active and listens:
                self._due.put((hook, delivery))
                self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            hook, delivery = self._due.get()
            with suppress(NotDelivered):
                _post(hook, delivery)


def _post(hook: Hook, delivery: Delivery) -> None:
    body = json.dumps(delivery.payload).encode()
    headers = {
        "User-Agent": "GitHub-Hookshot/sandbox",
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-GitHub-Hook-ID": str(hook.id),
    }
    if secret := hook.config.get("secret"):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={digest}"
    post(hook.config["url"], body, headers)


def _shape(repository: Repository, record: Hook) -> Json:
    url = f"{repository.api_url}/hooks/{record.id}"
    secret = {"secret": "********"} if record.config.get("secret") else {}
    return {
        "type": "Repository",
        "id": record.id,
        "name": "web",
        "active": record.active,
        "events": record.events,
        "config": {**record.config, **secret},
        "updated_at": record.updated_at,
        "created_at": record.created_at,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


@routes("POST", HOOKS, 201)
def create(call: Call) -> Any:
    """Register a webhook, which is pinged at once."""
    call.need(Role.ADMIN)
    config = dict(call.fields.get("config") or {})
    if not str(config.get("url", "")).startswith("http://"):
        message = "url must start with http://: the sandbox speaks no TLS"
        raise invalid("Hook", "url", "custom", message)
    config = {"content_type": "json", "insecure_ssl": "0", **config}
    events = list(call.fields.get("events") or ["push"])
    active = bool(call.fields.get("active", True))
    hook = Hook(id=call.site.next_id(), events=events, config=config, active=active)
    call.repository.hooks[hook.id] = call.site.keep(hook)
    shown = _shape(call.repository, hook)
    zen = "Keep it logically awesome."
    emit(call.site, call.repository, call.actor, "ping", zen=zen, hook_id=hook.id, hook=shown)
    return shown


@routes("GET", HOOKS)
def list_all(call: Call) -> Answer:
    """The webhooks of the repository."""
    call.need(Role.ADMIN)
    return call.page(call.repository.hooks.values(), lambda item: _shape(call.repository, item))


@routes("DELETE", HOOKS + "/{hook}", 204)
def delete(call: Call) -> None:
    """Remove a webhook."""
    call.need(Role.ADMIN)
    if call.repository.hooks.pop(call.number("hook"), None) is None:
        raise not_found()


@routes("POST", "/repos/{owner}/{repo}/dispatches", 204)
def dispatch(call: Call) -> None:
    """Let something outside start workflows, with a payload of its own."""
    call.need(Role.WRITE, "contents")
    event_type, payload = call.text("event_type"), call.fields.get("client_payload") or {}
    if not 0 < len(event_type) <= TYPE_LIMIT:
        raise Refused(
            422, f"Invalid request.\n\nevent_type is longer than {TYPE_LIMIT} characters or empty."
        )
    if not isinstance(payload, dict) or len(payload) > KEY_LIMIT:
        raise Refused(
            422,
            f"Invalid request.\n\nNo more than {KEY_LIMIT} properties are allowed; "
            f"{len(payload)} were supplied.",
        )
    if len(json.dumps(payload)) > PAYLOAD_LIMIT:
        raise Refused(422, "client_payload is too large.")
    repository = call.repository
    emit(
        call.site,
        repository,
        call.actor,
        "repository_dispatch",
        action=event_type,
        branch=repository.default_branch,
        client_payload=payload,
        installation={"id": repository.id, "node_id": repository.node_id},
    )
