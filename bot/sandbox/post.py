"""One webhook post, as GitHub and W&B send it, to an address on this machine."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0  # as GitHub waits for a receiver


class NotDelivered(Exception):
    """Nobody answered; neither service tries again."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post JSON over plain HTTP, past any proxy.

    Returns:
        The status of the answer.

    Raises:
        NotDelivered: there was no answer.
    """
    target = urlsplit(url)
    path = target._replace(scheme="", netloc="").geturl() or "/"
    connection = http.client.HTTPConnection(target.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered from error
    finally:
        connection.close()
    return answer.status
