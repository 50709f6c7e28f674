"""What every piece of the bot's memory is: immutable, and strict about what it does not know."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A value that is written down as JSON and read back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def but(self, **changes: object) -> Self:
        """Return a copy with some fields changed."""
        return self.model_copy(update=changes)
