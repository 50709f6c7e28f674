"""The leaderboard: one pinned issue, made by `bot setup` and kept up to date by every ring.

An issue that nobody asked for would surprise a team: so only setup, which a person starts and
which says what it made, opens it, and a ring that finds none opens none.
"""

from bot.comments import render
from bot.core.board import history, ranked
from bot.core.fingerprint import fingerprint
from bot.core.ledger import Board, Ledger
from bot.core.tries import confirmation, false_wins
from bot.ports import Stale, World
from bot.replies import Leaderboard

TITLE = "Leaderboard"
KEY = "leaderboard"


def create(world: World) -> int | None:
    """Open and pin the issue, if there was none yet; return its number if it was opened now."""
    ledger = world.forge.read_ledger()
    if not world.config.reports.leaderboard or ledger.board.issue is not None:
        return None
    body = _body(world, ledger)
    number = world.forge.open_issue(KEY, TITLE, body)
    world.forge.pin(number)
    _write(world, ledger, number, body)
    return number


def show(world: World, ledger: Ledger) -> None:
    """Write the issue anew if anything on it has changed; where nothing has, nobody is asked."""
    number = ledger.board.issue
    if number is None or not world.config.reports.leaderboard:
        return
    body = _body(world, ledger)
    if ledger.board.said != fingerprint(body):
        world.forge.write_issue(number, KEY, body)
        try:
            _write(world, ledger, number, body)
        except Stale:  # another job knows more, and we may have written over what it said
            world.forge.write_issue(number, KEY, _body(world, world.forge.read_ledger()))
            raise


def _write(world: World, ledger: Ledger, number: int, body: str) -> None:
    after = ledger.with_board(Board(issue=number, said=fingerprint(body)))
    world.forge.write_ledger(ledger, after, "The leaderboard")


def _body(world: World, ledger: Ledger) -> str:
    rules, current = world.config.rules, ledger.baseline
    tries = ledger.tries(current.tag) if current else None
    held_out, metrics = len(world.config.seeds.held_out), len(rules.deciding)
    return render(
        Leaderboard(
            metric=rules.metric.name,
            goal=rules.metric.goal,
            baseline=current.tag if current else "",
            baseline_url=world.environment.release_url(current.tag) if current else "",
            rows=ranked(ledger),
            history=history(ledger, rules.metric.name),
            tries=tries.all if tries else 0,
            wins=tries.wins if tries else 0,
            false_wins=false_wins(tries.all) if tries else 0.0,
            confirmation=confirmation(tries.all + 1, held_out, metrics) if tries else 0.0,
        ),
        world.prefix,
    )
