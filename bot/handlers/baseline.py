"""`/baseline`: train the default branch, and release the result as the baseline."""

from bot.commands import Command
from bot.core.book import asked
from bot.core.experiment import Experiment
from bot.errors import UserError
from bot.events import CommentWritten
from bot.handlers.judging import read
from bot.handlers.plan import new_attempt
from bot.handlers.proposal import Proposal
from bot.handlers.recall import recall
from bot.ports import World


def baseline(world: World, event: CommentWritten, command: Command) -> Proposal | None:
    """Propose the attempt that measures the default branch; the ring behind it queues it.

    Raises:
        UserError: this issue is taken, or too few seeds are asked for.
    """
    ledger = world.forge.read_ledger()
    known = recall(world, ledger, event.place)
    if known and event.comment_id in known.answered:
        return None
    if known and known.kind != "baseline":
        raise UserError("This issue is an experiment. Write `/baseline` in an issue of its own.")
    if known and known.latest and known.latest.verdict is None:
        raise UserError("This baseline is being measured; its release comes by itself.")
    commit = world.forge.head(world.forge.default_branch)
    if commit is None:
        raise UserError(f"The branch `{world.forge.default_branch}` has no commit yet.")
    seeds = world.config.seeds.baseline
    if wanted := command.arguments.get("seeds"):
        if int(wanted) < 2:
            raise UserError("A baseline needs two seeds at least: `/baseline seeds=10`.")
        seeds = tuple(range(1, int(wanted) + 1))
    if ledger.baseline and ledger.baseline.commit == commit:
        measured = {s.seed for s in read(world, ledger.baseline.tag).seeds}
        if measured >= set(seeds):
            raise UserError(
                f"`{commit[:7]}` is measured: it is {ledger.baseline.tag}, with {len(measured)} "
                f"seeds. More of them: `/baseline seeds={max(measured) + 5}`."
            )
    experiment = known or Experiment(
        number=event.place,
        kind="baseline",
        title=f"Baseline of {world.forge.default_branch}",
        author=event.author,
        branch=world.forge.default_branch,
    )
    attempt = new_attempt(
        world, ledger, experiment, "baseline", commit, seeds, event.author, event.comment_id,
        overrides={}, baseline=None,
    )  # fmt: skip
    after = experiment.with_attempt(attempt).but(
        answered=(*experiment.answered, event.comment_id), frozen=world.config.rules
    )
    message = f"#{event.place}: {event.author} asks for a baseline of {len(seeds)} seeds"
    text = asked(message, event.author, event.comment_id)
    return Proposal(ledger, after, text, attempt, head=commit)
