"""`/budget`: what was spent this month, what is set aside, and what may be."""

from bot.core import budget as budgets
from bot.core.cost import month_of
from bot.handlers.pricing import limits
from bot.handlers.recall import recalled
from bot.ports import World
from bot.replies import Budget


def budget(world: World, place: int) -> Budget:
    """Say how the month stands, and the experiment here, if there is one; changes nothing.

    Args:
        world: the ports.
        place: the issue or PR where it is asked.
    """
    ledger = world.forge.read_ledger()
    config, allowed, month = world.config, limits(world), month_of(world.clock.now())
    here = recalled(world, ledger, place).at(place)
    claude = config.claude
    priced = [name for name, queue in config.queues.items() if queue.usd_per_gpu_hour is not None]
    if claude.usd_per_million_input_tokens and claude.usd_per_million_output_tokens:
        priced.append("tokens")
    return Budget(
        month=month,
        everybody=budgets.of_month(ledger, month),
        aside=budgets.reserved(ledger, month),
        limit=allowed.month,
        people=budgets.people(ledger, month),
        person_limit=allowed.person_month,
        experiment=budgets.of_experiment(here) if here else None,
        experiment_limit=allowed.experiment if here and here.kind == "experiment" else None,
        priced=tuple(priced),
        role=str(config.rights.decide),
    )
