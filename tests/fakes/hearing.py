"""What people said to a GitHub in memory, whether or not a job came of it."""

from bot.events import CommentWritten, IdeaLabelled

RESULTS = ("rocket", "confused")


class Hearing:
    """Comments and labels, and which of them bear a sign of an answer."""

    def __init__(self) -> None:
        self.heard: dict[int, CommentWritten] = {}
        """Comments of people, by id."""
        self.edited: set[int] = set()
        self.labellings: dict[int, IdeaLabelled] = {}
        """Issue to who put the label on it last; it is still there."""
        self.reactions: list[tuple[int, str]] = []
        self.keys: list[tuple[int, str]] = []
        """Place and key of every comment of the bot's."""
        self.closed: set[int] = set()
        self.rings = 0
        self.can_ring = True

    def unanswered(self, since: float) -> tuple[CommentWritten, ...]:
        signed = {number for number, content in self.reactions if content in RESULTS}
        signed |= {
            number for number in self.heard for _, key in self.keys if key == f"reply:{number}"
        }
        return tuple(
            written
            for number, written in self.heard.items()
            if number not in signed | self.edited and (written.written_at or 0) >= since
        )

    def labelled(self, since: float) -> tuple[int, ...]:
        return tuple(
            place
            for place, given in self.labellings.items()
            if place not in self.closed and (given.labelled_at or 0) >= since
        )

    def labelling(self, place: int) -> IdeaLabelled | None:
        said = [key for where, key in self.keys if where == place]
        if any(not key.startswith("trouble:") for key in said):
            return None
        return self.labellings.get(place)

    def ring(self) -> bool:
        self.rings += self.can_ring
        return self.can_ring
