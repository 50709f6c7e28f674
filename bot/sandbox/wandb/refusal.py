"""How W&B says no."""

from collections.abc import Mapping


class Refusal(Exception):
    """W&B says no: the HTTP status that it answers with, its words, and further headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers
