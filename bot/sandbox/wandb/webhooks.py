"""Posts what automations have made due, from a thread of its own."""

import json
import queue
import threading
from functools import partial
from typing import Any

from bot.sandbox.faults import Carry, carry_at_once
from bot.sandbox.post import TIMEOUT_SECONDS, NotDelivered, post
from bot.sandbox.wandb.state import Delivery, GenericWebhookIntegration
from bot.sandbox.wandb.store import Store

Due = tuple[GenericWebhookIntegration, dict[str, Any]]


class Webhooks:
    """The thread that delivers; a post that fails is noted, and not tried again.

    Attributes:
        carry: carries the posts to their addresses.
    """

    def __init__(self, store: Store) -> None:
        self.carry: Carry = carry_at_once
        self.deliveries: list[Delivery] = []
        self._store = store
        self._waiting: queue.Queue[Due | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def send(self, due: list[Due]) -> None:
        """Hand posts over; they go out in this order."""
        for one in due:
            self._waiting.put(one)

    def close(self) -> None:
        """Deliver what is still waiting, then end."""
        self._waiting.put(None)
        self._thread.join(TIMEOUT_SECONDS)

    def _deliver(self) -> None:
        while (due := self._waiting.get()) is not None:
            integration, _ = due
            self.carry(integration.name, partial(self._post_and_note, *due))

    def _post_and_note(
        self, integration: GenericWebhookIntegration, payload: dict[str, Any]
    ) -> None:
        status = self._post(integration, payload)
        at = self._store.now()
        self.deliveries.append(Delivery(integration.url_endpoint, status, at))

    def _post(self, integration: GenericWebhookIntegration, payload: dict[str, Any]) -> int | None:
        headers = {}
        if integration.access_token_ref is not None:
            token = self._store.secrets[integration.access_token_ref]
            headers["Authorization"] = f"Bearer {token}"
        try:
            return post(integration.url_endpoint, json.dumps(payload).encode(), headers)
        except NotDelivered:
            return None
