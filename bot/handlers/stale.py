"""A new baseline is out: mark the reports that were measured against the one before."""

from bot.comments import render
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.ports import World
from bot.replies import Stale


def mark(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Put a line above the report, in place of an earlier one; the verdict stays as measured."""
    searched = experiment.searched
    assert searched is not None
    assert searched.report_id is not None
    assert searched.baseline is not None
    assert ledger.baseline is not None
    new = ledger.baseline.tag
    aside = searched.reserved
    anew = aside.but(seconds=ledger.baseline.seconds) if aside else None
    said = world.forge.said(searched.report_id)
    notice = Stale(
        old=searched.baseline,
        new=new,
        new_url=world.environment.release_url(new),
        default_branch=world.forge.default_branch,
        price=anew.price_of(len(world.config.seeds.experiment)) if anew else None,
        report=said[max(said.find("### "), 0) :],
    )
    world.forge.edit(searched.report_id, f"report:{searched.number}", render(notice, world.prefix))
    return ledger.put(experiment.but(stale=new))
