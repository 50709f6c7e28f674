"""`/experiment`: open an idea as an issue, and pick it."""

from bot.commands import Command
from bot.comments import plain, render
from bot.core import idea as ideas
from bot.core.desk import Errand
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.events import LABEL, CommentWritten
from bot.handlers.pick import check_settings, hand_over, pick
from bot.handlers.proposal import carry_out
from bot.handlers.recall import record
from bot.handlers.reconcile import reconcile
from bot.ports import World
from bot.replies import IdeaBody, Noted, Opened

MOST_TITLE = 80
"""Letters of an issue's title."""


def experiment(world: World, event: CommentWritten, command: Command) -> Opened | Noted | None:
    """Claim the errand in the lab book, then run it; a ring finishes what was cut off.

    Raises:
        UserError: there is no baseline yet, or a setting is none.
    """
    ledger = world.forge.read_ledger()
    desk, own = ledger.desk, world.environment.workflow_run
    if event.comment_id in desk.answered:
        return None
    errand = Errand(
        person=event.author,
        comment_id=event.comment_id,
        change=command.words[0],
        settings=dict(command.overrides),
        workflow_run=own,
    )
    _check(world, ledger, errand)
    if command.dry_run:
        return Noted(f"Dry run: nothing was done. It would open the issue “{_title(errand)}”.")
    held = next((e for e in desk.errands if e.comment_id == event.comment_id), None)
    if held and held.workflow_run != own and not world.forge.ended(held.workflow_run):
        return None
    message = f"#{event.place}: {event.author} has an idea"
    record(world, ledger, ledger.with_desk(desk.begun(errand)), message)
    return run(world, errand)


def finish(world: World, ledger: Ledger, *, has_writer: bool) -> None:
    """Run the errands that a job was cut off from, as far as the ledger tells of them.

    An idea may need a job with a model: if none follows this one, another workflow is rung.
    """
    left = [e for e in ledger.desk.errands if world.forge.ended(e.workflow_run)]
    if left and not has_writer and world.forge.ring():
        return
    for errand in left:
        run(world, errand)


def run(world: World, errand: Errand) -> Opened:
    """Open the issue once, pick it, and strike the errand out."""
    key = f"idea:{errand.comment_id}"
    place = world.forge.open_issue(key, _title(errand), _body(errand), (LABEL,))
    try:
        proposal = pick(world, place, errand.person)
    except UserError:
        _strike_out(world, errand)
        raise
    if proposal:
        carry_out(world, proposal, proposal.before.desk.finished(errand))
    else:
        _strike_out(world, errand)
    hand_over(world, place)
    reconcile(world, place)
    return Opened(place)


def _strike_out(world: World, errand: Errand) -> None:
    ledger = world.forge.read_ledger()
    after = ledger.with_desk(ledger.desk.finished(errand))
    world.forge.write_ledger(ledger, after, f"The errand of {errand.person} is over")


def _check(world: World, ledger: Ledger, errand: Errand) -> None:
    if ledger.baseline is None:
        raise UserError(
            "There is no baseline to measure against yet. Write `/baseline` in an issue first."
        )
    if ideas.parse(_body(errand)).overrides != errand.settings:
        raise UserError(
            "The value of an idea's setting may hold no spaces, and nothing that looks like a "
            "secret."
        )
    if errand.settings:
        check_settings(world, ledger.baseline.commit, errand.settings)


def _body(errand: Errand) -> str:
    return render(IdeaBody(errand.change, errand.settings, errand.person))


def _title(errand: Errand) -> str:
    return plain(errand.change, MOST_TITLE)
