"""Take runs out of a queue before an agent begins them."""

from collections.abc import Sequence

from bot.core.attempt import Run
from bot.ports import World


def take_back(world: World, queue: str, runs: Sequence[Run]) -> frozenset[str]:
    """Take what still waits out of its queue, and look whether W&B did.

    Returns:
        The ids of those runs that nobody will begin any more. The others were taken by an agent
        that was faster, or their item is not known, because the answer to their push was lost.
    """
    known = {run.item: run.id for run in runs if run.item}
    if not known or (before := world.tracker.queued(queue, list(known))) is None:
        return frozenset()
    for item_id in known:
        item = before.item(item_id)
        if item and item.state == "waiting":
            world.tracker.take_back(queue, item_id)
    after = world.tracker.queued(queue, list(known))
    begun = world.tracker.observe(list(known.values()))
    gone = (item_id for item_id in known if after is None or after.item(item_id) is None)
    return frozenset(known[item_id] for item_id in gone) - begun.keys()
