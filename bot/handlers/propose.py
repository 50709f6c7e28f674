"""A picked idea becomes a branch and a draft PR."""

from bot.comments import plain, render
from bot.core.budget import settle_model
from bot.core.experiment import Experiment
from bot.core.ledger import Ledger
from bot.core.quoting import code
from bot.core.settings import with_settings
from bot.errors import UserError
from bot.handlers import check
from bot.handlers.judging import current, settings_changed
from bot.handlers.outlook import outlook
from bot.ports import Stale, World
from bot.replies import NothingWritten, PullBody, Ready


def propose(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Make the branch, commit the settings, open the draft PR, and say so on the issue."""
    baseline = current(world, ledger)
    head = world.forge.create_branch(experiment.branch, baseline.commit)
    idea = experiment.idea
    assert idea is not None
    if idea.overrides:
        message = f"{plain(experiment.title)}\n\nSettings that #{experiment.number} asks for."
        head = commit_settings(world, experiment.branch, head, idea.overrides, message)
    judge = outlook(world, baseline, idea.expected)
    body = PullBody(
        idea=experiment.number,
        author=experiment.author,
        hypothesis=idea.hypothesis,
        change=idea.change,
        settings=settings_changed(world, baseline.commit, idea.overrides),
        written=experiment.written,
        expected=idea.expected,
        risks=idea.risks,
        judging=judge,
    )
    pull = world.forge.open_pull(
        experiment.branch, experiment.title, render(body, world.prefix), experiment.author
    )
    check.untrained(world, head)
    ready = Ready(pull, experiment.branch, judge, idea.expected, experiment.written)
    world.forge.say(experiment.number, f"ready:{pull}", render(ready, world.prefix), alone=True)
    return ledger.put(experiment.but(phase="open", pull=pull))


def abandon(world: World, ledger: Ledger, experiment: Experiment) -> Ledger:
    """Say that the job which wrote the code was cut off, and let the idea be picked again."""
    reply = NothingWritten("the job that wrote it was cut off", world.environment.workflow_url)
    held = experiment.intention.workflow_run if experiment.intention else 0
    world.forge.say(experiment.number, f"abandoned:{held}", render(reply, world.prefix))
    return settle_model(ledger.put(experiment.but(phase="stalled")), experiment.number, None)


def commit_settings(
    world: World, branch: str, parent: str, settings: dict[str, str], message: str
) -> str:
    """Commit settings to the configuration file, unless the branch has them already.

    Returns:
        The branch's head, which has the settings.

    Raises:
        UserError: the file is missing or holds no such setting.
    """
    path = world.config.train.config
    text = world.forge.file(path, parent) if path else None
    if path is None or text is None:
        raise UserError(
            "Settings cannot be committed: `train.config` in `.github/labhand.yml` names no file "
            "of this branch."
        )
    if (wanted := with_settings(text, settings)) == text:
        return parent
    try:
        return world.forge.commit(branch, parent, message, {path: wanted})
    except Stale:
        head = world.forge.head(branch)
        if head == parent:
            raise  # nobody pushed: GitHub was wrong for a moment
        if head and world.forge.file(path, head) == wanted:
            return head  # an earlier try was cut off behind this very commit
        raise UserError(
            f"Somebody pushed to {code(branch)} in between. `/launch` trains what stands there now."
        ) from None
