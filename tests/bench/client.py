"""A client that costs little: one kept connection, no parsing that nobody asked for."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class Client:
    """Asks one server, over one connection, one request after the other."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        }

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """One request; the answer's body.

        Raises:
            AssertionError: it was refused.
        """
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 400, f"{method} {path}: {answer.status} {content[:500]!r}"
        return content

    def graphql(self, query: str, **variables: Any) -> Any:
        """One query or mutation; its data.

        Raises:
            AssertionError: it was refused.
        """
        body = {"query": query, "variables": variables}
        answered = json.loads(self.ask("POST", "/api/graphql", body))
        assert "errors" not in answered, answered["errors"]
        return answered["data"]

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        self._connection.close()
