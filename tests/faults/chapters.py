"""What people do and agents train, beat by beat: a new command adds a beat and a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.sandbox.github import Delivery
from tests.faults.stage import NAME, RING, Stage

Beat = Callable[[Stage], list[Delivery]]
"""Something happens; returns the events that the bot is to hear of, oldest first."""


@dataclass(frozen=True)
class Chapter:
    """A part of the story.

    Attributes:
        before: what has happened already, with nothing going wrong.
        beats: what things go wrong in.
        writes: no fewer than the one beat's; behind each of them the process is killed, and before
            the first ones with what is left over. 0 where other chapters have the same.
    """

    before: tuple[Beat, ...]
    beats: tuple[Beat, ...]
    writes: int = 0


def play(at: Stage, beats: Sequence[Beat]) -> None:
    """Let things happen, with nothing going wrong."""
    for beat in beats:
        at.answer_in_turn(beat(at))


def first_baseline(at: Stage) -> list[Delivery]:
    """A baseline is to be measured."""
    at.ada.writes(at.ada.opens_issue("Measure the baseline", "The first one."), "/baseline seeds=5")
    return [at.last("issue_comment")]


def idea(at: Stage) -> list[Delivery]:
    """Somebody fills the form in."""
    at.ada.fills_form("Learn faster", {"what": "A larger rate.", "overrides": "lr=0.03"})
    return [at.last("issues")]


def bad_idea(at: Stage) -> list[Delivery]:
    """It will fail in training."""
    at.ada.fills_form("Learn too fast", {"what": "A huge rate.", "overrides": "lr=9.0"})
    return [at.last("issues")]


def by_hand(at: Stage) -> list[Delivery]:
    """Somebody opens a PR without an issue."""
    folder = at.root / f"clone-{len(list(at.root.iterdir()))}"
    edit = ("conf.yaml", "lr: 0.01", "lr: 0.02")
    at.ada.opens_pull(folder, "slower", "A little faster", "By hand.", edit)
    return []


def says(text: str, *, first: bool = False) -> Beat:
    """Ada writes on the newest PR, or on the first one."""

    def beat(at: Stage) -> list[Delivery]:
        pulls = at.github.repository(NAME).pulls
        at.ada.writes(min(pulls) if first else max(pulls), text)
        return [at.last("issue_comment")]

    return beat


def both_launch(at: Stage) -> list[Delivery]:
    """Two people ask at once."""
    return [*says("/launch", first=True)(at), *says("/launch")(at)]


def trained(at: Stage) -> list[Delivery]:
    """Everything that waits has been trained, and W&B rings."""
    at.agent.finish()
    return [RING]


MEASURED = (first_baseline, trained, trained)
LAUNCHED = (*MEASURED, idea, says("/launch"))
TWO_REPORTS = (*MEASURED, idea, by_hand, both_launch, trained, trained)
CHAPTERS = {
    "measure a baseline": Chapter((), (first_baseline,), 50),
    "release a baseline": Chapter((first_baseline, trained), (trained,), 16),
    "an idea": Chapter(MEASURED, (idea,), 12),
    "launch": Chapter((*MEASURED, idea), (says("/launch"),), 48),
    "launch two": Chapter((*MEASURED, idea, by_hand), (both_launch,)),
    "behind the canary": Chapter(LAUNCHED, (trained,), 48),
    "report": Chapter((*LAUNCHED, trained), (trained,), 12),
    "failure": Chapter((*MEASURED, bad_idea, says("/launch")), (trained,), 14),
    "confirm": Chapter(TWO_REPORTS, (says("/merge", first=True),), 50),
    "merge and release": Chapter((*TWO_REPORTS, says("/merge", first=True)), (trained,), 28),
    "the whole loop": Chapter((), (first_baseline, idea, says("/launch"), says("/merge"))),
}
"""The canary trains alone: it takes agents two turns to train an attempt."""
