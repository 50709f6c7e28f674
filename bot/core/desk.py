"""What lies on the desk between two commands: locks, questions that wait for a `/yes`, errands."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field

from bot.core.price import Price
from bot.core.record import Record

What = Literal["pr", "baseline", "queue"]
MOST_ANSWERED = 200
"""Comments that are remembered as answered; a delivery comes again within minutes, not weeks."""
KEPT_SECONDS = 86_400
"""How long a question is kept once its time is over, so that a late `/yes` is told so."""


class Lock(Record):
    """Something that nobody but its owner may act on for a while."""

    what: What
    place: int
    """The PR that is locked; for the baseline and the queue, where the lock was asked for."""
    owner: str
    reason: str
    comment_id: int
    until: float
    """Seconds since the epoch."""


class Question(Record):
    """A dear command that waits for the `/yes` of whoever wrote it, and what it was asked about."""

    place: int
    person: str
    comment_id: int
    text: str
    """The command as it is written."""
    until: float
    """Seconds since the epoch."""
    commit: str | None
    """The commit that would be trained."""
    baseline: str | None
    """The baseline that it would be measured against."""
    seeds: tuple[int, ...]
    queue: str | None = None
    price: Price | None = None


class Errand(Record):
    """An issue that is to be opened and picked, in the hands of one workflow run."""

    person: str
    comment_id: int
    change: str
    settings: dict[str, str] = Field(default_factory=dict)
    workflow_run: int


class Desk(Record):
    """Everything that waits between two commands."""

    locks: tuple[Lock, ...] = ()
    questions: tuple[Question, ...] = ()
    errands: tuple[Errand, ...] = ()
    answered: tuple[int, ...] = ()
    """Comments that took effect here, the latest last."""
    heard: tuple[int, ...] = ()
    """What a ring took up and left no sign on: comments, and ideas as negative numbers."""

    def lock(self, what: What, place: int, now: float) -> Lock | None:
        """The lock that holds a PR, the baseline or the queue now."""
        found = (k for k in self.locks if _same(k, what, place) and k.until > now)
        return next(found, None)

    def locked(self, lock: Lock) -> Self:
        """Return a copy with this lock in place of any on the same thing."""
        others = tuple(k for k in self.locks if not _same(k, lock.what, lock.place))
        return self.but(locks=(*others, lock)).knows(lock.comment_id)

    def unlocked(self, lock: Lock, comment_id: int) -> Self:
        """Return a copy without this lock."""
        return self.but(locks=tuple(k for k in self.locks if k != lock)).knows(comment_id)

    def question(self, place: int) -> tuple[Question, ...]:
        """The questions that were asked there, the latest first."""
        return tuple(q for q in reversed(self.questions) if q.place == place)

    def asked(self, question: Question, now: float) -> Self:
        """Return a copy with this question in place of an older one to the same person there."""
        kept = tuple(
            q
            for q in self.questions
            if (q.place, q.person) != (question.place, question.person)
            and q.until + KEPT_SECONDS > now
        )
        return self.but(questions=(*kept, question))

    def confirmed(self, question: Question, comment_id: int) -> Self:
        """Return a copy in which the question is answered by this `/yes`."""
        left = tuple(q for q in self.questions if q != question)
        return self.but(questions=left).knows(question.comment_id, comment_id)

    def knows(self, *comment_ids: int) -> Self:
        """Return a copy in which these comments have taken effect."""
        return self.but(answered=(*self.answered, *comment_ids)[-MOST_ANSWERED:])

    def begun(self, errand: Errand) -> Self:
        """Return a copy in which this errand is in its workflow run's hands."""
        others = (e for e in self.errands if e.comment_id != errand.comment_id)
        return self.but(errands=(*others, errand))

    def finished(self, errand: Errand) -> Self:
        """Return a copy in which this errand is done."""
        left = tuple(e for e in self.errands if e.comment_id != errand.comment_id)
        return self.but(errands=left).knows(errand.comment_id)


def blocking(desk: Desk, whats: Iterable[What], place: int, person: str, now: float) -> Lock | None:
    """The first lock of somebody else on what a command would change."""
    held = (desk.lock(what, place, now) for what in whats)
    return next((lock for lock in held if lock and lock.owner != person), None)


def _same(lock: Lock, what: What, place: int) -> bool:
    return lock.what == what and (what != "pr" or lock.place == place)
